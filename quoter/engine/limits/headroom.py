"""Headroom: how much may still be ordered within limits, balances and live orders."""

from collections.abc import Sequence
from decimal import Decimal

from quoter.domain.market import Side
from quoter.domain.quotes import Quote
from quoter.domain.trading import TradingState
from quoter.domain.units import exact
from quoter.engine.config import EngineConfig
from quoter.engine.market.view import MarketView
from quoter.risk.order_rules import base_headroom
from quoter.state.current_instrument import CurrentInstrument
from quoter.state.inventory import Inventory
from quoter.state.open_orders import OpenOrder, OpenOrders

ZERO = Decimal(0)


class Headroom:
    """Reduces wanted quotes to the size that fits. The order rules have the final decision."""

    def __init__(
        self,
        *,
        config: EngineConfig,
        instrument: CurrentInstrument,
        market: MarketView,
        orders: OpenOrders,
        inventory: Inventory,
    ) -> None:
        self._limits = config.limits
        self._is_spot = config.is_spot
        self._instrument = instrument
        self._market = market
        self._orders = orders
        self._inventory = inventory

    @property
    def figures(self) -> tuple[object, ...]:
        """All changing inputs of the headroom; equal figures mean an equal headroom."""
        inventory = self._inventory
        is_limited = self._limits.position_notional_max is not None
        ask = self._market.ask if is_limited else None
        return (
            self._orders.size_revision,
            inventory.position,
            inventory.cash,
            inventory.target,
            self._instrument.now,
            ask,
        )

    def size(self, quote: Quote, state: TradingState) -> Decimal:
        """Size of a quote that may be added, base units on the lot grid, >= 0."""
        size_max = self._base_headroom(quote.side, state, quote.price)
        return min(quote.size, self._instrument.now.floor_size(size_max))

    def fitting(
        self,
        wanted: Sequence[Quote],
        resting: Sequence[OpenOrder],
        side: Side,
        state: TradingState,
    ) -> tuple[Quote, ...]:
        """Part of `wanted`, nearest first, that would fit if `resting` were cancelled.

        A larger wanted size would replace an order of maximum size again and again.
        """
        fitted: list[Quote] = []
        held, taken = sum((order.leaves for order in resting), start=ZERO), ZERO
        for quote in wanted:
            size_max = self._base_headroom(side, state, quote.price) + held - taken
            size = min(quote.size, self._instrument.now.floor_size(size_max))
            if not self._instrument.now.is_tradable(price=quote.price, size=size):
                break
            fitted.append(quote if size == quote.size else quote._replace(size=size))
            taken += size
        return tuple(fitted)

    def reduces(self, side: Side) -> bool:
        """Whether orders of this side bring inventory nearer to the target."""
        inventory = self._inventory.net
        return inventory < 0 if side is Side.BUY else inventory > 0

    def would_flip(self, side: Side) -> bool:
        """Whether our orders on a side that reduces could take inventory past the target."""
        return self._orders.leaves(side) > abs(self._inventory.net)

    def notional_of_buys(self) -> Decimal:
        """Quote currency that our live buys may still use."""
        return self._orders.notional_of_buys

    def _base_headroom(self, side: Side, state: TradingState, price: Decimal) -> Decimal:
        """Base units that may still be added on one side at `price` (quote/base)."""
        leaves = self._orders.leaves(side)
        signed = self._inventory.net * side.sign
        size_max = self._limit() - signed - leaves
        if state is TradingState.REDUCE_ONLY:
            size_max = min(size_max, -signed - leaves)
        if self._is_spot and side is Side.SELL:
            size_max = min(size_max, self._inventory.position - leaves)
        elif self._is_spot:
            size_max = min(size_max, (self._inventory.cash - self.notional_of_buys()) / price)
        return size_max

    def _limit(self) -> Decimal:
        """The inventory limit, base units; lower if the limit on position value is stricter."""
        ask = self._market.ask
        if self._limits.position_notional_max is None or ask is None:
            return self._limits.inventory_max
        return base_headroom(self._limits, exact(ask.price))
