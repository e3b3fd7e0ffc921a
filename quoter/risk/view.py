"""The figures that order rules may use: a read-only view of the present state."""

from dataclasses import dataclass, fields
from decimal import Decimal
from typing import NamedTuple

from quoter.domain.commands import OrderIntent
from quoter.domain.market import Side
from quoter.domain.trading import Phase, TradingState


class RiskView(NamedTuple):
    """Inputs of the order rules, in base units unless stated otherwise.

    Inventory is position minus target.
    """

    ts_ns: int
    phase: Phase
    state: TradingState
    book_ready: bool
    is_fresh: bool  # the book is young enough, and not proven wrong
    book_seq: int  # sequence number of the book's last update
    best_bid: Decimal  # of others
    best_ask: Decimal
    depth_bid: Decimal  # of others, in the best levels
    depth_ask: Decimal
    reference_low: Decimal  # of mid, last trade and mean of the last minute; NaN without any
    reference_high: Decimal
    own_bid: Decimal | None  # our highest buy that may be live
    own_ask: Decimal | None  # our lowest sell that may be live
    duplicate_ns: int | None  # decision time of the newest live order equal to the intent
    inventory: Decimal
    leaves_buy: Decimal
    leaves_sell: Decimal
    is_spot: bool  # only what is held can be sold
    base_held: Decimal | None  # None: not known; a spot account then sends no order
    quote_held: Decimal | None
    notional_buy: Decimal  # quote currency reserved for our live buys


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Hard limits. A limit that is always in force has no default, so it can't be forgotten."""

    inventory_max: Decimal
    size_max: Decimal
    notional_max: Decimal  # of one order, quote currency
    price_collar: Decimal  # fraction of a reference price
    loss_max: Decimal  # quote currency, > 0
    drawdown_max: Decimal  # quote currency below the highest equity since start, > 0
    position_notional_max: Decimal | None = None  # quote currency; None: only inventory_max applies
    book_spread_max: Decimal  # fraction of the mid
    # base, in the best levels of each side; None: the size of the order
    book_depth_min: Decimal | None = None

    def __post_init__(self) -> None:
        """Raise ValueError for a limit that would allow everything, or nothing."""
        for field in fields(self):
            value = getattr(self, field.name)
            if value is None:
                continue
            if field.name == "book_depth_min":
                if not (value.is_finite() and value >= 0):
                    raise ValueError(f"book_depth_min must be zero or more, not {value}")
            elif not (value.is_finite() and value > 0):
                raise ValueError(f"{field.name} must be above zero, not {value}")


def reducing_headroom(side: Side, view: RiskView) -> Decimal:
    """Base units that orders of a side may add without growing or flipping the inventory."""
    if side is Side.BUY:
        return -view.inventory - view.leaves_buy
    return view.inventory - view.leaves_sell


def reduces(intent: OrderIntent, view: RiskView) -> bool:
    """Whether this order can only bring inventory nearer to the target.

    This must hold even if all our other orders fill.
    """
    return intent.size <= reducing_headroom(intent.side, view)
