"""The loss limit: quote currency, on equity, from where the books were opened."""

from decimal import Decimal

import pytest

from quoter.domain.trading import Cause, TradingState
from tests.unit.engine.cases import Desk, config, limits
from tests.unit.state.cases import BUY

LOSS_MAX = 5.0


def holding_one(*, fee: str = "0") -> Desk:
    """Long one base unit; profit is then the mid less 99.5 and the fee, in quote."""
    desk = Desk(config(limits=limits(loss_max=Decimal(5)))).quoting()
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
