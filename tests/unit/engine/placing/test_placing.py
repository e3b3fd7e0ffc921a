"""From the wanted quote to orders: within the room, the budget and the venue's patience."""

from dataclasses import replace
from decimal import Decimal

import pytest

from quoter.domain.commands import RequestReport
from quoter.domain.events import BalanceReport
from quoter.domain.market import Stream
from quoter.domain.orders import OrderState
from quoter.domain.quotes import SideOff
from quoter.domain.reasons import OperatorAction, RejectReason, ReportKind
from quoter.domain.step import Step
from quoter.domain.trading import CancelReason, Cause, NoQuote, TradingState
from quoter.domain.units import NS_PER_S
from quoter.engine.config import RequotePolicy
from quoter.engine.placing.placing import base36
from tests.unit.engine.cases import (
    ONE_ORDER,
    OPENING,
    Desk,
    cancels,
    commands,
    config,
    limits,
    places,
    state,
)
from tests.unit.state.cases import BUY, SELL

HOLD_S = 1.1  # a little more than the hold of a requote
PATIENT = RequotePolicy(ttl_ns=3600 * NS_PER_S)


def test_base36_has_no_leading_zeros() -> None:
    assert [base36(n) for n in (0, 1, 35, 36, 36**5)] == ["0", "1", "z", "10", "100000"]


def test_every_order_has_an_id_of_its_own_that_a_venue_takes() -> None:
    desk = Desk(config(creates_per_s=1000.0)).quoting()
    for step in range(200):
        desk.now_ns += NS_PER_S
        desk.book(100.0 + (step % 2))
        desk.rest()
        for order in list(desk.engine.orders):
            if not order.is_wanted:
                desk.done(order)
    names = [order.client_id for order in places(desk.steps)]
    assert len(names) > 200
    assert len(set(names)) == len(names)
    assert all(name.isalnum() and len(name) <= 18 for name in names)
    assert all(name.startswith("q01run") for name in names)


def test_orders_carry_the_time_of_the_event_that_they_answer() -> None:
    desk = Desk().start()
    assert {order.decided_ns for order in places(desk.steps)} == {desk.now_ns}


# room


def test_a_replacement_that_has_no_room_beside_its_order_waits_for_it_to_go() -> None:
    desk = Desk(ONE_ORDER).quoting()
    old = desk.wanted(BUY)
    step = desk.book(99.0)
    assert old.client_id in [cancel.client_id for cancel in cancels(step)]
    assert [order.side for order in places(step) if order.side is BUY] == []
    step = desk.done(old)
    assert [order.size for order in places(step) if order.side is BUY] == [1]


def test_a_replacement_that_has_room_is_made_before_its_order_is_broken() -> None:
    desk = Desk().quoting()
    step = desk.book(99.0)
    kinds = [type(c).__name__ for c in step.commands if getattr(c, "client_id", "")]
    assert kinds[:2] == ["PlaceOrder", "CancelOrder"]


def test_an_unknown_order_takes_its_room_until_it_is_resolved() -> None:
    desk = Desk(ONE_ORDER).start()
    order = desk.wanted(BUY)
    desk.sent(order)
    desk.unknown(order)
    assert [o for o in places(desk.wait(5.0)) if o.side is BUY] == []
    assert [o.size for o in places(desk.done(order)) if o.side is BUY] == [1]


def churn(desk: Desk, seconds: float) -> int:
    """How many orders leave while nothing happens but time."""
    before = len(places(desk.steps))
    for _ in range(round(seconds * 10)):
        desk.wait(0.1)
        for order in list(desk.engine.orders):
            if order.state is OrderState.PENDING_CANCEL:
                desk.done(order)
        desk.rest()
    return len(places(desk.steps)) - before


