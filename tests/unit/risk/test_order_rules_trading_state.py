"""Who may create orders, and what REDUCE_ONLY leaves of that."""

from decimal import Decimal

import pytest

from quoter.domain.commands import TimeInForce
from quoter.domain.market import Side
from quoter.domain.trading import Phase, TradingState
from quoter.risk.order_rules import check_trading_state as check
from tests.unit.risk.cases import LIMITS, LOT, intent, view

REDUCE = TradingState.REDUCE_ONLY


@pytest.mark.parametrize("phase", [Phase.STARTING, Phase.DRAINING])
@pytest.mark.parametrize("state", list(TradingState))
def test_no_order_leaves_outside_the_live_phase(phase: Phase, state: TradingState) -> None:
    assert check(intent(), view(phase=phase, state=state), LIMITS) == f"phase {phase}"


@pytest.mark.parametrize("state", [TradingState.PAUSED, TradingState.KILLED])
@pytest.mark.parametrize("side", list(Side))
def test_paused_and_killed_let_nothing_out(state: TradingState, side: Side) -> None:
    assert check(intent(side), view(state=state), LIMITS) == f"state {state.name}"


def test_running_lets_both_sides_out() -> None:
    assert check(intent(Side.BUY), view(), LIMITS) is None
    assert check(intent(Side.SELL), view(), LIMITS) is None


@pytest.mark.parametrize(("inventory", "side"), [("2", Side.SELL), ("-2", Side.BUY)])
def test_reduce_only_lets_out_what_is_held_less_what_already_reduces(
    inventory: str, side: Side
) -> None:
    """At most q - S, not q: two reducing orders together must not flip the position."""
    held = view(
        state=REDUCE, inventory=Decimal(inventory), leaves_buy=Decimal(1), leaves_sell=Decimal(1)
    )
    assert check(intent(side, "1"), held, LIMITS) is None
    assert "only 1 reduces" in (check(intent(side, 1 + LOT), held, LIMITS) or "")


@pytest.mark.parametrize(("inventory", "side"), [("2", Side.BUY), ("-2", Side.SELL)])
def test_reduce_only_never_lets_out_the_side_that_grows(inventory: str, side: Side) -> None:
    held = view(
        state=REDUCE, inventory=Decimal(inventory), leaves_buy=Decimal(0), leaves_sell=Decimal(0)
    )
    assert "reduces" in (check(intent(side, LOT), held, LIMITS) or "")


@pytest.mark.parametrize("side", list(Side))
def test_reduce_only_without_inventory_lets_nothing_out(side: Side) -> None:
    flat = view(state=REDUCE, inventory=Decimal(0), leaves_buy=Decimal(0), leaves_sell=Decimal(0))
    assert check(intent(side, LOT), flat, LIMITS) is not None


@pytest.mark.parametrize("state", [s for s in TradingState if s is not REDUCE])
def test_only_reduce_only_lets_an_order_out_that_takes(state: TradingState) -> None:
    taking = intent(Side.SELL, "1", time_in_force=TimeInForce.IOC)
    held = view(state=state, inventory=Decimal(2))
    assert check(taking, held, LIMITS) is not None


def test_an_order_that_takes_is_bound_like_one_that_rests() -> None:
    held = view(state=REDUCE, inventory=Decimal(2), leaves_sell=Decimal(1))
    fits = intent(Side.SELL, "1", time_in_force=TimeInForce.IOC)
    flips = intent(Side.SELL, 1 + LOT, time_in_force=TimeInForce.IOC)
    assert check(fits, held, LIMITS) is None
    assert "only 1 reduces" in (check(flips, held, LIMITS) or "")
