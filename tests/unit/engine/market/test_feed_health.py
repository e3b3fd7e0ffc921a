"""Conditions of the feed for quoting: up, alive and in sequence."""

from collections.abc import Sequence

import pytest

from quoter.domain.commands import ReconnectFeed, RequestReport
from quoter.domain.events import BestPricesReport, Resume, Trade
from quoter.domain.market import Level
from quoter.domain.reasons import ReportKind
from quoter.domain.step import Step
from quoter.domain.trading import Cause, TradingState
from quoter.domain.units import NS_PER_S
from quoter.engine.config import BookPolicy
from quoter.engine.market.book_evidence import BookEvidence
from quoter.risk.hysteresis import Hysteresis
from tests.unit.engine.cases import EngineHarness, cancels, commands, config, places
from tests.unit.state.cases import BUY, SELL, delta, levels, top


def resyncs(steps: Step | Sequence[Step]) -> int:
    found = [c for c in commands(steps) if isinstance(c, RequestReport)]
    return sum(request.kind is ReportKind.BOOK for request in found)


def gap(harness: EngineHarness) -> Step:
    return harness.give(delta(10**6, 10**6 + 1, ts_ns=harness.now_ns))


def requests_of_best_prices(steps: Step | Sequence[Step]) -> int:
    found = [c for c in commands(steps) if isinstance(c, RequestReport)]
    return sum(request.kind is ReportKind.BEST_PRICES for request in found)


def reconnects(steps: Step | Sequence[Step]) -> list[str]:
    return [c.text for c in commands(steps) if isinstance(c, ReconnectFeed)]


def stale_text(harness: EngineHarness) -> str:
    return harness.engine.causes.switch.causes[Cause.BOOK_STALE]


def showing_own_orders() -> EngineHarness:
    """A quoting engine whose resting orders are in the depth."""
    harness = EngineHarness().quoting()
    book = harness.engine.market.book
    for side in (BUY, SELL):
        order = harness.wanted(side)
        price, size = float(order.price), float(order.size)
        rows = levels((price, book.side(side).size(price) + size))
        sides = {"bids": rows} if side is BUY else {"asks": rows}
        harness.give(delta(book.last, book.last + 1, ts_ns=harness.now_ns, **sides))
    return harness


def test_a_book_without_update_or_confirmation_for_three_seconds_pauses() -> None:
    harness = showing_own_orders()
    harness.wait(3.0, alive=False)
    assert harness.state() is TradingState.RUNNING
    harness.wait(0.1, alive=False)
    assert harness.causes == {Cause.BOOK_STALE}
    assert "no confirmation for 3.1 s" in stale_text(harness)
    harness.depth_update()
    assert harness.causes == set()
    assert harness.state() is TradingState.RUNNING


def test_a_public_trade_does_not_make_the_book_younger() -> None:
    harness = showing_own_orders()
    for _ in range(31):
        harness.give(Trade(ts_ns=harness.now_ns, trade_id="1", price=100.0, size=1.0, taker=BUY))
        harness.tick()
    assert harness.causes == {Cause.BOOK_STALE}


def test_updates_that_are_known_already_do_not_make_the_book_younger() -> None:
    """A stream that repeats old ids, of the depth and of the ticker, brings nothing."""
    harness = showing_own_orders()
    last = harness.engine.market.book.last
    for _ in range(31):
        harness.give(delta(last - 2, last - 1, ts_ns=harness.now_ns))
        harness.give(top(last - 1, (99.5, 1.0), (100.5, 1.0), ts_ns=harness.now_ns))
        harness.tick()
    assert harness.causes == {Cause.BOOK_STALE}


def test_a_quiet_market_is_confirmed_by_best_prices_and_stays_quoted_for_hours() -> None:
    harness = showing_own_orders()
    steps = []
    for _ in range(3600):
        step = harness.tick(1.0)
        steps.append(step)
        if requests_of_best_prices(step):
            harness.best_prices()
    assert requests_of_best_prices(steps) >= 1_700
    assert Cause.BOOK_STALE not in harness.causes
    assert reconnects(steps) == []