def test_an_order_that_is_as_large_as_holdings_allow_is_left_alone() -> None:
    """Wanting more than can be had must not cancel what is there, once a second for ever."""
    poor = {"ABC": Decimal("0.5"), "USD": Decimal(100_000)}
    desk = Desk(config(opening=poor, target=Decimal("0.5"), requote=PATIENT)).quoting()
    assert desk.wanted(SELL).size == Decimal("0.5")
    assert churn(desk, 5.0) == 0


def test_an_order_that_is_as_large_as_the_money_allows_is_left_alone() -> None:
    poor = {"ABC": Decimal(100), "USD": Decimal(50)}
    desk = Desk(config(opening=poor, requote=PATIENT)).quoting()
    order = desk.wanted(BUY)
    assert Decimal(49) < order.size * order.price <= 50
    assert churn(desk, 5.0) == 0


def test_without_money_for_two_orders_the_old_one_goes_first() -> None:
    """Else a quote that money is tied up in could never follow the market up."""
    poor = {"ABC": Decimal(100), "USD": Decimal(150)}
    desk = Desk(config(opening=poor, requote=PATIENT)).quoting()
    old = desk.wanted(BUY)
    assert old.size == 1
    desk.wait(HOLD_S)
    desk.book(100.6)
    assert state(old) is OrderState.PENDING_CANCEL
    step = desk.done(old)
    (order,) = [o for o in places(step) if o.side is BUY]
    assert order.price > old.price


def test_a_side_that_can_not_afford_the_smallest_order_is_left_empty() -> None:
    broke = {"ABC": Decimal("0.001"), "USD": Decimal(100_000)}
    desk = Desk(config(opening=broke, target=Decimal("0.001"))).start()
    assert desk.orders(SELL) == []
    assert desk.engine.counts["denied"] == 0
    assert desk.wanted(BUY).size == 1
    assert desk.engine.quoting.latest.off == (SideOff(SELL, NoQuote.NO_BALANCE),)
    assert desk.engine.counts["no_quote_no_balance"] >= 1
    assert desk.engine.snapshot().quote == desk.engine.quoting.latest


def test_a_side_without_the_money_for_the_smallest_order_says_so_until_it_has_it() -> None:
    """Selling brings the money in, and the side comes back."""
    broke = {"ABC": Decimal(100), "USD": Decimal("0.2")}
    desk = Desk(config(opening=broke)).quoting()
    assert desk.orders(BUY) == []
    assert SideOff(BUY, NoQuote.NO_BALANCE) in desk.engine.quoting.latest.off
    desk.fill(desk.wanted(SELL))
    assert desk.engine.quoting.latest.off == ()
    assert desk.wanted(BUY).size == 1


def test_off_spot_no_balance_stands_in_the_way() -> None:
    desk = Desk(config(opening={}, target=Decimal(0), is_spot=False)).start()
    assert desk.engine.quoting.latest.off == ()


# reduce only


def held(desk: Desk, size: str) -> Desk:
    """Both orders rest, then so much of the buy fills."""
    desk.quoting()
    desk.fill(desk.wanted(BUY), size)
    return desk


def leaves(desk: Desk) -> Decimal:
    return desk.engine.orders.leaves(SELL)


def test_reduce_only_takes_out_the_side_that_grows() -> None:
    desk = held(Desk(), "1")
    desk.rest()
    desk.operator(OperatorAction.REDUCE)
    assert desk.state() is TradingState.REDUCE_ONLY
    assert [order for order in desk.orders(BUY) if order.is_wanted] == []
    assert [order for order in desk.orders(SELL) if order.is_wanted]


def test_reduce_only_takes_out_a_resting_order_that_would_flip_the_position() -> None:
    desk = held(Desk(), "0.4")
    order = desk.wanted(SELL)
    assert order.size == 1
    desk.operator(OperatorAction.REDUCE)
    assert not order.is_wanted
    desk.done(order)
    desk.rest()
    assert desk.wanted(SELL).size == Decimal("0.4")
    assert leaves(desk) <= desk.engine.inventory.net


