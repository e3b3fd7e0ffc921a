"""Limits of loss and drawdown on equity, in quote currency, and inventory without a mark."""

from dataclasses import replace
from decimal import Decimal

import pytest

from quoter.domain.events import BookSnapshot
from quoter.domain.trading import Cause, TradingState
from quoter.risk.hysteresis import Hysteresis
from tests.unit.engine.cases import CONFIG, EngineHarness, config, limits
from tests.unit.state.cases import BUY, SELL, levels

LOSS_MAX = 5.0


def holding_one(*, fee: str = "0", drawdown_max: int = 1_000) -> EngineHarness:
    """Long one base unit; the profit is the mid less 99.5 and the fee, in quote."""
    limited = limits(loss_max=Decimal(5), drawdown_max=Decimal(drawdown_max))
    harness = EngineHarness(config(limits=limited)).quoting()
    order = harness.wanted(BUY)
    assert order.price == Decimal("99.5")
    harness.give(harness.fill_of(order, fee=fee))
    return harness


def at_profit(harness: EngineHarness, profit: float, *, fee: str = "0") -> TradingState:
    """Move the mid to this profit; the state after it."""
    harness.book(99.5 + float(fee) + profit)
    harness.tick()
    assert float(harness.engine.attribution.pnl(harness.engine.market.mid).total) == pytest.approx(
        profit
    )
    return harness.state()


# Each fee makes another peak before the loss: below, at and above zero.
@pytest.mark.parametrize(("fee", "peak"), [("1.5", -1.0), ("0.5", 0.0), ("0", 0.5)])
def test_f16_the_limit_is_the_same_loss_after_a_negative_a_zero_and_a_positive_peak(
    fee: str, peak: float
) -> None:
    """A percentage of the peak is undefined at zero and has the wrong sign below it."""
    harness = holding_one(fee=fee)
    assert at_profit(harness, peak, fee=fee) is TradingState.RUNNING
    assert at_profit(harness, -LOSS_MAX + 0.1, fee=fee) is TradingState.RUNNING
    assert at_profit(harness, -LOSS_MAX, fee=fee) is TradingState.KILLED
    assert harness.causes == {Cause.LOSS_LIMIT}


@pytest.mark.parametrize("peak", [0.1, 4.0])
def test_f16_giving_back_a_profit_however_small_is_no_loss(peak: float) -> None:
    """From 0.1 to -4.9 is fifty times the peak, and still less than the 5 that are allowed."""
    harness = holding_one()
    for profit in (peak, 0.0, peak, -LOSS_MAX + 0.1, 0.0):
        assert at_profit(harness, profit) is TradingState.RUNNING


def test_f16_the_limit_counts_what_is_held_not_only_what_is_closed() -> None:
    """Nothing was sold: all of the loss is in the value of the position."""
    harness = holding_one()
    assert at_profit(harness, -LOSS_MAX) is TradingState.KILLED
    assert harness.engine.inventory.fills_sell == 0


@pytest.mark.parametrize("peak", [0.0, 0.5, 20.0])
def test_f16_the_drawdown_is_the_same_amount_below_any_peak(peak: float) -> None:
    """Never a share of the peak, and not from zero once there was a profit."""
    harness = holding_one(fee="0.5", drawdown_max=4)
    at_profit(harness, peak, fee="0.5")
    assert at_profit(harness, peak - 3.9, fee="0.5") is TradingState.RUNNING
    assert harness.engine.losses.drawdown == Decimal("3.9")
    assert at_profit(harness, peak - 4.0, fee="0.5") is TradingState.KILLED
    assert harness.causes == {Cause.DRAWDOWN_LIMIT}


def test_loss_by_a_fill_is_checked_at_once() -> None:
    """Its fee alone is above the limit."""
    harness = EngineHarness(config(limits=limits(drawdown_max=Decimal(4)))).quoting()
    order = harness.wanted(BUY)
    harness.give(harness.fill_of(order, fee="5"))
    assert harness.causes == {Cause.DRAWDOWN_LIMIT}


def without_mark(harness: EngineHarness) -> None:
    """A book with bids alone: the feed is alive, and the value of a unit is unknown."""
    harness._books += 1
    bids = levels((99.5, 1000.0))
    harness.give(BookSnapshot(ts_ns=harness.now_ns, last=harness._books * 1000, bids=bids, asks=()))


def test_inventory_without_a_mid_for_ten_seconds_may_only_shrink() -> None:
    harness = holding_one()
    without_mark(harness)
    harness.wait(10)
    assert Cause.MARK_MISSING not in harness.causes
    harness.wait(0.2)
    assert Cause.MARK_MISSING in harness.causes
    harness.book()
    harness.tick()
    assert Cause.MARK_MISSING not in harness.causes


def test_without_inventory_nothing_needs_a_mark() -> None:
    harness = EngineHarness().quoting()
    without_mark(harness)
    harness.wait(12)
    assert Cause.MARK_MISSING not in harness.causes
    order = harness.orders(SELL)[0]
    harness.fill(order)
    harness.tick()
    assert Cause.MARK_MISSING in harness.causes


def test_fills_that_lose_too_much_within_a_minute_pause_for_a_minute() -> None:
    """The bid fills at 99.5, and the mid falls by two at once."""
    toxic = replace(CONFIG.pricing.toxic_flow, markout_loss_max=Decimal("1.5"))
    harness = EngineHarness(config(pricing=replace(CONFIG.pricing, toxic_flow=toxic))).quoting()
    harness.tick()
    harness.fill(harness.wanted(BUY))
    harness.book(98.6)
    harness.tick()
    assert harness.causes == set()
    harness.book(98.4)
    harness.tick()
    assert harness.causes == {Cause.MARKOUT_LOSS}
    assert harness.state() is TradingState.PAUSED
    harness.wait(59)
    assert harness.state() is TradingState.PAUSED
    harness.wait(1.5)
    assert Cause.MARKOUT_LOSS not in harness.causes


def test_markout_losses_that_the_market_explains_do_not_latch() -> None:
    """One fill loses the limit when the mid moves by two; many fills a minute are expected."""
    toxic = replace(CONFIG.pricing.toxic_flow, markout_loss_max=Decimal("1.5"))
    pricing = replace(CONFIG.pricing, toxic_flow=toxic, sigma_prior=0.22)
    chosen = config(pricing=pricing, hysteresis=Hysteresis(pauses_max=2))
    harness = EngineHarness(chosen).quoting()
    for _ in range(3):
        harness.wait(2.0)
        harness.fill(harness.wanted(BUY))
        mid = harness.engine.market.mid
        assert mid is not None
        harness.book(mid - 3.5)
        harness.tick()
        assert harness.causes == {Cause.MARKOUT_LOSS}
        harness.wait(61.0, ends=True)
        harness.book(mid)
        harness.wait(1.0, ends=True)
    assert harness.causes == set()


def test_markout_loss_does_not_pause_without_a_limit() -> None:
    harness = EngineHarness().quoting()
    harness.fill(harness.wanted(BUY))
    harness.book(60.0)
    harness.tick()
    assert Cause.MARKOUT_LOSS not in harness.causes
