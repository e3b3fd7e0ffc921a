"""One event in, one step out: phases, states and stops of the whole engine."""

from dataclasses import replace
from decimal import Decimal

import pytest

from quoter.domain.commands import RequestReport
from quoter.domain.events import Trade
from quoter.domain.market import Stream
from quoter.domain.orders import OrderState
from quoter.domain.reasons import OperatorAction, RejectReason
from quoter.domain.trading import CancelReason, Cause, NoQuote, Phase, TradingState
from quoter.domain.units import NS_PER_S
from tests.unit.engine.cases import (
    CONFIG,
    ONE_ORDER,
    PRICING,
    Desk,
    cancel_alls,
    cancels,
    commands,
    config,
    limits,
    places,
    state,
)
from tests.unit.state.cases import BUY, SELL, START_NS, levels, snapshot

# phases


def test_nothing_is_quoted_before_both_streams_are_up_and_caught_up() -> None:
    desk = Desk()
    desk.feed_up()
    desk.book()
    assert desk.state() is TradingState.PAUSED
    assert desk.engine.snapshot().phase is Phase.STARTING
    assert places(desk.steps) == []
    desk.feed_up(Stream.PRIVATE)
    desk.open_orders()
    assert places(desk.steps) == []
    step = desk.trades()
    assert desk.engine.phase is Phase.LIVE
    assert {order.side for order in places(step)} == {BUY, SELL}


def test_without_priors_it_watches_the_market_before_it_quotes() -> None:
    estimators = replace(PRICING, sigma_prior=None, kappa_prior=None, intensity_prior=None)
    desk = Desk(config(pricing=replace(estimators, is_calibrating=True))).start()
    for tenth in range(1, 60):
        assert places(desk.steps) == [] or tenth > 50
        desk.tick()
        desk.book(100.0 + 0.1 * (tenth % 2))
        desk.tell(Trade(ts_ns=desk.now_ns, trade_id="1", price=100.0, size=1.0, taker=BUY))
    assert desk.engine.phase is Phase.LIVE
    assert places(desk.steps)


def test_steps_are_numbered_without_gaps_and_time_never_runs_back() -> None:
    desk = Desk().quoting()
    desk.wait(1.0)
    now_ns = desk.now_ns
    desk.now_ns -= NS_PER_S
    desk.fill(desk.wanted(BUY), "0.1")
    assert desk.engine.ts_ns == now_ns
    assert [step.seq for step in desk.steps] == list(range(1, len(desk.steps) + 1))


def test_the_same_events_give_the_same_steps() -> None:
    first = Desk().quoting()
    first.wait(5.0)
    first.fill(first.wanted(BUY), "0.3")
    first.book(99.0)
    second = Desk()
    second.tell_all(step.event for step in first.steps)
    assert second.steps == first.steps


def test_watching_changes_nothing() -> None:
    watched, alone = Desk(), Desk()
    script = [step.event for step in Desk().quoting().steps]
    for event in script:
        watched.tell(event)
        watched.engine.snapshot()
        alone.tell(event)
    assert watched.steps == alone.steps
    assert watched.engine.snapshot() == alone.engine.snapshot()


# the sign


def test_short_inventory_moves_the_reservation_above_mid_and_both_quotes_up() -> None:
    """Having sold, we would rather buy: takers who go on buying find a higher price."""
    desk = Desk().quoting()
    flat = {side: desk.wanted(side).price for side in (BUY, SELL)}
    for _ in range(4):
        desk.fill(desk.wanted(SELL))
        desk.wait(1.1)
        desk.rest()
        for order in list(desk.engine.orders):
            if not order.is_wanted:
                desk.done(order)
        desk.rest()
    quote = desk.engine.quoting.latest
    assert desk.engine.inventory.net == -4
    assert quote.terms is not None
    assert quote.terms.reservation_price > 100.0
    assert quote.bids[0].price >= flat[BUY]
    assert quote.asks[0].price > flat[SELL]


def test_at_the_limit_the_exposed_side_is_off_and_the_reducing_one_is_not() -> None:
    desk = Desk(ONE_ORDER).quoting()
    desk.fill(desk.wanted(BUY))
    assert desk.orders(BUY) == []
    assert desk.wanted(SELL).size == 1
    assert [(off.side, off.reason) for off in desk.engine.quoting.latest.off] == [
        (BUY, NoQuote.SIDE_LIMIT)
    ]
    assert desk.engine.counts["no_quote_side_limit"] > 0


# no quote without a reason


def test_a_lost_book_is_a_counted_reason() -> None:
    desk = Desk().quoting()
    desk.feed_down()
    desk.feed_up()
    assert desk.engine.quoting.latest.off[0].reason is NoQuote.NO_BOOK
    assert desk.engine.counts["no_quote_no_book"] > 0