def test_reduce_only_leaves_a_small_reducing_order_alone() -> None:
    desk = held(Desk(config(requote=PATIENT)), "0.4")
    order = desk.wanted(SELL)
    desk.operator(OperatorAction.REDUCE)
    desk.done(order)
    desk.rest()
    assert churn(desk, 5.0) == 0


def test_reduce_only_without_inventory_quotes_nothing() -> None:
    desk = Desk().quoting()
    desk.operator(OperatorAction.REDUCE)
    assert [order for order in desk.engine.orders if order.is_wanted] == []
    desk.wait(0.5)  # an equal order at once would be a duplicate
    desk.operator(OperatorAction.RESUME)
    assert desk.wanted(BUY).leaves == desk.wanted(SELL).leaves == 1


# ourselves


def test_our_own_orders_never_meet() -> None:
    """Both quotes jump past where the other one stands: the one that is in the way goes first."""
    desk = Desk().quoting()
    ask = desk.wanted(SELL)
    desk.wait(HOLD_S)
    step = desk.book(103.0)
    assert all(o.price < ask.price for o in places(step) if o.side is BUY)
    assert not ask.is_wanted
    step = desk.done(ask)
    assert desk.wanted(BUY).price > ask.price


def test_an_order_that_is_over_at_the_venue_stands_in_nobodys_way() -> None:
    """Its fills may be owed for long; it can't trade with us any more."""
    desk = Desk().quoting()
    ask = desk.wanted(SELL)
    desk.done(ask, "0.5")
    assert state(ask) is OrderState.CLOSED_UNSETTLED
    desk.wait(HOLD_S)
    desk.rest()
    other = desk.wanted(SELL)
    desk.book(103.0)
    desk.done(other)
    assert desk.wanted(BUY).price > ask.price


# budget, refusals, denials


def test_creates_stay_within_the_budget_and_what_must_go_goes_without_one() -> None:
    desk = Desk(config(creates_per_s=2.0)).quoting()
    for step in range(100):
        desk.now_ns += NS_PER_S // 100
        desk.book(100.0 - 0.5 * (step % 2))
        desk.rest()
        for order in list(desk.engine.orders):
            if not order.is_wanted:
                desk.done(order)
    assert len(places(desk.steps)) <= 4 + 2  # burst and a second
    exposed = [o for o in desk.engine.orders if o.side is BUY and o.is_wanted]
    assert all(o.price <= Decimal("99.5") for o in exposed)


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
def test_a_refusal_rests_its_side_and_only_its_side(reason: RejectReason, pause_s: float) -> None:
    desk = Desk().start()
    buy, sell = desk.wanted(BUY), desk.wanted(SELL)
    desk.sent(buy)
    step = desk.reject(buy, reason)
    assert places(step) == []
    assert sell.is_wanted
    again: list[float] = []
    for tenth in range(1, 60):
        steps = [*desk.wait(0.1), desk.balances(), desk.book()]
        again += [tenth / 10] * len([o for o in places(steps) if o.side is BUY])
    assert again[:1] == [pause_s]


def buys(steps: list[Step]) -> int:
    return len([order for order in places(steps) if order.side is BUY])


def test_after_a_post_only_refusal_a_side_is_priced_from_a_newer_book_only() -> None:
    """The same book would give the same price, and be refused again."""
    desk = Desk().start()
    buy = desk.wanted(BUY)
    desk.sent(buy)
    desk.reject(buy)
    assert buys(desk.wait(1.5)) == 0
    desk.book()
    assert buys(desk.wait(0.1)) == 1


def test_a_side_without_funds_is_off_until_balances_asked_for_since_are_in() -> None:
    """Our books said that there was enough: only the venue knows what there is."""
    desk = Desk().start()
    buy, asked_ns = desk.wanted(BUY), desk.now_ns
    desk.sent(buy)
    desk.wait(1.0)
    desk.reject(buy, RejectReason.BALANCE)
    asked = [c for c in commands(desk.wait(0.1)) if isinstance(c, RequestReport)]
    assert ReportKind.BALANCES in {request.kind for request in asked}
    desk.tell(replace(BALANCES, ts_ns=desk.now_ns, asked_ns=asked_ns))
    assert buys(desk.wait(20.0)) == 0
    desk.balances()
    assert buys(desk.wait(0.1)) == 1


