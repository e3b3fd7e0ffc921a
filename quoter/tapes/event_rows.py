"""Converts events of a market feed into rows of a tape.

Prices and sizes in events are floats. The shortest decimals of these floats are the numbers that
the venue sent.
"""

from collections.abc import Iterable
from decimal import Decimal

from quoter.domain.events import BookDelta, BookSnapshot, MarketEvent, TopOfBook, Trade
from quoter.domain.market import Level, Side
from quoter.domain.market import Levels as FloatLevels
from quoter.domain.units import exact
from quoter.tapes.later_snapshots import TapeBook
from quoter.tapes.messages import Best, Depth, Levels, Message, Print, Snapshot


class EventRows:
    """Converts the events of one feed, in order; a later snapshot becomes a change.

    Update ids of the rows never decrease. A snapshot of the feed may have a lower id than the row
    before it: after a reconnect, or if the venue has restarted its numbering. From then on all ids
    are shifted upward, so that a reader does not ignore the book as old.
    """

    def __init__(self) -> None:
        self._book = TapeBook()
        self._last = 0  # newest update id of the depth, after the shift
        self._shift = 0
        self._is_open = False

    def row(self, event: MarketEvent) -> Message:
        """Return the row of an event."""
        match event:
            case BookSnapshot():
                return self._snapshot(event)
            case BookDelta():
                return self._change(event)
            case TopOfBook():
                (bid, bid_size), (ask, ask_size) = _levels((event.bid, event.ask))
                return Best(
                    update_id=self.shifted(event.update_id),
                    bid=bid,
                    bid_size=bid_size,
                    ask=ask,
                    ask_size=ask_size,
                )
            case Trade():
                return _print(event)

    def shifted(self, update_id: int) -> int:
        """Return the update id in the rows for an update id of the feed."""
        return update_id + self._shift

    def _snapshot(self, event: BookSnapshot) -> Snapshot | Depth:
        if self._is_open and self.shifted(event.last) < self._last:
            self._shift = self._last + 1 - event.last
        self._is_open = True
        first, self._last = self._last + 1, self.shifted(event.last)
        snapshot = Snapshot(last=self._last, bids=_levels(event.bids), asks=_levels(event.asks))
        return self._book.snapshot(snapshot, first=first)

    def _change(self, event: BookDelta) -> Depth:
        change = Depth(
            first=self.shifted(event.prev) + 1,
            last=self.shifted(event.last),
            bids=_levels(event.bids),
            asks=_levels(event.asks),
        )
        self._last = change.last
        return self._book.change(change)


def _levels(levels: FloatLevels | Iterable[Level]) -> Levels:
    return tuple((exact(price), exact(size)) for price, size in levels)


def _print(event: Trade) -> Print:
    name = event.trade_id
    return Print(
        trade_id=int(name) if name.isdecimal() else 0,
        price=exact(event.price),
        size=exact(event.size),
        is_buyer_maker=event.taker is Side.SELL,
    )


def off_grid(event: MarketEvent, tick: Decimal) -> Decimal | None:
    """Return the first price of an event that is not a multiple of the tick; None if all are."""
    return next((price for price in map(exact, _prices(event)) if price % tick), None)


def _prices(event: MarketEvent) -> list[float]:
    match event:
        case BookSnapshot(bids=bids, asks=asks) | BookDelta(bids=bids, asks=asks):
            return [price for price, _ in (*bids, *asks)]
        case TopOfBook(bid=bid, ask=ask):
            return [bid.price, ask.price]
        case Trade(price=price):
            return [price]
