"""The limits of loss and drawdown, quote currency, on equity; and inventory without a mark."""

from dataclasses import replace
from decimal import Decimal

import pytest

from quoter.domain.events import BookSnapshot
from quoter.domain.trading import Cause, TradingState
from tests.unit.engine.cases import CONFIG, Desk, config, limits
from tests.unit.state.cases import BUY, SELL, levels

LOSS_MAX = 5.0


def holding_one(*, fee: str = "0", drawdown_max: int = 1_000) -> Desk:
    """Long one base unit; profit is then the mid less 99.5 and the fee, in quote."""
    limited = limits(loss_max=Decimal(5), drawdown_max=Decimal(drawdown_max))
    desk = Desk(config(limits=limited)).quoting()
    order = desk.wanted(BUY)
    assert order.price == Decimal("99.5")
    desk.tell(desk.fill_of(order, fee=fee))
    return desk


def at_profit(desk: Desk, profit: float, *, fee: str = "0") -> TradingState:
    """Let the mid go to where profit is this; the state after it."""
    desk.book(99.5 + float(fee) + profit)
    desk.tick()
    assert float(desk.engine.attribution.pnl(desk.engine.market.mid).total) == pytest.approx(profit)
    return desk.state()


# Each fee makes another peak before the loss: never in profit, never above zero, above it.
@pytest.mark.parametrize(("fee", "peak"), [("1.5", -1.0), ("0.5", 0.0), ("0", 0.5)])
def test_f16_the_limit_is_the_same_loss_after_a_negative_a_zero_and_a_positive_peak(
    fee: str, peak: float
) -> None:
    """A percentage of peak profit is undefined at zero and the wrong way round below it."""
    desk = holding_one(fee=fee)
    assert at_profit(desk, peak, fee=fee) is TradingState.RUNNING
    assert at_profit(desk, -LOSS_MAX + 0.1, fee=fee) is TradingState.RUNNING
    assert at_profit(desk, -LOSS_MAX, fee=fee) is TradingState.KILLED
    assert desk.causes == {Cause.LOSS_LIMIT}


@pytest.mark.parametrize("peak", [0.1, 4.0])
def test_f16_giving_back_a_profit_however_small_is_no_loss(peak: float) -> None:
    """Down from 0.1 to -4.9 is fifty times the peak, and still less than the 5 that are allowed."""
    desk = holding_one()
    for profit in (peak, 0.0, peak, -LOSS_MAX + 0.1, 0.0):
        assert at_profit(desk, profit) is TradingState.RUNNING


def test_f16_the_limit_counts_what_is_held_not_only_what_is_closed() -> None:
    """Nothing was sold: all of the loss is in the value of the position."""
    desk = holding_one()
    assert at_profit(desk, -LOSS_MAX) is TradingState.KILLED
    assert desk.engine.inventory.fills_sell == 0


@pytest.mark.parametrize("peak", [0.0, 0.5, 20.0])
def test_f16_the_drawdown_is_the_same_amount_below_any_peak(peak: float) -> None:
    """Never a share of the peak, and never from zero once there was a profit."""
    desk = holding_one(fee="0.5", drawdown_max=4)
    at_profit(desk, peak, fee="0.5")
    assert at_profit(desk, peak - 3.9, fee="0.5") is TradingState.RUNNING
    assert desk.engine.losses.drawdown == Decimal("3.9")
    assert at_profit(desk, peak - 4.0, fee="0.5") is TradingState.KILLED
    assert desk.causes == {Cause.DRAWDOWN_LIMIT}


def test_a_fill_is_judged_at_once_not_at_the_next_tick() -> None:
    """Its fee alone is more than may be lost."""
    desk = Desk(config(limits=limits(drawdown_max=Decimal(4)))).quoting()
    order = desk.wanted(BUY)
    desk.tell(desk.fill_of(order, fee="5"))
    assert desk.causes == {Cause.DRAWDOWN_LIMIT}


def without_mark(desk: Desk) -> None:
    """A book with bids alone: it is alive, and nobody knows what a unit is worth."""
    desk._books += 1
    bids = levels((99.5, 1000.0))
    desk.tell(BookSnapshot(ts_ns=desk.now_ns, last=desk._books * 1000, bids=bids, asks=()))


def test_inventory_without_a_fair_value_for_ten_seconds_may_only_shrink() -> None:
    desk = holding_one()
    without_mark(desk)
    desk.wait(10)
    assert Cause.MARK_MISSING not in desk.causes
    desk.wait(0.2)
    assert Cause.MARK_MISSING in desk.causes
    desk.book()
    desk.tick()
    assert Cause.MARK_MISSING not in desk.causes


def test_without_inventory_nothing_needs_a_mark() -> None:
    desk = Desk().quoting()
    without_mark(desk)
    desk.wait(12)
    assert Cause.MARK_MISSING not in desk.causes
    order = desk.orders(SELL)[0]
    desk.fill(order)
    desk.tick()
    assert Cause.MARK_MISSING in desk.causes


def test_fills_that_lose_too_much_within_a_minute_pause_us_for_one() -> None:
    """The bid is bought from us at 99.5, and the mid goes two down at once."""
    toxic = replace(CONFIG.pricing.toxic_flow, minute_loss_max=Decimal("1.5"))
    desk = Desk(config(pricing=replace(CONFIG.pricing, toxic_flow=toxic))).quoting()
    desk.tick()
    desk.fill(desk.wanted(BUY))
    desk.book(98.6)
    desk.tick()
    assert desk.causes == set()
    desk.book(98.4)
    desk.tick()
    assert desk.causes == {Cause.MARKOUT_LOSS}
    assert desk.state() is TradingState.PAUSED
    desk.wait(59)
    assert desk.state() is TradingState.PAUSED
    desk.wait(1.5)
    assert Cause.MARKOUT_LOSS not in desk.causes


def test_unless_asked_for_no_minute_pauses_us() -> None:
    desk = Desk().quoting()
    desk.fill(desk.wanted(BUY))
    desk.book(60.0)
    desk.tick()
    assert Cause.MARKOUT_LOSS not in desk.causes
