"""The states in which orders may be created, and the restrictions of REDUCE_ONLY."""

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
    assert (
        check(intent(), view(phase=phase, state=state), LIMITS)
        == f"no orders are sent in phase {phase}"
    )


@pytest.mark.parametrize("state", [TradingState.PAUSED, TradingState.KILLED])
@pytest.mark.parametrize("side", list(Side))
def test_no_order_is_allowed_while_paused_or_killed(state: TradingState, side: Side) -> None:
    assert (
        check(intent(side), view(state=state), LIMITS)
        == f"no orders are sent in state {state.name}"
    )


def test_both_sides_are_allowed_while_running() -> None:
    assert check(intent(Side.BUY), view(), LIMITS) is None
    assert check(intent(Side.SELL), view(), LIMITS) is None


@pytest.mark.parametrize(("inventory", "side"), [("2", Side.SELL), ("-2", Side.BUY)])
def test_reduce_only_allows_the_inventory_less_reducing_leaves(inventory: str, side: Side) -> None:
    """At most q - S, not q: two reducing orders together must not flip the position."""
    held = view(
        state=REDUCE, inventory=Decimal(inventory), leaves_buy=Decimal(1), leaves_sell=Decimal(1)
    )
    assert check(intent(side, "1"), held, LIMITS) is None
    assert "at most 1 reduces" in (check(intent(side, 1 + LOT), held, LIMITS) or "")


@pytest.mark.parametrize(("inventory", "side"), [("2", Side.BUY), ("-2", Side.SELL)])
def test_reduce_only_denies_the_side_that_grows_inventory(inventory: str, side: Side) -> None:
    held = view(
        state=REDUCE, inventory=Decimal(inventory), leaves_buy=Decimal(0), leaves_sell=Decimal(0)
    )
    assert "reduces" in (check(intent(side, LOT), held, LIMITS) or "")


@pytest.mark.parametrize("side", list(Side))
def test_reduce_only_denies_everything_without_inventory(side: Side) -> None:
    flat = view(state=REDUCE, inventory=Decimal(0), leaves_buy=Decimal(0), leaves_sell=Decimal(0))
    assert check(intent(side, LOT), flat, LIMITS) is not None


@pytest.mark.parametrize("state", [s for s in TradingState if s is not REDUCE])
def test_taking_order_is_allowed_in_reduce_only_alone(state: TradingState) -> None:
    taking = intent(Side.SELL, "1", time_in_force=TimeInForce.IOC)
    held = view(state=state, inventory=Decimal(2))
    assert check(taking, held, LIMITS) is not None


def test_taking_order_is_limited_like_a_resting_one() -> None:
    held = view(state=REDUCE, inventory=Decimal(2), leaves_sell=Decimal(1))
    fits = intent(Side.SELL, "1", time_in_force=TimeInForce.IOC)
    flips = intent(Side.SELL, 1 + LOT, time_in_force=TimeInForce.IOC)
    assert check(fits, held, LIMITS) is None
    assert "at most 1 reduces" in (check(flips, held, LIMITS) or "")
