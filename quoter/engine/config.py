"""The configuration of an engine. Its values do not change while the engine runs."""

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

    NORM = "norm"  # no unit, the same meaning on every symbol (deploy/docs/strategy.md)
    RAW = "raw"  # 1/quote per base unit


class Horizon(StrEnum):
    """The horizon that the skew is computed for."""

    AUTO = "auto"  # stationary (GLFT)
    ROLLING = "rolling"  # Avellaneda-Stoikov with a constant tau
    SESSION = "session"  # Avellaneda-Stoikov with T - t


class Fair(StrEnum):
    """Methods of computing fair value."""

    MID = "mid"
    # micro-price: the mid plus the move that the imbalance at the touch predicts
    MICRO = "micro"


@dataclass(frozen=True, slots=True, kw_only=True)
class ToxicFlowConfig:
    """Protections against informed takers; zero switches one off.

    alpha_max: bound of the flow alpha, in half-spreads; the quote on the side that the predicted
    move goes towards shifts by twice alpha. markout_cost_max: bound of a side's markout cost, in
    half-spreads. side_cooldown_s: seconds a side is not quoted after a burst of fills on it.
    markout_loss_max: limit on the loss of one minute's fills, quote currency; at it quoting pauses.
    Each fill is measured five seconds later.
    """

    alpha_max: float = 2.0
    markout_cost_max: float = 2.0
    side_cooldown_s: float = 5.0
    markout_loss_max: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class PricingConfig:
    """Inputs of pricing.

    gamma: in `gamma_unit`. horizon_s: tau (ROLLING) or the length of the session (SESSION).

    Priors of sigma, kappa and intensity (A): price/sqrt(s), 1/price, fills/s per side. They start
    the estimators and the references of gamma. Without them the engine first observes the market
    for five seconds.
    """

    gamma: float = 1.0
    gamma_unit: GammaUnit = GammaUnit.NORM
    horizon: Horizon = Horizon.AUTO
    horizon_s: float = 0.0
    # the exact stationary model with an inventory limit instead of the closed form
    is_exact: bool = False
    fair: Fair = Fair.MID
    shape: QuoteShape = field(default_factory=QuoteShape)
    adverse_bps: float = 0.0
    sigma_prior: float | None = None
    kappa_prior: float | None = None
    intensity_prior: float | None = None
    # data behind the priors of kappa and intensity; None: they are given, not estimated
    prior_evidence: Evidence | None = None
    trades_per_s_prior: float | None = None  # takers who reach d0, both sides
    # oldest first; used for the distances that takers reached
    recent_trades: tuple[RecentTrade, ...] = ()
    volume_per_s: float | None = None  # base, both sides; only scales VPIN's buckets
    volatility_half_life_s: float = 300.0
    volatility_half_life_fast_s: float = 30.0
    intensity_half_life_s: float = 600.0
    is_calibrating: bool = True  # False: kappa and intensity stay at their priors
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
    another size. tolerance: allowed distance of an order from the wanted price, as a share of the
    half-spread, at least one tick.

    An order that is too aggressive by the tolerance or more is replaced at once. If it is too
    aggressive by less, it is replaced only while the message budget has tokens to spare
    (`has_spare_budget`). On a fine grid every move of the mid would otherwise cost an order, and
    the budget is needed for larger moves.
    """

    hold_ns: int = NS_PER_S
    tolerance: float = 0.1
    # Maximum age of an order: an older one is replaced even at an unchanged price.
    ttl_ns: int = 30 * NS_PER_S

    def tolerance_ticks(self, half_spread: float, tick: float) -> int:
        """The tolerance in whole ticks, at least one; half_spread and tick in price."""
        return max(1, round(self.tolerance * half_spread / tick))


class TrialMode(StrEnum):
    """Whether a trial order is placed before the quotes (`engine/placing/trial_order.py`)."""

    OFF = "off"
    FIRST = "first"  # quotes follow
    ONLY = "only"  # no quotes follow


class ForeignPolicy(StrEnum):
    """The reaction to orders and fills on our account that are not ours."""

    # pause while such an order is open; after a fill until the balances equal our books
    PAUSE = "pause"
    KILL = "kill"
    IGNORE = "ignore"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReconcilePolicy:
    """Periods of the reports, and the time after which an order may be proven absent.

    fence_ns: time after which a create can no longer take effect at the venue. It is the sum of the
    receive window, the venue's processing time-out and a margin (Binance: 2 + 10 + 3 s; rule
    OL-05).
    """

    open_orders_ns: int = 5 * NS_PER_S
    trades_ns: int = 30 * NS_PER_S
    balances_ns: int = 30 * NS_PER_S
    fence_ns: int = 15 * NS_PER_S
    foreign: ForeignPolicy = ForeignPolicy.PAUSE
    # period of reading the market's rules; 0: only after events that suggest a change
    rules_ns: int = 0
    # period of reading the account's maker fee; 0: only after a fill paid another fee
    fee_ns: int = 0
    # longest time without a report of each kind before quoting pauses; 0: no limit
    unread_ns: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class BookPolicy:
    """Conditions under which the order book may be used; nanoseconds.

    stale_ns: age of the book beyond which quoting pauses. The age is the time since the last
    accepted update, or since a confirmation by equal best prices. unseen_ns: time within which the
    depth must show an acknowledged order, and must reach the update id of the ticker.
    """

    stale_ns: int
    unseen_ns: int = 2 * NS_PER_S

    @property
    def confirm_ns(self) -> int:
        """Age of the book at which best prices are requested, and the time between two requests."""
        return self.stale_ns // 3

    @property
    def still_ns(self) -> int:
        """Time without a change of the best prices after which they are requested as well."""
        return 2 * self.confirm_ns

    @property
    def mismatch_ns(self) -> int:
        """Minimum time between two requests whose answers together prove the book wrong."""
        return self.stale_ns // 6


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineConfig:
    """The configuration of one engine. Sizes are exact, in base units.

    opening: balances at a time when no order of ours was open. Limits have no default here: the
    settings declare each of them.
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
    is_dry: bool = False  # quotes are computed and shown, nothing is sent
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
