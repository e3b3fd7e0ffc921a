"""What an engine that learns makes of its market, beside what the market is."""

from dataclasses import dataclass, replace
from decimal import Decimal
from math import exp

from quoter.domain.events import Tick
from quoter.domain.orders import OrderState
from quoter.domain.step import Step
from quoter.domain.units import NS_PER_S
from quoter.sandbox.config import BITCOIN
from tests.simulation.harness import Setup, Simulation
from tests.simulation.makers import maker

MARKET = replace(BITCOIN, depth_levels=10)  # deeper levels only cost time
LOT = Decimal("0.001")
NOT_THERE_YET = frozenset({OrderState.RESERVED, OrderState.PENDING_NEW})


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """One run from priors that are the truth times a factor; the first stretch is not judged."""

    seed: int
    sigma_factor: float
    kappa_factor: float
    unjudged_s: float
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """Ratios to the market's own figures; fills in lots, from `unjudged_s` on.

    sigma, kappa, intensity: means over time; foretold: by the engine's estimate of the market as it
    was at each moment; corrected: the same by its own fills until then; foretold_before: by what
    the engine was told at the start.
    """

    sigma: float
    sigma_last: float
    kappa: float
    intensity: float
    fills: float
    trades: int
    foretold: float
    corrected: float
    foretold_before: float
    reaches: float  # effective number that the estimate rests on at the end


def learn(lesson: Lesson) -> Learned:
    """Run one lesson; the same one gives the same result."""
    config = maker(MARKET, order_size=LOT, creates_per_s=5.0)
    pricing = replace(
        config.pricing,
        sigma_prior=MARKET.sigma * lesson.sigma_factor,
        kappa_prior=MARKET.kappa * lesson.kappa_factor,
        is_calibrating=True,
    )
    setup = Setup(market=MARKET, engine=replace(config, pricing=pricing), seed=lesson.seed)
    simulation = Simulation(setup)
    simulation.run_until(lesson.unjudged_s)
    watch = Watch(simulation)
    simulation.observers.append(watch)
    simulation.run_until(lesson.seconds)
    return watch.learned()


class Watch:
    """Adds up, tick by tick, what the engine expects of its live orders, and what they get."""

    def __init__(self, simulation: Simulation) -> None:
        self._simulation = simulation
        self._tick_s = simulation.setup.tick_ns / NS_PER_S
        self._ticks = self._trades = 0
        self._sigma = self._kappa = self._intensity = 0.0
        self._foretold = self._corrected = self._foretold_before = 0.0
        self._fills = Decimal(0)

    def __call__(self, step: Step) -> None:
        self._trades += len(step.booked)
        self._fills += sum((booked.fill.size for booked in step.booked), start=Decimal(0))
        if isinstance(step.event, Tick):
            self._look()

    def _look(self) -> None:
        """What holds now is taken to hold until the next tick."""
        engine = self._simulation.engine
        calibration, mid, prior = engine.calibration, engine.market.mid, engine.config.pricing
        estimate, intensity = calibration.estimate, calibration._intensity
        assert estimate is not None
        assert intensity is not None
        assert mid is not None
        self._ticks += 1
        self._sigma += calibration.sigma or 0.0
        self._kappa += estimate.kappa
        self._intensity += estimate.intensity
        for order in engine.orders:
            if order.state not in NOT_THERE_YET:
                distance = order.side.sign * (mid - order.price_float)
                lots_s = float(order.leaves / LOT) * self._tick_s
                before = exp(-(prior.kappa_prior or 0.0) * max(0.0, distance))
                foretold = intensity.fill_rate(distance) * lots_s
                self._foretold += foretold
                self._corrected += foretold * calibration.fill_factor
                self._foretold_before += (prior.intensity_prior or 0.0) * before * lots_s

    def learned(self) -> Learned:
        calibration = self._simulation.engine.calibration
        assert calibration.estimate is not None
        return Learned(
            sigma=self._sigma / self._ticks / MARKET.sigma,
            sigma_last=(calibration.sigma or 0.0) / MARKET.sigma,
            kappa=self._kappa / self._ticks / MARKET.kappa,
            intensity=self._intensity / self._ticks / MARKET.intensity,
            fills=float(self._fills / LOT),
            trades=self._trades,
            foretold=self._foretold,
            corrected=self._corrected,
            foretold_before=self._foretold_before,
            reaches=calibration.estimate.samples,
        )
