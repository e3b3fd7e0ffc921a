"""Unknown orders are queried until resolved; only the fence releases one that was never seen."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from itertools import pairwise

import pytest

from quoter.domain.commands import QueryOrder, RequestReport
from quoter.domain.events import OrderDone, OrderOpen
from quoter.domain.market import Stream
from quoter.domain.orders import OrderState, VenueOrder
from quoter.domain.reasons import DoneReason, ReportKind
from quoter.domain.step import Step
from quoter.domain.trading import CancelReason, Cause, TradingState
from quoter.domain.units import NS_PER_S
from quoter.engine.config import ReconcilePolicy
from quoter.engine.reconciliation.order_queries import QUERY_BACKOFF_NS
from quoter.state.open_orders import OpenOrder
from tests.unit.engine.cases import (
    CONFIG,
    EngineHarness,
    cancels,
    commands,
    config,
    listed,
    places,
    state,
)
from tests.unit.state.cases import BUY, SELL, fill

FENCE_S = 15.0


def requests(steps: Step | Sequence[Step], kind: ReportKind) -> list[RequestReport]:
    found = [c for c in commands(steps) if isinstance(c, RequestReport)]
    return [request for request in found if request.kind is kind]


def queries(steps: Step | Sequence[Step], order: OpenOrder) -> list[QueryOrder]:
    found = [c for c in commands(steps) if isinstance(c, QueryOrder)]
    return [query for query in found if query.client_id == order.client_id]


def in_doubt(harness: EngineHarness) -> OpenOrder:
    """The first buy got no answer."""
    order = harness.wanted(BUY)
    harness.sent(order)
    harness.unknown(order)
    return order


def asked_everything(harness: EngineHarness) -> None:
    harness.open_orders(*(listed(o) for o in harness.orders(SELL)))
    harness.trades()


# requests and their times


def test_lists_are_asked_for_on_their_periods() -> None:
    harness = EngineHarness().quoting()
    steps = harness.wait(61.0)
    assert len(requests(steps, ReportKind.OPEN_ORDERS)) == 12
    assert len(requests(steps, ReportKind.TRADES)) == 2
    assert len(requests(steps, ReportKind.BALANCES)) == 2


@pytest.mark.parametrize("kind", [ReportKind.OPEN_ORDERS, ReportKind.TRADES, ReportKind.BALANCES])
def test_failed_list_is_requested_again_a_second_later(kind: ReportKind) -> None:
    """The return of the private stream waits for two lists: one time-out would cost 30 s."""
    harness = EngineHarness().quoting()
    harness.wait(0.1)
    harness.report_failed(kind)
    assert requests(harness.wait(0.9), kind) == []
    assert len(requests(harness.wait(0.3), kind)) == 1


def test_trades_are_asked_for_after_the_last_one_of_a_complete_list() -> None:
    """The private stream may have skipped one before the newest that it reported."""
    harness = EngineHarness().quoting()
    order = harness.wanted(BUY)
    listed_fill = harness.fill_of(order, "0.2", trade_id="7")
    harness.trades(listed_fill)
    harness.give(harness.fill_of(order, "0.2", trade_id="9"))
    (request,) = requests(harness.feed_up(Stream.PRIVATE), ReportKind.TRADES)
    assert request.from_trade_id == "7"


def test_the_pause_between_queries_of_an_unanswered_order_grows() -> None:
    harness = EngineHarness().start()
    order = in_doubt(harness)
    asked: list[float] = []
    for tenth in range(1, 250):
        asked += [tenth / 10] * len(queries(harness.wait(0.1), order))
    gaps = [round(later - earlier, 1) for earlier, later in pairwise(asked)]
    assert asked[0] == 0.5
    assert gaps[:5] == [backoff / NS_PER_S for backoff in QUERY_BACKOFF_NS]
    assert set(gaps[5:]) == {8.0}


def test_create_never_answered_becomes_unknown() -> None:
    """If the gateway loses an answer, the order must still be queried."""
    harness = EngineHarness().start()
    order = harness.wanted(BUY)
    harness.sent(order)
    harness.wait(14.8)
    assert state(order) is OrderState.PENDING_NEW
    steps = harness.wait(1.5)
    assert state(order) is OrderState.UNKNOWN
    assert queries(steps, order)
    assert cancels(steps)


def test_order_missing_in_the_list_is_queried() -> None:
    harness = EngineHarness().quoting()
    order = harness.wanted(BUY)
    harness.wait(0.1)
    harness.open_orders(*(listed(o) for o in harness.orders(SELL)))
    assert harness.engine.counts["missing_at_venue"] == 1
    assert len(queries(harness.wait(0.2), order)) == 1
    assert state(order) is OrderState.OPEN
    harness.lives(order)
    assert queries(harness.wait(3.0), order) == []


def test_order_changed_after_the_request_is_not_missing() -> None:
    harness = EngineHarness().start()
    asked_ns = harness.now_ns
    harness.wait(0.1)
    harness.rest()
    harness.open_orders(asked_ns=asked_ns)
    assert harness.engine.counts["missing_at_venue"] == 0


# the fence


def test_order_is_released_after_the_fence_two_negatives_and_both_lists() -> None:
    harness = EngineHarness().start()
    order = in_doubt(harness)
    harness.wait(FENCE_S + 0.1)
    harness.not_found(order)
    harness.wait(0.1)
    asked_everything(harness)
    harness.wait(1.9)
    assert state(order) is OrderState.UNKNOWN
    harness.not_found(order)
    assert state(order) is OrderState.CANCELED
    assert harness.engine.orders.leaves(BUY) == sum(o.leaves for o in harness.orders(BUY))


@pytest.mark.parametrize("first_s", [1.0, 12.9, 15.0])
def test_a_negative_before_the_fence_proves_nothing(first_s: float) -> None:
    harness = EngineHarness().start()
    order = in_doubt(harness)
    harness.wait(first_s)
    harness.not_found(order)
    harness.wait(FENCE_S + 0.2 - first_s)
    asked_everything(harness)
    harness.wait(2.0)
    harness.not_found(order)
    assert state(order) is OrderState.UNKNOWN


def test_two_negatives_less_than_two_seconds_apart_prove_nothing() -> None:
    harness = EngineHarness().start()
    order = in_doubt(harness)
    harness.wait(FENCE_S + 0.1)
    harness.not_found(order)
    asked_everything(harness)
    harness.wait(1.9)
    harness.not_found(order)
    assert state(order) is OrderState.UNKNOWN


def test_negatives_in_pairs_still_release_an_order() -> None:
    """Every failed cancel is a query too, so two answers in a row are never two seconds apart."""
    harness = EngineHarness().start()
    order = in_doubt(harness)
    harness.wait(FENCE_S + 0.1)
    for _ in range(4):
        harness.not_found(order)
        asked_everything(harness)
        harness.wait(0.5)
    assert state(order) is OrderState.UNKNOWN
    harness.not_found(order)
    assert state(order) is OrderState.CANCELED


@pytest.mark.parametrize("missing", ["open_orders", "trades"])
def test_a_list_that_was_asked_before_the_first_negative_proves_nothing(missing: str) -> None:
    harness = EngineHarness().start()
    order = in_doubt(harness)
    harness.wait(FENCE_S + 0.1)
    asked_everything(harness)
    harness.wait(0.1)
    harness.not_found(order)
    harness.wait(0.1)
    if missing == "open_orders":
        harness.trades()
    else:
        harness.open_orders()
    harness.wait(2.0)
    steps = [harness.not_found(order), *harness.wait(0.2)]
    assert state(order) is OrderState.UNKNOWN
    assert requests(steps, ReportKind(missing))


def test_a_listed_order_is_kept_after_any_answer_to_a_query() -> None:
    harness = EngineHarness().start()
    order = in_doubt(harness)
    harness.wait(FENCE_S + 0.1)
    harness.not_found(order)
    harness.wait(1.0)
    harness.open_orders(listed(order))
    harness.trades()
    harness.wait(1.1)
    harness.not_found(order)
    assert state(order) in (OrderState.OPEN, OrderState.PENDING_CANCEL)


def test_positive_answer_restarts_the_proof_of_absence() -> None:
    harness = EngineHarness().start()
    order = in_doubt(harness)
    harness.wait(FENCE_S + 0.1)
    harness.not_found(order)
    harness.lives(order)
    harness.wait(2.5)
    asked_everything(harness)
    harness.not_found(order)
    assert not order.state.is_terminal


def test_order_with_missing_fills_is_not_released() -> None:
    harness = EngineHarness().quoting()
    order = harness.wanted(BUY)
    harness.lives(order, "0.5")
    harness.wait(FENCE_S + 0.1)
    for _ in range(3):
        harness.not_found(order)
        asked_everything(harness)
        harness.wait(2.5)
    assert not order.state.is_terminal


def test_partly_filled_order_unknown_to_the_venue_is_released_after_the_fence() -> None:
    """Some venues drop ended orders from their queries: it must not stay for ever."""
    harness = EngineHarness().quoting()
    order = harness.wanted(BUY)
    harness.fill(order, "0.5")
    harness.wait(FENCE_S + 0.1)
    for _ in range(2):
        harness.not_found(order)
        asked_everything(harness)
        harness.wait(2.5)
    harness.not_found(order)
    assert state(order) is OrderState.CANCELED
    assert harness.engine.inventory.net == Decimal("0.5")


def test_many_or_old_unknown_orders_pause_until_resolved() -> None:
    harness = EngineHarness().start()
    order = in_doubt(harness)
    harness.wait(29.9)
    assert Cause.UNKNOWN_ORDERS not in harness.causes
    harness.wait(0.3)
    assert harness.state() is TradingState.PAUSED
    for seconds in (30, 50):
        text = harness.engine.snapshot().causes[Cause.UNKNOWN_ORDERS]
        assert text == f"orders of unknown state: 1, the oldest for {seconds} s"
        harness.wait(20.0)
    harness.done(order)
    harness.wait(0.1)
    assert Cause.UNKNOWN_ORDERS not in harness.causes


# missing fills


def test_missing_fills_are_requested_every_second() -> None:
    harness = EngineHarness().quoting()
    order = harness.wanted(BUY)
    harness.done(order, "1")
    assert state(order) is OrderState.CLOSED_UNSETTLED
    assert requests(harness.wait(0.2), ReportKind.TRADES) == []  # the stream is usually faster
    assert len(requests(harness.wait(3.0), ReportKind.TRADES)) == 3


def test_missing_fills_of_many_orders_share_one_request() -> None:
    harness = EngineHarness().quoting()
    for _ in range(4):
        for side in (BUY, SELL):
            for order in harness.orders(side):
                if order.is_wanted:
                    harness.done(order, "0.01")
                    harness.wait(0.2)
        harness.rest()
    owed = [order for order in harness.engine.orders if order.has_missing_fills]
    assert len(owed) > 3
    harness.wait(1.0)
    assert len(requests(harness.wait(5.0), ReportKind.TRADES)) <= 5


def test_lasting_missing_fills_raise_a_cause_until_they_arrive() -> None:
    """A side that stays blocked without a report would be worse."""
    harness = EngineHarness().quoting()
    order = harness.wanted(BUY)
    harness.done(order, "1")
    harness.wait(9.9)
    assert Cause.RECONCILIATION not in harness.causes
    harness.wait(0.3)
    assert harness.state() is TradingState.PAUSED
    assert Cause.RECONCILIATION in harness.causes
    harness.balances()
    assert Cause.RECONCILIATION in harness.causes  # balances agree, and still a fill is missing
    harness.trades(harness.fill_of(order))
    harness.balances()
    harness.tick()
    assert Cause.RECONCILIATION not in harness.causes


# the private stream


def test_a_private_stream_that_is_back_counts_once_all_reports_asked_since_are_in() -> None:
    harness = EngineHarness().quoting()
    harness.feed_down(Stream.PRIVATE)
    assert harness.state() is TradingState.PAUSED
    harness.wait(1.0)
    before_ns = harness.now_ns - 1
    steps = harness.feed_up(Stream.PRIVATE)
    assert {c.kind for c in commands(steps) if isinstance(c, RequestReport)} == {
        ReportKind.OPEN_ORDERS, ReportKind.TRADES, ReportKind.BALANCES,
    }  # fmt: skip
    harness.open_orders(asked_ns=before_ns)
    harness.trades()
    harness.balances()
    assert Cause.PRIVATE_STREAM_DOWN in harness.causes
    harness.open_orders()
    assert Cause.PRIVATE_STREAM_DOWN not in harness.causes


@pytest.mark.parametrize("is_reopening", [False, True])
def test_a_venue_that_was_reset_is_not_quoted_for_its_empty_lists(*, is_reopening: bool) -> None:
    """Its lists are empty because our orders and trades are gone; only balances show the reset."""
    harness = EngineHarness().quoting()
    if is_reopening:
        harness.alarm(Cause.VENUE_STATUS)
        harness.wait(1.0, ends=True)
        harness.alarm(Cause.VENUE_STATUS, active=False)
    else:
        harness.feed_down(Stream.PRIVATE)
        harness.wait(1.0, ends=True)
        harness.feed_up(Stream.PRIVATE)
    first = len(harness.steps)
    for _ in range(5):
        harness.open_orders()
        harness.trades()
        harness.balances(USD=Decimal(1))
        harness.wait(1.0)
    assert places(harness.steps[first:]) == []
    assert Cause.RECONCILIATION in harness.causes
    harness.balances()
    harness.wait(2.0)
    assert places(harness.steps[first:])


@pytest.mark.parametrize("is_of_trades", [False, True])
def test_an_older_list_does_not_override_a_newer_one(*, is_of_trades: bool) -> None:
    """Answers may overtake each other: what a newer list proved stays proven."""
    harness = EngineHarness().quoting()
    before_ns = harness.now_ns
    harness.feed_down(Stream.PRIVATE)
    harness.wait(1.0)
    harness.feed_up(Stream.PRIVATE)
    if is_of_trades:
        harness.trades()
        harness.trades(asked_ns=before_ns)
        harness.open_orders()
    else:
        harness.open_orders()
        harness.open_orders(asked_ns=before_ns)
        harness.trades()
    harness.balances()
    assert Cause.PRIVATE_STREAM_DOWN not in harness.causes


@pytest.mark.slow
@pytest.mark.parametrize("silent", ["open_orders", "trades", "balances"])
def test_reports_that_never_come_pause_quoting_and_kill_nobody(silent: str) -> None:
    """A list that can't be read is not an empty one, however well the streams do."""
    policy = ReconcilePolicy(unread_ns=60 * NS_PER_S)
    harness = EngineHarness(config(reconcile=policy)).quoting()

    def reports(*kinds: str) -> None:
        for kind in kinds:
            if kind == "open_orders":
                harness.open_orders(*(listed(order) for order in harness.engine.orders))
            else:
                getattr(harness, kind)()
        harness.rest().wait(1.0, ends=True)

    others = [kind for kind in ("open_orders", "trades", "balances") if kind != silent]
    for _ in range(58):
        reports(*others)
    assert harness.causes == set()
    for _ in range(90):
        reports(*others)
    assert harness.causes == {Cause.RECONCILIATION}
    text = harness.engine.causes.switch.causes[Cause.RECONCILIATION]
    assert f"has not reported our {silent.replace('_', ' ')} for 1" in text
    reports(silent)
    assert harness.causes == set()