def test_best_prices_that_differ_twice_prove_a_silent_stream() -> None:
    """The market has fallen, our book stands still: noticed within two seconds."""
    harness = showing_own_orders()
    began_ns, steps = harness.now_ns, []
    fallen = Level(90.0, 1.0), Level(90.5, 1.0)
    while Cause.BOOK_STALE not in harness.causes:
        step = harness.tick()
        steps.append(step)
        if requests_of_best_prices(step):
            steps.append(harness.best_prices(*fallen))
    assert harness.now_ns - began_ns <= 2 * NS_PER_S
    assert "90 (1) / 90.5 (1)" in stale_text(harness)
    assert len(reconnects(steps)) == 1
    assert harness.engine.snapshot().mid is None


def far_update(harness: EngineHarness, size: float) -> Step:
    """Change the size of a level far from the best prices, as the stream's next update."""
    last = harness.engine.market.book.last
    rows = levels((50.0, size))
    return harness.give(delta(last, last + 1, ts_ns=harness.now_ns, bids=rows))


def test_a_stream_that_brings_far_levels_only_is_proven_silent_within_three_seconds() -> None:
    """Each update is young, and none is about the prices at which we quote."""
    harness = showing_own_orders()
    began_ns, steps, count = harness.now_ns, [], 0
    fallen = Level(90.0, 1.0), Level(90.5, 1.0)
    while Cause.BOOK_STALE not in harness.causes:
        assert harness.now_ns - began_ns <= 3 * NS_PER_S
        count += 1
        steps += [far_update(harness, float(count)), harness.tick()]
        if requests_of_best_prices(steps[-1]):
            steps.append(harness.best_prices(*fallen))
    assert "90 (1) / 90.5 (1)" in stale_text(harness)
    assert len(reconnects(steps)) == 1


def test_best_prices_that_stand_still_between_far_updates_stay_quoted_for_an_hour() -> None:
    harness = showing_own_orders()
    steps = []
    for count in range(3600):
        steps += [far_update(harness, 1.0 + count % 7), harness.tick(1.0)]
        if requests_of_best_prices(steps[-1]):
            steps.append(harness.best_prices())
    assert requests_of_best_prices(steps) <= 3_600
    assert Cause.BOOK_STALE not in harness.causes
    assert reconnects(steps) == []


def test_best_prices_that_the_stream_moves_to_after_a_difference_prove_nothing() -> None:
    harness = showing_own_orders()
    moved = Level(100.25, 1.0), Level(100.5, 1.0)
    steps = []
    for count in range(60):
        steps += [far_update(harness, float(count + 1)), harness.tick()]
        if requests_of_best_prices(steps[-1]):
            steps.append(harness.best_prices(*moved))
            break
    assert requests_of_best_prices(steps) == 1
    book = harness.engine.market.book
    rows = levels((100.25, 1.0))
    harness.give(delta(book.last, book.last + 1, ts_ns=harness.now_ns, bids=rows))
    harness.tick(1.0)
    harness.best_prices(*moved)
    assert Cause.BOOK_STALE not in harness.causes


def test_equal_best_prices_of_a_later_update_prove_a_silent_stream() -> None:
    """The market moved behind the best prices: a venue that numbers its updates sends them all."""
    harness = showing_own_orders()
    began_ns, last, steps = harness.now_ns, harness.engine.market.book.last, list[Step]()
    while Cause.BOOK_STALE not in harness.causes:
        step = harness.tick()
        steps.append(step)
        if requests_of_best_prices(step):
            steps.append(harness.best_prices(last=last + 3))
    assert harness.now_ns - began_ns <= 2 * NS_PER_S
    assert f"at update {last}, the venue's book at {last + 3}" in stale_text(harness)
    assert len(reconnects(steps)) == 1


def test_a_later_update_that_the_stream_brings_as_well_proves_nothing() -> None:
    harness = showing_own_orders()
    for _ in range(20):
        harness.wait(1.0, alive=False)
        harness.best_prices(last=harness.engine.market.book.last + 1)
        harness.depth_update()
        harness.wait(1.0, alive=False)
        assert reconnects(harness.best_prices(last=harness.engine.market.book.last)) == []
    assert harness.causes == set()


def test_an_update_under_way_at_each_of_many_comparisons_proves_nothing() -> None:
    """The best prices stand still, and each answer is one update ahead of what has arrived."""
    harness = showing_own_orders()
    for count in range(60):
        last = harness.engine.market.book.last
        assert reconnects(harness.best_prices(last=last + 1)) == []
        far_update(harness, 1.0 + count % 7)
        harness.wait(0.6, alive=False)
    assert harness.causes == set()


