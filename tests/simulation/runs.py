"""Runs as plain functions with plain results, so that a process pool can execute them."""

from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from decimal import Decimal
from multiprocessing import cpu_count, get_context

from quoter.domain.trading import Cause
from quoter.pricing.quote.shape import QuoteShape
from quoter.sim.model_markets import BITCOIN
from tests.simulation.harness import Setup, Simulation
from tests.simulation.makers import PAPER, law, maker

# A run ends between two steps of the mid, which are 50 ms apart: the reports of the fills at the
# last one have arrived.
AFTER_STEP_S = 0.025
SETTLE_S = 5.0  # the start without inventory is not typical
HOUR_S = 3600.0
LOT = Decimal("0.001")


@dataclass(frozen=True, slots=True)
class Job:
    """A run of the inventory law, or (gamma None) of an ordinary maker."""

    gamma: float | None
    seconds: float
    seed: int
    is_bare: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """Results of a run."""

    job: Job
    seconds: float  # observed
    events: int
    fills: int
    mean_lots: float
    mean_square_lots: float
    lots_max: float
    share_at_limit: float
    ledger_equals_truth: bool
    causes: dict[Cause, str]
    trace: str


def run(job: Job) -> Outcome:
    """Run one job; the same job gives the same outcome."""
    simulation = Simulation(_setup(job))
    simulation.run_until(SETTLE_S)
    simulation.inventory.restart()
    simulation.run_until(job.seconds + AFTER_STEP_S)
    held, engine = simulation.inventory, simulation.engine
    return Outcome(
        job=job,
        seconds=held.seconds,
        events=simulation.events,
        fills=engine.inventory.fills_buy + engine.inventory.fills_sell,
        mean_lots=held.mean,
        mean_square_lots=held.mean_square,
        lots_max=held.lots_max,
        share_at_limit=held.share_at(engine.config.lots_max),
        ledger_equals_truth=engine.inventory.balances == simulation.truth(),
        causes=engine.causes.switch.causes,
        trace=simulation.trace,
    )


def run_all(jobs: list[Job]) -> list[Outcome]:
    """Run the jobs on all cores; return the outcomes in the order of the jobs."""
    return in_parallel(run, jobs)


def in_parallel[J, O](
    task: Callable[[J], O], jobs: Sequence[J], *, processes: int | None = None
) -> list[O]:
    """Return the results of a module-level function for each job, in order, using all cores."""
    with ProcessPoolExecutor(processes or cpu_count(), mp_context=get_context("spawn")) as pool:
        return list(pool.map(task, jobs))


def _setup(job: Job) -> Setup:
    if job.gamma is None:
        market = replace(BITCOIN, depth_levels=10)
        config = maker(market, order_size=LOT, creates_per_s=5.0)
        return Setup(market=market, engine=config, seed=job.seed)
    if job.is_bare:
        return law(job.gamma, job.seed)
    # Sizes that shrink with inventory need lots smaller than an order.
    market = replace(PAPER, lot=Decimal("0.01"), size_min=Decimal("0.01"))
    return law(job.gamma, job.seed, shape=QuoteShape(), market=market)
