"""A maker with the usual settings on a real-like market, in virtual time, and what to look at."""

from collections import Counter
from dataclasses import dataclass, field, replace

from quoter.app.backtesting import run_setups, suggested_limits
from quoter.backtest.fill_terms import DelayOptions
from quoter.domain.events import Tick
from quoter.domain.step import Step
from quoter.domain.trading import Cause, Regime
from quoter.domain.units import NS_PER_S
from quoter.engine.config import EngineConfig
from quoter.pricing.quote.normalisation import References, gamma_lot
from quoter.settings import FixedSettings
from quoter.sim.fill_models import FillModel
from quoter.sim.messages import MarketSpec
from tests.simulation.harness import START_NS, Setup, Simulation

TICK_NS = NS_PER_S // 4  # the daemon's is 0.1 s; this saves time


@dataclass(slots=True)
class Outcome:
    """What happened: ticks by regime and with a side in cooldown, causes, executions by side."""

    ticks: int = 0
    regimes: Counter[Regime] = field(default_factory=Counter)
    cooling_ticks: int = 0
    causes: Counter[Cause] = field(default_factory=Counter)
    fills: int = 0
    orders_filled: set[str] = field(default_factory=set)
    in_pieces: int = 0  # fills of an order within a tenth of a second of its last one
    gamma: float | None = None  # in use, over that of what was learned, at the end


class Watched:
    """One run with the limits that `quoter backtest` suggests.

    The engine knows the usual volatility, as from a venue's bars, and nothing of the takers.
    order_sizes: multiple of the suggested size of an order.
    """

    def __init__(
        self, market: MarketSpec, *, seed: int, tick_ns: int = TICK_NS, order_sizes: int = 1
    ) -> None:
        limits = {
            name.removeprefix("QUOTER_").lower(): value
            for name, value in suggested_limits(market).items()
        }
        symbol, address = f"{market.base}/{market.quote}", "http://127.0.0.1:1"
        settings = FixedSettings.model_validate(
            {**limits, "symbol": symbol, "sandbox_url": address, "sigma": market.sigma}
        )
        delay = DelayOptions(median_ms=5.0, spread=1.0, seed=seed)
        models = [FillModel.FRONT]
        (run,) = run_setups(settings, market, start_ns=START_NS, models=models, delay=delay)
        setup = Setup(
            market=run.market,
            engine=_larger(run.engine, order_sizes),
            seed=seed,
            latency=run.latency,
            tick_ns=tick_ns,
            depth_ns=tick_ns,
        )
        self.simulation = Simulation(setup)
        self.simulation.observers.append(self._observe)
        self.outcome = Outcome()
        self._filled_ns: dict[str, int] = {}

    def run(self, seconds: float) -> Outcome:
        """Run for so long and return what happened."""
        self.simulation.run_until(seconds)
        calibration, lots_max = self.simulation.engine.calibration, self._lots_max
        used = calibration.references
        if (kept := calibration.learned) is not None and used is not None:
            known = References(
                sigma=kept.sigma, kappa=kept.kappa, intensity=kept.intensity, cost=used.cost
            )
            solved = gamma_lot(ghat=1.0, lots_max=lots_max, references=known)
            self.outcome.gamma = calibration.gamma_lot / solved
        return self.outcome

    @property
    def _lots_max(self) -> float:
        return self.simulation.engine.config.lots_max

    def _observe(self, step: Step) -> None:
        outcome, engine = self.outcome, self.simulation.engine
        if isinstance(step.event, Tick):
            outcome.ticks += 1
            outcome.regimes[engine.regime.view.level] += 1
            outcome.cooling_ticks += bool(engine.estimators.toxic_flow.cooling_down)
        if step.state is not None:
            outcome.causes.update(cause for cause, _ in step.state.raised)
        for booked in step.booked:
            name = booked.fill.client_id
            last_ns = self._filled_ns.get(name, 0)
            outcome.in_pieces += step.event.ts_ns - last_ns < NS_PER_S // 10
            self._filled_ns[name] = step.event.ts_ns
            outcome.fills += 1
            outcome.orders_filled.add(name)


def _larger(config: EngineConfig, times: int) -> EngineConfig:
    """Return the configuration with larger orders and limits."""
    limits, opening = config.limits, config.opening
    return replace(
        config,
        order_size=times * config.order_size,
        target=times * config.target,
        opening={asset: times * size for asset, size in opening.items()},
        limits=replace(
            limits,
            inventory_max=times * limits.inventory_max,
            size_max=times * limits.size_max,
            notional_max=times * limits.notional_max,
        ),
    )