def test_best_prices_of_an_older_update_confirm_nothing() -> None:
    """An answer from a cache agrees with a silent stream for as long as both are old."""
    harness = showing_own_orders()
    for _ in range(4):
        harness.wait(1.0, alive=False)
        harness.best_prices(last=harness.engine.market.book.last - 1)
    assert harness.causes == {Cause.BOOK_STALE}
    assert "no confirmation" in stale_text(harness)


def test_best_prices_that_the_stream_overtakes_prove_nothing() -> None:
    harness = showing_own_orders()
    for count in range(100):
        harness.tick(1.0)
        asked_ns = harness.now_ns
        harness.tick(0.1)
        last = harness.engine.market.book.last
        rows = levels((99.5, 4.0 + count % 2))
        harness.give(delta(last, last + 1, ts_ns=harness.now_ns, bids=rows))
        report = BestPricesReport(
            ts_ns=harness.now_ns, asked_ns=asked_ns, bid=Level(1.0, 1.0), ask=Level(2.0, 1.0)
        )
        assert reconnects(harness.give(report)) == []
    assert Cause.BOOK_STALE not in harness.causes


def test_one_difference_that_the_next_comparison_does_not_find_proves_nothing() -> None:
    harness = showing_own_orders()
    harness.wait(1.0, alive=False)
    harness.best_prices(Level(90.0, 1.0), Level(90.5, 1.0))
    harness.wait(0.5, alive=False)
    harness.best_prices()
    harness.wait(0.5, alive=False)
    assert reconnects(harness.best_prices(Level(90.0, 1.0), Level(90.5, 1.0))) == []
    assert harness.causes == set()


def test_after_a_proven_silence_the_book_is_used_again_from_the_next_update() -> None:
    harness = showing_own_orders()
    harness.wait(1.0, alive=False)
    for _ in range(2):
        harness.best_prices(Level(90.0, 1.0), Level(90.5, 1.0))
        harness.wait(0.6, alive=False)
    harness.feed_down()
    harness.feed_up()
    harness.book(90.0)
    assert harness.causes == {Cause.BOOK_STALE}  # a snapshot says nothing of the stream
    far_update(harness, 3.0)
    assert harness.causes == {Cause.BOOK_STALE}  # nor do other levels of the best ones
    best_update(harness, 3.0)
    assert harness.causes == set()


def best_update(harness: EngineHarness, size: float) -> Step:
    """Change the size of the best bid, as the stream's next update."""
    book = harness.engine.market.book
    best = book.bids.best({})
    assert best is not None
    rows = levels((best.price, size))
    return harness.give(delta(book.last, book.last + 1, ts_ns=harness.now_ns, bids=rows))


@pytest.mark.parametrize(
    "ask", [(90.5, 2.0), (89.75, 2.0), (90.5, 0.0)], ids=["other size", "better", "gone"]
)
def test_an_update_of_a_best_level_ends_the_distrust(ask: tuple[float, float]) -> None:
    harness = proven_silent()
    book = harness.engine.market.book
    harness.give(delta(book.last, book.last + 1, ts_ns=harness.now_ns, asks=levels(ask)))
    assert harness.causes == set()


def proven_silent() -> EngineHarness:
    """A book whose stream was proven silent, after the reconnect and its snapshot."""
    harness = showing_own_orders()
    harness.alarm(Cause.BOOK_STALE)
    harness.feed_down()
    harness.feed_up()
    harness.book(90.0)
    return harness


def test_far_levels_alone_restore_no_trust_after_a_reconnect() -> None:
    """Such a stream paused quoting every few seconds, after it had been trusted again."""
    harness, steps = proven_silent(), []
    for count in range(100):
        steps += [far_update(harness, float(count + 1)), harness.tick()]
        if requests_of_best_prices(steps[-1]):
            steps.append(harness.best_prices(Level(80.0, 1.0), Level(80.5, 1.0)))
        if reconnects(steps[-1]):
            steps += [harness.feed_down(), harness.feed_up(), harness.book(90.0)]
        assert Cause.BOOK_STALE in harness.causes
    assert places(steps) == []


