"""The market regime in the engine: its inputs, and its effect on quotes and trading state.

Usual volatility is a separate estimate with a half-life of half an hour. It is renewed every 30 s,
so that a crash must last before it becomes usual. (The slow estimate for quotes follows within
minutes.) It starts from the prior of sigma (settings, ledger or the venue's bars), weighted as five
minutes of data. Without a prior the market is first observed for a minute; until then only equity
is checked.

Large moves are not cut. A cut relative to the estimate would lower the estimate, and then the next
cut. In a market whose variance is mostly jumps, both would fall towards zero.

Present volatility is a separate estimate too, with the fast half-life. It ignores moves below one
tick: on a coarse grid they are bounces between bid and ask. Both volatilities use moves over one
second, so a bouncing mid raises both.
"""

from copy import replace
from decimal import Decimal
from math import inf

from quoter.domain.quotes import PricingInputs
from quoter.domain.step import RegimeView
from quoter.domain.trading import Cause, Regime
from quoter.domain.units import S_PER_NS
from quoter.engine.config import EngineConfig
from quoter.engine.halt_causes import HaltCauses
from quoter.engine.market.view import MarketView
from quoter.engine.quoting.estimators import Estimators
from quoter.engine.step_builder import StepBuilder
from quoter.pricing.estimators.volatility import VarianceRate
from quoter.risk.monitors.market_regime import MarketRegime
from quoter.state.current_instrument import CurrentInstrument

USUAL_HALF_LIFE_S = 1_800.0
RENEWAL_S = 30.0  # time between renewals of the usual volatility
FIRST_S = 60.0  # time of observation if there is no prior of sigma
FIRM_S = 300.0  # weight of the first figure; a lower one lets an early crash become usual


class RegimeWatch:
    """Updates the regime on ticks; `adjust` applies it to the inputs of a quote."""

    def __init__(
        self,
        config: EngineConfig,
        instrument: CurrentInstrument,
        market: MarketView,
        estimators: Estimators,
        causes: HaltCauses,
    ) -> None:
        self._policy = config.regime
        self._instrument = instrument
        self._has_sigma_prior = config.pricing.sigma_prior is not None
        self._fast_half_life_s = config.pricing.volatility_half_life_fast_s
        self._market, self._estimators, self._causes = market, estimators, causes
        self._monitor = MarketRegime(config.regime)
        self._now: VarianceRate | None = None
        self._usual: VarianceRate | None = None
        self._first: VarianceRate | None = None
        self._sigma_usual: float | None = None
        self._renewed_s = -inf  # time of the last renewal

    def tick(self, step: StepBuilder, equity: Decimal) -> None:
        """Update the regime. equity: profit since start, quote currency."""
        if not self._policy.is_on:
            return
        mid = self._market.mid
        self._estimate(step.ts_ns * S_PER_NS, mid)
        monitor = self._monitor
        is_changed = monitor.update(
            step.ts_ns,
            mid=mid,
            tick=self._instrument.now.tick_float,
            now=self._sigma_now,
            usual=self._sigma_usual,
            equity=float(equity),
        )
        if is_changed:
            step.add_anomaly(f"regime_{monitor.level.name.lower()}", monitor.text)
        is_reducing = monitor.level is Regime.REDUCE_ONLY
        self._causes.set(step, Cause.MARKET_REGIME, active=is_reducing, text=monitor.text)

    def _estimate(self, t_s: float, mid: float | None) -> None:
        """Update the estimates with the mid; None (no book) is a gap, not a move."""
        if self._now is None:
            self._begin()
        if self._now is not None:
            self._now.dead_band = self._instrument.now.tick_float
        for estimate in (self._first, self._usual, self._now):
            if estimate is None:
                continue
            if mid is None:
                estimate.restart()
            else:
                estimate.update(t_s, mid)
        first = self._first
        if first is not None and first.time_s >= FIRST_S and first.sigma:
            self._usual, self._first = _usual(first.sigma), None
        if self._usual is not None and abs(t_s - self._renewed_s) >= RENEWAL_S:
            self._sigma_usual, self._renewed_s = self._usual.sigma, t_s

    def _begin(self) -> None:
        references = self._estimators.calibration.references
        if references is None:
            return
        prior = references.sigma
        self._now = VarianceRate(half_life_s=self._fast_half_life_s, prior_sigma=prior)
        if self._has_sigma_prior:
            self._usual = _usual(prior)
        else:
            self._first = VarianceRate(half_life_s=USUAL_HALF_LIFE_S)

    @property
    def _sigma_now(self) -> float | None:
        return self._now.sigma if self._now is not None else None

    @property
    def _sigma_fast(self) -> float | None:
        volatility = self._estimators.calibration.volatility
        return volatility.fast.sigma if volatility is not None else None

    @property
    def changing_inputs(self) -> tuple[object, ...]:
        """The values that `adjust` depends on and that may change."""
        level = self._monitor.level
        return level, self._sigma_fast if level is Regime.REDUCE_ONLY else None

    def adjust(self, inputs: PricingInputs) -> PricingInputs:
        """Return the inputs of a quote adjusted to the regime; unchanged in NORMAL."""
        policy = self._policy
        match self._monitor.level:
            case Regime.NORMAL:
                return inputs
            case Regime.WIDE:
                return replace(
                    inputs,
                    multiplier=inputs.multiplier * policy.multiplier,
                    d_stale=policy.stale_sigmas * inputs.sigma,
                    size_factor=policy.size_factor,
                )
            case Regime.REDUCE_ONLY:
                least = policy.unwind_sigmas * (self._sigma_fast or inputs.sigma)
                return replace(inputs, reduces_only=True, d_unwind=least)

    @property
    def view(self) -> RegimeView:
        """The regime and its figures, for the state page and the metrics."""
        monitor = self._monitor
        return RegimeView(
            level=monitor.level,
            text=monitor.text,
            sigma_usual=self._sigma_usual,
            sigma_now=self._sigma_now,
        )


def _usual(sigma: float) -> VarianceRate:
    """Return an estimate of usual volatility that starts from `sigma`, price/sqrt(s)."""
    return VarianceRate(half_life_s=USUAL_HALF_LIFE_S, prior_sigma=sigma, prior_s=FIRM_S)
