"""Every order rule must agree; a rule that can't be evaluated denies."""

from copy import replace
from dataclasses import fields
from decimal import Decimal

import pytest

from quoter.domain.commands import Denied, OrderRule, PlaceOrder, TimeInForce
from quoter.domain.market import Side
from quoter.domain.trading import TradingState
from quoter.risk.order_rules import RULES, check_order
from quoter.risk.view import Limits, RiskView
from tests.unit.risk.cases import CALM, LIMITS, NOT_NUMBERS, intent, view

FIGURES = [name for name in RiskView._fields if isinstance(getattr(CALM, name), Decimal)]
LIMIT_NAMES = [field.name for field in fields(Limits) if field.name != "book_depth_min"]


def test_an_intent_that_every_rule_accepts_becomes_an_order() -> None:
    wanted = intent(Side.SELL, "2")
    verdict = check_order(wanted, view(), LIMITS)
    assert verdict == PlaceOrder(
        client_id="q1",
        side=Side.SELL,
        price=wanted.price,
        size=wanted.size,
        decided_ns=CALM.ts_ns,
        book_seq=CALM.book_seq,
    )


@pytest.mark.parametrize("kind", list(TimeInForce))
def test_order_records_whether_it_was_approved_as_reducing(kind: TimeInForce) -> None:
    """While RUNNING none is: another order may use the headroom that this one would need."""
    held = view(inventory=Decimal(3), leaves_sell=Decimal(0), state=TradingState.REDUCE_ONLY)
    verdict = check_order(replace(intent(Side.SELL, "2"), time_in_force=kind), held, LIMITS)
    assert isinstance(verdict, PlaceOrder)
    assert verdict.reduces
    running = check_order(intent(Side.SELL, "2"), replace(held, state=TradingState.RUNNING), LIMITS)
    assert isinstance(running, PlaceOrder)
    assert not running.reduces


@pytest.mark.parametrize(
    ("rule", "changes", "size", "price"),
    [
        (OrderRule.TRADING_STATE, {"state": TradingState.PAUSED}, "1", None),
        (OrderRule.MARKET_DATA, {"book_seq": 8}, "1", None),
        (OrderRule.ORDER_SIZE, {}, "5.01", "60"),
        (OrderRule.ORDER_NOTIONAL, {}, "4.5", None),
        (OrderRule.PRICE_COLLAR, {}, "1", "90"),
        (OrderRule.AGGRESSIVE_PRICE, {}, "1", "100.5"),
        (OrderRule.WORST_CASE_EXPOSURE, {"inventory": Decimal("6.01")}, "1", None),
        (OrderRule.POSITION_NOTIONAL, {"best_ask": Decimal(199)}, "1", None),
        (OrderRule.BALANCE, {"quote_held": Decimal(1)}, "1", None),
        (OrderRule.DUPLICATE_INTENT, {"duplicate_ns": CALM.ts_ns}, "1", None),
    ],
)
def test_each_rule_alone_can_deny_and_is_named(
    rule: OrderRule, changes: dict[str, object], size: str, price: str | None
) -> None:
    wanted = intent(size=size, price=price)
    limits = replace(LIMITS, position_notional_max=Decimal(1_000), book_spread_max=Decimal(1))
    verdict = check_order(wanted, view(**changes), limits)
    assert isinstance(verdict, Denied)
    assert (verdict.rule, verdict.intent) == (rule, wanted)
    assert verdict.text


def test_there_is_a_case_for_every_rule() -> None:
    assert [name for name, _ in RULES] == [
        "trading_state", "market_data", "order_size", "order_notional", "price_collar",
        "aggressive_price", "worst_case_exposure", "position_notional", "balance",
        "duplicate_intent",
    ]  # fmt: skip


@pytest.mark.parametrize("side", list(Side))
@pytest.mark.parametrize("number", NOT_NUMBERS)
@pytest.mark.parametrize("what", ["size", "price"])
def test_intent_with_nan_is_denied(what: str, number: Decimal, side: Side) -> None:
    wanted = replace(intent(side), **{what: number})  # type: ignore[arg-type]  # by name
    assert isinstance(check_order(wanted, view(), LIMITS), Denied)


@pytest.mark.parametrize("side", list(Side))
@pytest.mark.parametrize("state", [TradingState.RUNNING, TradingState.REDUCE_ONLY])
@pytest.mark.parametrize("name", FIGURES)
@pytest.mark.parametrize("number", [Decimal("NaN"), Decimal("sNaN")])
def test_nan_in_the_view_denies_and_does_not_raise(
    name: str, number: Decimal, state: TradingState, side: Side
) -> None:
    """The rule that needs the figure can't be evaluated; one that does not need it may agree."""
    verdict = check_order(intent(side), view(state=state, **{name: number}), LIMITS)
    needed = {
        Side.BUY: {"leaves_buy", "quote_held", "notional_buy"},
        Side.SELL: {"leaves_sell", "base_held"},
    }
    always = {
        "best_bid", "best_ask", "depth_bid", "depth_ask", "reference_low", "reference_high",
        "inventory",
    }  # fmt: skip
    assert isinstance(verdict, Denied) or name not in always | needed[side]


@pytest.mark.parametrize("side", list(Side))
@pytest.mark.parametrize("name", RiskView._fields)
def test_missing_figure_denies_and_does_not_raise(name: str, side: Side) -> None:
    """All figures but own orders and an equal one; an account of unknown kind is a spot account."""
    verdict = check_order(intent(side), view(**{name: None}), LIMITS)
    other = {Side.BUY: {"leaves_sell"}, Side.SELL: {"leaves_buy", "notional_buy"}}
    optional = {"own_bid", "own_ask", "duplicate_ns", "ts_ns", "is_spot"} | other[side]
    assert isinstance(verdict, Denied) or name in optional


@pytest.mark.parametrize("name", LIMIT_NAMES)
@pytest.mark.parametrize("number", NOT_NUMBERS)
def test_limit_that_is_not_finite_raises_value_error(name: str, number: Decimal) -> None:
    """An infinite limit would never deny anything."""
    with pytest.raises(ValueError, match=name):
        replace(LIMITS, **{name: number})


@pytest.mark.parametrize("name", LIMIT_NAMES)
@pytest.mark.parametrize("number", [Decimal(0), Decimal(-1)])
def test_a_limit_must_be_above_zero(name: str, number: Decimal) -> None:
    with pytest.raises(ValueError, match=name):
        replace(LIMITS, **{name: number})


def test_denial_of_a_tiny_order_has_no_exponent() -> None:
    tight = replace(LIMITS, size_max=Decimal("1E-9"))
    verdict = check_order(intent(Side.BUY, "1E-8"), view(), tight)
    assert isinstance(verdict, Denied)
    assert verdict.text == "size 0.00000001 is above the order limit 0.000000001"
