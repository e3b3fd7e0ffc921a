"""Comparison of streamed books with a REST book when no common update number exists. Pure.

ccxt returns whole books without the number of their last update. For some venues (Bybit, MEXC,
BingX, Hyperliquid) it does not detect a lost delta. Two rules find a wrong book: a level in the
REST book must have been streamed around that time, and a level that was streamed all the time must
be in the REST book.
"""

from collections import deque

from quoter.domain.market import Levels

CHECKED = 5  # levels of each side that must agree
# streamed levels of each side that are kept: a checked level may have been farther out before
DEPTH = 25
BOOKS_MAX = 2_000

type Sides = tuple[Levels, Levels]


class BookComparison:
    """Records the books that are streamed between `begin` and `difference`."""

    def __init__(self) -> None:
        self._newest: Sides | None = None
        self._seen: deque[Sides] | None = None

    def add(self, bids: Levels, asks: Levels) -> None:
        """Add a streamed book, best levels first."""
        self._newest = book = (bids, asks)
        if self._seen is not None:
            self._seen.append(book)

    def begin(self) -> None:
        """Start recording, beginning with the newest book; call shortly before the REST request."""
        self._seen = deque(() if self._newest is None else (self._newest,), maxlen=BOOKS_MAX)

    def difference(self, bids: Levels, asks: Levels) -> str:
        """Return the first contradiction between REST book and streamed books; empty if none.

        Ends the recording.
        """
        seen, self._seen = self._seen or (), None
        for name, sign, rest, streamed in (
            ("bid", 1, bids, [book[0] for book in seen]),
            ("ask", -1, asks, [book[1] for book in seen]),
        ):
            text = _difference(sign, rest[:CHECKED], [set(side[:DEPTH]) for side in streamed])
            if text:
                return f"{name} {text}"
        return ""


def _difference(sign: int, rest: Levels, streamed: list[set[tuple[float, float]]]) -> str:
    if not rest or not streamed:
        return ""
    for price, size in rest:
        if not any((price, size) in levels for levels in streamed):
            return f"{size} @ {price} was never streamed"
    farthest = sign * rest[-1][0]
    for price, size in set[tuple[float, float]].intersection(*streamed):
        if sign * price >= farthest and (price, size) not in rest:
            return f"{size} @ {price} is in the streamed books, but not in the REST book"
    return ""
