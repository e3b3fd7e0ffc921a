"""Basic types of a market: sides, levels, bars, streams."""

from enum import StrEnum
from typing import NamedTuple


class Side(StrEnum):
    """Side of an order or of a taker. Fills of ours carry *our* side, public trades the taker's."""

    BUY = "BUY"
    SELL = "SELL"

    sign: int  # +1 for BUY, -1 for SELL: the change of inventory per unit

    def __init__(self, name: str) -> None:
        """Set `sign` once per member, because inner loops read it."""
        self.sign = 1 if name == "BUY" else -1

    @property
    def opposite(self) -> "Side":
        return Side.SELL if self is Side.BUY else Side.BUY


class Level(NamedTuple):
    """One price level of a book: price quote/base, size base.

    Floats, because the book only feeds estimates. In a delta, a size of zero removes the level.
    """

    price: float
    size: float


class Bar(NamedTuple):
    """One bar of prices, quote/base."""

    open: float
    high: float
    low: float
    close: float


class RecentTrade(NamedTuple):
    """A public trade from before the start; price quote/base, `taker` as in `Trade`."""

    ts_ns: int
    taker: Side
    price: float


class MarketHistory(NamedTuple):
    """Market data from before the start, used for first estimates only.

    bars: oldest first, of bar_s seconds each. trades_per_s: taker orders per second of both sides,
    None if not known. volume_per_s: their volume, base/s, None if not known. trades: oldest first;
    empty if they span less than a second or the venue does not report the taker's side.
    """

    bars: tuple[Bar, ...]
    bar_s: float
    trades_per_s: float | None
    volume_per_s: float | None = None
    trades: tuple[RecentTrade, ...] = ()


class Evidence(NamedTuple):
    """Amount of data behind an estimate.

    seconds: time of observation. reaches: number of windows in which a taker reached the smallest
    distance that we quote. age_s: seconds since the observation ended.
    """

    seconds: float = 0.0
    reaches: int = 0
    age_s: float = 0.0


class SavedCalibration(NamedTuple):
    """The estimates of one run, saved for the start of the next one.

    ts_ns: time of saving. sigma: price/sqrt(s). kappa: 1/price. intensity (A): fills/s per side at
    distance 0. seconds, reaches: as in `Evidence`, summed over this run and the earlier ones.
    """

    ts_ns: int
    sigma: float
    kappa: float
    intensity: float
    seconds: float = 0.0
    reaches: int = 0


type Levels = tuple[tuple[float, float], ...]  # (price, size): tuples are built fastest


class Stream(StrEnum):
    """The streams of a venue: public market data, and our private account events."""

    MARKET = "market"
    PRIVATE = "private"
