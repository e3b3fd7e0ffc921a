"""Estimates sigma, kappa and A from the market, and the references that normalise gamma.

With priors, the first quote follows the first book. Without them, a short warm-up observes mids and
trades, and its figures become the priors.

The references start from the priors. They are fixed at once if kappa and A come from the settings,
or from earlier runs with enough data. Otherwise they are provisional: they follow the estimates at
a limited speed. They are fixed once this run and the earlier ones together have enough data.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import exp, floor, inf, sqrt

from quoter.domain.errors import InvalidInput
from quoter.domain.events import Trade
from quoter.domain.market import Evidence, SavedCalibration, Side
from quoter.domain.number_text import plain
from quoter.domain.quotes import PricingInputs
from quoter.domain.trading import NoQuote
from quoter.domain.units import S_PER_NS
from quoter.engine.config import GammaUnit, Horizon, PricingConfig
from quoter.pricing.costs import effective_intensity, side_cost
from quoter.pricing.estimators.expected_fills import ExpectedTakers
from quoter.pricing.estimators.intensity import (
    WINDOW_S,
    Confidence,
    Intensity,
    IntensityEstimate,
    IntensityPrior,
    market_prior,
)
from quoter.pricing.estimators.own_fills import FillCorrection
from quoter.pricing.estimators.reach_prior import reach_prior, reach_rate
from quoter.pricing.estimators.volatility import PRIOR_S, Volatility
from quoter.pricing.models.glft_exact import BoundedModel
from quoter.pricing.quote.normalisation import References, gamma_lot, raw_gamma_lot
from quoter.risk.expected_market import ExpectedMarket
from quoter.state.current_instrument import CurrentInstrument

WARMUP_S = 5.0
WARMUP_GRID_S = 0.1
# Bounds of d0 in units of 1/kappa: near enough to estimate A, far enough to be a distance at which
# we would quote.
D0_KAPPA_MIN, D0_KAPPA_MAX = 0.25, 10.0
# Our live orders by side: (distance from the mid in price, size in order sizes) of each.
type Resting = Mapping[Side, Sequence[tuple[float, float]]]
REACHES_MAX = 10_000  # maximum number of trades that the warm-up stores
# References are provisional until there are this many seconds and reaches (see `Evidence`).
PROVISIONAL_S, PROVISIONAL_REACHES = 600.0, 100
# Maximum weight of an earlier run's sigma, in seconds of observation; equal to the weight of the
# regime's usual volatility. The ratio of scales is not saved, so each run measures it anew.
SIGMA_KEPT_S_MAX = 300.0
FILL_FACTOR_S = 1.0  # time between two changes of `fill_factor`, whose half-life is an hour
FOLLOW_S = 1.0  # time between two steps of provisional references
DOUBLING_S = 60.0  # time in which each reference at most halves or doubles
TICKS_SIGMA_MIN = 0.1  # lowest sigma of a warm-up, ticks per sqrt(s), for a mid that did not move


class WarmUp:
    """Collects mids on a time grid, and the distances that takers reach, for WARMUP_S seconds."""

    def __init__(self) -> None:
        self._start_s = 0.0
        self._last_s = 0.0
        self._last_mid = 0.0
        self._squares = 0.0
        self._reaches: list[tuple[int, Side, float]] = []  # window, side and distance from the mid

    def restart(self) -> None:
        self._start_s = 0.0

    def on_mid(self, t_s: float, mid: float) -> None:
        if not self._start_s:
            self._start_s = self._last_s = t_s
            self._last_mid, self._squares = mid, 0.0
            self._reaches.clear()
        elif t_s - self._last_s >= WARMUP_GRID_S:
            self._squares += (mid - self._last_mid) ** 2
            self._last_s, self._last_mid = t_s, mid

    def on_trade(self, t_s: float, taker: Side, price: float) -> None:
        if self._start_s and len(self._reaches) < REACHES_MAX:
            window = floor((t_s - self._start_s) / WINDOW_S)
            self._reaches.append((window, taker, taker.sign * (price - self._last_mid)))

    def is_over(self, t_s: float) -> bool:
        return bool(self._start_s) and t_s - self._start_s >= WARMUP_S

    def sigma(self, tick: float) -> float:
        seen_s = self._last_s - self._start_s
        return max(sqrt(self._squares / seen_s) if seen_s else 0.0, TICKS_SIGMA_MIN * tick)

    def reach_rate(self, d0: float) -> float:
        """Takers/s per side that came at least as far as d0 (price)."""
        reached = {(window, side) for window, side, reach in self._reaches if reach >= d0}
        return reach_rate(len(reached), WARMUP_S)


class Calibration:
    """Owns the estimators of sigma, kappa and A; `ready` once references of gamma exist."""

    def __init__(
        self,
        config: PricingConfig,
        instrument: CurrentInstrument,
        *,
        order_size: float,
        lots_max: float,
    ) -> None:
        self._config = config
        self._instrument = instrument
        self._order_size = order_size
        self._lots_max = lots_max
        self._warm_up = WarmUp()
        self._volatility: Volatility | None = None
        self._intensity: Intensity | None = None
        self._frozen: IntensityEstimate | None = None
        is_counting = config.fill_correction and config.is_calibrating
        self._own_fills = FillCorrection() if is_counting else None
        self._exact = BoundedModel(lots_max) if config.is_exact else None
        self.fill_factor, self._fill_factor_s = 1.0, -inf  # and the time of its last change
        self.expected_fills_per_s = 0.0  # of our live orders, in order sizes, both sides
        self._expected_takers = {side: ExpectedTakers() for side in Side}
        self._resting: Resting = dict.fromkeys(Side, ())
        # expected takers at our nearest order, by our side
        self._takers_per_s = dict.fromkeys(Side, 0.0)
        # the estimate that these rates were computed with
        self._rated_by: IntensityEstimate | None = None
        self.references: References | None = None
        self.has_fixed_references = False
        self._first_references: References | None = None
        self._followed_s = 0.0  # time of the last step of provisional references
        self.gamma_lot = 0.0
        self.start_ns = 0
        self.sigma: float | None = None
        self._ts_ns = 0  # of the last mid

    @property
    def ready(self) -> bool:
        return self.references is not None

    def expected_market(self) -> ExpectedMarket:
        """Return the usual market: variance over the last half hour, and expected fills."""
        volatility = self._volatility
        return ExpectedMarket(
            variance_per_s=volatility.long.variance if volatility is not None else 0.0,
            fills_per_s=self.expected_fills_per_s,
        )

    @property
    def references_text(self) -> str:
        """The first and the present references, for the log; empty before the start."""
        first, now = self._first_references, self.references
        if first is None or now is None:
            return ""
        figures = ", ".join(
            f"{name} {plain(before, 4)} -> {plain(after, 4)}"
            for name, before, after in (
                ("sigma", first.sigma, now.sigma),
                ("kappa", first.kappa, now.kappa),
                ("intensity", first.intensity, now.intensity),
                ("gamma_lot", self._gamma(first, self._config.gamma), self.gamma_lot),
            )
        )
        return f"references of gamma, from the start -> fixed from now on: {figures}"

    @property
    def estimate(self) -> IntensityEstimate | None:
        """The estimate of kappa and A that quotes use; None before the start."""
        if self._frozen is not None:
            return self._frozen
        return self._intensity.estimate if self._intensity is not None else None

    @property
    def learned(self) -> SavedCalibration | None:
        """The figures to save for the next start.

        None before the start, while they come from priors alone, and with `is_calibrating` off.
        """
        intensity, volatility = self._intensity, self._volatility
        sigma = volatility.sigma_long if volatility is not None else None
        if intensity is None or not sigma or self._frozen is not None:
            return None
        estimate = intensity.estimate
        if estimate.confidence is Confidence.COLD:
            return None
        before = self._config.prior_evidence or Evidence()
        return SavedCalibration(
            *(self._ts_ns, sigma, estimate.kappa, estimate.intensity),
            seconds=before.seconds + (self._ts_ns - self.start_ns) * S_PER_NS,
            reaches=before.reaches + intensity.reaches,
        )

    @property
    def gamma_ratio(self) -> float | None:
        """Gamma in use over the gamma of references as estimated now; None before they exist.

        Far from 1, QUOTER_GAMMA no longer means the inventory that it promises. 1 for a raw gamma.
        """
        learned, references = self.learned, self.references
        if learned is None or references is None:
            return None
        try:
            now = References(
                sigma=learned.sigma,
                kappa=learned.kappa,
                intensity=learned.intensity,
                cost=references.cost,
            )
            return self.gamma_lot / self._gamma(now, self._config.gamma)
        except InvalidInput:  # takers no longer reach the distance of the cost
            return None

    @property
    def sigma_ratio(self) -> float | None:
        """Sigma in use over that of moves of 30 s in the last half hour; None while unknown."""
        realised = self._volatility.scales.realised if self._volatility is not None else None
        return self.sigma / realised if self.sigma is not None and realised else None

    @property
    def volatility(self) -> Volatility | None:
        """The volatility estimators, None before the start."""
        return self._volatility

    def on_mid(self, ts_ns: int, mid: float, half_book_spread: float) -> None:
        """Update the estimators with a mid of the book without our own orders, quote/base.

        half_book_spread: price. Raises InvalidInput for a number out of domain, or while the market
        gives no valid gamma.
        """
        t_s, self._ts_ns = ts_ns * S_PER_NS, ts_ns
        if self._volatility is None or self._intensity is None:
            self._warm_up.on_mid(t_s, mid)
            if self._has_priors() or self._warm_up.is_over(t_s):
                self._start(ts_ns, mid, half_book_spread)
            return
        if self._volatility.update(t_s, mid):
            self.sigma = self._volatility.sigma or self.sigma
        self._intensity.set_tick(self._instrument.now.tick_float)
        self._intensity.on_mid(t_s, mid, self.sigma or 0.0)
        if not self.has_fixed_references and abs(t_s - self._followed_s) >= FOLLOW_S:
            self._follow(t_s, mid)

    def _follow(self, t_s: float, mid: float) -> None:
        """Move provisional references towards the estimates; fix them once there is enough data."""
        learned, references, intensity = self.learned, self.references, self._intensity
        elapsed_s = min(abs(t_s - self._followed_s), DOUBLING_S)
        self._followed_s = t_s
        if learned is None or references is None or intensity is None:
            return
        target = References(
            sigma=learned.sigma,
            kappa=learned.kappa,
            intensity=learned.intensity,
            cost=self._cost(mid),
        )
        moved = references.towards(target, ratio=2.0 ** (elapsed_s / DOUBLING_S))
        self.gamma_lot = self._gamma(moved, self._config.gamma)  # raises before anything changed
        self.references = moved
        self.has_fixed_references = _is_enough(learned.seconds, learned.reaches)

    def on_trade(self, trade: Trade) -> None:
        t_s = trade.ts_ns * S_PER_NS
        if self._intensity is None:
            self._warm_up.on_trade(t_s, trade.taker, trade.price)
        else:
            self._intensity.on_trade(t_s, trade.taker, trade.price)

    def on_orders(self, t_s: float, resting: Resting | None) -> None:
        """Set our live orders from `t_s` on, for the expected fill rate; None: unchanged."""
        if resting is not None:
            self._resting, self._rated_by = resting, None
        if self._intensity is None:
            return
        if self._intensity.estimate is not self._rated_by:
            self._rate_orders(self._intensity)
        for side, takers in self._expected_takers.items():
            takers.update(t_s, self._takers_per_s[side])
        if self._own_fills is not None:
            self._own_fills.on_quotes(t_s, self.expected_fills_per_s)

    def _rate_orders(self, intensity: Intensity) -> None:
        """Compute the expected fill rate of our live orders, and the takers that reach them."""
        rate, at, self._rated_by = 0.0, intensity.fill_rate, intensity.estimate
        for side, orders in self._resting.items():
            reached = [(at(max(distance, 0.0)), lots) for distance, lots in orders]
            self._takers_per_s[side] = max((of_order for of_order, _ in reached), default=0.0)
            rate += sum(of_order * lots for of_order, lots in reached)
        self.expected_fills_per_s = rate

    @property
    def expected_takers_per_s(self) -> dict[Side, float]:
        """Expected takers/s who fill our orders, by our side, times `fill_factor`."""
        return {
            side: self.fill_factor * takers.average
            for side, takers in self._expected_takers.items()
        }

    def on_fill(self, t_s: float, lots: float) -> None:
        """Count a fill of `lots` order sizes for `fill_factor`.

        No effect without fill correction.
        """
        if self._own_fills is not None:
            self._own_fills.on_fill(t_s, lots)

    def update_fill_factor(self, t_s: float) -> None:
        """Update `fill_factor`, the factor on A, from our expected and actual fills.

        No effect within `FILL_FACTOR_S` of its last change: each change makes a new quote.
        """
        if self._own_fills is not None and not 0.0 <= t_s - self._fill_factor_s < FILL_FACTOR_S:
            self.fill_factor, self._fill_factor_s = self._own_fills.factor(t_s), t_s

    def restart(self) -> None:
        """Restart after a gap in the feed: the next mid is a first value, not a move."""
        if self._volatility is None or self._intensity is None:
            self._warm_up.restart()
        else:
            self._volatility.restart()
            self._intensity.restart()

    def _has_priors(self) -> bool:
        """Whether there are priors of volatility and trade rate; the book gives a first kappa."""
        config = self._config
        takers = config.intensity_prior or config.trades_per_s_prior or config.recent_trades
        return config.sigma_prior is not None and bool(takers)

    def _start(self, ts_ns: int, mid: float, half_book_spread: float) -> None:
        config, tick = self._config, self._instrument.now.tick_float
        sigma = config.sigma_prior or self._warm_up.sigma(tick)
        prior = self._prior(mid, half_book_spread, sigma)
        intensity = Intensity(
            prior, half_life_s=config.intensity_half_life_s, evidence=config.prior_evidence
        )
        estimate = intensity.estimate
        references = References(
            sigma=sigma, kappa=prior.kappa, intensity=prior.intensity, cost=self._cost(mid)
        )
        # Raises for a market without a valid gamma: no start.
        self.gamma_lot = self._gamma(references, config.gamma)
        self._volatility = Volatility(
            prior_sigma=sigma,
            slow_half_life_s=config.volatility_half_life_s,
            fast_half_life_s=config.volatility_half_life_fast_s,
            prior_s=self._sigma_prior_s(),
        )
        self._volatility.update(ts_ns * S_PER_NS, mid)
        self._followed_s = ts_ns * S_PER_NS
        is_known = config.kappa_prior is not None and config.intensity_prior is not None
        if (seen := config.prior_evidence) is not None:
            is_known = is_known and _is_enough(seen.seconds, seen.reaches)
        self.has_fixed_references = is_known or not config.is_calibrating
        self._intensity, self.references = intensity, references
        self._first_references = references
        self.sigma, self.start_ns = sigma, ts_ns
        if not config.is_calibrating:
            self._frozen = estimate._replace(confidence=Confidence.OK)

    def _sigma_prior_s(self) -> float:
        """Weight of sigma's prior in the long estimate, in seconds of observation."""
        seen = self._config.prior_evidence
        return PRIOR_S if seen is None else min(max(seen.seconds, PRIOR_S), SIGMA_KEPT_S_MAX)

    def _prior(self, mid: float, half_book_spread: float, sigma: float) -> IntensityPrior:
        """Return the prior of the intensity.

        Each figure comes from the first source that has it.
        """
        config = self._config
        guess = market_prior(
            mid=mid,
            half_book_spread=half_book_spread,
            tick=self._instrument.now.tick_float,
            trades_per_s=config.trades_per_s_prior or 1.0,
            half_quote=0.0,
        )
        kappa = config.kappa_prior or guess.kappa
        d0 = min(max(guess.d0, D0_KAPPA_MIN / kappa), D0_KAPPA_MAX / kappa)
        prior = guess._replace(kappa=kappa, d0=d0)
        if config.recent_trades:
            found = reach_prior(
                prior, config.recent_trades, half_book_spread=half_book_spread, sigma=sigma
            )
            prior = found._replace(kappa=config.kappa_prior or found.kappa)
        elif config.trades_per_s_prior is None:
            prior = prior._replace(rate=self._warm_up.reach_rate(d0))
        if config.intensity_prior is not None:
            prior = _with_intensity(prior, config.intensity_prior)
        return prior

    def apply_settings(self, gamma: float, adverse_bps: float) -> None:
        """Use another gamma and cost; the references stay unchanged.

        Raises InvalidInput before anything has changed.
        """
        if self.references is not None:
            self.gamma_lot = self._gamma(self.references, gamma)
        self._config = replace(self._config, gamma=gamma, adverse_bps=adverse_bps)

    def _gamma(self, references: References, gamma: float) -> float:
        if self._config.gamma_unit is GammaUnit.RAW:
            return raw_gamma_lot(gamma=gamma, order_size=self._order_size)
        return gamma_lot(ghat=gamma, lots_max=self._lots_max, references=references)

    def _cost(self, fair: float) -> float:
        fee = self._instrument.now.fee_maker_float
        return side_cost(fair=fair, fee_maker=fee, adverse_bps=self._config.adverse_bps)

    def inputs(
        self,
        ts_ns: int,
        *,
        fair: float,
        lots: float,
        alpha: float = 0.0,
        markout_cost_bid: float = 0.0,
        markout_cost_ask: float = 0.0,
    ) -> PricingInputs | NoQuote:
        """Return the inputs of a quote, or the reason why one is missing.

        Units as in PricingInputs. Raises InvalidInput for a number out of domain.
        """
        estimate, sigma = self.estimate, self.sigma
        if sigma is None:
            return NoQuote.NO_SIGMA
        if estimate is None:
            return NoQuote.NO_INTENSITY
        cost = self._cost(fair)
        return PricingInputs(
            fair=fair,
            sigma=sigma,
            kappa=estimate.kappa,
            intensity=estimate.intensity,
            gamma_lot=self.gamma_lot,
            lots=lots,
            lots_max=self._lots_max,
            cost_bid=cost,
            cost_ask=cost,
            tau_s=self._tau_s(ts_ns),
            multiplier=estimate.multiplier,
            alpha=alpha,
            markout_cost_bid=markout_cost_bid,
            markout_cost_ask=markout_cost_ask,
            fill_factor=self.fill_factor,
            bounded=self._bounded(sigma, estimate, cost),
            tick=self._instrument.now.tick_float,
        )

    def _bounded(
        self, sigma: float, estimate: IntensityEstimate, cost: float
    ) -> tuple[float, ...] | None:
        if self._exact is None:
            return None
        flow = effective_intensity(
            intensity=estimate.intensity * self.fill_factor, kappa=estimate.kappa, cost=cost
        )
        return self._exact.table(
            gamma=self.gamma_lot, sigma=sigma, kappa=estimate.kappa, intensity=flow
        )

    def _tau_s(self, ts_ns: int) -> float | None:
        config = self._config
        if config.horizon is Horizon.AUTO:
            return None
        if config.horizon is Horizon.ROLLING:
            return config.horizon_s
        return max(0.0, config.horizon_s - (ts_ns - self.start_ns) * S_PER_NS)


def _is_enough(seconds: float, reaches: int) -> bool:
    """Whether references with this amount of data are fixed."""
    return seconds >= PROVISIONAL_S and reaches >= PROVISIONAL_REACHES


def _with_intensity(prior: IntensityPrior, intensity: float) -> IntensityPrior:
    """Return the prior with the rate at d0 that follows from the intensity A at distance zero."""
    return prior._replace(rate=intensity * exp(-prior.kappa * prior.d0))
