"""The configuration of an engine: values only, none of which changes while it runs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from quoter.domain.events import Fill
from quoter.domain.instrument import Instrument
from quoter.domain.market import Evidence, RecentTrade
from quoter.domain.units import NS_PER_S
from quoter.pricing.quote.shape import QuoteShape
from quoter.risk.hysteresis import Hysteresis
from quoter.risk.monitors.market_regime import RegimePolicy
from quoter.risk.view import Limits


class GammaUnit(StrEnum):
    """The unit of QUOTER_GAMMA."""

    NORM = "norm"  # dimensionless, the same on every symbol (deploy/docs/strategy.md)
    RAW = "raw"  # 1/quote per base unit


class Horizon(StrEnum):
    """The horizon that the skew is computed for."""

    AUTO = "auto"  # stationary (GLFT)
    ROLLING = "rolling"  # Avellaneda-Stoikov with a constant tau
    SESSION = "session"  # Avellaneda-Stoikov with T - t


class Fair(StrEnum):
    """Methods of computing fair value."""

    MID = "mid"
    # micro-price: the mid, moved by the expected effect of the imbalance at the touch
    MICRO = "micro"


@dataclass(frozen=True, slots=True, kw_only=True)
class ToxicFlowConfig:
    """Protections against informed takers; zero switches one off.

    alpha_max: bound of the flow alpha, in half-spreads; of both quotes, the one that the predicted
    move would reach is shifted by twice alpha. markout_cost_max: bound of a side's markout cost, in
    half-spreads. side_cooldown_s: seconds a side is not quoted after a burst of fills on it.
    markout_loss_max: loss of the fills of one minute, each measured five seconds after the fill, at
    which quoting pauses, quote currency.
    """

    alpha_max: float = 2.0
    markout_cost_max: float = 2.0
    side_cooldown_s: float = 5.0
    markout_loss_max: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class PricingConfig:
    """Everything that prices depend on.

    gamma is in `gamma_unit`. horizon_s is tau (ROLLING) or the length of the session (SESSION). The
    priors start the estimators and the references of gamma; without them the engine first observes
    the market for five seconds. Priors of sigma, kappa and intensity (A): price/sqrt(s),
    1/price, fills/s per side.
    """

    gamma: float = 1.0
    gamma_unit: GammaUnit = GammaUnit.NORM
    horizon: Horizon = Horizon.AUTO
    horizon_s: float = 0.0
    # the stationary model with hard inventory limits instead of the closed form
    is_exact: bool = False
    fair: Fair = Fair.MID
    shape: QuoteShape = field(default_factory=QuoteShape)
    adverse_bps: float = 0.0
    sigma_prior: float | None = None
    kappa_prior: float | None = None
    intensity_prior: float | None = None
    # what the priors of kappa and intensity rest on; None: they are given, not estimated
    prior_evidence: Evidence | None = None
    trades_per_s_prior: float | None = None  # takers who reach d0, both sides
    recent_trades: tuple[RecentTrade, ...] = ()  # oldest first; how far they reached counts
    volume_per_s: float | None = None  # base, both sides; only scales VPIN's buckets
    volatility_half_life_s: float = 300.0
    volatility_half_life_fast_s: float = 30.0
    intensity_half_life_s: float = 600.0
    is_calibrating: bool = True  # off: kappa and intensity stay at their priors
    # A is corrected by the ratio of our own fills to the expected fills
    fill_correction: bool = True
    toxic_flow: ToxicFlowConfig = field(default_factory=ToxicFlowConfig)


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivityPolicy:
    """Limits on activity over time; quoting pauses when one of them is exceeded.

    price_jump: move of the mid in 1 s; quote_drift: move of our quotes in 60 s; both are fractions
    of the price. creates_per_min: new orders in 60 s, > 0. creates_per_fill: new orders per
    execution in 10 min. turnover_max: volume in 60 s as a multiple of the inventory limit or of the
    expected volume, whichever is larger. Zero switches a limit off, inf switches turnover_max off;
    creates_per_min can't be switched off.
    """

    price_jump: float
    quote_drift: float
    creates_per_min: int
    creates_per_fill: int
    turnover_max: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RequotePolicy:
    """Rules for replacing an order.

    hold_ns: minimum age of an order before it is replaced at a more aggressive price or with
    another size. tolerance: share of the half-spread by which the price of an order may be off; one
    tick at least. An order that is too aggressive by the tolerance or more is replaced at once. An
    order that is too aggressive by less is replaced at once only while the message budget has
    tokens to spare (`has_spare_budget`): on a fine grid every move of the mid would otherwise cost
    an order, and the budget is needed for larger moves.
    """

    hold_ns: int = NS_PER_S
    tolerance: float = 0.1
    # Maximum age of an order; then it is replaced even at an unchanged price.
    ttl_ns: int = 30 * NS_PER_S

    def tolerance_ticks(self, half_spread: float, tick: float) -> int:
        """The tolerance in whole ticks, at least one; half_spread and tick in price."""
        return max(1, round(self.tolerance * half_spread / tick))


class TrialMode(StrEnum):
    """Whether a trial order precedes the quotes (`engine/placing/trial_order.py`)."""

    OFF = "off"
    FIRST = "first"  # quotes follow
    ONLY = "only"  # no quotes follow


class ForeignPolicy(StrEnum):
    """The reaction to orders and fills on our account that are not ours."""

    PAUSE = "pause"  # while the order is open; after a fill until the balances equal our books
    KILL = "kill"
    IGNORE = "ignore"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReconcilePolicy:
    """Periods of the reports, and the time after which an order may be proven absent.

    fence_ns is the time after which a create can no longer take effect at the venue: its receive
    window, plus the venue's processing time-out, plus a margin (Binance: 2 + 10 + 3 s; rule OL-05).
    """

    open_orders_ns: int = 5 * NS_PER_S
    trades_ns: int = 30 * NS_PER_S
    balances_ns: int = 30 * NS_PER_S
    fence_ns: int = 15 * NS_PER_S
    foreign: ForeignPolicy = ForeignPolicy.PAUSE
    rules_ns: int = 0  # period of reading the market's rules; 0: only after a reject by a filter
    fee_ns: int = 0  # period of reading the account's maker fee; 0: only after another one was paid
    # without a report of one kind for longer than this, quoting pauses; 0: never
    unread_ns: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class BookPolicy:
    """Conditions under which the order book may be used; nanoseconds.

    stale_ns: age of the book (since its last accepted update, or confirmation by equal best prices)
    beyond which quoting pauses; unseen_ns: time within which the depth must show an acknowledged
    order, and reach the update that the ticker is at.
    """

    stale_ns: int
    unseen_ns: int = 2 * NS_PER_S

    @property
    def confirm_ns(self) -> int:
        """Age of the book from which best prices are requested, and the time between requests."""
        return self.stale_ns // 3

    @property
    def still_ns(self) -> int:
        """Time without a change of the best prices after which they are requested likewise."""
        return 2 * self.confirm_ns

    @property
    def mismatch_ns(self) -> int:
        """Least time between two requests whose answers together prove the book wrong."""
        return self.stale_ns // 6


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineConfig:
    """The configuration of one engine. Sizes are exact, in base units.

    `opening` holds the balances at a time when no order of ours was open. Limits have no default
    here: the settings declare each of them.
    """

    instrument: Instrument
    id_prefix: str  # instance and run: every order of this process starts with it
    own_prefix: str  # instance: orders of earlier runs start with it too
    limits: Limits
    activity: ActivityPolicy
    creates_per_s: float
    book: BookPolicy
    order_size: Decimal
    target: Decimal
    opening: Mapping[str, Decimal]
    is_spot: bool = True
    is_dry: bool = False  # decide and show, send nothing
    trial: TrialMode = TrialMode.OFF
    earlier_runs: frozenset[str] | None = None  # id prefixes; None: the earlier runs are not known
    known_fills: tuple[Fill, ...] = ()  # executed before `opening` was taken
    pricing: PricingConfig = field(default_factory=PricingConfig)
    requote: RequotePolicy = field(default_factory=RequotePolicy)
    regime: RegimePolicy = field(default_factory=RegimePolicy)
    reconcile: ReconcilePolicy = field(default_factory=ReconcilePolicy)
    hysteresis: Hysteresis = field(default_factory=Hysteresis)

    @property
    def lots_max(self) -> float:
        """N: the inventory limit in order sizes."""
        return float(self.limits.inventory_max / self.order_size)
