"""The trial order: found by our id in stream and list, cancelled, gone; only then quotes."""

from dataclasses import replace
from decimal import Decimal

import pytest

from quoter.domain.commands import RequestReport
from quoter.domain.events import OrderOpen, Reduce
from quoter.domain.market import Side
from quoter.domain.orders import VenueOrder
from quoter.domain.reasons import DoneReason, RejectReason, ReportKind
from quoter.domain.step import Step, TrialResult
from quoter.domain.trading import CancelReason, Cause
from quoter.engine.config import TrialMode
from quoter.engine.placing.trial_order import (
    CANCELLED_S_MAX,
    GONE_S_MAX,
    SHOWN_S_MAX,
    TRIES_MAX,
)
from quoter.state.open_orders import OpenOrder
from tests.unit.engine.cases import (
    EngineHarness,
    cancels,
    commands,
    config,
    listed,
    places,
)


def starting(mode: TrialMode = TrialMode.FIRST, **changed: object) -> EngineHarness:
    """A harness whose trial order was decided, but not sent."""
    return EngineHarness(config(trial=mode, **changed)).start()


def trial(harness: EngineHarness) -> OpenOrder:
    (order,) = harness.engine.orders
    return order


def as_reported(order: OpenOrder, name: str | None = None) -> VenueOrder:
    """The order in the venue's row, which calls it `name`."""
    return listed(order)._replace(reported_id=order.client_id if name is None else name)


def streamed(harness: EngineHarness, order: OpenOrder, name: str | None = None) -> Step:
    return harness.give(
        OrderOpen(ts_ns=harness.now_ns, order=as_reported(order, name), is_streamed=True)
    )


def results(harness: EngineHarness) -> list[TrialResult]:
    return [step.trial for step in harness.steps if step.trial is not None]


def shown(harness: EngineHarness) -> OpenOrder:
    """Acknowledge the trial order, and show it in stream and list."""
    order = trial(harness.rest())
    streamed(harness, order)
    harness.tick()
    harness.open_orders(as_reported(order))
    return order


def test_one_smallest_order_far_from_the_market_precedes_the_quotes() -> None:
    harness = starting()
    (placed,) = places(harness.steps)
    book = harness.engine.market.book
    assert placed.side is Side.BUY
    assert float(placed.price) == pytest.approx(99.5 * (1 - 0.7 * 0.05), abs=0.1)
    assert placed.price * placed.size >= harness.engine.config.instrument.notional_min
    assert placed.size < harness.engine.config.order_size
    assert placed.book_seq == book.seq


def test_order_that_is_found_and_gone_passes_and_quotes_follow() -> None:
    harness = starting()
    order = shown(harness)
    assert [c.reason for c in cancels(harness.steps)] == [CancelReason.TRIAL]
    harness.done(order)
    harness.tick()
    assert results(harness) == []
    harness.open_orders()
    assert [result.is_passed for result in results(harness)] == [True]
    harness.wait(0.3)
    assert {o.side for o in harness.engine.orders} == {Side.BUY, Side.SELL}


def test_nothing_follows_if_the_run_is_for_the_trial_only() -> None:
    harness = starting(TrialMode.ONLY)
    harness.done(shown(harness))
    harness.tick()
    harness.open_orders()
    harness.wait(2.0)
    assert [result.is_passed for result in results(harness)] == [True]
    assert len(places(harness.steps)) == 1


def test_no_order_is_on_trial_by_default() -> None:
    harness = EngineHarness(config()).start()
    assert len(places(harness.steps)) == 2


def test_list_is_requested_until_it_shows_the_order() -> None:
    harness = starting()
    order = trial(harness.rest())
    streamed(harness, order)
    first = len(harness.steps)
    harness.wait(2.0)
    asked = [c for c in commands(harness.steps[first:]) if isinstance(c, RequestReport)]
    assert 3 <= [c.kind for c in asked].count(ReportKind.OPEN_ORDERS) <= 5


@pytest.mark.parametrize("name", ["", "t-q01run1", "0"])
def test_order_that_the_list_calls_otherwise_fails(name: str) -> None:
    """V1: our record of the venue's id would name it, but a restarted process has none."""
    harness = starting()
    order = trial(harness.rest())
    streamed(harness, order)
    for _ in range(10 * SHOWN_S_MAX + 2):
        harness.wait(0.1)
        harness.open_orders(as_reported(order, name))
    (result,) = results(harness)
    assert not result.is_passed
    assert result.text == (
        "the list of open orders did not show it under our client id "
        f"(but as {name or 'none'}) within {SHOWN_S_MAX} s"
    )
    assert order.cancel_reason is CancelReason.TRIAL


