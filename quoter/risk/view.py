"""What a risk rule may look at: read-only figures of this very moment."""

from dataclasses import dataclass, fields
from decimal import Decimal

from quoter.domain.trading import Phase, TradingState


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskView:
    """Figures in base units unless named otherwise; inventory is position minus target."""

    ts_ns: int
    phase: Phase
    state: TradingState
    book_ready: bool
    best_bid: Decimal  # of others
    best_ask: Decimal
    fair: Decimal
    inventory: Decimal
    leaves_buy: Decimal
    leaves_sell: Decimal
    base_held: Decimal | None  # None: not a spot account, nothing to sell short of
    quote_held: Decimal | None
    notional_buy: Decimal  # quote currency promised to our live buys


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Hard limits; none has a default, so that none can silently be missing."""

    inventory_max: Decimal
    size_max: Decimal
    notional_max: Decimal
    collar: Decimal  # fraction of fair value
    loss_max: Decimal  # quote currency, > 0
    drawdown_max: Decimal  # quote currency below the highest equity since start, > 0

    def __post_init__(self) -> None:
        """Raise ValueError for a limit that would let everything pass, or nothing ever."""
        for field in fields(self):
            value = getattr(self, field.name)
            if not (value.is_finite() and value > 0):
                raise ValueError(f"{field.name} must be above zero, not {value}")
