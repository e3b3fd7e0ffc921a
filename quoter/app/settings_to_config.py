"""Convert settings into the configurations of engine, pricing, limits and venue."""

from collections.abc import Mapping
from decimal import Decimal

from quoter.domain.events import Fill
from quoter.domain.instrument import Instrument
from quoter.domain.market import MarketHistory, SavedCalibration
from quoter.domain.units import BPS_EXACT, NS_PER_MS, NS_PER_S, exact
from quoter.engine.config import (
    ActivityPolicy,
    BookPolicy,
    EngineConfig,
    Fair,
    ForeignPolicy,
    GammaUnit,
    Horizon,
    PricingConfig,
    ReconcilePolicy,
    RequotePolicy,
    ToxicFlowConfig,
    TrialMode,
)
from quoter.engine.placing.placing import base36
from quoter.ledger.reader import Reader
from quoter.ledger.rows import Market
from quoter.ledger.schema import LedgerUnusable
from quoter.pricing.costs import side_cost
from quoter.pricing.estimators.volatility import rogers_satchell
from quoter.pricing.quote.shape import QuoteShape
from quoter.risk.hysteresis import Hysteresis
from quoter.risk.monitors.market_regime import RegimePolicy
from quoter.risk.view import Limits
from quoter.sandbox.config import DEMO_ACCOUNT
from quoter.service.saved_calibration import CalibrationBounds, UsableCalibration
from quoter.settings import Environment, Settings
from quoter.venues.config import StreamTimings, VenueConfig

RUN_DIGITS = 8  # unix milliseconds in base 36 fit until 2059
RULES_NS = 600 * 1_000_000_000  # PT-14
FEE_NS = 3_600 * NS_PER_S  # PT-14; venues compute a fee tier once a day
UNREAD_NS = 60 * NS_PER_S  # two periods of the reports that are requested least often
# upper limit of the seconds between pings of a silent feed; half the stale limit if that is less
PING_S_MAX = 1.0
EARLIER_RUNS_MAX = 1_000
NO_HISTORY = MarketHistory((), 60.0, None)
NO_CALIBRATION = UsableCalibration()


def own_prefix(settings: Settings) -> str:
    """Return the client id prefix that all runs of this instance share, e.g. `q01`.

    It begins with `q`; gate.io forbids a `t`.
    """
    return f"q{settings.instance:0>2}"


def run_prefix(settings: Settings, start_ns: int) -> str:
    """Return the client id prefix of this run. It differs per run, so that no id is used twice."""
    return f"{own_prefix(settings)}{run_id(start_ns)}"


def run_id(start_ns: int) -> str:
    """Return the run id: the start in milliseconds, base 36."""
    return f"{base36(start_ns // NS_PER_MS):0>{RUN_DIGITS}}"


def venue_config(settings: Settings, *, with_key: bool = True, is_dry: bool = False) -> VenueConfig:
    """Return the venue configuration.

    Without a key, the sandbox's demo key is used in the sandbox. A paper run reads the live market
    without a key, even if one is set. `is_dry`: a key is used only to read the account's fee.
    """
    is_paper = settings.environment is Environment.PAPER
    with_key = with_key and not is_paper
    key, secret, password = (
        value.get_secret_value() if value is not None and with_key else ""
        for value in (settings.api_key, settings.api_secret, settings.api_password)
    )
    if settings.environment is Environment.SANDBOX and with_key and not key:
        key, secret = DEMO_ACCOUNT.api_key, DEMO_ACCOUNT.secret
    return VenueConfig(
        exchange=settings.exchange,
        symbol=settings.symbol,
        environment=settings.system,
        order_prefix=own_prefix(settings),
        sandbox_url=settings.sandbox_url,
        api_key=key,
        secret=secret,
        password=password,
        is_trial_first=trial_mode(settings) is not TrialMode.OFF,
        is_public_only=is_paper,
        is_read_only=is_dry,
        fee_maker=given_fee(settings),
        stream=StreamTimings(
            stall_s=settings.book_stale_s, ping_s=min(PING_S_MAX, settings.book_stale_s / 2)
        ),
    )


