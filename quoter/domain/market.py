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


class Bar(NamedTuple):
    """One bar of prices, quote/base."""

    open: float
    high: float
    low: float
    close: float


class MarketHistory(NamedTuple):
    """What a venue tells of the time before us: for first guesses, never for money.

    bars: oldest first, of bar_s seconds each; trades_per_s: public trades of both sides, None if
    the venue did not tell; volume_per_s: what they traded, base.
    """

    bars: tuple[Bar, ...]
    bar_s: float
    trades_per_s: float | None
    volume_per_s: float | None = None


class SavedCalibration(NamedTuple):
    """What a run learned of its market, for the start of the next one.

    ts_ns when; sigma price/sqrt(s); kappa 1/price; intensity (A) fills/s per side at distance 0.
    """

    ts_ns: int
    sigma: float
    kappa: float
    intensity: float


type Levels = tuple[tuple[float, float], ...]  # (price, size), as decoders build them fastest


class Stream(StrEnum):
    """The two doors a venue has: what everybody sees and what only we see."""

    MARKET = "market"
    PRIVATE = "private"