# balances


def test_balances_that_differ_three_times_over_three_seconds_pause_us() -> None:
    harness = EngineHarness().quoting()
    for _ in range(3):
        harness.balances(USD=Decimal(1))
        assert Cause.RECONCILIATION not in harness.causes
        assert len(requests(harness.wait(1.0), ReportKind.BALANCES)) == 1
    harness.wait(0.1)
    harness.balances(USD=Decimal(1))
    assert (
        harness.engine.causes.switch.causes[Cause.RECONCILIATION]
        == "USD: the venue has 1, our books 100000"
    )
    harness.balances()
    assert Cause.RECONCILIATION not in harness.causes


def test_three_differences_at_once_do_not_pause() -> None:
    harness = EngineHarness().quoting()
    for _ in range(5):
        harness.balances(ABC=Decimal(1))
    assert Cause.RECONCILIATION not in harness.causes


def test_equal_balances_restart_the_count() -> None:
    harness = EngineHarness().quoting()
    for _ in range(3):
        harness.balances(ABC=Decimal(1))
        harness.wait(1.6)
        harness.balances()
        harness.wait(1.6)
    assert Cause.RECONCILIATION not in harness.causes


def test_a_difference_asks_for_the_trades_that_would_explain_it() -> None:
    harness = EngineHarness().quoting()
    harness.wait(1.0)
    harness.balances(ABC=Decimal(1))
    assert len(requests(harness.wait(0.1), ReportKind.TRADES)) == 1


