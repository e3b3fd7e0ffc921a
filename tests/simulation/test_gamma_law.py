"""The inventory's sd follows the law sd = N/4 * gamma^(-1/4) lots in the simulation.

The simulation is compared with the exact sd of the chain that the quotes make, which has no random
part, and that sd with the law. Length of the runs: the relative standard error of the sd over T
seconds is c / sqrt(T), where c follows from the chain (the solution of its Poisson equation for the
square): 0.885 at gamma 0.1, 0.640 at 1 and 0.388 at 10. Here T is such that this is 4.3 to 4.5 %:
the 15 % allowed are 3.3 standard errors or more, and a law with another exponent (sd proportional
to gamma^-1/2 or to gamma^0) is off by 78 % at either end. (Compared with the law itself, which is
6 % above the chain at gamma 0.1, 560 s there were 2.3 standard errors.)
"""

from itertools import accumulate
from math import exp, sqrt

import pytest

from quoter.domain.quotes import PricingInputs
from quoter.pricing.quote.normalisation import References, gamma_lot, inventory_sd_lots
from quoter.pricing.quote.terms import quote_terms
from tests.simulation.makers import BARE, LOTS_MAX, PAPER
from tests.simulation.runs import Job, Outcome, run_all

GAMMAS = (0.1, 1.0, 10.0)
EXACT = {0.1: 4.18, 1.0: 2.50, 10.0: 1.40}  # with the inventory limit taken into account
TOLERANCE = 0.15
ORDINARY = Job(None, 1_200.0, 1)  # 1,200 fills
SHAPED = Job(1.0, 105.0, 5, is_bare=False)  # an sd of 1.9 with an error of 6 %, against 2.5
JOBS = [
    ORDINARY,
    *(Job(0.1, 205.0, seed) for seed in (1, 2)),
    Job(1.0, 205.0, 5),
    SHAPED,
    Job(10.0, 85.0, 7),
]


@pytest.fixture(scope="module")
def outcomes() -> list[Outcome]:
    return run_all(JOBS)


def sd_lots(outcomes: list[Outcome]) -> float:
    """Return the sd of all runs together, about the target."""
    total_s = sum(one.seconds for one in outcomes)
    return sqrt(sum(one.mean_square_lots * one.seconds for one in outcomes) / total_s)


def chain_sd_lots(gamma: float) -> float:
    """Return the exact sd of the birth-death chain given by the quotes at each inventory."""
    references = References(sigma=PAPER.sigma, kappa=PAPER.kappa, intensity=PAPER.intensity)
    solved = gamma_lot(ghat=gamma, lots_max=LOTS_MAX, references=references)

    def rates(lots: int) -> tuple[float, float]:
        inputs = PricingInputs(
            fair=float(PAPER.mid),
            sigma=PAPER.sigma,
            kappa=PAPER.kappa,
            intensity=PAPER.intensity,
            gamma_lot=solved,
            lots=lots,
            lots_max=LOTS_MAX,
            cost_bid=0.0,
            cost_ask=0.0,
            tau_s=None,
        )
        terms = quote_terms(inputs, BARE)
        up, down = (
            0.0 if delta is None else exp(-PAPER.kappa * delta)
            for delta in (terms.delta_bid, terms.delta_ask)
        )
        return up, down

    states = range(-LOTS_MAX, LOTS_MAX + 1)
    steps = (rates(lots)[0] / rates(lots + 1)[1] for lots in states[:-1])
    weights = list(accumulate(steps, lambda weight, ratio: weight * ratio, initial=1.0))
    squares = sum(weight * lots**2 for weight, lots in zip(weights, states, strict=True))
    return sqrt(squares / sum(weights))


@pytest.mark.parametrize("gamma", GAMMAS)
def test_inventory_sd_follows_the_gamma_law(outcomes: list[Outcome], gamma: float) -> None:
    """Without widening, size shape and costs."""
    measured = sd_lots([o for o in outcomes if o.job.gamma == gamma and o.job.is_bare])
    assert measured == pytest.approx(chain_sd_lots(gamma), rel=TOLERANCE)


@pytest.mark.parametrize("gamma", GAMMAS)
def test_exact_sd_of_the_quotes_follows_the_gamma_law(gamma: float) -> None:
    """Without simulation; at gamma 10 the paper's market is beyond the law's linear range."""
    exact = chain_sd_lots(gamma)
    assert exact == pytest.approx(EXACT[gamma], rel=0.01 if gamma < 10 else 0.07)
    assert exact == pytest.approx(inventory_sd_lots(ghat=gamma, lots_max=LOTS_MAX), rel=0.07)


def test_widening_and_size_shape_reduce_the_inventory_sd(outcomes: list[Outcome]) -> None:
    assert sd_lots([o for o in outcomes if o.job == SHAPED]) < chain_sd_lots(1.0)


def test_inventory_is_rarely_at_its_limit(outcomes: list[Outcome]) -> None:
    """With the wrong sign of the skew it would be there 86 % of the time."""
    ordinary = outcomes[JOBS.index(ORDINARY)]
    assert ordinary.fills > 1000
    assert ordinary.share_at_limit < 0.01
    assert abs(ordinary.mean_lots) < 1


def test_every_run_keeps_the_limit_and_equals_the_exchange_ledger(outcomes: list[Outcome]) -> None:
    assert [o.job for o in outcomes if not o.lots_max <= LOTS_MAX] == []
    assert [o.job for o in outcomes if not o.ledger_equals_truth] == []
    assert [o.job for o in outcomes if o.causes] == []
