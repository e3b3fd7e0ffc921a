"""From the wanted quote to orders, within headroom, message budget and back-off."""

from dataclasses import replace
from decimal import Decimal

import pytest

from quoter.domain.commands import RequestReport
from quoter.domain.events import BalanceReport, Reduce, Resume
from quoter.domain.market import Stream
from quoter.domain.orders import OrderState
from quoter.domain.quotes import SideOff
from quoter.domain.reasons import RejectReason, ReportKind
from quoter.domain.step import Step
from quoter.domain.trading import CancelReason, Cause, NoQuote, TradingState
from quoter.domain.units import NS_PER_MS, NS_PER_S
from quoter.engine.config import RequotePolicy
from quoter.engine.placing.placing import base36
from tests.unit.engine.cases import (
    ONE_ORDER,
    OPENING,
    EngineHarness,
    cancels,
    commands,
    config,
    limits,
    places,
    state,
)
from tests.unit.state.cases import BUY, SELL

HOLD_S = 1.1  # slightly more than the hold time of a requote
LONG_TTL = RequotePolicy(ttl_ns=3600 * NS_PER_S)


def test_base36_has_no_leading_zeros() -> None:
    assert [base36(n) for n in (0, 1, 35, 36, 36**5)] == ["0", "1", "z", "10", "100000"]


def test_every_order_has_a_unique_valid_id() -> None:
    harness = EngineHarness(config(creates_per_s=1000.0)).quoting()
    for step in range(200):
        harness.now_ns += NS_PER_S
        harness.book(100.0 + (step % 2))
        harness.rest()
        for order in list(harness.engine.orders):
            if not order.is_wanted:
                harness.done(order)
    names = [order.client_id for order in places(harness.steps)]
    assert len(names) > 200
    assert len(set(names)) == len(names)
    assert all(name.isalnum() and len(name) <= 18 for name in names)
    assert all(name.startswith("q01run") for name in names)


def test_orders_carry_the_time_of_the_event_that_they_answer() -> None:
    harness = EngineHarness().start()
    assert {order.decided_ns for order in places(harness.steps)} == {harness.now_ns}


# headroom


def test_replacement_without_headroom_waits_for_the_old_order() -> None:
    harness = EngineHarness(ONE_ORDER).quoting()
    old = harness.wanted(BUY)
    step = harness.book(99.0)
    assert old.client_id in [cancel.client_id for cancel in cancels(step)]
    assert [order.side for order in places(step) if order.side is BUY] == []
    step = harness.done(old)
    assert [order.size for order in places(step) if order.side is BUY] == [1]


def test_replacement_with_headroom_is_placed_before_the_cancel() -> None:
    harness = EngineHarness().quoting()
    step = harness.book(99.0)
    kinds = [type(c).__name__ for c in step.commands if getattr(c, "client_id", "")]
    assert kinds[:2] == ["PlaceOrder", "CancelOrder"]


def test_unknown_order_keeps_its_reservation_until_it_is_resolved() -> None:
    harness = EngineHarness(ONE_ORDER).start()
    order = harness.wanted(BUY)
    harness.sent(order)
    harness.unknown(order)
    assert [o for o in places(harness.wait(5.0)) if o.side is BUY] == []
    assert [o.size for o in places(harness.done(order)) if o.side is BUY] == [1]


def churn(harness: EngineHarness, seconds: float) -> int:
    """Number of orders sent while only time passes."""
    before = len(places(harness.steps))
    for _ in range(round(seconds * 10)):
        harness.wait(0.1)
        for order in list(harness.engine.orders):
            if order.state is OrderState.PENDING_CANCEL:
                harness.done(order)
        harness.rest()
    return len(places(harness.steps)) - before


def test_an_order_as_large_as_holdings_allow_is_kept() -> None:
    """Wanting more than fits must not replace the order again every second."""
    poor = {"ABC": Decimal("0.5"), "USD": Decimal(100_000)}
    harness = EngineHarness(config(opening=poor, target=Decimal("0.5"), requote=LONG_TTL)).quoting()
    assert harness.wanted(SELL).size == Decimal("0.5")
    assert churn(harness, 5.0) == 0


