"""Builds the read-only figures that the order rules check an order intent with."""

from collections.abc import Iterator
from decimal import Decimal
from typing import NamedTuple

from quoter.domain.market import Level, Side
from quoter.domain.orders import OrderState
from quoter.domain.quotes import Quote
from quoter.domain.trading import Phase, TradingState
from quoter.domain.units import exact
from quoter.engine.config import EngineConfig
from quoter.engine.limits.headroom import Headroom
from quoter.engine.market.view import MarketView
from quoter.engine.step_builder import StepBuilder
from quoter.risk.monitors.price_references import PriceReferences
from quoter.risk.view import RiskView
from quoter.state.inventory import Inventory
from quoter.state.open_orders import OpenOrder, OpenOrders

DEPTH_LEVELS = 5
ZERO, NAN = Decimal(0), Decimal("NaN")


class _MarketFigures(NamedTuple):
    """The market fields of a `RiskView`; they stay the same within one step."""

    book_ready: bool
    is_fresh: bool
    book_seq: int
    best_bid: Decimal
    best_ask: Decimal
    depth_bid: Decimal
    depth_ask: Decimal
    reference_low: Decimal
    reference_high: Decimal


class RiskViews:
    """Builds one `RiskView` for each intent."""

    def __init__(
        self,
        *,
        config: EngineConfig,
        market: MarketView,
        orders: OpenOrders,
        inventory: Inventory,
        references: PriceReferences,
        headroom: Headroom,
    ) -> None:
        self._is_spot = config.is_spot
        self._market = market
        self._orders = orders
        self._inventory = inventory
        self._references = references
        self._headroom = headroom
        self._step: StepBuilder | None = None  # the step in which the market was read
        self._seen: _MarketFigures

    def take(
        self, quote: Quote, *, step: StepBuilder, state: TradingState, phase: Phase
    ) -> RiskView:
        """The figures for an order of this quote in the present state.

        The market's figures are read once per step, for its first order.
        """
        inventory, orders = self._inventory, self._orders
        if step is not self._step:
            self._step, self._seen = step, self._look(step.ts_ns)
        seen = self._seen
        own_bid, own_ask = self._own_prices()
        return RiskView(
            ts_ns=step.ts_ns,
            phase=phase,
            state=state,
            book_ready=seen.book_ready,
            is_fresh=seen.is_fresh,
            book_seq=seen.book_seq,
            best_bid=seen.best_bid,
            best_ask=seen.best_ask,
            depth_bid=seen.depth_bid,
            depth_ask=seen.depth_ask,
            reference_low=seen.reference_low,
            reference_high=seen.reference_high,
            own_bid=own_bid,
            own_ask=own_ask,
            duplicate_ns=self._duplicate_ns(quote),
            inventory=inventory.net,
            leaves_buy=orders.leaves(Side.BUY),
            leaves_sell=orders.leaves(Side.SELL),
            is_spot=self._is_spot,
            base_held=inventory.position,
            quote_held=inventory.cash,
            notional_buy=self._headroom.notional_of_buys(),
        )

    def _look(self, ts_ns: int) -> _MarketFigures:
        market, bid, ask = self._market, self._market.bid, self._market.ask
        depth_bid, depth_ask = depth_of(market)
        found = self._references.at(ts_ns)
        low, high = (exact(found[0]), exact(found[1])) if found is not None else (NAN, NAN)
        return _MarketFigures(
            book_ready=bid is not None and ask is not None,
            is_fresh=market.is_fresh(ts_ns),
            book_seq=market.book.seq,
            best_bid=exact(bid.price) if bid is not None else ZERO,
            best_ask=exact(ask.price) if ask is not None else ZERO,
            depth_bid=depth_bid,
            depth_ask=depth_ask,
            reference_low=low,
            reference_high=high,
        )

    def _own_prices(self) -> tuple[Decimal | None, Decimal | None]:
        """Prices of our highest buy and lowest sell that may trade; None if there is none."""
        bid: Decimal | None = None
        ask: Decimal | None = None
        for order in self._live():
            if order.side is Side.BUY:
                bid = order.price if bid is None else max(bid, order.price)
            else:
                ask = order.price if ask is None else min(ask, order.price)
        return bid, ask

    def _live(self) -> Iterator[OpenOrder]:
        """Orders that may still trade; not those that have ended and only lack fills."""
        return (o for o in self._orders if o.state is not OrderState.CLOSED_UNSETTLED)

    def _duplicate_ns(self, quote: Quote) -> int | None:
        equal_orders = (
            order.created_ns
            for order in self._live()
            if order.side is quote.side and order.price == quote.price and order.size == quote.size
        )
        return max(equal_orders, default=None)


def depth_of(market: MarketView) -> tuple[Decimal, Decimal]:
    """Size of others in the best DEPTH_LEVELS levels of bids and asks, base units."""
    bids, asks = market.levels(DEPTH_LEVELS)
    return _depth(bids), _depth(asks)


def _depth(levels: tuple[Level, ...]) -> Decimal:
    return exact(sum(level.size for level in levels))
