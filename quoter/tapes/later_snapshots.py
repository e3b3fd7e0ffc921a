"""The book of a tape, with which a later snapshot becomes a change."""

from decimal import Decimal

from quoter.domain.market import Side
from quoter.tapes.messages import Depth, Levels, Snapshot

ZERO = Decimal(0)


class TapeBook:
    """The recorded levels of both sides. The first snapshot opens the book."""

    def __init__(self) -> None:
        self._sides: dict[Side, dict[Decimal, Decimal]] = {Side.BUY: {}, Side.SELL: {}}
        self._is_open = False

    def change(self, row: Depth) -> Depth:
        """Apply a change of levels to the book, and return it."""
        self._sides[Side.BUY].update(row.bids)
        self._sides[Side.SELL].update(row.asks)
        return row

    def snapshot(self, row: Snapshot, *, first: int) -> Snapshot | Depth:
        """Apply a snapshot.

        Return the first one unchanged, a later one as a change from id `first` on.
        """
        before, is_open = self._sides, self._is_open
        self._sides = {Side.BUY: dict(row.bids), Side.SELL: dict(row.asks)}
        self._is_open = True
        if not is_open:
            return row
        bids, asks = (self._difference(side, before[side]) for side in (Side.BUY, Side.SELL))
        return Depth(first=first, last=row.last, bids=bids, asks=asks)

    def _difference(self, side: Side, before: dict[Decimal, Decimal]) -> Levels:
        return tuple((dict.fromkeys(before, ZERO) | self._sides[side]).items())
