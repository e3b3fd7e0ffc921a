"""The market's own vocabulary: sides, levels, streams."""

from enum import StrEnum
from typing import NamedTuple


class Side(StrEnum):
    """What an order or a taker does. Our fills carry *our* side, public trades the taker's."""

    BUY = "BUY"
    SELL = "SELL"

    @property
    def sign(self) -> int:
        """+1 for BUY, -1 for SELL: what one unit does to inventory."""
        return 1 if self is Side.BUY else -1

    @property
    def opposite(self) -> "Side":
        return Side.SELL if self is Side.BUY else Side.BUY


class Level(NamedTuple):
    """One price level of a book; floats, because the book only feeds estimates.

    A size of zero removes the level.
    """

    price: float
    size: float


class Stream(StrEnum):
    """The two doors a venue has: what everybody sees and what only we see."""

    MARKET = "market"
    PRIVATE = "private"