def test_an_order_as_large_as_the_quote_balance_allows_is_kept() -> None:
    poor = {"ABC": Decimal(100), "USD": Decimal(50)}
    harness = EngineHarness(config(opening=poor, requote=LONG_TTL)).quoting()
    order = harness.wanted(BUY)
    assert Decimal(49) < order.size * order.price <= 50
    assert churn(harness, 5.0) == 0


def test_without_funds_for_two_orders_the_old_one_is_cancelled_first() -> None:
    """Otherwise a quote that uses all the money could never follow the market up."""
    poor = {"ABC": Decimal(100), "USD": Decimal(150)}
    harness = EngineHarness(config(opening=poor, requote=LONG_TTL)).quoting()
    old = harness.wanted(BUY)
    assert old.size == 1
    harness.wait(HOLD_S)
    harness.book(100.6)
    assert state(old) is OrderState.PENDING_CANCEL
    step = harness.done(old)
    (order,) = [o for o in places(step) if o.side is BUY]
    assert order.price > old.price


def test_a_side_that_can_not_afford_the_smallest_order_is_left_empty() -> None:
    broke = {"ABC": Decimal("0.001"), "USD": Decimal(100_000)}
    harness = EngineHarness(config(opening=broke, target=Decimal("0.001"))).start()
    assert harness.orders(SELL) == []
    assert harness.engine.counts["denied"] == 0
    assert harness.wanted(BUY).size == 1
    assert harness.engine.quoting.latest.off == (SideOff(SELL, NoQuote.NO_BALANCE),)
    assert harness.engine.counts["no_quote_no_balance"] >= 1
    assert harness.engine.snapshot().quote == harness.engine.quoting.latest


def test_a_side_without_funds_for_the_smallest_order_reports_that_until_it_has_them() -> None:
    """Selling brings the money in, and the side is quoted again."""
    broke = {"ABC": Decimal(100), "USD": Decimal("0.2")}
    harness = EngineHarness(config(opening=broke)).quoting()
    assert harness.orders(BUY) == []
    assert SideOff(BUY, NoQuote.NO_BALANCE) in harness.engine.quoting.latest.off
    harness.fill(harness.wanted(SELL))
    assert harness.engine.quoting.latest.off == ()
    assert harness.wanted(BUY).size == 1


def test_balance_does_not_limit_orders_off_spot() -> None:
    harness = EngineHarness(config(opening={}, target=Decimal(0), is_spot=False)).start()
    assert harness.engine.quoting.latest.off == ()


# reduce only


def held(harness: EngineHarness, size: str) -> EngineHarness:
    """Both orders rest, then so much of the buy fills."""
    harness.quoting()
    harness.fill(harness.wanted(BUY), size)
    return harness


def leaves(harness: EngineHarness) -> Decimal:
    return harness.engine.orders.leaves(SELL)


def test_reduce_only_takes_out_the_side_that_grows() -> None:
    harness = held(EngineHarness(), "1")
    harness.rest()
    harness.operator(Reduce)
    assert harness.state() is TradingState.REDUCE_ONLY
    assert [order for order in harness.orders(BUY) if order.is_wanted] == []
    assert [order for order in harness.orders(SELL) if order.is_wanted]


def test_reduce_only_takes_out_a_resting_order_that_would_flip_the_position() -> None:
    harness = held(EngineHarness(), "0.4")
    order = harness.wanted(SELL)
    assert order.size == 1
    harness.operator(Reduce)
    assert not order.is_wanted
    harness.done(order)
    harness.rest()
    assert harness.wanted(SELL).size == Decimal("0.4")
    assert leaves(harness) <= harness.engine.inventory.net


def test_reduce_only_leaves_a_small_reducing_order_alone() -> None:
    harness = held(EngineHarness(config(requote=LONG_TTL)), "0.4")
    order = harness.wanted(SELL)
    harness.operator(Reduce)
    harness.done(order)
    harness.rest()
    assert churn(harness, 5.0) == 0


def test_reduce_only_without_inventory_quotes_nothing() -> None:
    harness = EngineHarness().quoting()
    harness.operator(Reduce)
    assert [order for order in harness.engine.orders if order.is_wanted] == []
    harness.wait(0.5)  # an equal order at once would be a duplicate
    harness.operator(Resume)
    assert harness.wanted(BUY).leaves == harness.wanted(SELL).leaves == 1


