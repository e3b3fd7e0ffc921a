"""Flattening: trades the inventory down to its target, and no further (rule KS-12).

Only an operator starts it. A kill never flattens: whether to sell while something is wrong must be
a separate decision.
"""

from decimal import Decimal

from quoter.domain.market import Side
from quoter.domain.number_text import plain
from quoter.domain.quotes import Quote
from quoter.domain.trading import CancelReason, Cause, Phase, TradingState
from quoter.domain.units import NS_PER_MS
from quoter.engine.config import EngineConfig
from quoter.engine.halt_causes import HaltCauses
from quoter.engine.limits.risk_views import depth_of
from quoter.engine.market.view import MarketView
from quoter.engine.placing.placing import Placing
from quoter.engine.step_builder import StepBuilder
from quoter.state.inventory import Inventory

REACH = 0.0005  # a slice may trade up to this fraction worse than the best price
SLICE_APART_NS = 250 * NS_PER_MS
SAME_BOOK_NS = 2_000 * NS_PER_MS  # minimum time between two slices while the book is unchanged


class Flattening:
    """Sends one IOC limit order at a time, each within the limits of one order."""

    def __init__(
        self,
        config: EngineConfig,
        market: MarketView,
        inventory: Inventory,
        placing: Placing,
        causes: HaltCauses,
    ) -> None:
        self._limits = config.limits
        self._market, self._inventory = market, inventory
        self._placing, self._causes = placing, causes
        self._slice_ns = 0  # last time at which a slice was live
        self._is_reported = False  # whether the end of the flattening was reported

    @property
    def is_on(self) -> bool:
        return self._causes.switch.is_active(Cause.OPERATOR_FLATTEN)

    def advance(self, state: TradingState, phase: Phase, step: StepBuilder) -> None:
        """Send the next slice if it is due.

        Call it instead of quoting, while orders are allowed.
        """
        self._placing.cancel_all(CancelReason.STATE, step, but_taking=True)
        if self._placing.is_taking:
            self._slice_ns = step.ts_ns
            return
        quote = self._slice()
        if quote is None:
            if self._market.mid is not None and not self._is_reported:
                left = plain(self._inventory.net)
                step.add_anomaly("flat", f"inventory {left}: the venue accepts no further order")
                self._is_reported = True
            return
        self._is_reported = False
        if self._is_due(step.ts_ns):
            seq = self._market.book.seq
            self._placing.take_liquidity(quote, book_seq=seq, state=state, phase=phase, step=step)

    def _is_due(self, ts_ns: int) -> bool:
        """Whether enough time has passed for the book to show the last slice."""
        since_ns = ts_ns - self._slice_ns
        is_newer = self._market.book.ts_ns > self._slice_ns
        return since_ns >= (SLICE_APART_NS if is_newer else SAME_BOOK_NS)

    def _slice(self) -> Quote | None:
        """The next slice; None without a market, or if the rest is too small for the venue."""
        bid, ask = self._market.bid, self._market.ask
        net, instrument = self._inventory.net, self._placing.instrument
        if bid is None or ask is None or net == 0:
            return None
        mid, collar = (bid.price + ask.price) / 2, float(self._limits.price_collar)
        if net > 0:
            side = Side.SELL
            least = max(bid.price * (1 - REACH), mid * (1 - collar))
            ticks = min(instrument.ceil_ticks(least), instrument.floor_ticks(bid.price))
        else:
            side = Side.BUY
            most = min(ask.price * (1 + REACH), mid * (1 + collar))
            ticks = max(instrument.floor_ticks(most), instrument.ceil_ticks(ask.price))
        price = instrument.price(ticks)
        if not price > 0:
            return None
        size = instrument.floor_size(self._size_max(abs(net), price))
        if not instrument.is_tradable(price=price, size=size):
            return None
        return Quote(side=side, ticks=ticks, price=price, size=size)

    def _size_max(self, wanted: Decimal, price: Decimal) -> Decimal:
        """The largest size, base, within `wanted`, the limits of one order, and the depth.

        The order rules require that both sides of the book have at least the order's size.
        """
        limits, depth = self._limits, depth_of(self._market)
        largest = min(
            limits.size_max, limits.notional_max / price, self._placing.instrument.size_max
        )
        return min(wanted, largest, *depth)
