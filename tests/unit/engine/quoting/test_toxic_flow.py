"""Effect of informed takers on our quotes; each protection has a switch and a bound."""

import random
from dataclasses import replace
from decimal import Decimal
from itertools import count

import pytest

from quoter.domain.events import Trade
from quoter.domain.market import Side
from quoter.engine.config import ToxicFlowConfig
from quoter.engine.quoting.toxic_flow import ToxicFlow
from quoter.state.current_instrument import CurrentInstrument
from quoter.state.executions import Execution
from tests.unit.state.cases import ABC, START_NS, fill

T0_S = START_NS * 1e-9
MID, HALF = 100.0, 0.1
FEW = dict.fromkeys(Side, 0.0)  # no fills are expected
ORDERS = count()


def trade(t_s: float, taker: Side, *, price: float = MID, size: float = 1.0) -> Trade:
    return Trade(ts_ns=round(t_s * 1e9), trade_id="1", price=price, size=size, taker=taker)


def execution(side: Side, lots: float = 1.0) -> Execution:
    return Execution(str(next(ORDERS)), fill("1", side), lots, is_new=True)


def toxic_flow(
    *,
    alpha: float = 2.0,
    adverse: float = 2.0,
    side_cooldown_s: float = 5.0,
    volume: float | None = None,
) -> ToxicFlow:
    config = ToxicFlowConfig(
        alpha_max=alpha, markout_cost_max=adverse, side_cooldown_s=side_cooldown_s
    )
    return ToxicFlow(config, CurrentInstrument(ABC), volume_per_s=volume)


def buying_spree(toxic: ToxicFlow, *, seconds: float = 10.0) -> float:
    """Let takers buy, and none sell; return the time at the end."""
    t_s = T0_S
    while t_s < T0_S + seconds:
        t_s += 0.1
        toxic.on_trade(trade(t_s, Side.BUY))
        toxic.on_mid(t_s, MID)
        toxic.refresh(t_s, mid=MID, half=HALF)
    return t_s


def test_buyers_predict_a_rise_within_its_bound() -> None:
    free, bounded = toxic_flow(), toxic_flow(alpha=0.1)
    for toxic in (free, bounded):
        buying_spree(toxic)
        assert toxic.flow > 2.0
    assert 0.3 * HALF < free.alpha <= 2.0 * HALF
    assert bounded.alpha == pytest.approx(0.1 * HALF)


def test_alpha_is_zero_if_switched_off_while_flow_is_reported() -> None:
    toxic = toxic_flow(alpha=0.0)
    buying_spree(toxic)
    assert toxic.flow > 2.0
    assert toxic.alpha == 0.0


@pytest.mark.parametrize("side", list(Side))
def test_fills_that_lost_become_a_cost_of_their_side_alone(side: Side) -> None:
    toxic = toxic_flow()
    costs = losing_fills(toxic, side)
    assert costs[side] > 0.1 * HALF
    assert costs[side.opposite] == 0.0


def losing_fills(toxic: ToxicFlow, side: Side) -> dict[Side, float]:
    """Twenty fills of a side, each followed by a move of the mid against it."""
    t_s, mid = T0_S, MID
    for _ in range(20):
        toxic.on_fills(t_s, [execution(side)], mid=mid, takers_per_s=FEW)
        for _ in range(60):
            t_s += 0.1
            mid -= side.sign * 0.001
            toxic.on_mid(t_s, mid)
        toxic.refresh(t_s, mid=mid, half=HALF)
    return {Side.BUY: toxic.markout_cost_bid, Side.SELL: toxic.markout_cost_ask}


def test_the_markout_cost_has_a_maximum_and_can_be_switched_off() -> None:
    bounded, off = toxic_flow(adverse=0.05), toxic_flow(adverse=0.0)
    assert losing_fills(bounded, Side.BUY)[Side.BUY] == pytest.approx(0.05 * HALF)
    assert losing_fills(off, Side.BUY) == {Side.BUY: 0.0, Side.SELL: 0.0}
    assert off.markouts_bps(T0_S + 120.0)[Side.BUY, 5.0] < -1.0


