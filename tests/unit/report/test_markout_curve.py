"""The curve's sums are those of the engine's attribution; its errors those of a ratio."""

from decimal import Decimal

import pytest

from quoter.domain.market import Side
from quoter.domain.units import NS_PER_S
from quoter.engine.engine import Engine
from quoter.report.markout_curve import BLOCKS_MIN, MarkoutCurve
from quoter.report.observer import RunObserver
from quoter.state.attribution import HORIZONS_S
from tests.unit.engine.cases import CONFIG
from tests.unit.report.cases import trading_events
from tests.unit.state.cases import BUY, SELL, fill

MARK = Decimal(100)


def test_sums_equal_the_attribution_of_the_engine_to_the_digit() -> None:
    engine = Engine(CONFIG)
    observed = RunObserver(engine, since_ns=0, write_fill=lambda _: None)
    for event in trading_events():
        observed.observe(engine.handle(event))
    mark = engine.attribution.last_mark
    assert mark is not None
    points = {(point.side, point.horizon_s): point for point in observed.curve.points(mark)}
    pnl = engine.attribution.pnl(engine.market.mid)
    assert observed.fills.count > 10
    for side in Side:
        if not pnl.sides[side].notional:
            continue
        for horizon_s in HORIZONS_S:
            found, own = points[side, horizon_s], pnl.sides[side]
            assert found.markout == own.horizons[horizon_s].markout
            assert found.realised_spread_bps == pytest.approx(own.realised_spread_bps(horizon_s))
    for horizon_s in HORIZONS_S:
        assert points[None, horizon_s].markout == engine.attribution.markouts(horizon_s)


def moves_of(*moves: str) -> MarkoutCurve:
    """A buy of one unit at 100 every 10 s, after which the mid moves so much within 1 s."""
    curve = MarkoutCurve()
    for number, move in enumerate(moves):
        now_ns = number * 10 * NS_PER_S
        curve.fill(fill(str(number), BUY), MARK, now_ns)
        curve.see(MARK + Decimal(move), now_ns + NS_PER_S)
    return curve


def test_standard_error_is_that_of_a_mean_of_independent_fills() -> None:
    moves = ["1", "-1"] * 8
    (point,) = [p for p in moves_of(*moves).points(MARK) if p.side is BUY and p.horizon_s == 1]
    assert point.markout == 0
    assert point.blocks == 16
    # 16 values of ±1 % of the notional: sample deviation / sqrt(16), in basis points
    assert point.se_bps == pytest.approx(100.0 * (16 / 15) ** 0.5 / 4)


def test_there_is_no_standard_error_of_a_few_blocks() -> None:
    moves = ["1"] * (BLOCKS_MIN - 1)
    points = moves_of(*moves).points(MARK)
    assert {point.se_bps for point in points} == {None}


def test_open_fills_count_at_the_last_mark_and_are_named() -> None:
    curve = MarkoutCurve()
    curve.fill(fill("1", BUY), MARK, 0)
    curve.fill(fill("2", SELL, price="101"), MARK, 0)
    curve.see(MARK, NS_PER_S)
    points = {(p.side, p.horizon_s): p for p in curve.points(MARK + 1)}
    assert (points[BUY, 1].markout, points[BUY, 1].share_open) == (Decimal(0), 0.0)
    assert (points[BUY, 5].markout, points[BUY, 5].share_open) == (Decimal(1), 1.0)
    assert points[SELL, 5].markout == -1
    assert curve.spread_bps(SELL) == pytest.approx(100.0 / 101 * 100)
    assert curve.spread_bps(None) == pytest.approx(1 / 201 * 10_000)


def test_fills_of_both_sides_around_the_end_of_a_block_do_not_make_more_blocks() -> None:
    curve = MarkoutCurve()
    block_ns = 2 * NS_PER_S  # of the horizon of 1 s
    curve.fill(fill("1", SELL), MARK, block_ns - 1)
    curve.fill(fill("2", BUY), MARK, block_ns)
    curve.see(MARK, block_ns + NS_PER_S)  # ends both horizons, that of the buy first
    curve.fill(fill("3", BUY), MARK, block_ns + 2)
    curve.see(MARK, block_ns + NS_PER_S + 2)
    (point,) = [p for p in curve.points(MARK) if p.side is None and p.horizon_s == 1]
    assert point.blocks <= 2