@pytest.mark.parametrize("intensity", [0.0, -1.0, float("nan"), float("inf")])
def test_an_impossible_input_is_a_counted_reason_and_never_an_order(intensity: float) -> None:
    bad = replace(PRICING, intensity_prior=intensity)
    desk = Desk(config(pricing=bad)).start()
    desk.wait(6.0)
    assert places(desk.steps) == []
    assert desk.engine.counts["bad_input"] + desk.engine.counts["no_quote_bad_input"] > 0


def test_a_book_so_small_that_a_bid_would_be_at_zero_has_no_bid() -> None:
    desk = Desk()
    desk.feed_up(Stream.PRIVATE)
    desk.open_orders()
    desk.trades()
    desk.feed_up()
    tiny = levels((0.1, 5.0)), levels((0.2, 5.0))
    desk.tell(snapshot(1, *tiny, ts_ns=START_NS))
    assert [order for order in places(desk.steps) if order.side is BUY] == []


# stops


def test_a_pause_cancels_everything_and_a_resume_quotes_again() -> None:
    desk = Desk().quoting()
    step = desk.operator(OperatorAction.PAUSE)
    assert desk.state() is TradingState.PAUSED
    assert {cancel.reason for cancel in cancels(step)} == {CancelReason.STATE}
    assert len(cancels(step)) == 2
    assert cancel_alls(step) == []
    assert step.state is not None
    assert step.state.raised == ((Cause.OPERATOR_PAUSE, "test: because"),)
    for order in list(desk.engine.orders):
        desk.done(order)
    assert places(desk.wait(10.0)) == []
    assert len(places(desk.operator(OperatorAction.RESUME))) == 2


def test_a_kill_cancels_everything_at_once_and_keeps_asking() -> None:
    desk = Desk().quoting()
    step = desk.operator(OperatorAction.KILL)
    assert desk.state() is TradingState.KILLED
    assert [cancel.reason for cancel in cancels(step)] == [CancelReason.KILL] * 2
    assert [command.reason for command in cancel_alls(step)] == [CancelReason.KILL]
    for order in list(desk.engine.orders):
        desk.done(order)
    steps = desk.wait(20.0)
    assert places(steps) == []
    assert len(cancel_alls(steps)) == 4


def test_a_kill_while_draining_asks_the_venue_at_once() -> None:
    """The one that drains had just asked: the kill must not wait for its turn."""
    desk = Desk().quoting()
    desk.operator(OperatorAction.DRAIN)
    desk.wait(0.5)
    assert [c.reason for c in cancel_alls(desk.operator(OperatorAction.KILL))] == [
        CancelReason.KILL
    ]


def test_no_resume_lifts_a_kill_and_a_rearm_needs_quiet() -> None:
    desk = Desk().quoting()
    desk.operator(OperatorAction.KILL)
    desk.operator(OperatorAction.RESUME)
    assert desk.state() is TradingState.KILLED
    desk.operator(OperatorAction.REARM)
    assert desk.state() is TradingState.KILLED
    assert desk.engine.counts["rearm_refused"] == 1
    for order in list(desk.engine.orders):
        desk.done(order)
    assert desk.engine.is_quiet
    desk.look_again()
    desk.operator(OperatorAction.REARM)
    assert desk.state() is TradingState.RUNNING


def test_draining_cancels_and_never_quotes_again() -> None:
    desk = Desk().quoting()
    step = desk.operator(OperatorAction.DRAIN)
    assert desk.engine.phase is Phase.DRAINING
    assert {cancel.reason for cancel in cancels(step)} == {CancelReason.DRAIN}
    assert [command.reason for command in cancel_alls(step)] == [CancelReason.DRAIN]
    for order in list(desk.engine.orders):
        desk.done(order)
    assert desk.engine.is_quiet
    desk.operator(OperatorAction.RESUME)
    assert places([*desk.wait(3.0), desk.book(98.0)]) == []


def test_fills_are_booked_in_every_state() -> None:
    desk = Desk().quoting()
    desk.operator(OperatorAction.KILL)
    desk.fill(desk.orders(BUY)[0], "0.5")
    assert desk.engine.inventory.net == Decimal("0.5")


def test_a_loss_at_the_limit_kills_and_just_above_it_does_not() -> None:
    desk = Desk(config(limits=limits(loss_max=Decimal(5)))).quoting()
    desk.fill(desk.wanted(BUY))  # long one at 99.5, half a unit below the mid
    desk.book(94.6)
    desk.tick()
    assert desk.state() is TradingState.RUNNING
    desk.book(94.5)
    desk.tick()
    assert desk.causes == {Cause.LOSS_LIMIT}
    desk.book(200.0)
    desk.tick()
    assert desk.state() is TradingState.KILLED


def test_inventory_beyond_the_limit_kills() -> None:
    desk = Desk(ONE_ORDER).quoting()
    order = desk.wanted(BUY)
    desk.fill(order, "1")
    assert desk.state() is TradingState.RUNNING
    desk.tell(replace(desk.fill_of(order, "0.01"), trade_id="late"))
    assert Cause.INVENTORY_BREACH in desk.causes