def test_fill_without_a_mid_counts_for_the_cooldown_only() -> None:
    toxic = toxic_flow()
    for i in range(4):
        toxic.on_fills(T0_S + 0.1 * i, [execution(Side.BUY)], mid=None, takers_per_s=FEW)
    toxic.refresh(T0_S + 0.3, mid=MID, half=HALF)
    assert toxic.cooling_down == (Side.BUY,)
    assert set(toxic.markouts_bps(T0_S + 60.0).values()) == {0.0}


def test_side_after_a_burst_of_fills_is_not_quoted_for_the_cooldown() -> None:
    toxic = toxic_flow(side_cooldown_s=2.0)
    for i in range(4):
        toxic.on_fills(T0_S + 0.1 * i, [execution(Side.SELL)], mid=MID, takers_per_s=FEW)
    toxic.refresh(T0_S + 0.3, mid=MID, half=HALF)
    assert toxic.cooling_down == (Side.SELL,)
    toxic.refresh(T0_S + 2.4, mid=MID, half=HALF)
    assert not toxic.cooling_down


def test_no_side_has_a_cooldown_if_switched_off() -> None:
    toxic = toxic_flow(side_cooldown_s=0.0)
    for i in range(10):
        toxic.on_fills(T0_S + 0.01 * i, [execution(Side.SELL)], mid=MID, takers_per_s=FEW)
    toxic.refresh(T0_S, mid=MID, half=HALF)
    assert toxic.cooling_down == ()


def test_vpin_is_one_for_one_sided_takers_and_none_without_a_known_volume() -> None:
    assert toxic_flow().vpin is None
    toxic = toxic_flow(volume=0.1)
    buying_spree(toxic, seconds=60.0)
    assert toxic.vpin == pytest.approx(1.0)


@pytest.mark.parametrize(("impact", "is_hopeless"), [(0.004, True), (0.0, False)])
def test_informed_takers_leave_no_edge(impact: float, is_hopeless: bool) -> None:
    """Each one moves the mid by more than the distances that it reaches, or not at all."""
    toxic, rng = toxic_flow(), random.Random(4)
    toxic_fee_only = ToxicFlow(
        ToxicFlowConfig(), CurrentInstrument(replace(ABC, fee_maker=Decimal(0))), volume_per_s=None
    )
    t_s, mid = T0_S, MID
    for _ in range(600):
        side = rng.choice(list(Side))
        for meter in (toxic, toxic_fee_only):
            meter.on_trade(trade(t_s + 0.05, side, price=mid * (1 + side.sign * 0.0021)))
        mid *= 1 + side.sign * impact
        for _ in range(20):
            t_s += 0.1
            for meter in (toxic, toxic_fee_only):
                meter.on_mid(t_s, mid)
                meter.refresh(t_s, mid=mid, half=HALF)
    assert toxic_fee_only.has_no_edge is is_hopeless
    assert toxic.edges[5.0]


def test_reading_the_estimates_changes_nothing() -> None:
    toxic, unseen = toxic_flow(volume=1.0), toxic_flow(volume=1.0)
    for meter in (toxic, unseen):
        buying_spree(meter)
    for later_s in (11.0, 12.5, 500.0):
        toxic.markouts_bps(T0_S + later_s)
        assert (toxic.flow, toxic.vpin) == (unseen.flow, unseen.vpin)
    assert toxic.edges == unseen.edges
    for meter in (toxic, unseen):
        meter.on_trade(trade(T0_S + 20.0, Side.SELL))
        meter.refresh(T0_S + 20.0, mid=MID, half=HALF)
    for name in ("alpha", "markout_cost_bid", "markout_cost_ask", "cooling_down"):
        assert getattr(toxic, name) == getattr(unseen, name)
