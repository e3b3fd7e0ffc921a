"""Limits on activity in the engine: when causes are raised and cleared."""

from dataclasses import replace
from decimal import Decimal

import pytest

from quoter.domain.commands import Denied, RequestReport
from quoter.domain.events import Pause, Resume, Trade
from quoter.domain.reasons import RejectReason, ReportKind
from quoter.domain.step import Step
from quoter.domain.trading import Cause, TradingState
from quoter.engine.placing.placing import budget
from quoter.risk.hysteresis import Hysteresis
from tests.unit.engine.cases import (
    ACTIVITY,
    CONFIG,
    LIMITS,
    EngineHarness,
    commands,
    config,
    limits,
    places,
)
from tests.unit.state.cases import BUY, SELL

# The market regime would react to these jumps as well.
NO_LADDER = replace(CONFIG.regime, is_on=False)
WATCHFUL = config(
    activity=replace(ACTIVITY, turnover_max=1e9),
    limits=limits(price_collar=Decimal("0.5")),
    regime=NO_LADDER,
)


def asked_for_a_book(steps: list[Step]) -> list[RequestReport]:
    return [c for c in commands(steps) if c == RequestReport(kind=ReportKind.BOOK)]


def rules(steps: list[Step] | Step) -> set[str]:
    several = [steps] if isinstance(steps, Step) else steps
    return {denied.rule for step in several for denied in step.denied}


# PT-04: prices that jump


def test_jump_of_the_mid_cancels_all_orders_at_once() -> None:
    harness = EngineHarness(WATCHFUL).quoting()
    step = harness.book(101.2)
    assert harness.causes == {Cause.PRICE_JUMP}
    assert harness.state() is TradingState.PAUSED
    assert [order for order in harness.engine.orders if order.is_wanted] == []
    assert places(step) == []


def test_fresh_snapshot_after_five_seconds_clears_a_price_jump() -> None:
    harness = EngineHarness(WATCHFUL).quoting()
    harness.book(101.2)
    assert asked_for_a_book(harness.wait(4.9)) == []
    assert len(asked_for_a_book(harness.wait(0.2))) == 1
    harness.wait(1.0)
    assert harness.causes == {Cause.PRICE_JUMP}
    for order in list(harness.engine.orders):
        harness.done(order)
    step = harness.book(101.3)
    assert harness.causes == set()
    assert {order.side for order in places(step)} == {BUY, SELL}


def test_snapshot_before_the_five_seconds_does_not_clear_a_price_jump() -> None:
    """A resync or a comparison may bring one at any time."""
    harness = EngineHarness(WATCHFUL).quoting()
    harness.book(101.2)
    harness.wait(3.0)
    harness.book(101.2)
    assert harness.causes == {Cause.PRICE_JUMP}


def test_another_jump_restarts_the_five_seconds() -> None:
    harness = EngineHarness(WATCHFUL).quoting()
    harness.book(101.2)
    harness.wait(5.1, ends=True)
    harness.book(99.0)
    assert harness.causes == {Cause.PRICE_JUMP}
    assert asked_for_a_book(harness.wait(4.9)) == []
    harness.wait(0.2)
    harness.book(99.0)
    assert harness.causes == set()


@pytest.mark.parametrize(("sigma", "latches"), [(0.005, True), (0.3, False)])
def test_price_jumps_latch_only_where_the_market_does_not_explain_them(
    sigma: float, *, latches: bool
) -> None:
    """Jumps above one per cent, three a minute: usual at 30 bps per root second, not at 0.5."""
    pricing = replace(CONFIG.pricing, sigma_prior=sigma)
    harness = EngineHarness(replace(WATCHFUL, pricing=pricing, hysteresis=Hysteresis())).quoting()
    for n in range(20):
        mid = 101.2 if n % 2 == 0 else 99.0
        harness.book(200.2 - mid)
        harness.book(mid)
        assert Cause.PRICE_JUMP in harness.causes
        harness.wait(5.1, ends=True)
        harness.book(mid)
        harness.wait(15.0, ends=True)
        assert Cause.PRICE_JUMP not in harness.causes
        if Cause.FLAPPING in harness.causes:
            break
    assert (n < 10) is latches
    assert (Cause.FLAPPING in harness.causes) is latches


def test_missing_snapshot_is_requested_again() -> None:
    harness = EngineHarness(WATCHFUL).quoting()
    harness.book(101.2)
    assert len(asked_for_a_book(harness.wait(15.5))) == 3