def test_the_way_back_from_beyond_the_limit_is_no_breach() -> None:
    """A target that was moved, or a limit that was lowered: reducing is what we want."""
    desk = Desk(config(target=Decimal(80), limits=limits(inventory_max=Decimal(10)))).quoting()
    assert desk.engine.inventory.net == 20
    assert desk.orders(BUY) == []
    desk.fill(desk.wanted(SELL))
    assert desk.state() is TradingState.RUNNING
    assert desk.engine.inventory.net == 19


def test_counters_that_disagree_with_a_recount_kill() -> None:
    desk = Desk().quoting()
    desk.wanted(BUY).filled += Decimal("0.1")
    desk.wait(1.1)
    assert Cause.INVARIANT_BROKEN in desk.causes


def test_a_rate_limit_pauses_until_its_time_and_the_longer_wish_counts() -> None:
    desk = Desk().quoting()
    desk.rate_limited(3.0)
    desk.rate_limited(1.0)
    assert desk.causes == {Cause.RATE_LIMITED}
    desk.wait(2.9)
    assert desk.state() is TradingState.PAUSED
    desk.wait(0.1)
    assert desk.state() is TradingState.RUNNING


@pytest.mark.parametrize("cause", [Cause.CLOCK, Cause.LOOP_LAG])
def test_what_only_the_shell_can_see_comes_and_goes_with_its_alarm(cause: Cause) -> None:
    desk = Desk().quoting()
    desk.alarm(cause)
    assert desk.state() is TradingState.PAUSED
    desk.alarm(cause, active=False)
    assert desk.state() is TradingState.RUNNING


def test_a_kill_found_on_disk_is_in_force_from_the_first_event_on() -> None:
    desk = Desk()
    desk.alarm(Cause.LOSS_LIMIT)
    desk.start()
    desk.alarm(Cause.LOSS_LIMIT, active=False)
    assert desk.state() is TradingState.KILLED
    assert places(desk.steps) == []


# refusals of our key


def test_a_refused_order_is_not_repeated_before_its_pause() -> None:
    desk = Desk().start()
    order = desk.wanted(BUY)
    desk.sent(order)
    desk.reject(order, RejectReason.AUTH)
    assert state(order) is OrderState.REJECTED
    assert [o for o in places(desk.wait(4.0)) if o.side is BUY] == []


def test_orders_that_outlive_a_stop_are_told_once_a_second() -> None:
    desk = Desk().quoting()
    desk.operator(OperatorAction.PAUSE)
    desk.wait(0.9)
    assert desk.engine.counts["orders_outlive_stop"] == 0
    desk.wait(3.3)
    assert desk.engine.counts["orders_outlive_stop"] == 3
    for order in list(desk.engine.orders):
        desk.done(order)
    desk.wait(3.0)
    assert desk.engine.counts["orders_outlive_stop"] == 3
    desk.operator(OperatorAction.RESUME)
    desk.wait(3.0)
    assert desk.engine.counts["orders_outlive_stop"] == 3


# dry run


def test_a_dry_run_shows_what_it_would_quote_and_sends_nothing() -> None:
    desk = Desk(replace(CONFIG, is_dry=True, opening={}, target=Decimal(0)))
    desk.feed_up()
    desk.book()
    assert desk.state() is TradingState.RUNNING
    quote = desk.engine.quoting.latest
    assert quote.bids
    assert quote.asks
    desk.wait(31.0)
    desk.book(99.0)
    desk.operator(OperatorAction.KILL)
    sent = [c for c in commands(desk.steps) if not isinstance(c, RequestReport)]
    assert sent == []
    assert desk.engine.is_quiet


# what watchers see


def test_a_snapshot_has_exposure_per_side() -> None:
    desk = Desk().quoting()
    desk.fill(desk.wanted(BUY), "0.4")
    desk.operator(OperatorAction.PAUSE)
    seen = desk.engine.snapshot()
    assert seen.inventory == Decimal("0.4")
    assert seen.exposure_buy == Decimal(1)
    assert seen.exposure_sell == Decimal("-0.6")
    assert {order.state for order in seen.orders} == {OrderState.PENDING_CANCEL}
    assert (seen.fills_buy, seen.fills_sell) == (1, 0)
    assert seen.pnl.total == seen.pnl.spread + seen.pnl.inventory - seen.pnl.fees


def test_our_own_orders_are_not_in_the_market_that_watchers_see() -> None:
    desk = Desk().quoting()
    order = desk.wanted(BUY)
    ours = levels((float(order.price), float(order.leaves)), (99.4, 50.0))
    desk.tell(snapshot(10**6, ours, levels((100.5, 50.0)), ts_ns=desk.now_ns))
    assert desk.engine.snapshot().bids == levels((99.4, 50.0))
