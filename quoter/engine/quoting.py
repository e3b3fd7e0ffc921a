"""From what we know to what we want to show: the wanted quote, or the reason there is none."""

from quoter.domain.errors import InvalidInput
from quoter.domain.market import Side
from quoter.domain.quotes import SideOff, TwoSidedQuote
from quoter.domain.trading import NoQuote
from quoter.engine.calibration import Calibration
from quoter.engine.config import EngineConfig
from quoter.engine.market import MarketView
from quoter.pricing.quote import quote_terms
from quoter.pricing.two_sided import two_sided_quote


def nothing(reason: NoQuote) -> TwoSidedQuote:
    """No quote at all, and why."""
    off = (SideOff(Side.BUY, reason), SideOff(Side.SELL, reason))
    return TwoSidedQuote(bids=(), asks=(), off=off, terms=None)


class Quoting:
    """Computes the wanted quote whenever one of its inputs changed, and only then."""

    def __init__(self, config: EngineConfig, market: MarketView, calibration: Calibration) -> None:
        self._instrument = config.instrument
        self._order_size = config.order_size
        self._shape = config.pricing.shape
        self._market = market
        self._calibration = calibration
        self._seen: tuple[object, ...] | NoQuote | None = None  # what `latest` was computed from
        self.latest: TwoSidedQuote = nothing(NoQuote.NO_BOOK)

    def refresh(self, ts_ns: int, lots: float) -> bool:
        """Bring `latest` up to date; True if it was computed anew. `lots`: inventory."""
        market = self._market
        bid, ask = market.bid, market.ask
        if bid is None or ask is None:
            return self._none(NoQuote.NO_BOOK)
        seen = (bid.price, ask.price, lots, *self._calibration.figures(ts_ns))
        if seen == self._seen:
            return False
        fair = (bid.price + ask.price) / 2
        inputs = self._calibration.inputs(ts_ns, fair=fair, lots=lots)
        if isinstance(inputs, NoQuote):
            return self._none(inputs)
        self._seen = seen
        try:
            self.latest = two_sided_quote(
                terms=quote_terms(inputs, self._shape),
                shape=self._shape,
                instrument=self._instrument,
                order_size=self._order_size,
                best_bid_ticks=self._instrument.floor_ticks(bid.price),
                best_ask_ticks=self._instrument.ceil_ticks(ask.price),
            )
        except InvalidInput:
            self.latest = nothing(NoQuote.BAD_INPUT)
        return True

    def clear(self, reason: NoQuote) -> None:
        """Want nothing, for a reason outside pricing; the next `refresh` computes anew."""
        self._seen = None
        self.latest = nothing(reason)

    def _none(self, reason: NoQuote) -> bool:
        if self._seen is reason:
            return False
        self._seen = reason
        self.latest = nothing(reason)
        return True
