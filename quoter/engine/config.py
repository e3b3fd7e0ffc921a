"""All that an engine is built with; values only, nothing here changes while it runs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from quoter.domain.events import Fill
from quoter.domain.instrument import Instrument
from quoter.engine.reconcile import ReconcilePolicy
from quoter.engine.requote import RequotePolicy
from quoter.pricing.shape import QuoteShape
from quoter.risk.hysteresis import Hysteresis
from quoter.risk.market_regime import RegimePolicy
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

    *_halves_max: the most that the learned flow, and what our own fills lost, may move a side, in
    half-spreads; pull_s: how long a side that was run over stays out, seconds; minute_loss_max:
    what our fills of a minute may lose within five seconds each before we pause, quote currency.
    """

    alpha_halves_max: float = 2.0
    adverse_halves_max: float = 2.0
    pull_s: float = 5.0
    minute_loss_max: Decimal = Decimal(0)


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
    counts_own_fills: bool = True  # A is corrected by our own fills against those foretold
    toxic_flow: ToxicFlowConfig = field(default_factory=ToxicFlowConfig)


@dataclass(frozen=True, slots=True, kw_only=True)
class PreTradePolicy:
    """Thresholds over a stretch of time; a crossed one stops us. Zero switches one off.

    jump: of the mid in 1 s; drift: of our quotes in 60 s; fractions. turnover_max: volume in 60 s,
    in inventory limits, infinite for off. creates_per_min can't be switched off.
    """

    jump: float = 0.01
    drift: float = 0.03
    creates_per_min: int = 600
    creates_per_fill: int = 500
    turnover_max: float = 10.0


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
    pretrade: PreTradePolicy = field(default_factory=PreTradePolicy)
    creates_per_s: float = 10.0
    stale_ns: int = 2_000_000_000
    quiet_ns: int = 30_000_000_000  # a silent but living book is compared by a fresh snapshot

    @property
    def lots_max(self) -> float:
        """N: the limit in order sizes."""
        return float(self.limits.inventory_max / self.order_size)