def test_quotes_that_drift_pause_once_and_not_again_for_the_same_drift() -> None:
    harness = EngineHarness(WATCHFUL).quoting()
    mid = 100.0
    while Cause.PRICE_JUMP not in harness.causes:
        mid -= 0.2
        harness.wait(1.5, ends=True)
        harness.book(mid)
        harness.rest()
    assert 96.5 < mid < 97.2  # three per cent
    harness.wait(5.1)
    harness.book(mid)
    assert harness.causes == set()
    harness.wait(3.0)
    harness.book(mid - 0.2)
    assert harness.causes == set()


# PT-03, PT-12: references of an order


def test_trade_far_from_the_mid_denies_orders_that_add() -> None:
    harness = EngineHarness(config(limits=limits(price_collar=Decimal("0.01")))).start()
    harness.now_ns += 1
    far = Trade(ts_ns=harness.now_ns, trade_id="1", price=90.0, size=1.0, taker=SELL)
    harness.give(far)
    for order in list(harness.engine.orders):
        harness.reject(order, RejectReason.FILTER)
    steps = harness.wait(10.0)
    assert rules(steps) == {"price_collar"}
    assert places(steps) == []
    assert places(harness.wait(52.0))


def test_a_book_too_wide_or_too_thin_gets_no_order() -> None:
    wide = EngineHarness(config(limits=limits(book_spread_max=Decimal("0.009")))).start()
    assert rules(wide.steps) == {"market_data"}
    thin = EngineHarness(config(limits=limits(book_depth_min=Decimal(6_000)))).start()
    assert rules(thin.steps) == {"market_data"}
    assert places(wide.steps) == places(thin.steps) == []


def test_orders_carry_the_update_that_they_were_priced_from() -> None:
    harness = EngineHarness().start()
    assert {order.book_seq for order in places(harness.steps)} == {harness.engine.market.book.last}


def test_immediate_equal_order_is_denied_and_reported() -> None:
    harness = EngineHarness().quoting()
    harness.operator(Pause)
    step = harness.operator(Resume)
    assert rules(step) == {"duplicate_intent"}
    assert places(step) == []
    assert {order.side for order in places(harness.wait(1.1))} == {BUY, SELL}


# PT-07: orders by the minute and for each fill


def test_order_rate_stays_within_the_limit_per_minute() -> None:
    limited = config(
        creates_per_s=100.0,
        activity=replace(ACTIVITY, price_jump=0, quote_drift=0, creates_per_min=50),
    )
    harness = EngineHarness(limited).quoting()
    for count in range(900):
        harness.now_ns += 100_000_000
        harness.book(100.0 + (count % 7))
        harness.rest()
        for order in list(harness.engine.orders):
            if not order.is_wanted:
                harness.done(order)
    assert Cause.MESSAGE_RATE not in {
        cause for step in harness.steps if step.state for cause, _ in step.state.raised
    }
    assert 40 < len(places(harness.steps)) / 1.5 <= 60


@pytest.mark.parametrize("creates_per_s", [0.5, 10.0, 100.0])
@pytest.mark.parametrize("per_min", [10, 600])
def test_budget_of_a_minute_stays_within_the_limit_per_minute(
    creates_per_s: float, per_min: int
) -> None:
    policy = replace(ACTIVITY, creates_per_min=per_min)
    pace = budget(config(creates_per_s=creates_per_s, activity=policy))
    sent = 0
    for tenth in range(1, 611):
        while pace.has_tokens(tenth * 100_000_000):
            pace.take()
            sent += 1
    assert sent <= per_min


def test_orders_without_fills_pause_until_the_window_has_headroom() -> None:
    paced = replace(ACTIVITY, price_jump=0, quote_drift=0, creates_per_min=6_000)
    harness = EngineHarness(config(creates_per_s=20.0, activity=paced)).quoting()
    count = 0
    while Cause.MESSAGE_RATE not in harness.causes:
        count += 1
        harness.now_ns += 200_000_000
        harness.book(100.0 + count % 3)
        harness.rest()
        for order in list(harness.engine.orders):
            if not order.is_wanted:
                harness.done(order)
        assert count < 3_000
    assert len(places(harness.steps)) in (1_000, 1_001)
    assert harness.state() is TradingState.PAUSED
    assert [order for order in harness.engine.orders if order.is_wanted] == []
    for _ in range(62):
        harness.now_ns += 10_000_000_000
        harness.depth_update()
        harness.tick()
    assert Cause.MESSAGE_RATE not in harness.causes


# PT-08: fills too fast


def test_volume_above_the_limit_pauses_until_a_resume() -> None:
    harness = EngineHarness(
        config(activity=replace(ACTIVITY, price_jump=0, quote_drift=0, turnover_max=0.2))
    ).quoting()
    harness.fill(harness.wanted(BUY))
    harness.fill(harness.wanted(SELL))
    assert Cause.REPEATED_EXECUTION not in harness.causes
    harness.rest()
    harness.fill(harness.wanted(BUY), "0.5")
    assert harness.causes == {Cause.REPEATED_EXECUTION}
    harness.wait(120.0)
    assert harness.state() is TradingState.PAUSED
    harness.operator(Resume)
    assert Cause.REPEATED_EXECUTION not in harness.causes


