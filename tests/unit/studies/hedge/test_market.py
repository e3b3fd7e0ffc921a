"""The threshold hedger: exact figures."""

import numpy as np
import pytest

from quoter.studies.common.chain import stationary
from quoter.studies.common.market import BP, KAPPA, SIGMA
from quoter.studies.hedge.market import LOTS_MAX, SECONDS, HedgedMaker, rule


def certainty(at: int, down_to: int, cost_bp: float, gamma: float = 0.1) -> float:
    maker = HedgedMaker(gamma=gamma, at=at, down_to=down_to, cost=cost_bp * BP)
    return maker.certainty_per_hour()


@pytest.mark.parametrize(
    ("at", "down_to", "cost_bp", "known"),
    [(4, 3, 1.0, 6034.29), (3, 2, 1.0, 6028.96), (5, 4, 2.0, 5985.62), (13, 0, 1.0, 5974.13)],
)
def test_certainty_equivalents_match_the_reference(
    at: int, down_to: int, cost_bp: float, known: float
) -> None:
    assert certainty(at, down_to, cost_bp) == pytest.approx(known, abs=0.01)


@pytest.mark.parametrize(
    ("gamma", "cost_bp", "expected"),
    [(0.1, 1.0, (3, 2)), (0.1, 5.0, (10, 9)), (0.3, 1.0, (2, 1)), (0.3, 8.0, (9, 8))],
)
def test_rule_compares_the_value_of_a_lot_with_its_cost(
    gamma: float, cost_bp: float, expected: tuple[int, int]
) -> None:
    assert rule(gamma, cost_bp * BP) == expected


def test_hedging_pays_only_at_low_cost() -> None:
    none = certainty(LOTS_MAX + 1, 0, 1.0)
    assert certainty(*rule(0.1, BP), 1.0) > none
    assert certainty(3, 0, 5.0) < 0.8 * none, "everything at three lots, at our own half-spread"


def test_inventory_stays_below_the_threshold() -> None:
    chain = HedgedMaker(gamma=0.1, at=4, down_to=1, cost=BP).chain()
    assert np.abs(chain.lots).max() == 3
    jumps = np.abs(chain.lots[chain.sink] - chain.lots[chain.source])
    assert sorted(set(jumps.tolist())) == [1.0, 2.0]
    hedged = chain.gain[jumps == 2.0] + 3 * BP
    assert np.all(hedged > chain.gain[jumps == 1.0].max()), "its fill is paid before its cost"


def test_walk_of_the_hedger_agrees_with_the_exact_profit() -> None:
    maker = HedgedMaker(gamma=0.1, at=3, down_to=2, cost=BP)
    truth = stationary(maker.chain(), sigma=SIGMA, gamma=0.1 * KAPPA)
    profit = maker.simulate(np.random.default_rng(4), 100)["profit"]
    assert abs(float(profit.mean()) - truth.mean_rate) < 4 * float(profit.std()) / 10
    assert float(profit.std()) * SECONDS**0.5 == pytest.approx(truth.sd_rate, rel=0.3)


def test_floor_of_the_daemon_is_reached_only_beyond_seven_lots() -> None:
    paper, ours = (
        HedgedMaker(gamma=0.1, at=13, down_to=0, cost=BP, is_daemon=is_daemon).chain()
        for is_daemon in (False, True)
    )
    differing = paper.lots[paper.source[~np.isclose(paper.gain, ours.gain)]]
    assert differing.size > 0
    assert np.abs(differing).min() > 7