@pytest.mark.parametrize("name", [None, "0"])
def test_order_that_the_stream_does_not_name_fails(name: str | None) -> None:
    """The answer to a query is no message of the stream."""
    harness = starting()
    order = trial(harness.rest())
    if name is not None:
        streamed(harness, order, name)
    harness.lives(order)
    for _ in range(10 * SHOWN_S_MAX + 2):
        harness.wait(0.1)
        harness.open_orders(as_reported(order))
    (result,) = results(harness)
    assert result.text.startswith("the private stream did not report it")
    assert not result.is_passed
    harness.wait(1.0)
    assert len(places(harness.steps)) == 1


def test_create_without_an_answer_fails() -> None:
    harness = starting()
    harness.sent(trial(harness))
    harness.wait(SHOWN_S_MAX + 0.3)
    (result,) = results(harness)
    assert result.text == f"the venue did not answer the create within {SHOWN_S_MAX} s"


def test_lost_cancel_is_repeated_and_passes() -> None:
    harness = starting()
    order = shown(harness)
    harness.wait(CANCELLED_S_MAX - 1.0)
    assert len(cancels(harness.steps)) > 1
    assert results(harness) == []
    harness.done(order)
    harness.tick()
    harness.open_orders()
    assert [result.is_passed for result in results(harness)] == [True]


def test_order_that_can_not_be_cancelled_fails() -> None:
    harness = starting()
    shown(harness)
    harness.wait(CANCELLED_S_MAX + 0.3)
    (result,) = results(harness)
    assert result.text == f"it could not be cancelled within {CANCELLED_S_MAX} s"


@pytest.mark.parametrize("is_old", [False, True])
def test_trial_fails_unless_a_newer_list_lacks_the_ended_order(is_old: bool) -> None:
    """A list that was requested before the end says nothing."""
    harness = starting()
    order = shown(harness)
    row, ended_ns = as_reported(order), harness.now_ns
    harness.done(order)
    for _ in range(10 * GONE_S_MAX + 2):
        harness.wait(0.1)
        if is_old:
            harness.open_orders(asked_ns=ended_ns - 1)
        else:
            harness.open_orders(row, asked_ns=ended_ns + 1)
    text = f"the list of open orders still showed it {GONE_S_MAX} s after its end"
    assert [result.text for result in results(harness)] == [text]


def test_pause_ends_the_order_and_another_one_is_placed_after_it() -> None:
    harness = starting()
    order = trial(harness.rest())
    harness.alarm(Cause.LOOP_LAG)
    assert order.cancel_reason is CancelReason.STATE
    harness.done(order)
    harness.wait(SHOWN_S_MAX + 1.0)
    assert results(harness) == []
    harness.alarm(Cause.LOOP_LAG, active=False)
    harness.wait(0.2)
    second = trial(harness)
    assert second.client_id != order.client_id
    harness.done(shown(harness))
    harness.tick()
    harness.open_orders()
    assert [result.is_passed for result in results(harness)] == [True]


def test_filled_order_is_followed_by_another() -> None:
    harness = starting()
    order = trial(harness.rest())
    harness.fill(order, str(order.size))
    harness.done(order, filled=str(order.size), reason=DoneReason.FILLED)
    harness.wait(1.5)
    assert len(places(harness.steps)) == 2
    assert harness.engine.inventory.net == order.size


def test_refused_order_is_tried_again_and_then_fails_with_the_venues_words() -> None:
    harness = starting(creates_per_s=100.0)
    for _ in range(600):
        for order in list(harness.engine.orders):
            harness.sent(order)
            harness.reject(order, RejectReason.NOT_SENT)
        harness.wait(0.1)
    assert len(places(harness.steps)) == TRIES_MAX
    assert [r.text for r in results(harness)] == [f"none of {TRIES_MAX} orders was accepted: no"]


def test_order_that_our_own_rules_deny_fails_with_the_rule() -> None:
    harness = starting(opening={"ABC": Decimal(0), "USD": Decimal(0)}, target=Decimal(0))
    harness.wait(3.0 * TRIES_MAX)
    assert places(harness.steps) == []
    (result,) = results(harness)
    assert "only 0 is free" in result.text


def test_sell_is_on_trial_where_nothing_may_be_bought() -> None:
    harness = starting(opening={"ABC": Decimal(100), "USD": Decimal(0)})
    harness.wait(0.1)
    (placed,) = places(harness.steps)
    assert placed.side is Side.SELL
    assert float(placed.price) == pytest.approx(100.5 * (1 + 0.7 * 0.05), abs=0.1)


def test_size_follows_new_rules_and_the_minimum_value() -> None:
    harness = starting()
    rules = replace(harness.engine.config.instrument, notional_min=Decimal(50))
    harness.engine.instrument.now = rules
    order = trial(harness.rest())
    harness.done(order)
    harness.wait(1.5)
    (second,) = places(harness.steps)[1:]
    assert 50 <= second.price * second.size < 50 + rules.lot * 100


def test_trial_waits_in_reduce_only_while_nothing_reduces() -> None:
    harness = EngineHarness(config(trial=TrialMode.FIRST))
    harness.operator(Reduce)
    harness.start()
    harness.wait(2.0 * TRIES_MAX)
    assert (places(harness.steps), results(harness)) == ([], [])