def test_balances_of_other_assets_are_not_compared() -> None:
    harness = EngineHarness().quoting()
    for _ in range(5):
        harness.balances(XYZ=Decimal(5))
        harness.wait(1.0)
    assert Cause.RECONCILIATION not in harness.causes


# orders not in our books


def stray(client_id: str) -> VenueOrder:
    return VenueOrder(client_id, "v9", BUY, Decimal(90), Decimal(1), Decimal(0))


def ended_order(harness: EngineHarness) -> OpenOrder:
    """An order whose end the venue reported two seconds ago."""
    order = harness.wanted(BUY)
    harness.done(order)
    harness.wait(2.0)
    return order


def test_an_ended_order_in_one_list_is_cancelled_and_the_list_requested_again() -> None:
    """The list may be old: the venue has reported the end of this order."""
    harness = EngineHarness().quoting()
    order = ended_order(harness)
    step = harness.open_orders(listed(order), *(listed(o) for o in harness.orders(SELL)))
    assert harness.state() is TradingState.RUNNING
    assert (order.client_id, CancelReason.NOT_IN_BOOKS) in [
        (cancel.client_id, cancel.reason) for cancel in cancels(step)
    ]
    assert requests(harness.wait(1.0), ReportKind.OPEN_ORDERS)


def test_an_ended_order_that_lists_show_for_ten_seconds_kills() -> None:
    harness = EngineHarness().quoting()
    order = ended_order(harness)
    for pause_s in (4.9, 5.0, 0.2):
        harness.open_orders(listed(order), *(listed(o) for o in harness.orders(SELL)))
        assert Cause.ORDER_REAPPEARED not in harness.causes
        harness.wait(pause_s)
    harness.open_orders(listed(order), *(listed(o) for o in harness.orders(SELL)))
    assert Cause.ORDER_REAPPEARED in harness.causes
    assert harness.state() is TradingState.KILLED


