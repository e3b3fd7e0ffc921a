"""Calibrated parameters and expected fill rates, compared with the market's true ones."""

from dataclasses import dataclass, replace
from decimal import Decimal
from math import exp

from quoter.domain.events import Tick
from quoter.domain.orders import OrderState
from quoter.domain.step import Step
from quoter.domain.units import NS_PER_S
from quoter.sim.model_markets import BITCOIN
from tests.simulation.harness import Setup, Simulation
from tests.simulation.makers import maker

# Takers trade at levels. With ten of them, half a unit of 1/kappa apart, trades would show a fifth
# less of the takers that reach a distance between two levels; with BITCOIN's fifty a twentieth.
MARKET = BITCOIN
LOT = Decimal("0.001")
PERIOD_NS = NS_PER_S // 4  # of ticks and depth; the daemon's is 0.1 s, this saves time
NOT_THERE_YET = frozenset({OrderState.RESERVED, OrderState.PENDING_NEW})


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One run whose priors are the true values times a factor; `warm_up_s` is not measured."""

    seed: int
    sigma_factor: float
    kappa_factor: float
    warm_up_s: float
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """Ratios to the market's true parameters; fills in lots, from `warm_up_s` on.

    sigma, kappa, intensity: means over time; expected: fills expected by the engine's estimate at
    each moment; corrected: the same times the factor from its own fills; expected_before: fills
    expected by the priors.
    """

    sigma: float
    sigma_last: float
    kappa: float
    intensity: float
    fills: float
    trades: int
    expected: float
    corrected: float
    expected_before: float
    reaches: float  # effective sample size of the estimate at the end


def run(case: Case) -> Result:
    """Run one case; the same case gives the same result."""
    config = maker(MARKET, order_size=LOT, creates_per_s=5.0)
    pricing = replace(
        config.pricing,
        sigma_prior=MARKET.sigma * case.sigma_factor,
        kappa_prior=MARKET.kappa * case.kappa_factor,
        is_calibrating=True,
    )
    engine = replace(config, pricing=pricing)
    setup = Setup(
        market=MARKET, engine=engine, seed=case.seed, tick_ns=PERIOD_NS, depth_ns=PERIOD_NS
    )
    simulation = Simulation(setup)
    simulation.run_until(case.warm_up_s)
    watch = Watch(simulation)
    simulation.observers.append(watch)
    simulation.run_until(case.seconds)
    return watch.results()


class Watch:
    """Adds up expected and actual fills of the live orders at every tick."""

    def __init__(self, simulation: Simulation) -> None:
        self._simulation = simulation
        self._tick_s = simulation.setup.tick_ns / NS_PER_S
        self._ticks = self._trades = 0
        self._sigma = self._kappa = self._intensity = 0.0
        self._expected = self._corrected = self._expected_before = 0.0
        self._fills = Decimal(0)

    def __call__(self, step: Step) -> None:
        self._trades += len(step.booked)
        self._fills += sum((booked.fill.size for booked in step.booked), start=Decimal(0))
        if isinstance(step.event, Tick):
            self._add()

    def _add(self) -> None:
        """Add one tick; the present values count until the next tick."""
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
                expected = intensity.fill_rate(distance) * lots_s
                self._expected += expected
                self._corrected += expected * calibration.fill_factor
                self._expected_before += (prior.intensity_prior or 0.0) * before * lots_s

    def results(self) -> Result:
        calibration = self._simulation.engine.calibration
        assert calibration.estimate is not None
        return Result(
            sigma=self._sigma / self._ticks / MARKET.sigma,
            sigma_last=(calibration.sigma or 0.0) / MARKET.sigma,
            kappa=self._kappa / self._ticks / MARKET.kappa,
            intensity=self._intensity / self._ticks / MARKET.intensity,
            fills=float(self._fills / LOT),
            trades=self._trades,
            expected=self._expected,
            corrected=self._corrected,
            expected_before=self._expected_before,
            reaches=calibration.estimate.samples,
        )
