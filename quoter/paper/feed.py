"""Market feed of a paper run: the live market, with our orders added by the simulated venue."""

import structlog

from quoter.backtest.seam import Channel
from quoter.domain.events import (
    Alarm,
    BestPricesReport,
    BookDelta,
    BookSnapshot,
    Event,
    MarketEvent,
    TopOfBook,
    Trade,
)
from quoter.domain.instrument import Instrument
from quoter.domain.number_text import plain
from quoter.domain.trading import Cause
from quoter.domain.units import NS_PER_S
from quoter.paper.venue import PaperVenue
from quoter.state.watched_book import WatchedBook
from quoter.tapes.event_rows import EventRows, off_grid
from quoter.venues.ports import Emit, MarketFeed

log = structlog.get_logger()

RESYNC_APART_NS = NS_PER_S


class PaperFeed:
    """`MarketFeed` of the simulated venue, driven by the feed of a real venue.

    The engine receives the book with its own orders in it, as from a real venue. While the real
    book is lost (a gap, an impossible level), trading pauses with the cause `book_desync`.
    """

    def __init__(self, live: MarketFeed, venue: PaperVenue, instrument: Instrument) -> None:
        self._live, self._venue, self._instrument = live, venue, instrument
        self._book, self._rows = WatchedBook(), EventRows()
        self._resync_ns = 0
        self._unfit = 0

    async def run(self, emit: Emit) -> None:
        """Emit the simulated market until cancelled."""
        self._venue.emit_to(emit)
        await self._live.run(self.receive)

    def receive(self, event: Event) -> None:
        """Apply one event of the real feed to the simulated venue."""
        match event:
            case BookSnapshot() | BookDelta() | TopOfBook() | Trade():
                self._on_market(event)
            case BestPricesReport():
                update_id = self._rows.shifted(event.last) if event.last else 0
                self._announce(self._venue.with_own_orders(event, update_id))
            case _:
                self._book.observe(event)
                self._announce(event)

    def rejected(self) -> dict[str, int]:
        """Return the number of unused messages so far, by reason."""
        return {**self._live.rejected(), "off_grid": self._unfit}

    def confirm(self) -> None:
        """Request the real venue's best prices; they are emitted with our orders added."""
        self._live.confirm()

    def reconnect(self, text: str) -> None:
        """Reconnect to the real venue."""
        self._live.reconnect(text)

    def resync(self) -> None:
        """Publish the simulated book again; if the real book is lost, request it instead."""
        if self._book.is_ready:
            self._venue.publish_snapshot()
        else:
            self._live.resync()

    def _on_market(self, event: MarketEvent) -> None:
        was_ready, before = self._book.is_ready, self._book.fault
        price = off_grid(event, self._instrument.tick)
        if price is not None:
            self._unfit += 1
            text = f"the price {plain(price)} is not a multiple of {plain(self._instrument.tick)}"
            self._book.reject(text)
        else:
            self._book.observe(event)
        if not self._book.is_ready:
            self._on_lost(event.ts_ns, is_new=self._book.fault != before)
            return
        self._venue.play(self._rows.row(event))
        if not was_ready:  # after a new connection or a lost book
            self._venue.publish_snapshot()

    def _on_lost(self, ts_ns: int, *, is_new: bool) -> None:
        """Pause trading and request a new book, at most once a second."""
        text = self._book.fault
        if text and is_new:
            log.warning("book_lost", reason=text)
            self._announce(Alarm(ts_ns=ts_ns, cause=Cause.BOOK_DESYNC, active=True, text=text))
        if text and ts_ns - self._resync_ns >= RESYNC_APART_NS:
            self._resync_ns = ts_ns
            self._live.resync()

    def _announce(self, event: Event) -> None:
        self._venue.announce(Channel.MARKET, event)