BALANCES = BalanceReport(ts_ns=0, asked_ns=0, free=OPENING, locked={})


def test_an_order_that_never_left_is_placed_again_at_once() -> None:
    desk = Desk().start()
    step = desk.reject(desk.wanted(BUY), RejectReason.NOT_SENT)
    assert [order.side for order in places(step)] == [BUY]


def test_three_refusals_in_ten_seconds_rest_the_side_for_two() -> None:
    desk = Desk().start()
    for _ in range(3):
        desk.reject(desk.wanted(BUY))
        desk.tick(0.1)
        desk.book()
        desk.tick(0.0)
    assert [o.side for o in places(desk.wait(1.8))] == []
    assert BUY in [o.side for o in places(desk.wait(0.3))]


STORMS = [
    RejectReason.OTHER,
    RejectReason.POST_ONLY,
    RejectReason.BALANCE,
    RejectReason.FILTER,
]


@pytest.mark.parametrize("reason", STORMS)
def test_a_storm_of_refusals_pauses_us_until_somebody_has_looked(reason: RejectReason) -> None:
    """At most twenty orders of a side that the venue refuses again and again."""
    desk = Desk().start()
    for _ in range(1_100):
        desk.tick(0.1)
        desk.balances()
        desk.book()
        for order in desk.orders(BUY):
            if order.state is OrderState.RESERVED:
                desk.sent(order)
                desk.reject(order, reason)
        desk.rest()
        desk.end()
    assert desk.state() is TradingState.PAUSED
    assert Cause.REPEATED_EXECUTION in desk.causes
    assert buys(desk.steps) == 20
    desk.operator(OperatorAction.RESUME)
    assert desk.state() is TradingState.RUNNING
    assert buys(desk.steps) == 21


def test_a_denial_is_told_and_rests_the_side_for_a_second() -> None:
    desk = Desk(config(limits=limits(size_max=Decimal("0.5")))).start()
    step = desk.steps[-1]
    assert {denied.rule for denied in step.denied} == {"order_size"}
    assert places(desk.steps) == []
    later = desk.wait(5.0)
    assert 8 <= sum(len(step.denied) for step in later) <= 12


# what stays


def test_nothing_happens_while_nothing_changes() -> None:
    desk = Desk(config(requote=PATIENT)).quoting()
    steps = desk.wait(10.0)
    assert places(steps) == []
    assert cancels(steps) == []


def test_an_old_order_is_renewed_wherever_it_stands() -> None:
    desk = Desk().quoting()
    old = desk.wanted(BUY)
    steps = desk.wait(30.2)
    assert [c.reason for c in cancels(steps) if c.client_id == old.client_id] == [
        CancelReason.REQUOTE
    ]


def test_a_lost_book_takes_all_orders_out() -> None:
    desk = Desk().quoting()
    step = desk.feed_down(Stream.MARKET)
    assert {cancel.reason for cancel in cancels(step)} == {CancelReason.STATE}
    assert len(cancels(step)) == 2


def test_a_side_whose_create_got_no_answer_rests_for_a_second() -> None:
    """A venue in trouble is not asked again at full speed."""
    desk = Desk().start()
    desk.sent(desk.wanted(BUY))
    desk.unknown(desk.wanted(BUY))
    assert not [order for order in places(desk.wait(0.8)) if order.side is BUY]
    assert [order for order in places(desk.wait(0.5)) if order.side is BUY]


def test_a_refused_key_kills() -> None:
    desk = Desk().start()
    desk.reject(desk.wanted(BUY), RejectReason.AUTH)
    assert desk.state() is TradingState.KILLED
    assert Cause.KEY_REFUSED in desk.causes