def engine_config(
    settings: Settings,
    instrument: Instrument,
    *,
    start_ns: int,
    opening: Mapping[str, Decimal],
    history: MarketHistory = NO_HISTORY,
    calibration: UsableCalibration = NO_CALIBRATION,
    known_fills: tuple[Fill, ...] = (),
    target: Decimal | None = None,
    earlier_runs: frozenset[str] | None = None,
    is_dry: bool = False,
    is_trial_only: bool = False,
) -> EngineConfig:
    """Return the engine's configuration.

    `opening`: balances by asset while no own order is open. `target`: value of QUOTER_TARGET=auto;
    None: the base balance of `opening`. `is_trial_only`: no quotes follow the trial order.
    `earlier_runs`: client id prefixes of earlier runs; None if not known.
    """
    if target is None:
        target = opening.get(instrument.base, Decimal(0))
    return EngineConfig(
        instrument=instrument,
        id_prefix=run_prefix(settings, start_ns),
        own_prefix=own_prefix(settings),
        limits=limits(settings),
        order_size=settings.order_size,
        target=target if isinstance(settings.target, str) else settings.target,
        opening=opening,
        known_fills=known_fills,
        earlier_runs=earlier_runs,
        is_dry=is_dry,
        trial=TrialMode.ONLY if is_trial_only else trial_mode(settings),
        pricing=pricing_config(settings, history, calibration),
        regime=regime_policy(settings),
        requote=RequotePolicy(
            hold_ns=int(settings.requote_hold_s * NS_PER_S),
            tolerance=settings.requote_tolerance,
            ttl_ns=int(settings.quote_ttl_s * NS_PER_S),
        ),
        reconcile=ReconcilePolicy(
            foreign=ForeignPolicy(settings.foreign_activity),
            rules_ns=RULES_NS,
            fee_ns=FEE_NS,
            unread_ns=UNREAD_NS,
        ),
        hysteresis=Hysteresis(pauses_max=settings.flap_pauses_max),
        activity=activity_policy(settings),
        creates_per_s=settings.creates_per_s,
        book=BookPolicy(stale_ns=int(settings.book_stale_s * NS_PER_S)),
    )


def trial_mode(settings: Settings) -> TrialMode:
    """Return FIRST if a trial order precedes the quotes, else OFF.

    With QUOTER_TRIAL_ORDER=auto that is where money is not real, except in a paper run: its
    simulated venue needs no proof.
    """
    environment = settings.environment
    is_in_doubt = environment.is_play_money and environment is not Environment.PAPER
    is_wanted = settings.trial_order == "auto" and is_in_doubt
    return TrialMode.FIRST if is_wanted else TrialMode.OFF


def limits(settings: Settings) -> Limits:
    """Return the hard limits.

    `size_max` is QUOTER_LEVELS + 1 order sizes, and at most half of QUOTER_INVENTORY_MAX.
    """
    most = settings.order_size * (settings.levels + 1)
    return Limits(
        inventory_max=settings.inventory_max,
        size_max=min(most, settings.inventory_max / 2),
        notional_max=settings.notional_max,
        price_collar=exact(settings.price_collar_bps) * BPS_EXACT,
        loss_max=settings.loss_max,
        drawdown_max=settings.drawdown_max or settings.loss_max,
        position_notional_max=settings.position_notional_max,
        book_spread_max=exact(settings.book_spread_max_bps) * BPS_EXACT,
        book_depth_min=settings.book_depth_min,
    )


def regime_policy(settings: Settings) -> RegimePolicy:
    """Return the thresholds of the market regime: volatility and fall of equity."""
    return RegimePolicy(
        is_on=settings.regime == "on",
        wide_ratio=settings.regime_wide,
        reduce_ratio=settings.regime_reduce,
        calm_s=settings.regime_calm_s,
        equity_drop=float(settings.regime_equity_drop or settings.loss_max / 2),
    )


def activity_policy(settings: Settings) -> ActivityPolicy:
    """Return the activity limits; settings in bps become fractions of the price."""
    return ActivityPolicy(
        price_jump=settings.price_jump_bps * float(BPS_EXACT),
        quote_drift=settings.quote_drift_bps * float(BPS_EXACT),
        creates_per_min=settings.creates_per_min,
        creates_per_fill=settings.creates_per_fill,
        turnover_max=settings.turnover_max,
    )