# position value in the worst case


def worth(times: str) -> EngineHarness:
    """A limit with headroom for so many units at 100.5 and the collar of 5 %."""
    limit = Decimal(times) * Decimal("100.5") * Decimal("1.05")
    return EngineHarness(config(limits=limits(position_notional_max=limit), regime=NO_LADDER))


def test_position_value_limit_reduces_orders_and_a_rising_price_leads_to_reduce_only() -> None:
    harness = worth("3.2").quoting()
    harness.fill(harness.wanted(BUY))
    harness.wait(1.5)
    harness.rest()
    harness.fill(harness.wanted(BUY))
    harness.wait(1.5)
    assert harness.engine.inventory.net == 2
    assert harness.causes == set()
    harness.rest()
    harness.done(harness.wanted(BUY))
    harness.book(170.0)
    harness.tick()
    assert harness.causes == {Cause.NOTIONAL_LIMIT}
    assert harness.state() is TradingState.REDUCE_ONLY
    harness.wait(3.0)
    assert {order.side for order in harness.engine.orders if order.is_wanted} <= {SELL}


def test_notional_limit_clears_only_well_below_the_limit() -> None:
    harness = worth("2").quoting()
    harness.fill(harness.wanted(BUY))
    harness.book(202.0)  # an ask of 202.5: one unit is worth a little more than two at 100.5
    harness.tick()
    assert harness.causes == {Cause.NOTIONAL_LIMIT}
    for order in list(harness.engine.orders):
        harness.done(order)
    harness.wait(0.2)
    harness.book(198.0)
    harness.tick()
    assert harness.causes == {Cause.NOTIONAL_LIMIT}
    harness.book(188.0)
    harness.tick()
    assert harness.causes == set()


# PT-15: a missing input


def poisons() -> dict[str, object]:
    return {"none": None, "nan": Decimal("NaN"), "snan": Decimal("sNaN"), "text": "much"}


@pytest.mark.parametrize("poison", poisons())
@pytest.mark.parametrize("what", ["base", "quote", "target"])
def test_balance_that_is_not_a_number_sends_no_order_and_does_not_raise(
    what: str, poison: str
) -> None:
    harness = EngineHarness().start()
    for order in list(harness.engine.orders):
        harness.reject(order)
    inventory, bad = harness.engine.inventory, poisons()[poison]
    if what == "target":
        inventory.target = bad  # type: ignore[assignment]  # what a defect could leave there
    else:
        name = {"base": "ABC", "quote": "USD"}[what]
        inventory.balances[name] = bad  # type: ignore[assignment]  # the same
    harness.now_ns += 10_000_000_000
    harness.depth_update()
    steps = [harness.book(100.0 + 0.3 * count) for count in range(5)]
    assert [order for order in places(steps) if what != "quote" or order.side is BUY] == []


@pytest.mark.parametrize("poison", poisons())
@pytest.mark.parametrize("name", ["inventory_max", "size_max", "notional_max", "price_collar"])
def test_limit_that_is_not_a_number_sends_no_order_and_does_not_raise(
    name: str, poison: str
) -> None:
    """`Limits` refuses such values: here they are set afterwards."""
    spoilt = replace(LIMITS)
    harness = EngineHarness(config(limits=spoilt))
    object.__setattr__(spoilt, name, poisons()[poison])
    harness.start()
    assert places(harness.steps) == []


@pytest.mark.parametrize("fair", [float("nan"), float("inf"), -1.0, 0.0])
def test_invalid_reference_price_sends_no_order(fair: float) -> None:
    harness = EngineHarness()
    harness.engine.activity_limits.references.at = lambda ts_ns: (fair, fair)  # type: ignore[method-assign]
    harness.start()
    assert places(harness.steps) == []
    assert rules(harness.steps) == {"price_collar"}


def test_without_a_book_nothing_is_sent() -> None:
    harness = EngineHarness().start()
    for order in list(harness.engine.orders):
        harness.reject(order)
    harness.feed_down()
    assert places(harness.wait(5.0)) == []


def test_a_denial_names_rule_and_figures() -> None:
    harness = EngineHarness(config(limits=limits(size_max=Decimal("0.5")))).start()
    (denied, *_) = [denied for step in harness.steps for denied in step.denied]
    assert isinstance(denied, Denied)
    assert (denied.rule, denied.text) == (
        "order_size",
        "size 1 is above the order limit 0.5",
    )
