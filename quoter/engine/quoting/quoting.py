"""Computes the wanted quote, or the reason why there is none."""

from copy import replace

from quoter.domain.errors import InvalidInput
from quoter.domain.market import Level, Side
from quoter.domain.quotes import Quote, QuoteTerms, SideOff, TwoSidedQuote
from quoter.domain.trading import NoQuote
from quoter.engine.config import EngineConfig
from quoter.engine.market.view import MarketView
from quoter.engine.quoting.estimators import Estimators
from quoter.engine.quoting.regime import RegimeWatch
from quoter.pricing.quote.shape import QuoteShape
from quoter.pricing.quote.terms import PricingRule, quote_terms
from quoter.pricing.quote.two_sided import two_sided_quote
from quoter.state.current_instrument import CurrentInstrument
from quoter.state.inventory import Inventory


def no_quote(reason: NoQuote) -> TwoSidedQuote:
    """Return a quote without orders on either side, with the reason."""
    off = (SideOff(Side.BUY, reason), SideOff(Side.SELL, reason))
    return TwoSidedQuote(bids=(), asks=(), off=off, terms=None)


class Quoting:
    """Computes the wanted quote when one of its inputs has changed."""

    def __init__(
        self,
        config: EngineConfig,
        market: MarketView,
        estimators: Estimators,
        regime: RegimeWatch,
        inventory: Inventory,
        instrument: CurrentInstrument,
        rule: PricingRule = quote_terms,
    ) -> None:
        self._rule = rule
        self._needs_funds = config.is_spot and not config.is_dry
        self._inventory = inventory
        self._instrument = instrument
        self._order_size = config.order_size
        self._shape = config.pricing.shape
        self._market = market
        self._estimators = estimators
        self._regime = regime
        self._seen: tuple[object, ...] | NoQuote | None = None  # inputs of `latest`
        self._funded_from: tuple[object, ...] = ()  # a quote and the balances that cover it
        self.latest: TwoSidedQuote = no_quote(NoQuote.NO_BOOK)
        # newest book update for which `latest` is valid
        self.book_seq = -1

    @property
    def mid(self) -> float | None:
        """Mid of the book without our own orders, quote/base; `None` without a usable book."""
        return self._market.mid

    @property
    def fair_value(self) -> float | None:
        """Fair value that the latest quote was priced from, quote/base.

        While nothing is quoted it is the fair value of the present book, `None` without a usable
        one.
        """
        bid, ask = self._market.bid, self._market.ask
        if bid is None or ask is None:
            return None
        latest = self.latest
        if latest.terms is not None and (latest.bids or latest.asks):
            return latest.terms.inputs.fair
        try:
            return self._estimators.fair(bid, ask)
        except (InvalidInput, ArithmeticError):
            return None

    def refresh(self, ts_ns: int, lots: float) -> bool:
        """Update `latest`; return whether it was recomputed. `lots`: inventory in order sizes."""
        market = self._market
        bid, ask = market.bid, market.ask
        self.book_seq = market.book.seq
        if bid is None or ask is None:
            return self._none(NoQuote.NO_BOOK)
        try:
            fair = self._estimators.fair(bid, ask)
            inputs = self._estimators.inputs(ts_ns, fair=fair, lots=lots)
            if isinstance(inputs, NoQuote):
                return self._none(inputs)
            figures = *self._estimators.changing_figures, *self._regime.changing_inputs
            seen = (inputs, self._instrument.now, bid.price, ask.price, *figures)
            if seen == self._seen:
                return False
            self._seen = seen
            terms = self._rule(self._regime.adjust(inputs), self._shape)
            self.latest = self._quote(terms, bid, ask)
        except (InvalidInput, ArithmeticError, TypeError):  # also balances that are not numbers
            return self._none(NoQuote.BAD_INPUT)
        return True

    def _quote(self, terms: QuoteTerms, bid: Level, ask: Level) -> TwoSidedQuote:
        self._estimators.on_quote(terms)
        instrument = self._instrument.now
        quote = two_sided_quote(
            terms=terms,
            shape=self._shape,
            instrument=instrument,
            order_size=self._order_size,
            best_bid_ticks=instrument.floor_ticks(bid.price),
            best_ask_ticks=instrument.ceil_ticks(ask.price),
            cooling_down=self._estimators.toxic_flow.cooling_down,
        )
        return self._funded(quote) if self._needs_funds else quote

    def _funded(self, quote: TwoSidedQuote) -> TwoSidedQuote:
        """The quote without sides whose balance is below the venue's smallest order."""
        inventory = self._inventory
        figures = quote.bids, quote.asks, inventory.position, inventory.cash, self._instrument.now
        if figures == self._funded_from:
            return quote
        if quote.bids and not self._covers(quote.bids[0]):
            off = (*quote.off, SideOff(Side.BUY, NoQuote.NO_BALANCE))
            quote = replace(quote, bids=(), off=off)
        if quote.asks and not self._covers(quote.asks[0]):
            off = (*quote.off, SideOff(Side.SELL, NoQuote.NO_BALANCE))
            quote = replace(quote, asks=(), off=off)
        if (quote.bids, quote.asks) == figures[:2]:
            self._funded_from = figures
        return quote

    def _covers(self, quote: Quote) -> bool:
        held = self._inventory.position
        if quote.side is Side.BUY:
            held = self._inventory.cash / quote.price
        instrument = self._instrument.now
        size = min(quote.size, instrument.floor_size(held))
        return instrument.is_tradable(price=quote.price, size=size)

    def set_shape(self, shape: QuoteShape) -> None:
        """Use another shape; the next `refresh` recomputes the quote."""
        self._shape, self._seen = shape, None

    def clear(self, reason: NoQuote) -> None:
        """Want no orders, for a reason outside pricing; the next `refresh` recomputes the quote."""
        self._seen = None
        self.latest = no_quote(reason)

    def _none(self, reason: NoQuote) -> bool:
        if self._seen is reason:
            return False
        self._seen = reason
        self.latest = no_quote(reason)
        return True
