"""False alarms of the market regimes: the four symbols in a calm market.

Run as `python -m tests.simulation.calm [--hours N]`: share of the time in NORMAL, by symbol. The
engine sends no orders, so that hours take seconds.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, replace
from multiprocessing import cpu_count

from rich.console import Console
from rich.table import Table

from quoter.domain.events import Tick
from quoter.domain.step import Step
from quoter.domain.trading import Regime
from quoter.domain.units import NS_PER_S
from quoter.engine.config import PricingConfig
from quoter.sim.messages import MarketSpec
from quoter.sim.model_markets import BITCOIN, LARGE_TICK, SUB_CENT, THIN
from tests.simulation.harness import Setup, Simulation
from tests.simulation.makers import maker
from tests.simulation.runs import HOUR_S, in_parallel
from tests.simulation.symbols import ORDER_SIZES

SYMBOLS = (BITCOIN, THIN, SUB_CENT, LARGE_TICK)
NORMAL_MIN = 0.99
TICK_NS = NS_PER_S // 4  # the daemon's is 0.1 s; this saves time


@dataclass(frozen=True, slots=True)
class Job:
    """One symbol; `has_prior`: the engine gets the market's sigma as its prior."""

    market: MarketSpec
    seconds: float
    seed: int = 1
    has_prior: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """Share of the time per regime, and how often NORMAL was left."""

    job: Job
    normal: float
    reduce_only: float
    alarms: int
    sigma_usual: float | None


class Watching:
    """Counts ticks by regime."""

    def __init__(self, job: Job) -> None:
        self.job = job
        market = replace(job.market, depth_levels=3)
        sigma = market.sigma if job.has_prior else None
        pricing = PricingConfig(
            sigma_prior=sigma, kappa_prior=market.kappa, intensity_prior=market.intensity
        )
        config = replace(
            maker(market, order_size=ORDER_SIZES[market.symbol]), pricing=pricing, is_dry=True
        )
        self.simulation = Simulation(
            Setup(market=market, engine=config, seed=job.seed, tick_ns=TICK_NS, depth_ns=NS_PER_S)
        )
        self.simulation.observers.append(self._observe)
        self._ticks = dict.fromkeys(Regime, 0)

    def run(self) -> Outcome:
        self.simulation.run_until(self.job.seconds)
        engine, total = self.simulation.engine, sum(self._ticks.values())
        return Outcome(
            job=self.job,
            normal=self._ticks[Regime.NORMAL] / total,
            reduce_only=self._ticks[Regime.REDUCE_ONLY] / total,
            alarms=engine.counts["regime_wide"] + engine.counts["regime_reduce_only"],
            sigma_usual=engine.regime.view.sigma_usual,
        )

    def _observe(self, step: Step) -> None:
        if isinstance(step.event, Tick):
            self._ticks[self.simulation.engine.regime.view.level] += 1


def run(job: Job) -> Outcome:
    """Run one job; a module-level function, so that a process pool can call it."""
    return Watching(job).run()


def show(outcomes: Sequence[Outcome]) -> None:
    """Print the table."""
    names = ("symbol", "hours", "NORMAL", "REDUCE_ONLY", "alarms", "usual sigma / the market's")
    table = Table(*names, title="Market regimes in a calm market")
    for one in outcomes:
        usual = one.sigma_usual or 0.0
        table.add_row(
            one.job.market.symbol,
            f"{one.job.seconds / HOUR_S:g}",
            f"{one.normal:.2%}",
            f"{one.reduce_only:.2%}",
            str(one.alarms),
            f"{usual / one.job.market.sigma:.2f}",
        )
    Console().print(table)


def main() -> int:
    """Return 0 if every symbol is NORMAL for long enough, else 1."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation.calm", description=__doc__)
    parser.add_argument("--hours", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=cpu_count(), help="processes")
    arguments = parser.parse_args()
    seconds = arguments.hours * HOUR_S
    jobs = [Job(market, seconds, arguments.seed) for market in SYMBOLS]
    outcomes = in_parallel(run, jobs, processes=arguments.jobs)
    show(outcomes)
    return 0 if all(one.normal >= NORMAL_MIN for one in outcomes) else 1


if __name__ == "__main__":
    raise SystemExit(main())
