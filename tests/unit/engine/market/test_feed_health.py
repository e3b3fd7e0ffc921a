"""Conditions of the feed for quoting: up, alive and in sequence."""

from collections.abc import Sequence

from quoter.domain.commands import RequestReport
from quoter.domain.events import FeedAlive, Resume, Trade
from quoter.domain.market import Stream
from quoter.domain.reasons import ReportKind
from quoter.domain.step import Step
from quoter.domain.trading import Cause, TradingState
from quoter.domain.units import NS_PER_S
from quoter.risk.hysteresis import Hysteresis
from tests.unit.engine.cases import EngineHarness, cancels, commands, config, places
from tests.unit.state.cases import BUY, delta, levels, top


def resyncs(steps: Step | Sequence[Step]) -> int:
    found = [c for c in commands(steps) if isinstance(c, RequestReport)]
    return sum(request.kind is ReportKind.BOOK for request in found)


def gap(harness: EngineHarness) -> Step:
    return harness.tell(delta(10**6, 10**6 + 1, ts_ns=harness.now_ns))


def test_silence_above_two_seconds_pauses_and_any_message_ends_it() -> None:
    harness = EngineHarness().quoting()
    harness.wait(2.0, alive=False)
    assert harness.state() is TradingState.RUNNING
    harness.wait(0.1, alive=False)
    assert harness.causes == {Cause.BOOK_STALE}
    harness.feed_alive()
    assert harness.causes == set()
    assert harness.state() is TradingState.RUNNING


def test_event_after_a_hang_is_not_answered_from_a_stale_book() -> None:
    """A process that hung handles queued fills and answers before its first tick."""
    harness = EngineHarness().quoting()
    bid = harness.wanted(BUY)
    harness.now_ns += 3 * NS_PER_S
    step = harness.fill(bid)
    assert places(step) == []
    assert harness.causes == {Cause.BOOK_STALE}


def test_queued_message_counts_as_of_its_receipt() -> None:
    """An event read before a hang is handled after it, when time has passed."""
    harness = EngineHarness().quoting()
    read_ns = harness.now_ns
    harness.now_ns += 30 * NS_PER_S
    harness.tick(0.0)
    assert harness.causes == {Cause.BOOK_STALE}
    step = harness.tell(Trade(ts_ns=read_ns, trade_id="1", price=100.0, size=1.0, taker=BUY))
    assert places(step) == []
    assert harness.causes == {Cause.BOOK_STALE}
    harness.feed_alive()
    assert harness.causes == set()


def test_public_trade_shows_that_the_feed_is_alive() -> None:
    harness = EngineHarness().quoting()
    harness.wait(1.9, alive=False)
    harness.tell(Trade(ts_ns=harness.now_ns, trade_id="1", price=100.0, size=1.0, taker=BUY))
    harness.wait(1.9, alive=False)
    assert harness.state() is TradingState.RUNNING


def test_private_stream_does_not_hide_a_silent_market_stream() -> None:
    """A half-open socket does not close, it is only silent; the other socket's pongs go on."""
    harness = EngineHarness().quoting()
    for _ in range(21):
        harness.tick()
        harness.tell(FeedAlive(ts_ns=harness.now_ns, stream=Stream.PRIVATE))
    assert harness.causes == {Cause.BOOK_STALE}


def test_gap_pauses_at_once_and_requests_a_snapshot() -> None:
    harness = EngineHarness().quoting()
    step = gap(harness)
    assert Cause.BOOK_DESYNC in harness.causes
    assert "gap" in harness.engine.causes.switch.causes[Cause.BOOK_DESYNC]
    assert resyncs(step) == 1
    assert harness.engine.snapshot().mid is None
    harness.book()
    assert Cause.BOOK_DESYNC not in harness.causes
    assert harness.state() is TradingState.RUNNING


def test_f19_a_crossed_book_is_never_cleaned_up_here_but_fetched_again() -> None:
    """The reason for the crossing is unknown: no level may be dropped to repair it."""
    harness = EngineHarness().quoting()
    resting = {order.client_id for order in harness.engine.orders}
    step = harness.tell(delta(1000, 1001, bids=levels((101.0, 1.0)), ts_ns=harness.now_ns))
    assert harness.state() is TradingState.PAUSED
    assert "crossed" in harness.engine.causes.switch.causes[Cause.BOOK_DESYNC]
    assert {cancel.client_id for cancel in cancels(step)} == resting
    assert resyncs(step) == 1
    harness.tell(delta(1001, 1002, bids=levels((101.0, 0.0)), ts_ns=harness.now_ns))
    seen = harness.engine.snapshot()
    assert not seen.book_ready
    assert seen.mid is None
    assert seen.trading_state is TradingState.PAUSED
    assert places(harness.wait(1.0)) == []
    harness.book()
    assert harness.state() is TradingState.RUNNING
    assert harness.engine.snapshot().mid == 100.0