def earlier_runs(settings: Settings, reader: Reader) -> frozenset[str]:
    """Return the client id prefixes of the newest EARLIER_RUNS_MAX runs of this data folder."""
    own = own_prefix(settings)
    return frozenset(f"{own}{row.run}" for row in reader.runs(EARLIER_RUNS_MAX))


def market_of(settings: Settings) -> Market:
    """Return the market of these settings, as the ledger records it."""
    return Market(settings.environment.value, settings.exchange, settings.symbol)


def last_calibration(settings: Settings) -> SavedCalibration | None:
    """Return the calibration that an earlier run of this market saved; None if there is none."""
    try:
        with Reader(settings.data_dir) as reader:
            return reader.saved_calibration(market_of(settings))
    except LedgerUnusable:
        return None


def calibration_bounds(
    settings: Settings, instrument: Instrument, history: MarketHistory
) -> CalibrationBounds:
    """Return the bounds of a plausible calibration; without a history only the tick bounds it."""
    if not history.bars:
        return CalibrationBounds(instrument.tick_float)
    fair = history.bars[-1].close
    cost = side_cost(
        fair=fair, fee_maker=instrument.fee_maker_float, adverse_bps=settings.adverse_bps
    )
    return CalibrationBounds(instrument.tick_float, fair, cost)


def pricing_config(
    settings: Settings,
    history: MarketHistory,
    calibration: UsableCalibration,
) -> PricingConfig:
    """Return the pricing configuration.

    Priors come from the settings, else from the saved calibration. Sigma has a third source: the
    market's history.
    """
    is_given = settings.kappa is not None and settings.intensity is not None
    horizon, horizon_s = Horizon.AUTO, 0.0
    if settings.horizon == "session":
        horizon, horizon_s = Horizon.SESSION, settings.session_s or 0.0
    elif not isinstance(settings.horizon, str):
        horizon, horizon_s = Horizon.ROLLING, settings.horizon
    return PricingConfig(
        gamma=settings.gamma,
        gamma_unit=GammaUnit(settings.gamma_unit),
        horizon=horizon,
        horizon_s=horizon_s,
        is_exact=settings.model == "glft_exact",
        fair=Fair(settings.fair_value),
        shape=quote_shape(settings),
        adverse_bps=settings.adverse_bps,
        sigma_prior=settings.sigma
        or calibration.sigma
        or rogers_satchell(history.bars, bar_s=history.bar_s),
        kappa_prior=settings.kappa or calibration.kappa,
        intensity_prior=settings.intensity or calibration.intensity,
        prior_evidence=None if is_given else calibration.evidence,
        trades_per_s_prior=history.trades_per_s,
        recent_trades=history.trades,
        volume_per_s=history.volume_per_s,
        volatility_half_life_s=settings.volatility_half_life_s,
        volatility_half_life_fast_s=settings.volatility_half_life_fast_s,
        intensity_half_life_s=settings.intensity_half_life_s,
        fill_correction=settings.fill_correction,
        toxic_flow=ToxicFlowConfig(
            alpha_max=settings.alpha_max,
            markout_cost_max=settings.markout_cost_max,
            side_cooldown_s=settings.side_cooldown_s,
            markout_loss_max=settings.markout_loss_max,
        ),
    )


def given_fee(settings: Settings) -> Decimal | None:
    """Return QUOTER_FEE_MAKER_BPS as a fraction of notional; None if it is not set."""
    fee = settings.fee_maker_bps
    return None if fee is None else exact(fee) * BPS_EXACT


def quote_shape(settings: Settings) -> QuoteShape:
    """Return the shape of quotes: widening, spread bounds, size skew and levels."""
    return QuoteShape(
        beta=settings.widening_beta,
        p=settings.widening_power,
        spread_min_bps=settings.spread_min_bps,
        spread_max_bps=settings.spread_max_bps,
        eta=settings.size_eta,
        levels=settings.levels,
        level_step_bps=settings.level_step_bps,
    )