# our own orders


def test_our_own_orders_never_cross() -> None:
    """Both quotes jump past the other one's order: the order in the way is cancelled first."""
    harness = EngineHarness().quoting()
    ask = harness.wanted(SELL)
    harness.wait(HOLD_S)
    step = harness.book(103.0)
    assert all(o.price < ask.price for o in places(step) if o.side is BUY)
    assert not ask.is_wanted
    step = harness.done(ask)
    assert harness.wanted(BUY).price > ask.price


def test_ended_order_does_not_block_other_orders() -> None:
    """Its fills may be missing for long; it can't trade with us any more."""
    harness = EngineHarness().quoting()
    ask = harness.wanted(SELL)
    harness.done(ask, "0.5")
    assert state(ask) is OrderState.CLOSED_UNSETTLED
    harness.wait(HOLD_S)
    harness.rest()
    other = harness.wanted(SELL)
    harness.book(103.0)
    harness.done(other)
    assert harness.wanted(BUY).price > ask.price


# budget, rejects, denials


def test_creates_stay_within_the_budget_and_cancels_need_none() -> None:
    harness = EngineHarness(config(creates_per_s=2.0)).quoting()
    for step in range(100):
        harness.now_ns += NS_PER_S // 100
        harness.book(100.0 - 0.5 * (step % 2))
        harness.rest()
        for order in list(harness.engine.orders):
            if not order.is_wanted:
                harness.done(order)
    assert len(places(harness.steps)) <= 4 + 2  # burst and one second
    exposed = [o for o in harness.engine.orders if o.side is BUY and o.is_wanted]
    assert all(o.price <= Decimal("99.5") for o in exposed)


def test_orders_that_never_fill_stay_at_small_changes_and_do_not_pause_quoting() -> None:
    harness = EngineHarness(config(creates_per_s=1000.0)).quoting()
    for step in range(1_500):
        harness.now_ns += 400 * NS_PER_MS
        harness.book(100.0 - 0.2 * (step % 2))
        harness.rest()
        for order in list(harness.engine.orders):
            if not order.is_wanted:
                harness.done(order)
    assert 100 < len(places(harness.steps)) < 1_000
    assert Cause.MESSAGE_RATE not in harness.engine.causes.switch.causes


@pytest.mark.parametrize(
    ("reason", "pause_s"),
    [
        (RejectReason.POST_ONLY, 0.2),
        (RejectReason.RATE_LIMIT, 1.0),
        (RejectReason.OTHER, 2.0),
        (RejectReason.BALANCE, 5.0),
        (RejectReason.FILTER, 5.0),
    ],
)
def test_reject_blocks_its_side_only(reason: RejectReason, pause_s: float) -> None:
    harness = EngineHarness().start()
    buy, sell = harness.wanted(BUY), harness.wanted(SELL)
    harness.sent(buy)
    step = harness.reject(buy, reason)
    assert places(step) == []
    assert sell.is_wanted
    again: list[float] = []
    for tenth in range(1, 60):
        steps = [*harness.wait(0.1), harness.balances(), harness.book()]
        again += [tenth / 10] * len([o for o in places(steps) if o.side is BUY])
    assert again[:1] == [pause_s]


def buys(steps: list[Step]) -> int:
    return len([order for order in places(steps) if order.side is BUY])


def test_after_a_post_only_refusal_a_side_is_priced_from_a_newer_book_only() -> None:
    """The same book would give the same price, and another reject."""
    harness = EngineHarness().start()
    buy = harness.wanted(BUY)
    harness.sent(buy)
    harness.reject(buy)
    assert buys(harness.wait(1.5)) == 0
    harness.book()
    assert buys(harness.wait(0.1)) == 1


