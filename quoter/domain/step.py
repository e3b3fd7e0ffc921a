"""What one turn of the engine did, and what everybody who watches may see."""

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
from quoter.domain.params import LiveParams
from quoter.domain.quotes import TwoSidedQuote
from quoter.domain.trading import Cause, Phase, Regime, TradingState


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderChange:
    """An order of ours went from one state to another; `text` says why."""

    client_id: str
    before: OrderState | None
    after: OrderState
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StateChange:
    """The trading state or its causes changed."""

    before: TradingState
    after: TradingState
    raised: tuple[tuple[Cause, str], ...]
    cleared: tuple[Cause, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Booked:
    """A fill that was new to us, and what it left behind."""

    fill: Fill
    inventory: Decimal
    fair: float | None  # fair value that our quotes were priced from: the edge is measured from it


class Step(NamedTuple):
    """One turn: the event, what it made us do, what changed. `seq` has no gaps.

    A NamedTuple like BookDelta, because every message of a book makes one of each.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkoutPnl:
    """What the mid did to one side's fills, quote currency: within a horizon, and afterwards."""

    markout: Decimal  # below zero: picked off; fills whose horizon is open count up to now
    residual: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class SidePnl:
    """What the fills of one side earned: spread + markout + residual - fees, at each horizon."""

    notional: Decimal  # traded, quote currency
    spread: Decimal
    fees: Decimal
    horizons: Mapping[int, MarkoutPnl]  # by seconds

    def realised_spread_bps(self, horizon_s: int) -> float:
        """Spread plus markout per notional, basis points; nan before the first fill."""
        if self.notional == 0:
            return nan
        earned = self.spread + self.horizons[horizon_s].markout
        return float(earned / self.notional) * 1e4


@dataclass(frozen=True, slots=True, kw_only=True)
class Pnl:
    """Profit since start in quote currency, to the digit.

    total == spread + inventory - fees - funding, and at each horizon
    total == held - funding + the sum over sides of spread + markout + residual - fees.
    """

    total: Decimal
    spread: Decimal
    inventory: Decimal
    fees: Decimal
    funding: Decimal  # paid; below zero: received
    held: Decimal  # drift of what no fill brought: the opening position, and transfers
    sides: Mapping[Side, SidePnl]


@dataclass(frozen=True, slots=True, kw_only=True)
class RegimeView:
    """The rung of the market-regime ladder, why it was climbed, and what it is judged by.

    sigma_* price/sqrt(s), None before there are any.
    """

    level: Regime = Regime.NORMAL
    text: str = ""
    sigma_usual: float | None = None
    sigma_now: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """Everything a page, a metric or a person may want to see, as of `ts_ns`; built on demand."""

    ts_ns: int
    seq: int
    phase: Phase
    trading_state: TradingState
    causes: Mapping[Cause, str]
    book_ready: bool
    book_ts_ns: int
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
