"""Effect of gamma on four very different symbols, with the real engine in virtual time.

Run as `python -m tests.simulation.symbols [--relaxations N]`: a table of the inventory's sd in lots
for gamma 0.1, 1 and 10; bare (widening, size shape and costs off), with everything on, and with a
fee of 10 bp on top, where takers still reach a quote that charges it. `quoter simulate gamma`
answers the same question with many paths of a simpler model.
"""

import argparse
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from decimal import Decimal
from math import exp, sqrt
from multiprocessing import cpu_count, get_context

from rich.console import Console
from rich.progress import track
from rich.table import Table

from quoter.domain.units import NS_PER_S
from quoter.engine.config import BookPolicy, ToxicFlowConfig
from quoter.pricing.quote.normalisation import inventory_sd_lots
from quoter.pricing.quote.shape import QuoteShape
from quoter.sim.messages import MarketSpec
from quoter.sim.model_markets import BITCOIN, LARGE_TICK, SUB_CENT, THIN
from tests.simulation.harness import Setup, Simulation
from tests.simulation.makers import BARE, LOTS_MAX, REQUOTE_AT_ONCE, maker

ORDER_SIZES = {
    BITCOIN.symbol: Decimal("0.001"),
    THIN.symbol: Decimal(10),
    SUB_CENT.symbol: Decimal(1_000_000),
    LARGE_TICK.symbol: Decimal(20),
}
GAMMAS = (0.1, 1.0, 10.0)
SETTINGS = ("bare", "everything on", "everything on, 10 bp fee")
FEE = Decimal("0.001")
SECONDS_MIN = 600.0
RELAXATION_S_MAX = (
    3_000.0  # slower ones are skipped: with a fee of many 1/kappa hardly any order fills
)
SETTLE_RELAXATIONS = 5.0


@dataclass(frozen=True, slots=True)
class Job:
    """One run; `relaxations` is its length in relaxation times of the inventory."""

    market: MarketSpec
    gamma: float
    setting: str
    relaxations: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """Results; `error` is the relative standard error of the sd, in lots, of the inventory."""

    job: Job
    sd_lots: float
    error: float
    fills: int
    is_tick_bound: bool
    ledger_equals_truth: bool


def relaxation_s(job: Job) -> float:
    """1 / (2 A e^(-kappa half) kappa slope): see `test_gamma_law.py`."""
    slope_kappa = 8.0 * sqrt(job.gamma) / LOTS_MAX**2
    cost = job.market.kappa * float(FEE) * float(job.market.mid) if "fee" in job.setting else 0.0
    reached = job.market.intensity * exp(-1.0 - slope_kappa / 2.0 - cost)
    return 1.0 / (2.0 * reached * slope_kappa)


def setup(job: Job) -> Setup:
    """Return a setup without hold time: the law does not include delays."""
    is_bare = job.setting == "bare"
    fee = FEE if "fee" in job.setting else Decimal(0)
    market = replace(job.market, partial_share=0.0, depth_levels=3, fee_maker=fee)
    config = maker(
        market,
        gamma=job.gamma,
        shape=BARE if is_bare else QuoteShape(),
        requote=REQUOTE_AT_ONCE,
        order_size=ORDER_SIZES[market.symbol],
        creates_per_s=1e6,
    )
    if not is_bare:
        pricing = replace(config.pricing, is_calibrating=True, toxic_flow=ToxicFlowConfig())
        config = replace(config, pricing=pricing)
    return Setup(
        market=market,
        engine=replace(config, book=BookPolicy(stale_ns=10 * NS_PER_S)),
        seed=1,
        tick_ns=NS_PER_S,
        depth_ns=NS_PER_S,
    )


def run(job: Job) -> Outcome:
    """Run one job."""
    simulation = Simulation(setup(job))
    tau_s = relaxation_s(job)
    simulation.run_until(SETTLE_RELAXATIONS * tau_s)
    simulation.inventory.restart()
    seconds = max(job.relaxations * tau_s, SECONDS_MIN)
    simulation.run_until(SETTLE_RELAXATIONS * tau_s + seconds)
    engine = simulation.engine
    terms = engine.quoting.latest.terms
    return Outcome(
        job=job,
        sd_lots=sqrt(simulation.inventory.mean_square),
        error=sqrt(tau_s / (2.0 * seconds)),
        fills=engine.inventory.fills_buy + engine.inventory.fills_sell,
        is_tick_bound=terms is not None and terms.tick_bound,
        ledger_equals_truth=engine.inventory.balances == simulation.truth(),
    )


def show(outcomes: list[Outcome]) -> None:
    """Print the table."""
    names = ("symbol", "setting", "gamma", "law", "sd, lots", "sd / law", "+-", "fills", "bound")
    table = Table(*names, title="Spread of inventory against gamma")
    for one in outcomes:
        law = inventory_sd_lots(ghat=one.job.gamma, lots_max=LOTS_MAX)
        table.add_row(
            one.job.market.symbol,
            one.job.setting,
            f"{one.job.gamma:g}",
            f"{law:.2f}",
            f"{one.sd_lots:.2f}",
            f"{one.sd_lots / law:.2f}",
            f"{one.error:.0%}",
            str(one.fills),
            "yes" if one.is_tick_bound else "",
        )
    Console().print(table)


def main() -> int:
    """Run all jobs; return 0 if every ledger equals the exchange's, else 1."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation.symbols", description=__doc__)
    parser.add_argument("--relaxations", type=float, default=100.0, help="length of every run")
    parser.add_argument("--jobs", type=int, default=cpu_count(), help="processes")
    arguments = parser.parse_args()
    jobs = [
        Job(market, gamma, setting, arguments.relaxations)
        for market in (BITCOIN, THIN, SUB_CENT, LARGE_TICK)
        for setting in SETTINGS
        for gamma in GAMMAS
    ]
    jobs = [job for job in jobs if relaxation_s(job) <= RELAXATION_S_MAX]
    with ProcessPoolExecutor(arguments.jobs, mp_context=get_context("spawn")) as pool:
        outcomes = list(track(pool.map(run, jobs), description="running", total=len(jobs)))
    show(outcomes)
    return 0 if all(one.ledger_equals_truth for one in outcomes) else 1


if __name__ == "__main__":
    raise SystemExit(main())