def test_a_list_without_the_ended_order_proves_that_the_one_before_was_old() -> None:
    harness = EngineHarness().quoting()
    order = ended_order(harness)
    for _ in range(3):
        harness.open_orders(listed(order), *(listed(o) for o in harness.orders(SELL)))
        harness.wait(5.0)
        harness.open_orders(*(listed(o) for o in harness.orders(SELL)))
        harness.wait(1.0)
    assert harness.state() is not TradingState.KILLED


def test_a_list_from_up_to_a_second_after_the_end_shows_nothing() -> None:
    harness = EngineHarness().quoting()
    order = harness.wanted(BUY)
    harness.done(order)
    harness.wait(0.9)
    step = harness.open_orders(listed(order), *(listed(o) for o in harness.orders(SELL)))
    assert order.client_id not in [cancel.client_id for cancel in cancels(step)]


def test_a_list_from_before_the_end_of_an_order_may_still_have_it() -> None:
    harness = EngineHarness().quoting()
    order = harness.wanted(BUY)
    asked_ns = harness.now_ns
    harness.wait(0.2)
    harness.done(order)
    harness.open_orders(listed(order), asked_ns=asked_ns)
    assert harness.state() is TradingState.RUNNING


def test_an_order_of_ours_that_this_run_never_sent_kills_and_is_cancelled() -> None:
    harness = EngineHarness().quoting()
    step = harness.open_orders(stray("q01run99"))
    assert "never sent by this run" in harness.engine.causes.switch.causes[Cause.ORDER_REAPPEARED]
    assert "q01run99" in [cancel.client_id for cancel in cancels(step)]