def test_a_side_without_funds_is_off_until_balances_asked_for_since_are_in() -> None:
    """Our books showed enough: only the venue knows the real balance."""
    harness = EngineHarness().start()
    buy, asked_ns = harness.wanted(BUY), harness.now_ns
    harness.sent(buy)
    harness.wait(1.0)
    harness.reject(buy, RejectReason.BALANCE)
    asked = [c for c in commands(harness.wait(0.1)) if isinstance(c, RequestReport)]
    assert ReportKind.BALANCES in {request.kind for request in asked}
    harness.give(replace(BALANCES, ts_ns=harness.now_ns, asked_ns=asked_ns))
    assert buys(harness.wait(20.0)) == 0
    harness.balances()
    assert buys(harness.wait(0.1)) == 1


BALANCES = BalanceReport(ts_ns=0, asked_ns=0, free=OPENING, locked={})


def test_an_order_that_never_left_is_placed_again_at_once() -> None:
    harness = EngineHarness().start()
    step = harness.reject(harness.wanted(BUY), RejectReason.NOT_SENT)
    assert [order.side for order in places(step)] == [BUY]


def test_three_rejects_in_ten_seconds_block_the_side_for_two() -> None:
    harness = EngineHarness().start()
    for _ in range(3):
        harness.reject(harness.wanted(BUY))
        harness.tick(0.1)
        harness.book()
        harness.tick(0.0)
    assert [o.side for o in places(harness.wait(1.8))] == []
    assert BUY in [o.side for o in places(harness.wait(0.3))]


STORMS = [
    RejectReason.OTHER,
    RejectReason.POST_ONLY,
    RejectReason.BALANCE,
    RejectReason.FILTER,
]


@pytest.mark.parametrize("reason", STORMS)
def test_streak_of_rejects_pauses_until_a_resume(reason: RejectReason) -> None:
    """At most twenty orders of a side that the venue rejects again and again."""
    harness = EngineHarness().start()
    for _ in range(1_100):
        harness.tick(0.1)
        harness.balances()
        harness.book()
        for order in harness.orders(BUY):
            if order.state is OrderState.RESERVED:
                harness.sent(order)
                harness.reject(order, reason)
        harness.rest()
        harness.end()
    assert harness.state() is TradingState.PAUSED
    assert Cause.REPEATED_EXECUTION in harness.causes
    assert buys(harness.steps) == 20
    harness.operator(Resume)
    assert harness.state() is TradingState.RUNNING
    assert buys(harness.steps) == 21


def test_denial_is_reported_and_blocks_the_side_for_a_second() -> None:
    harness = EngineHarness(config(limits=limits(size_max=Decimal("0.5")))).start()
    step = harness.steps[-1]
    assert {denied.rule for denied in step.denied} == {"order_size"}
    assert places(harness.steps) == []
    later = harness.wait(5.0)
    assert 8 <= sum(len(step.denied) for step in later) <= 12


# orders that stay


def test_nothing_happens_while_nothing_changes() -> None:
    harness = EngineHarness(config(requote=LONG_TTL)).quoting()
    steps = harness.wait(10.0)
    assert places(steps) == []
    assert cancels(steps) == []


def test_an_order_older_than_its_time_to_live_is_replaced_at_any_price() -> None:
    harness = EngineHarness().quoting()
    old = harness.wanted(BUY)
    steps = harness.wait(30.2)
    assert [c.reason for c in cancels(steps) if c.client_id == old.client_id] == [
        CancelReason.REQUOTE
    ]


def test_lost_book_cancels_all_orders() -> None:
    harness = EngineHarness().quoting()
    step = harness.feed_down(Stream.MARKET)
    assert {cancel.reason for cancel in cancels(step)} == {CancelReason.STATE}
    assert len(cancels(step)) == 2


def test_create_without_an_answer_blocks_its_side_for_a_second() -> None:
    """A venue in trouble is not asked again at full speed."""
    harness = EngineHarness().start()
    harness.sent(harness.wanted(BUY))
    harness.unknown(harness.wanted(BUY))
    assert not [order for order in places(harness.wait(0.8)) if order.side is BUY]
    assert [order for order in places(harness.wait(0.5)) if order.side is BUY]


def test_a_refused_key_kills() -> None:
    harness = EngineHarness().start()
    harness.reject(harness.wanted(BUY), RejectReason.AUTH)
    assert harness.state() is TradingState.KILLED
    assert Cause.KEY_REFUSED in harness.causes