def test_impossible_ticker_pauses_like_a_gap() -> None:
    harness = EngineHarness().quoting()
    harness.tell(top(10**9, (101.0, 1.0), (100.0, 1.0), ts_ns=harness.now_ns))
    assert Cause.BOOK_DESYNC in harness.causes


def test_invalid_level_pauses_like_a_gap() -> None:
    harness = EngineHarness().quoting()
    harness.tell(delta(1000, 1001, levels((float("nan"), 1.0)), ts_ns=harness.now_ns))
    assert Cause.BOOK_DESYNC in harness.causes
    harness.book()
    assert harness.state() is TradingState.RUNNING


def test_missing_snapshot_is_requested_every_five_seconds() -> None:
    harness = EngineHarness().quoting()
    gap(harness)
    assert resyncs(harness.wait(4.9)) == 0
    assert resyncs(harness.wait(10.0)) == 2


def test_snapshots_are_requested_at_most_once_a_second() -> None:
    harness = EngineHarness().quoting()
    steps = []
    for _ in range(50):
        steps.append(harness.tell(top(10**9, (101.0, 1.0), (100.0, 1.0), ts_ns=harness.now_ns)))
        steps += harness.wait(0.1)
    assert 4 <= resyncs(steps) <= 6


def test_unchanged_book_is_compared_with_a_fresh_snapshot() -> None:
    harness = EngineHarness().quoting()
    assert resyncs(harness.wait(30.0)) == 0
    assert resyncs(harness.wait(0.2)) == 1
    assert harness.state() is TradingState.RUNNING


def test_a_lost_feed_has_no_market_until_it_is_back_with_a_snapshot() -> None:
    harness = EngineHarness().quoting()
    harness.feed_down()
    assert harness.causes == {Cause.MARKET_FEED_DOWN}
    assert harness.engine.snapshot().mid is None
    harness.wait(5.0, alive=False)  # silence of a feed that is down is no second cause
    assert harness.causes == {Cause.MARKET_FEED_DOWN}
    step = harness.feed_up()
    assert harness.state() is TradingState.RUNNING
    assert places(step) == []
    for order in list(harness.engine.orders):
        harness.done(order)
    assert places(harness.book())


def test_a_feed_that_has_just_come_up_is_given_time_for_its_snapshot() -> None:
    harness = EngineHarness()
    harness.feed_up()
    assert resyncs(harness.wait(3.9)) == 0


def test_engine_time_does_not_run_back_with_an_overtaken_event() -> None:
    harness = EngineHarness().quoting()
    harness.wait(1.0)
    late_ns = harness.now_ns - NS_PER_S // 2
    harness.tell(delta(1000, 1001, levels((99.4, 2.0)), ts_ns=late_ns))
    assert harness.engine.ts_ns == harness.now_ns
    assert harness.state() is TradingState.RUNNING


def test_feed_that_fails_again_and_again_pauses_until_a_resume() -> None:
    """Each return would cost two orders that the next failure cancels again."""
    harness = EngineHarness(config(hysteresis=Hysteresis())).quoting()
    for _ in range(6):
        assert Cause.FLAPPING not in harness.causes
        harness.feed_down()
        harness.wait(1.0)
        harness.feed_up()
        harness.book()
        harness.wait(5.0, ends=True)
    assert Cause.MARKET_FEED_DOWN not in harness.causes
    assert harness.causes == {Cause.FLAPPING}
    assert not places(harness.wait(60.0, ends=True))
    assert places(harness.operator(Resume))


def test_quoting_resumes_soon_after_a_single_disconnect() -> None:
    """15 s at most; two of them are the clearing delay."""
    harness = EngineHarness(config(hysteresis=Hysteresis())).quoting()
    harness.feed_down()
    harness.feed_up()
    harness.book()
    assert not places(harness.wait(1.9))
    for order in list(harness.engine.orders):
        harness.done(order)
    assert places(harness.wait(1.0))
