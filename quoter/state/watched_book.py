"""A second book beside the engine's, to check whether a market feed is in sequence."""

from quoter.domain.events import BookDelta, BookSnapshot, Event, FeedDown, TopOfBook
from quoter.domain.market import Stream
from quoter.state.book import Book, Sizes

LEVELS_MAX = 10_000  # a side, of a snapshot
NO_SIZES: Sizes = {}


class WatchedBook:
    """Follows the events of a feed; `fault` is the reason why its book is unusable, or empty."""

    def __init__(self) -> None:
        self._book = Book()
        self.fault = ""

    @property
    def is_ready(self) -> bool:
        """Whether there is a book that may be used."""
        return self._book.ready

    def observe(self, event: Event) -> None:
        """Update the book from an event; an event that does not concern it changes nothing."""
        fault = None
        match event:
            case BookSnapshot():
                fault = self._book.load(event)
            case BookDelta():
                fault = self._book.apply(event)
            case TopOfBook():
                fault = self._book.apply_top(event)
            case FeedDown(stream=Stream.MARKET):
                self._book.invalidate()
            case _:
                pass
        if fault is not None:
            self.fault = fault
        elif self._book.ready:
            self.fault = ""

    def snapshot(self, ts_ns: int) -> BookSnapshot:
        """Return the book as a snapshot at `ts_ns`; call it while the book is ready."""
        book = self._book
        bids, asks = (
            tuple((price, size) for price, size in half.levels(LEVELS_MAX, NO_SIZES))
            for half in (book.bids, book.asks)
        )
        return BookSnapshot(ts_ns=ts_ns, last=book.last, bids=bids, asks=asks)

    def reject(self, fault: str) -> None:
        """Discard the book because of a fault found elsewhere."""
        self._book.invalidate()
        self.fault = fault
