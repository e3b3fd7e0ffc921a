"""All that an engine is built with; values only, nothing here changes while it runs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from quoter.domain.events import Fill
from quoter.domain.instrument import Instrument
from quoter.domain.units import NS_PER_S
from quoter.pricing.quote.shape import QuoteShape
from quoter.risk.hysteresis import Hysteresis
from quoter.risk.monitors.market_regime import RegimePolicy
from quoter.risk.view import Limits


class GammaUnit(StrEnum):
    """What the number in QUOTER_GAMMA means."""

    NORM = "norm"  # dimensionless, the same on every symbol (quant.md section 4)
    RAW = "raw"  # 1/quote, per base unit


class Horizon(StrEnum):
    """Which horizon the skew is computed for."""

    AUTO = "auto"  # stationary (GLFT)
    ROLLING = "rolling"  # Avellaneda-Stoikov with a constant tau
    SESSION = "session"  # Avellaneda-Stoikov with T - t


class Fair(StrEnum):
    """What fair value is."""

    MID = "mid"
    MICRO = "micro"  # the mid, moved by what the imbalance of the touch has foretold lately


@dataclass(frozen=True, slots=True, kw_only=True)
class ToxicFlowConfig:
    """What is done about takers who know more; zero switches a protection off.

    alpha_max, markout_cost_max: most that the flow alpha, and the markout cost of our fills,
    may move a side, half-spreads; side_cooldown_s: how long a side is not quoted after a burst of
    fills on it, seconds; markout_loss_max: loss of the fills of one minute, each within five
    seconds, that pauses quoting, quote currency.
    """

    alpha_max: float = 2.0
    markout_cost_max: float = 2.0
    side_cooldown_s: float = 5.0
    markout_loss_max: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class PricingConfig:
    """gamma per `gamma_unit`; horizon_s: tau (ROLLING) or length of the session (SESSION).

    The priors start the estimators and freeze the references of gamma; without them the engine
    watches the market for a few seconds first. Units: price/sqrt(s), 1/price, fills/s per side.
    """

    gamma: float = 1.0
    gamma_unit: GammaUnit = GammaUnit.NORM
    horizon: Horizon = Horizon.AUTO
    horizon_s: float = 0.0
    is_exact: bool = False  # the stationary model with its walls, instead of the closed form
    fair: Fair = Fair.MID
    shape: QuoteShape = field(default_factory=QuoteShape)
    fee_maker: float = 0.0  # fraction of notional
    adverse_bps: float = 0.0
    sigma_prior: float | None = None
    kappa_prior: float | None = None
    intensity_prior: float | None = None
    trades_per_s_prior: float | None = None  # public trades, both sides
    volume_per_s: float | None = None  # base, both sides; only scales VPIN's buckets
    volatility_half_life_s: float = 300.0
    volatility_half_life_fast_s: float = 30.0
    intensity_half_life_s: float = 600.0
    is_calibrating: bool = True  # off: kappa and intensity stay at their priors
    fill_correction: bool = True  # A is corrected by our own fills against those foretold
    toxic_flow: ToxicFlowConfig = field(default_factory=ToxicFlowConfig)


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivityPolicy:
    """Thresholds over a stretch of time; a crossed one stops us. Zero switches one off.

    price_jump: of the mid in 1 s; quote_drift: of our quotes in 60 s; fractions. turnover_max:
    volume in 60 s, in inventory limits, infinite for off. creates_per_min can't be switched off.
    """

    price_jump: float = 0.01
    quote_drift: float = 0.03
    creates_per_min: int = 600
    creates_per_fill: int = 500
    turnover_max: float = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RequotePolicy:
    """hold_ns: least age before a quote is made more aggressive; tolerance: share of half-spread.

    Orders that are too aggressive by less than the tolerance are also replaced at once, but only
    while the message budget has tokens to spare (`has_spare_budget`). On a fine grid every move of
    the mid would otherwise cost an order, and the budget is needed for larger moves.
    """

    hold_ns: int = NS_PER_S
    tolerance: float = 0.1
    ttl_ns: int = 30 * NS_PER_S  # an order this old is renewed, wherever it stands

    def tolerance_ticks(self, half_spread: float, tick: float) -> int:
        return max(1, round(self.tolerance * half_spread / tick))


class ForeignPolicy(StrEnum):
    """What a foreign order or fill does to us."""

    PAUSE = "pause"  # while the order is open; after a fill until the balances are as booked
    KILL = "kill"
    IGNORE = "ignore"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReconcilePolicy:
    """How often we ask, and how long an order that nobody knows keeps its reservation.

    fence_ns = the create's receive window + the venue's processing time-out + a margin
    (Binance: 2 + 10 + 3 s, reliability.md OL-05).
    """

    open_orders_ns: int = 5 * NS_PER_S
    trades_ns: int = 30 * NS_PER_S
    balances_ns: int = 30 * NS_PER_S
    fence_ns: int = 15 * NS_PER_S
    foreign: ForeignPolicy = ForeignPolicy.PAUSE
    rules_ns: int = 0  # between looks at the market's rules; 0: only after a refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineConfig:
    """Sizes in base units, exact. `opening` holds the balances when no order of ours was open."""

    instrument: Instrument
    id_prefix: str  # instance and run: every order of this process starts with it
    own_prefix: str  # instance: orders of earlier runs start with it too
    limits: Limits
    order_size: Decimal
    target: Decimal
    opening: Mapping[str, Decimal]
    is_spot: bool = True
    is_dry: bool = False  # decide and show, send nothing
    earlier_runs: frozenset[str] | None = None  # id prefixes; None: which those are is not known
    known_fills: tuple[Fill, ...] = ()  # executed before `opening` was taken
    pricing: PricingConfig = field(default_factory=PricingConfig)
    requote: RequotePolicy = field(default_factory=RequotePolicy)
    regime: RegimePolicy = field(default_factory=RegimePolicy)
    reconcile: ReconcilePolicy = field(default_factory=ReconcilePolicy)
    hysteresis: Hysteresis = field(default_factory=Hysteresis)
    activity: ActivityPolicy = field(default_factory=ActivityPolicy)
    creates_per_s: float = 10.0
    book_stale_ns: int = 2_000_000_000
    quiet_ns: int = 30_000_000_000  # a silent but living book is compared by a fresh snapshot

    @property
    def lots_max(self) -> float:
        """N: the limit in order sizes."""
        return float(self.limits.inventory_max / self.order_size)
