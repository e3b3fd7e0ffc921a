"""One event in, one step out: phases, states and stops of the whole engine."""

from dataclasses import replace
from decimal import Decimal

import pytest

from quoter.domain.commands import RequestReport
from quoter.domain.events import Drain, Kill, Pause, Rearm, Resume, Trade
from quoter.domain.market import Stream
from quoter.domain.orders import OrderState
from quoter.domain.reasons import RejectReason
from quoter.domain.trading import CancelReason, Cause, NoQuote, Phase, TradingState
from quoter.domain.units import NS_PER_S
from tests.unit.engine.cases import (
    CONFIG,
    ONE_ORDER,
    PRICING,
    EngineHarness,
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
    harness = EngineHarness()
    harness.feed_up()
    harness.book()
    assert harness.state() is TradingState.PAUSED
    assert harness.engine.snapshot().phase is Phase.STARTING
    assert places(harness.steps) == []
    harness.feed_up(Stream.PRIVATE)
    harness.open_orders()
    assert places(harness.steps) == []
    harness.trades()
    assert places(harness.steps) == []
    step = harness.balances()
    assert harness.engine.phase is Phase.LIVE
    assert {order.side for order in places(step)} == {BUY, SELL}


def test_without_priors_the_market_is_observed_before_quoting() -> None:
    estimators = replace(PRICING, sigma_prior=None, kappa_prior=None, intensity_prior=None)
    harness = EngineHarness(config(pricing=replace(estimators, is_calibrating=True))).start()
    for tenth in range(1, 60):
        assert places(harness.steps) == [] or tenth > 50
        harness.tick()
        harness.book(100.0 + 0.1 * (tenth % 2))
        harness.give(Trade(ts_ns=harness.now_ns, trade_id="1", price=100.0, size=1.0, taker=BUY))
    assert harness.engine.phase is Phase.LIVE
    assert places(harness.steps)


def test_steps_are_numbered_without_gaps_and_time_never_runs_back() -> None:
    harness = EngineHarness().quoting()
    harness.wait(1.0)
    now_ns = harness.now_ns
    harness.now_ns -= NS_PER_S
    harness.fill(harness.wanted(BUY), "0.1")
    assert harness.engine.ts_ns == now_ns
    assert [step.seq for step in harness.steps] == list(range(1, len(harness.steps) + 1))


def test_the_same_events_give_the_same_steps() -> None:
    first = EngineHarness().quoting()
    first.wait(5.0)
    first.fill(first.wanted(BUY), "0.3")
    first.book(99.0)
    second = EngineHarness()
    second.give_all(step.event for step in first.steps)
    assert second.steps == first.steps


def test_snapshots_change_nothing() -> None:
    watched, alone = EngineHarness(), EngineHarness()
    script = [step.event for step in EngineHarness().quoting().steps]
    for event in script:
        watched.give(event)
        watched.engine.snapshot()
        alone.give(event)
    assert watched.steps == alone.steps
    assert watched.engine.snapshot() == alone.engine.snapshot()


# the sign of the inventory skew


def test_short_inventory_moves_the_reservation_above_mid_and_both_quotes_up() -> None:
    """After selling we would rather buy: takers who go on buying find a higher price."""
    harness = EngineHarness().quoting()
    flat = {side: harness.wanted(side).price for side in (BUY, SELL)}
    for _ in range(4):
        harness.fill(harness.wanted(SELL))
        harness.wait(1.1)
        harness.rest()
        for order in list(harness.engine.orders):
            if not order.is_wanted:
                harness.done(order)
        harness.rest()
    quote = harness.engine.quoting.latest
    assert harness.engine.inventory.net == -4
    assert quote.terms is not None
    assert quote.terms.reservation_price > 100.0
    assert quote.bids[0].price >= flat[BUY]
    assert quote.asks[0].price > flat[SELL]


def test_at_the_limit_the_exposed_side_is_off_and_the_reducing_one_is_not() -> None:
    harness = EngineHarness(ONE_ORDER).quoting()
    harness.fill(harness.wanted(BUY))
    assert harness.orders(BUY) == []
    assert harness.wanted(SELL).size == 1
    assert [(off.side, off.reason) for off in harness.engine.quoting.latest.off] == [
        (BUY, NoQuote.SIDE_LIMIT)
    ]
    assert harness.engine.counts["no_quote_side_limit"] > 0


# no quote without a reason


def test_lost_book_is_counted_as_no_quote_reason() -> None:
    harness = EngineHarness().quoting()
    harness.feed_down()
    harness.feed_up()
    assert harness.engine.quoting.latest.off[0].reason is NoQuote.NO_BOOK
    assert harness.engine.counts["no_quote_no_book"] > 0


@pytest.mark.parametrize("intensity", [0.0, -1.0, float("nan"), float("inf")])
def test_invalid_input_is_counted_and_leads_to_no_order(intensity: float) -> None:
    bad = replace(PRICING, intensity_prior=intensity)
    harness = EngineHarness(config(pricing=bad)).start()
    harness.wait(6.0)
    assert places(harness.steps) == []
    assert harness.engine.counts["bad_input"] + harness.engine.counts["no_quote_bad_input"] > 0


def test_no_bid_at_a_price_of_zero() -> None:
    harness = EngineHarness()
    harness.feed_up(Stream.PRIVATE)
    harness.open_orders()
    harness.trades()
    harness.feed_up()
    tiny = levels((0.1, 5.0)), levels((0.2, 5.0))
    harness.give(snapshot(1, *tiny, ts_ns=START_NS))
    assert [order for order in places(harness.steps) if order.side is BUY] == []


# stops


def test_a_pause_cancels_everything_and_a_resume_quotes_again() -> None:
    harness = EngineHarness().quoting()
    step = harness.operator(Pause)
    assert harness.state() is TradingState.PAUSED
    assert {cancel.reason for cancel in cancels(step)} == {CancelReason.STATE}
    assert len(cancels(step)) == 2
    assert cancel_alls(step) == []
    assert step.state is not None
    assert step.state.raised == ((Cause.OPERATOR_PAUSE, "test: because"),)
    for order in list(harness.engine.orders):
        harness.done(order)
    assert places(harness.wait(10.0)) == []
    assert len(places(harness.operator(Resume))) == 2


def test_kill_cancels_everything_at_once_and_repeats_it() -> None:
    harness = EngineHarness().quoting()
    step = harness.operator(Kill)
    assert harness.state() is TradingState.KILLED
    assert [cancel.reason for cancel in cancels(step)] == [CancelReason.KILL] * 2
    assert [command.reason for command in cancel_alls(step)] == [CancelReason.KILL]
    for order in list(harness.engine.orders):
        harness.done(order)
    steps = harness.wait(20.0)
    assert places(steps) == []
    assert len(cancel_alls(steps)) == 4


def test_a_kill_while_draining_asks_the_venue_at_once() -> None:
    """The drain requested cancel-all just before: the kill must not wait for the next one."""
    harness = EngineHarness().quoting()
    harness.operator(Drain)
    harness.wait(0.5)
    assert [c.reason for c in cancel_alls(harness.operator(Kill))] == [CancelReason.KILL]


def test_resume_does_not_clear_a_kill_and_a_rearm_needs_clean_reports() -> None:
    harness = EngineHarness().quoting()
    harness.operator(Kill)
    harness.operator(Resume)
    assert harness.state() is TradingState.KILLED
    harness.operator(Rearm)
    assert harness.state() is TradingState.KILLED
    assert harness.engine.counts["rearm_refused"] == 1
    for order in list(harness.engine.orders):
        harness.done(order)
    assert harness.engine.has_no_orders
    harness.look_again()
    harness.operator(Rearm)
    assert harness.state() is TradingState.RUNNING


def test_draining_cancels_and_never_quotes_again() -> None:
    harness = EngineHarness().quoting()
    step = harness.operator(Drain)
    assert harness.engine.phase is Phase.DRAINING
    assert {cancel.reason for cancel in cancels(step)} == {CancelReason.DRAIN}
    assert [command.reason for command in cancel_alls(step)] == [CancelReason.DRAIN]
    for order in list(harness.engine.orders):
        harness.done(order)
    assert harness.engine.has_no_orders
    harness.operator(Resume)
    assert places([*harness.wait(3.0), harness.book(98.0)]) == []


def test_fills_are_booked_in_every_state() -> None:
    harness = EngineHarness().quoting()
    harness.operator(Kill)
    harness.fill(harness.orders(BUY)[0], "0.5")
    assert harness.engine.inventory.net == Decimal("0.5")


def test_a_loss_at_the_limit_kills_and_just_above_it_does_not() -> None:
    harness = EngineHarness(config(limits=limits(loss_max=Decimal(5)))).quoting()
    harness.fill(harness.wanted(BUY))  # long one at 99.5, half a unit below the mid
    harness.book(94.6)
    harness.tick()
    assert harness.state() is TradingState.RUNNING
    harness.book(94.5)
    harness.tick()
    assert harness.causes == {Cause.LOSS_LIMIT}
    harness.book(200.0)
    harness.tick()
    assert harness.state() is TradingState.KILLED


def test_inventory_beyond_the_limit_kills() -> None:
    harness = EngineHarness(ONE_ORDER).quoting()
    order = harness.wanted(BUY)
    harness.fill(order, "1")
    assert harness.state() is TradingState.RUNNING
    harness.give(replace(harness.fill_of(order, "0.01"), trade_id="late"))
    assert Cause.INVENTORY_BREACH in harness.causes


def test_fill_that_reduces_an_excess_inventory_does_not_kill() -> None:
    """The target was moved or the limit lowered: reducing is right."""
    harness = EngineHarness(
        config(target=Decimal(80), limits=limits(inventory_max=Decimal(10)))
    ).quoting()
    assert harness.engine.inventory.net == 20
    assert harness.orders(BUY) == []
    harness.fill(harness.wanted(SELL))
    assert harness.state() is TradingState.RUNNING
    assert harness.engine.inventory.net == 19


def test_counters_that_disagree_with_a_recount_kill() -> None:
    harness = EngineHarness().quoting()
    harness.wanted(BUY).filled += Decimal("0.1")
    harness.wait(1.1)
    assert Cause.INVARIANT_BROKEN in harness.causes


def test_rate_limit_pauses_until_the_latest_time_given() -> None:
    harness = EngineHarness().quoting()
    harness.rate_limited(3.0)
    harness.rate_limited(1.0)
    assert harness.causes == {Cause.RATE_LIMITED}
    harness.wait(2.9)
    assert harness.state() is TradingState.PAUSED
    harness.wait(0.1)
    assert harness.state() is TradingState.RUNNING


@pytest.mark.parametrize("cause", [Cause.CLOCK, Cause.LOOP_LAG])
def test_alarm_of_the_service_raises_and_clears_its_cause(cause: Cause) -> None:
    harness = EngineHarness().quoting()
    harness.alarm(cause)
    assert harness.state() is TradingState.PAUSED
    harness.alarm(cause, active=False)
    assert harness.state() is TradingState.RUNNING


def test_a_kill_found_on_disk_is_in_force_from_the_first_event_on() -> None:
    harness = EngineHarness()
    harness.alarm(Cause.LOSS_LIMIT)
    harness.start()
    harness.alarm(Cause.LOSS_LIMIT, active=False)
    assert harness.state() is TradingState.KILLED
    assert places(harness.steps) == []


# a refused key


def test_rejected_order_is_not_repeated_before_its_pause_ends() -> None:
    harness = EngineHarness().start()
    order = harness.wanted(BUY)
    harness.sent(order)
    harness.reject(order, RejectReason.AUTH)
    assert state(order) is OrderState.REJECTED
    assert [o for o in places(harness.wait(4.0)) if o.side is BUY] == []


def test_orders_that_outlive_a_stop_are_reported_once_a_second() -> None:
    harness = EngineHarness().quoting()
    harness.operator(Pause)
    harness.wait(0.9)
    assert harness.engine.counts["orders_outlive_stop"] == 0
    harness.wait(3.3)
    assert harness.engine.counts["orders_outlive_stop"] == 3
    for order in list(harness.engine.orders):
        harness.done(order)
    harness.wait(3.0)
    assert harness.engine.counts["orders_outlive_stop"] == 3
    harness.operator(Resume)
    harness.wait(3.0)
    assert harness.engine.counts["orders_outlive_stop"] == 3


# dry run


def test_a_dry_run_shows_what_it_would_quote_and_sends_nothing() -> None:
    harness = EngineHarness(replace(CONFIG, is_dry=True, opening={}, target=Decimal(0)))
    harness.feed_up()
    harness.book()
    assert harness.state() is TradingState.RUNNING
    quote = harness.engine.quoting.latest
    assert quote.bids
    assert quote.asks
    assert harness.engine.phase is Phase.DRY_RUN
    harness.wait(31.0)
    harness.book(99.0)
    harness.operator(Kill)
    sent = [c for c in commands(harness.steps) if not isinstance(c, RequestReport)]
    assert sent == []
    assert harness.engine.has_no_orders


# the snapshot


def test_a_snapshot_has_exposure_per_side() -> None:
    harness = EngineHarness().quoting()
    harness.fill(harness.wanted(BUY), "0.4")
    harness.operator(Pause)
    seen = harness.engine.snapshot()
    assert seen.inventory == Decimal("0.4")
    assert seen.exposure_buy == Decimal(1)
    assert seen.exposure_sell == Decimal("-0.6")
    assert {order.state for order in seen.orders} == {OrderState.PENDING_CANCEL}
    assert (seen.fills_buy, seen.fills_sell) == (1, 0)
    assert seen.pnl.total == seen.pnl.spread + seen.pnl.inventory - seen.pnl.fees


def test_snapshot_shows_the_market_without_our_own_orders() -> None:
    harness = EngineHarness().quoting()
    order = harness.wanted(BUY)
    ours = levels((float(order.price), float(order.leaves)), (99.4, 50.0))
    harness.give(snapshot(10**6, ours, levels((100.5, 50.0)), ts_ns=harness.now_ns))
    assert harness.engine.snapshot().bids == levels((99.4, 50.0))