def test_books_of_a_stream_without_other_best_prices_are_no_confirmations() -> None:
    """A feed that sends whole books brings the far levels in each of them."""
    evidence = BookEvidence(BookPolicy(stale_ns=3 * NS_PER_S))
    touch = Level(99.5, 1.0), Level(100.5, 1.0)
    evidence.distrust()
    for count in range(100):
        evidence.on_snapshot(count, last=count, touch=touch)
    assert not evidence.is_trusted
    for count in range(2):
        moved = Level(99.5, 2.0 + count), touch[1]
        evidence.on_snapshot(100 + count, last=100 + count, touch=moved)
    assert evidence.is_trusted


def confirmations(evidence: BookEvidence) -> int:
    """Give requests of best prices that agree until the book is trusted; return their number."""
    bid, ask = Level(99.5, 1.0), Level(100.5, 1.0)
    for count in range(1, 100):
        report = BestPricesReport(ts_ns=count, asked_ns=count, bid=bid, ask=ask)
        evidence.on_best_prices(report, bid, ask, 0)
        if evidence.is_trusted:
            return count
    return 0


def test_a_stream_that_stays_silent_needs_more_confirmations_each_time() -> None:
    evidence = BookEvidence(BookPolicy(stale_ns=3 * NS_PER_S))
    needed = []
    for _ in range(3):
        evidence.distrust()
        needed.append(confirmations(evidence))
        evidence.on_delta(0, last=1, touch=None, changes_best=False)  # far levels are no news
    evidence.distrust()
    needed.append(confirmations(evidence))
    assert needed == [3, 6, 12, 24]
    evidence.on_delta(0, last=100, touch=None, changes_best=True)
    evidence.distrust()
    assert confirmations(evidence) == 3


def test_an_acknowledged_order_that_the_depth_does_not_show_proves_a_silent_stream() -> None:
    harness = EngineHarness(config(book=BookPolicy(stale_ns=3 * NS_PER_S))).start()
    harness.book(size=0.5)  # of others: less than our order at the same price
    harness.tick()
    harness.rest()
    harness.wait(2.0, alive=False)
    assert harness.causes == set()
    step = harness.wait(0.1, alive=False)
    assert harness.causes == {Cause.BOOK_STALE}
    assert "does not show our order" in stale_text(harness)
    assert len(reconnects(step)) == 1


def test_a_ticker_that_the_depth_does_not_follow_proves_a_silent_depth() -> None:
    harness = EngineHarness(config(book=BookPolicy(stale_ns=3 * NS_PER_S))).quoting()
    harness.depth_update()
    last = harness.engine.market.book.last
    for number in range(21):
        bid = (99.5, 3.0 + number / 10)
        harness.give(top(last + 1 + number, bid, (100.5, 3.0), ts_ns=harness.now_ns))
        harness.tick()
    assert harness.causes == {Cause.BOOK_STALE}
    assert "has not reached update" in stale_text(harness)


def depth_alone(evidence: BookEvidence, ts_ns: int, *, last: int) -> None:
    evidence.on_delta(ts_ns, last=last, touch=None, changes_best=False)


