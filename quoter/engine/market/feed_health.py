"""Health of the market feed: raises causes when it is down, silent or out of sequence.

Also requests a new snapshot where the book needs one.
"""

from quoter.domain.commands import RequestReport
from quoter.domain.events import FeedAlive, FeedDown, FeedUp
from quoter.domain.market import Stream
from quoter.domain.reasons import ReportKind
from quoter.domain.trading import Cause
from quoter.domain.units import NS_PER_MS, NS_PER_S
from quoter.engine.halt_causes import HaltCauses
from quoter.engine.market.view import MarketView
from quoter.engine.step_builder import StepBuilder

RESYNC_AGAIN_NS = 5_000 * NS_PER_MS  # a requested snapshot that did not arrive is requested again
# minimum time between two requests, however often the feed has faults
RESYNC_APART_NS = 1_000 * NS_PER_MS


class FeedHealth:
    """Tracks connection, silence and sequence faults of the market feed.

    quiet_ns: age of a book without changes at which it is compared with a fresh snapshot.
    """

    def __init__(self, *, market: MarketView, causes: HaltCauses, quiet_ns: int) -> None:
        self._market = market
        self._causes = causes
        self._quiet_ns = quiet_ns
        self._is_up = False
        self._requested_ns = 0
        self._is_request_pending = False

    def on_stream(self, event: FeedUp | FeedDown | FeedAlive, step: StepBuilder) -> None:
        """Handle the market stream being connected, lost or alive."""
        match event:
            case FeedUp():
                self._is_up = True
                # a connection starts with a snapshot
                self._requested_ns = step.ts_ns - RESYNC_APART_NS
                self._causes.clear(step, Cause.MARKET_FEED_DOWN)
                self.on_received(step)
            case FeedAlive():
                # a ping of the private stream proves nothing about this one
                if event.stream is Stream.MARKET:
                    self.on_received(step)
            case FeedDown():
                self._is_up = False
                self._market.invalidate()
                self._causes.raise_cause(step, Cause.MARKET_FEED_DOWN, event.text)

    def on_received(self, step: StepBuilder) -> None:
        """Record that the stream is alive, as of the time of receipt, and clear BOOK_STALE.

        The event may have waited in the queue, so its own time counts, not the engine's.
        """
        market = self._market
        market.last_received_ns = max(market.last_received_ns, step.event.ts_ns)
        is_raised = self._causes.switch.is_active(Cause.BOOK_STALE)
        if is_raised and not market.is_stale(step.ts_ns):
            self._causes.clear(step, Cause.BOOK_STALE)

    def on_book_fault(self, text: str, step: StepBuilder) -> None:
        """Raise BOOK_DESYNC because the book can't be trusted any more, and request a snapshot."""
        step.add_anomaly("book_fault", text)
        self._causes.raise_cause(step, Cause.BOOK_DESYNC, text)
        self._is_request_pending = step.ts_ns - self._requested_ns < RESYNC_APART_NS
        if not self._is_request_pending:
            self._request_snapshot(step)

    def on_snapshot(self, step: StepBuilder) -> None:
        self._causes.clear(step, Cause.BOOK_DESYNC)

    def check_silence(self, step: StepBuilder) -> None:
        """Raise BOOK_STALE after too long a silence.

        Checked before every decision: a process that hung processes queued fills and answers before
        its next tick.
        """
        if self._is_up and self._market.is_stale(step.ts_ns):
            silent_s = self._market.silent_ns(step.ts_ns) / NS_PER_S
            text = f"nothing received for {silent_s:.1f} s"
            self._causes.raise_cause(step, Cause.BOOK_STALE, text)

    def tick(self, step: StepBuilder) -> None:
        """Repeat a request that was not answered, and check a book that does not change."""
        if not self._is_up:
            return
        book = self._market.book
        pause_ns = RESYNC_APART_NS if self._is_request_pending else RESYNC_AGAIN_NS
        is_due = step.ts_ns - self._requested_ns >= pause_ns
        if is_due and (not book.ready or step.ts_ns - book.ts_ns > self._quiet_ns):
            self._request_snapshot(step)

    def _request_snapshot(self, step: StepBuilder) -> None:
        self._requested_ns, self._is_request_pending = step.ts_ns, False
        step.commands.append(RequestReport(kind=ReportKind.BOOK))
