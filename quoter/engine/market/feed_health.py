"""Is the market feed up, alive and in sequence: the causes that speak for it, and the nudges."""

from quoter.domain.commands import RequestReport
from quoter.domain.events import FeedAlive, FeedDown, FeedUp
from quoter.domain.market import Stream
from quoter.domain.reasons import ReportKind
from quoter.domain.trading import Cause
from quoter.domain.units import NS_PER_MS, NS_PER_S
from quoter.engine.halt_causes import HaltCauses
from quoter.engine.market.view import MarketView
from quoter.engine.step_builder import StepBuilder

RESYNC_AGAIN_NS = 5_000 * NS_PER_MS  # a snapshot that was asked for and did not come
RESYNC_APART_NS = 1_000 * NS_PER_MS  # a feed that only talks nonsense is not asked at its own speed


class FeedHealth:
    """book_stale_ns: silence, pongs too, that pauses quoting; quiet_ns: age that needs a check."""

    def __init__(
        self, *, market: MarketView, causes: HaltCauses, book_stale_ns: int, quiet_ns: int
    ) -> None:
        self._market = market
        self._causes = causes
        self._stale_ns = book_stale_ns
        self._quiet_ns = quiet_ns
        self._is_up = False
        self._requested_ns = 0
        self._is_request_pending = False

    def on_stream(self, event: FeedUp | FeedDown | FeedAlive, step: StepBuilder) -> None:
        """The market stream came, went, or showed that it lives."""
        match event:
            case FeedUp():
                self._is_up = True
                self._requested_ns = step.ts_ns - RESYNC_APART_NS  # it begins with a snapshot
                self._causes.clear(step, Cause.MARKET_FEED_DOWN)
                self.on_received(step)
            case FeedAlive():
                if event.stream is Stream.MARKET:  # the private socket says nothing of this one
                    self.on_received(step)
            case FeedDown():
                self._is_up = False
                self._market.invalidate()
                self._causes.raise_cause(step, Cause.MARKET_FEED_DOWN, event.text)

    def on_received(self, step: StepBuilder) -> None:
        """Any sign of life ends staleness, as of its receipt: it may have waited for its turn."""
        market = self._market
        market.last_received_ns = max(market.last_received_ns, step.event.ts_ns)
        is_stale = self._causes.switch.is_active(Cause.BOOK_STALE)
        if is_stale and step.ts_ns - market.last_received_ns <= self._stale_ns:
            self._causes.clear(step, Cause.BOOK_STALE)

    def on_book_fault(self, text: str, step: StepBuilder) -> None:
        """The book can't be trusted any more: pause, and ask for a snapshot."""
        step.add_anomaly("book_fault", text)
        self._causes.raise_cause(step, Cause.BOOK_DESYNC, text)
        self._is_request_pending = step.ts_ns - self._requested_ns < RESYNC_APART_NS
        if not self._is_request_pending:
            self._request_snapshot(step)

    def on_snapshot(self, step: StepBuilder) -> None:
        self._causes.clear(step, Cause.BOOK_DESYNC)

    def check_silence(self, step: StepBuilder) -> None:
        """Before every decision: a process that hung hears fills and answers before its clock."""
        silent_ns = step.ts_ns - self._market.last_received_ns
        if self._is_up and silent_ns > self._stale_ns:
            text = f"nothing heard for {silent_ns / NS_PER_S:.1f} s"
            self._causes.raise_cause(step, Cause.BOOK_STALE, text)

    def tick(self, step: StepBuilder) -> None:
        """Ask again for what never came, and check a book that stands still."""
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
