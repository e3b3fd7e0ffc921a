"""How much more of an order fits: within limits, balances and what already may fill."""

from collections.abc import Sequence
from decimal import Decimal

from quoter.domain.instrument import Instrument
from quoter.domain.market import Side
from quoter.domain.quotes import Quote
from quoter.domain.trading import TradingState
from quoter.domain.units import exact
from quoter.engine.config import EngineConfig
from quoter.engine.market.view import MarketView
from quoter.risk.order_rules import base_headroom
from quoter.state.inventory import Inventory
from quoter.state.open_orders import OpenOrder, OpenOrders

ZERO = Decimal(0)


class Headroom:
    """Cuts what is wanted to what can be had; the gate has the last word."""

    def __init__(
        self, *, config: EngineConfig, market: MarketView, orders: OpenOrders, inventory: Inventory
    ) -> None:
        self._limits = config.limits
        self._is_spot = config.is_spot
        self._instrument = config.instrument
        self._market = market
        self._orders = orders
        self._inventory = inventory

    def set_instrument(self, instrument: Instrument) -> None:
        """The market's rules have changed."""
        self._instrument = instrument

    def size(self, quote: Quote, state: TradingState) -> Decimal:
        """The size, on the lot grid, of a quote that may be added now."""
        room = self._base_headroom(quote.side, state, quote.price)
        return min(quote.size, self._instrument.floor_size(room))

    def fitting(
        self,
        wanted: Sequence[Quote],
        resting: Sequence[OpenOrder],
        side: Side,
        state: TradingState,
    ) -> tuple[Quote, ...]:
        """What can be had of `wanted`, nearest first, were `resting` gone.

        Wanting more would replace an order that is as large as it can be, again and again.
        """
        fitted: list[Quote] = []
        held = sum((order.leaves for order in resting), start=ZERO)
        for quote in wanted:
            taken = sum((q.size for q in fitted), start=ZERO)
            room = self._base_headroom(side, state, quote.price) + held - taken
            size = min(quote.size, self._instrument.floor_size(room))
            if not self._instrument.is_tradable(price=quote.price, size=size):
                break
            fitted.append(quote._replace(size=size))
        return tuple(fitted)

    def reduces(self, side: Side) -> bool:
        """Do orders of this side bring inventory nearer to the target?"""
        inventory = self._inventory.net
        return inventory < 0 if side is Side.BUY else inventory > 0

    def would_flip(self, side: Side) -> bool:
        """Could our orders of a reducing side take inventory past the target?"""
        return self._orders.leaves(side) > abs(self._inventory.net)

    def notional_of_buys(self) -> Decimal:
        """Quote currency that our live buys may still take."""
        return sum((o.leaves * o.price for o in self._orders.of_side(Side.BUY)), start=ZERO)

    def _base_headroom(self, side: Side, state: TradingState, price: Decimal) -> Decimal:
        """Base units that may still be added on one side."""
        leaves = self._orders.leaves(side)
        signed = self._inventory.net * side.sign
        room = self._limit() - signed - leaves
        if state is TradingState.REDUCE_ONLY:
            room = min(room, -signed - leaves)
        if self._is_spot and side is Side.SELL:
            room = min(room, self._inventory.position - leaves)
        elif self._is_spot:
            room = min(room, (self._inventory.cash - self.notional_of_buys()) / price)
        return room

    def _limit(self) -> Decimal:
        """The limit of inventory, or less where its worth is limited too."""
        ask = self._market.ask
        if self._limits.position_notional_max is None or ask is None:
            return self._limits.inventory_max
        return base_headroom(self._limits, exact(ask.price))