def test_depth_that_goes_on_without_reaching_the_ticker_is_proven_wrong() -> None:
    """Its update ids have run back: what the snapshot had not seen yet is dropped as known."""
    evidence = BookEvidence(BookPolicy(stale_ns=3 * NS_PER_S))
    evidence.on_ticker(0, 30, last=10, touch=None)
    for number in range(1, 20):
        depth_alone(evidence, number * NS_PER_S // 10, last=10 + number)
    assert evidence.proof(2 * NS_PER_S, lambda _: False) == ""
    assert "has not reached update 30" in evidence.proof(2 * NS_PER_S + 1, lambda _: False)


def test_depth_that_reaches_each_ticker_in_time_is_believed() -> None:
    evidence = BookEvidence(BookPolicy(stale_ns=3 * NS_PER_S))
    for second in range(1, 20):
        evidence.on_ticker(second * NS_PER_S, 10 * second, last=10 * second - 5, touch=None)
        evidence.on_ticker(second * NS_PER_S + 1, 10 * second + 1, last=10 * second - 5, touch=None)
        assert evidence.proof((second + 1) * NS_PER_S, lambda _: False) == ""
        depth_alone(evidence, (second + 1) * NS_PER_S, last=10 * second)


def test_a_trade_outside_an_unchanged_book_requests_a_confirmation_at_once() -> None:
    harness = showing_own_orders()
    harness.wait(0.6, alive=False)
    step = harness.give(Trade(ts_ns=harness.now_ns, trade_id="1", price=101.0, size=1.0, taker=BUY))
    assert requests_of_best_prices(step) == 1
    again = Trade(ts_ns=harness.now_ns, trade_id="2", price=101.0, size=1.0, taker=BUY)
    assert requests_of_best_prices(harness.give(again)) == 0


def test_evidence_of_the_feed_itself_stops_quoting_and_reconnects() -> None:
    harness = showing_own_orders()
    step = harness.alarm(Cause.BOOK_STALE)
    assert harness.causes == {Cause.BOOK_STALE}
    assert len(reconnects(step)) == 1
    assert reconnects(harness.alarm(Cause.BOOK_STALE)) == []  # one at a time


def test_an_event_after_a_hang_is_not_answered_from_a_stale_book() -> None:
    """A process that stood still receives its fills and answers before the first tick."""
    harness = EngineHarness().quoting()
    bid = harness.wanted(BUY)
    harness.now_ns += 4 * NS_PER_S
    step = harness.fill(bid)
    assert places(step) == []
    assert harness.causes == {Cause.BOOK_STALE}


def test_an_update_that_was_received_before_a_hang_does_not_end_it() -> None:
    """It is handled after the hang, when the clock has moved on."""
    harness = showing_own_orders()
    read_ns, last = harness.now_ns, harness.engine.market.book.last
    harness.now_ns += 30 * NS_PER_S
    harness.tick(0.0)
    assert harness.causes == {Cause.BOOK_STALE}
    step = harness.give(delta(last, last + 1, levels((99.0, 5.0)), ts_ns=read_ns))
    assert places(step) == []
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


def test_f19_a_crossed_book_is_not_repaired_but_fetched_again() -> None:
    """The reason for the crossing is unknown: no level may be dropped to repair it."""
    harness = EngineHarness().quoting()
    resting = {order.client_id for order in harness.engine.orders}
    step = harness.give(delta(1000, 1001, bids=levels((101.0, 1.0)), ts_ns=harness.now_ns))
    assert harness.state() is TradingState.PAUSED
    assert "crossed" in harness.engine.causes.switch.causes[Cause.BOOK_DESYNC]
    assert {cancel.client_id for cancel in cancels(step)} == resting
    assert resyncs(step) == 1
    harness.give(delta(1001, 1002, bids=levels((101.0, 0.0)), ts_ns=harness.now_ns))
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
    harness.give(top(10**9, (101.0, 1.0), (100.0, 1.0), ts_ns=harness.now_ns))
    assert Cause.BOOK_DESYNC in harness.causes


def test_invalid_level_pauses_like_a_gap() -> None:
    harness = EngineHarness().quoting()
    harness.give(delta(1000, 1001, levels((float("nan"), 1.0)), ts_ns=harness.now_ns))
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
        steps.append(harness.give(top(10**9, (101.0, 1.0), (100.0, 1.0), ts_ns=harness.now_ns)))
        steps += harness.wait(0.1)
    assert 4 <= resyncs(steps) <= 6


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


def test_no_snapshot_is_requested_within_four_seconds_of_a_new_feed() -> None:
    harness = EngineHarness()
    harness.feed_up()
    assert resyncs(harness.wait(3.9)) == 0


def test_engine_time_does_not_run_back_with_an_overtaken_event() -> None:
    harness = EngineHarness().quoting()
    harness.wait(1.0)
    late_ns = harness.now_ns - NS_PER_S // 2
    harness.give(delta(1000, 1001, levels((99.4, 2.0)), ts_ns=late_ns))
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


def test_one_outage_with_many_failed_reconnects_is_one_pause() -> None:
    """The stream connects each time and brings nothing, for ten minutes; then it works again."""
    harness = EngineHarness(config(hysteresis=Hysteresis())).quoting()
    outages = 0
    for count in range(120):
        if reconnects(harness.alarm(Cause.BOOK_STALE)):
            outages += 1
            harness.feed_down()
            harness.wait(1.0, alive=False)
            harness.feed_up()
            harness.book(100.0 + count / 10)
        harness.wait(4.0, alive=False, ends=True)
        assert harness.state() is TradingState.PAUSED
    assert outages > 100
    best_update(harness, 3.0)
    harness.wait(3.0)
    assert harness.causes == set()


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
