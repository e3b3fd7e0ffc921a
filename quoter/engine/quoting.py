"""From what we know to what we want to show: the wanted quote, or the reason there is none."""

from quoter.domain.errors import InvalidInput
from quoter.domain.instrument import Instrument
from quoter.domain.market import Side
from quoter.domain.quotes import PricingInputs, Quote, QuoteTerms, SideOff, TwoSidedQuote
from quoter.domain.trading import NoQuote
from quoter.engine.calibration import Calibration
from quoter.engine.config import EngineConfig
from quoter.engine.market import MarketView
from quoter.pricing.ladder import level_sizes, level_step, level_ticks, quantise, side_quotes
from quoter.pricing.quote import off_reason, quote_terms


def nothing(reason: NoQuote) -> TwoSidedQuote:
    """No quote at all, and why."""
    off = (SideOff(Side.BUY, reason), SideOff(Side.SELL, reason))
    return TwoSidedQuote(bids=(), asks=(), off=off, terms=None)


class Quoting:
    """Computes the wanted quote whenever one of its inputs changed, and only then."""

    def __init__(self, config: EngineConfig, market: MarketView, calibration: Calibration) -> None:
        self._instrument: Instrument = config.instrument
        self._order_size = config.order_size
        self._shape = config.pricing.shape
        self._market = market
        self._calibration = calibration
        self._inputs: PricingInputs | NoQuote | None = None
        self._touch: tuple[float, float] | None = None
        self.latest: TwoSidedQuote = nothing(NoQuote.NO_BOOK)

    def refresh(self, ts_ns: int, lots: float) -> bool:
        """Bring `latest` up to date; True if it was computed anew. `lots`: inventory."""
        market = self._market
        bid, ask = market.bid, market.ask
        if bid is None or ask is None:
            return self._none(NoQuote.NO_BOOK)
        fair = (bid.price + ask.price) / 2
        inputs = self._calibration.inputs(ts_ns, fair=fair, lots=lots)
        if isinstance(inputs, NoQuote):
            return self._none(inputs)
        touch = (bid.price, ask.price)
        if inputs == self._inputs and touch == self._touch:
            return False
        self._inputs, self._touch = inputs, touch
        try:
            terms = quote_terms(inputs, self._shape)
            self.latest = self._on_the_grid(terms, touch)
        except InvalidInput:
            self.latest = nothing(NoQuote.BAD_INPUT)
        return True

    def clear(self, reason: NoQuote) -> None:
        """Want nothing, for a reason outside pricing; the next `refresh` computes anew."""
        self._inputs = self._touch = None
        self.latest = nothing(reason)

    def _none(self, reason: NoQuote) -> bool:
        if self._inputs is reason:
            return False
        self._inputs, self._touch = reason, None
        self.latest = nothing(reason)
        return True

    def _on_the_grid(self, terms: QuoteTerms, touch: tuple[float, float]) -> TwoSidedQuote:
        instrument, inputs = self._instrument, terms.inputs
        bid = None if terms.delta_bid is None else inputs.fair - terms.delta_bid
        ask = None if terms.delta_ask is None else inputs.fair + terms.delta_ask
        first_bid, first_ask = quantise(
            bid,
            ask,
            instrument.floor_ticks(touch[0]),
            instrument.ceil_ticks(touch[1]),
            instrument,
            inputs.lots,
        )
        off: list[SideOff] = []
        bids = self._side(Side.BUY, first_bid, bid, terms, off)
        asks = self._side(Side.SELL, first_ask, ask, terms, off)
        return TwoSidedQuote(bids=bids, asks=asks, off=tuple(off), terms=terms)

    def _side(
        self,
        side: Side,
        first: int | None,
        price: float | None,
        terms: QuoteTerms,
        off: list[SideOff],
    ) -> tuple[Quote, ...]:
        if first is None or price is None:
            off.append(SideOff(side, off_reason(terms, side) or NoQuote.SPREAD_TOO_WIDE))
            return ()
        shape, inputs, instrument = self._shape, terms.inputs, self._instrument
        step = level_step(
            slope=terms.slope, fair=inputs.fair, shape=shape, tick=instrument.tick_float
        )
        quotes = side_quotes(
            side=side,
            ticks=level_ticks(
                side=side,
                first=first,
                price=price,
                step=step,
                levels=shape.levels,
                instrument=instrument,
            ),
            sizes=level_sizes(side=side, lots=inputs.lots, lots_max=inputs.lots_max, shape=shape),
            order_size=self._order_size,
            instrument=instrument,
        )
        if not quotes:
            off.append(SideOff(side, NoQuote.BELOW_MINIMUM))
        return quotes
