"""The step of the engine (its decision about one event), and the snapshot of its visible state."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from math import nan
from typing import NamedTuple

from quoter.domain.commands import Command, Denied
from quoter.domain.estimates import Estimates
from quoter.domain.events import Event, Fill
from quoter.domain.market import Level, Side
from quoter.domain.orders import OrderState, OrderView
from quoter.domain.outcomes import EngineOutcome
from quoter.domain.params import LiveParams
from quoter.domain.quotes import TwoSidedQuote
from quoter.domain.trading import Cause, Phase, Regime, TradingState
from quoter.domain.units import BPS_PER_UNIT


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderChange:
    """A change of state of one of our orders.

    before: None for a new order. text: reason of the change.
    """

    client_id: str
    before: OrderState | None
    after: OrderState
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StateChange:
    """A change of the trading state or of its causes."""

    before: TradingState
    after: TradingState
    raised: tuple[tuple[Cause, str], ...]
    cleared: tuple[Cause, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Booked:
    """A fill that this step booked, with the inventory after it."""

    fill: Fill
    inventory: Decimal
    fair: float | None  # fair value that our quote was priced from; basis of the logged edge


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialResult:
    """Result of the trial order before the first quote; `text` describes it."""

    is_passed: bool
    text: str


class Step(NamedTuple):
    """The result of one event: commands, and everything that changed. `seq` has no gaps.

    A NamedTuple like BookDelta, for speed: every book message makes one of each.
    """

    seq: int
    event: Event
    commands: tuple[Command, ...] = ()
    denied: tuple[Denied, ...] = ()
    orders: tuple[OrderChange, ...] = ()
    booked: tuple[Booked, ...] = ()
    state: StateChange | None = None
    quote: TwoSidedQuote | None = None  # set when the wanted quote was computed anew
    anomalies: tuple[tuple[str, str], ...] = ()  # (name, detail): counted and logged
    outcome: EngineOutcome | None = None  # of an operator command or a change of live parameters
    trial: TrialResult | None = None  # set once, when the trial order passed or failed


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkoutPnl:
    """Profit from moves of the mid after the fills of one side, quote currency.

    markout: moves within the horizon. residual: later moves.
    """

    markout: Decimal  # < 0: adverse selection; before the horizon ends, up to now
    residual: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class SidePnl:
    """Profit of one side's fills: spread + markout + residual - fees, at each horizon."""

    notional: Decimal  # traded, quote currency
    spread: Decimal
    fees: Decimal
    horizons: Mapping[int, MarkoutPnl]  # by seconds

    def realised_spread_bps(self, horizon_s: int) -> float:
        """Spread plus markout per notional, basis points; nan before the first fill."""
        if self.notional == 0:
            return nan
        earned = self.spread + self.horizons[horizon_s].markout
        return float(earned / self.notional) * BPS_PER_UNIT


@dataclass(frozen=True, slots=True, kw_only=True)
class Pnl:
    """Profit since start in quote currency, exact to the digit.

    total == spread + inventory - fees - funding, and at each horizon
    total == held - funding + the sum over sides of spread + markout + residual - fees.
    """

    total: Decimal
    spread: Decimal
    inventory: Decimal
    fees: Decimal
    funding: Decimal  # paid; below zero: received
    held: Decimal  # change in value of holdings not from fills: opening position, transfers
    sides: Mapping[Side, SidePnl]

    @property
    def notional(self) -> Decimal:
        """Traded on both sides, quote currency."""
        return sum((side.notional for side in self.sides.values()), Decimal(0))

    def markout(self, horizon_s: int) -> Decimal:
        """Markout of all fills at a horizon, quote currency."""
        return sum((s.horizons[horizon_s].markout for s in self.sides.values()), Decimal(0))

    def earned(self, horizon_s: int) -> Decimal:
        """Spread plus markout at a horizon minus fees, of all fills, quote currency."""
        kept = sum((side.spread - side.fees for side in self.sides.values()), Decimal(0))
        return kept + self.markout(horizon_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class RegimeView:
    """The market regime, the reason for its last change, and the volatilities behind it.

    sigma_*: price/sqrt(s), None until known.
    """

    level: Regime = Regime.NORMAL
    text: str = ""
    sigma_usual: float | None = None
    sigma_now: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """The visible state of the engine as of `ts_ns`, built on demand; sizes in base units."""

    ts_ns: int
    seq: int
    phase: Phase
    trading_state: TradingState
    causes: Mapping[Cause, str]
    book_ready: bool
    book_ts_ns: int  # of its last update, or confirmation; 0: none yet
    bids: tuple[Level, ...]  # best first, own orders taken out
    asks: tuple[Level, ...]
    mid: float | None
    quote: TwoSidedQuote | None
    params: LiveParams
    estimates: Estimates
    orders: tuple[OrderView, ...]
    position: Decimal  # base holdings as booked
    target: Decimal
    inventory: Decimal  # position minus target
    inventory_max: Decimal
    exposure_buy: Decimal  # inventory if every buy of ours fills
    exposure_sell: Decimal  # inventory if every sell of ours fills
    balances: Mapping[str, Decimal]  # opening plus booked fills, by asset
    pnl: Pnl
    drawdown: Decimal  # quote currency below the highest equity since start, >= 0
    regime: RegimeView
    fees_paid: Mapping[str, Decimal]  # by asset
    fills_buy: int
    fills_sell: int
    counts: Mapping[str, int]  # no-quote reasons, denials, duplicates, gaps ...