def test_an_order_of_another_run_of_this_instance_kills_and_is_cancelled() -> None:
    """Two daemons with one instance name: each sees the orders of the other, and both stop."""
    harness = EngineHarness().quoting()
    step = harness.open_orders(stray("q01old1"))
    causes = harness.engine.causes.switch.causes
    assert "another daemon" in causes[Cause.DUPLICATE_INSTANCE]
    assert Cause.ORDER_REAPPEARED not in causes
    assert harness.state() is TradingState.KILLED
    assert "q01old1" in [cancel.client_id for cancel in cancels(step)]


KNOWN = replace(CONFIG, earlier_runs=frozenset({"q01old", "q01run"}))


def test_an_order_of_our_own_earlier_run_in_one_list_is_cancelled_and_kills_nothing() -> None:
    """The list may be from before the start, when the earlier run still had it (seed 798)."""
    harness = EngineHarness(KNOWN).quoting()
    own = [listed(order) for side in (BUY, SELL) for order in harness.orders(side)]
    step = harness.open_orders(stray("q01old1"), *own)
    assert harness.state() is TradingState.RUNNING
    assert "q01old1" in [cancel.client_id for cancel in cancels(step)]
    assert requests(harness.wait(1.0), ReportKind.OPEN_ORDERS)


@pytest.mark.parametrize(
    ("names", "is_killed"),
    [
        (("q01old1", "q01old1", "q01old1"), True),
        (("q01old1", "q01old2", "q01old3"), True),  # the other daemon keeps quoting
        (("q01old1", "", "q01old1"), False),
        (("q01other1",), True),
        (("q01run99",), True),
    ],
)
def test_orders_of_an_earlier_run_that_lists_show_for_ten_seconds_kill(
    names: tuple[str, ...], is_killed: bool
) -> None:
    harness = EngineHarness(KNOWN).quoting()
    for name in names:
        own = [listed(order) for side in (BUY, SELL) for order in harness.orders(side)]
        harness.open_orders(*([stray(name)] if name else []), *own)
        harness.wait(5.1)
    assert (harness.state() is TradingState.KILLED) is is_killed


@pytest.mark.parametrize(
    ("name", "is_killed"), [("q01old1", True), ("q01run99", False), ("q02old1", False)]
)
def test_private_stream_reveals_another_run_at_once(name: str, is_killed: bool) -> None:
    """Before the next list, which would stop only the one that requests it first."""
    harness = EngineHarness().quoting()
    step = harness.give(OrderOpen(ts_ns=harness.now_ns, order=stray(name)))
    assert (Cause.DUPLICATE_INSTANCE in harness.engine.causes.switch.causes) is is_killed
    later = harness.give(OrderOpen(ts_ns=harness.now_ns, order=stray(f"{name}b")))
    for each, order in ((step, name), (later, f"{name}b")):
        is_cancelled = order in [cancel.client_id for cancel in cancels(each)]
        assert is_cancelled is is_killed or name == "q01run99"


@pytest.mark.parametrize(
    ("earlier", "name", "is_killed"),
    [
        (frozenset({"q01old"}), "q01other1", True),
        (frozenset({"q01old"}), "q01old1", False),
        (frozenset({"q01old"}), "q01run99", False),
        (frozenset({"q01old"}), "human1", False),
        (None, "q01other1", False),
    ],
)
def test_ended_order_reveals_another_run_unless_it_is_an_earlier_one(
    earlier: frozenset[str] | None, name: str, is_killed: bool
) -> None:
    harness = EngineHarness(replace(CONFIG, earlier_runs=earlier)).quoting()
    done = OrderDone(
        ts_ns=harness.now_ns, client_id=name, reason=DoneReason.CANCELED, filled=Decimal(0)
    )
    harness.give(done)
    assert (Cause.DUPLICATE_INSTANCE in harness.engine.causes.switch.causes) is is_killed


def test_unmatched_fills_are_reported_once_and_not_booked() -> None:
    harness = EngineHarness().quoting()
    harness.trades(fill("5", client_id="", venue_id="v77"))
    assert harness.engine.counts["unmatched_fill"] == 1
    assert harness.engine.inventory.net == 0
    harness.now_ns += 3600 * NS_PER_S  # the fill's own time is START_NS
    harness.wait(0.2)
    assert harness.engine.counts["foreign_fill"] == 1


def test_venue_that_opens_again_is_asked_for_all_reports_before_quoting() -> None:
    harness = EngineHarness().quoting()
    harness.alarm(Cause.VENUE_STATUS)
    assert harness.state() is TradingState.PAUSED
    harness.wait(5.0)
    step = harness.alarm(Cause.VENUE_STATUS, active=False)
    kinds = ReportKind.OPEN_ORDERS, ReportKind.TRADES, ReportKind.BALANCES
    assert all(requests(step, kind) for kind in kinds)
    assert harness.causes == {Cause.VENUE_STATUS}
    harness.open_orders(*(listed(order) for order in harness.engine.orders))
    harness.trades()
    assert harness.causes == {Cause.VENUE_STATUS}
    harness.balances()
    assert harness.causes == set()


def test_a_venue_that_closes_again_before_the_lists_are_in_stays_closed() -> None:
    harness = EngineHarness().quoting()
    harness.alarm(Cause.VENUE_STATUS)
    harness.alarm(Cause.VENUE_STATUS, active=False)
    harness.alarm(Cause.VENUE_STATUS)
    harness.open_orders(*(listed(order) for order in harness.engine.orders))
    harness.trades()
    assert harness.causes == {Cause.VENUE_STATUS}
