"""The paper's market: exact values against an independent recursion and a simulation."""

import numpy as np
import pytest

from quoter.studies.as_tables.paper import PaperMarket, exact, fill_chance
from quoter.studies.common.estimates import mean_of, sd_of

# gamma, symmetric: profit, its sd, sd of final lots, certainty equivalent (independent recursion)
REFERENCE = {
    (0.1, False): (64.8925, 6.5432, 2.92679, 62.7872557679),
    (0.1, True): (68.2228, 13.4558, 8.39944, 39.8125),
    (0.01, False): (68.3996, 8.9606, 5.21254, 67.9989892338),
    (0.01, True): (68.6661, 13.6775, 8.71166, 67.7296),
    (1.0, False): (31.4545, 4.8379, 1.64139, 22.4307135831),
    (1.0, True): (43.6853, 10.7332, 5.17137, None),
    (0.5, False): (48.5681, 5.8981, 1.95575, 40.8298111863),
    (0.5, True): (59.9179, 12.3213, 6.91838, None),
}


@pytest.mark.parametrize(("gamma", "is_symmetric"), REFERENCE)
def test_exact_values_match_an_independent_recursion(gamma: float, is_symmetric: bool) -> None:
    found = exact(PaperMarket(gamma=gamma, is_symmetric=is_symmetric))
    profit, profit_sd, lots_sd, worth = REFERENCE[gamma, is_symmetric]
    assert found.profit == pytest.approx(profit, abs=6e-5)
    assert found.profit_sd == pytest.approx(profit_sd, abs=6e-5)
    assert found.lots_sd == pytest.approx(lots_sd, abs=6e-6)
    assert found.lots == 0.0
    if worth is not None:
        assert found.certainty_equivalent == pytest.approx(worth, abs=6e-5)


@pytest.mark.parametrize("is_symmetric", [False, True])
def test_simulation_agrees_with_the_exact_values(is_symmetric: bool) -> None:
    market = PaperMarket(gamma=0.1, is_symmetric=is_symmetric)
    truth, sample = exact(market), market.simulate(np.random.default_rng(2), 10_000)
    for ours, wanted in (
        (mean_of(sample["profit"]), truth.profit),
        (sd_of(sample["profit"]), truth.profit_sd),
        (mean_of(sample["lots"]), 0.0),
        (sd_of(sample["lots"]), truth.lots_sd),
    ):
        assert abs(ours.value - wanted) < 4 * ours.se


def test_probability_cap_binds_as_often_as_expected() -> None:
    """5.2 % of the steps at gamma 1: without it the published figures can't be met."""
    sample = PaperMarket(gamma=1.0, is_symmetric=False).simulate(np.random.default_rng(2), 2_000)
    assert float(sample["capped"].mean()) == pytest.approx(0.052, abs=0.002)
    assert float(fill_chance(np.array([-10.0]))[0]) > 1.0


def test_average_spread_matches_the_paper() -> None:
    spreads = {0.1: 1.49, 0.01: 1.35}
    for gamma, printed in spreads.items():
        for is_symmetric in (False, True):
            market = PaperMarket(gamma=gamma, is_symmetric=is_symmetric)
            assert market.spread_mean() == pytest.approx(printed, abs=0.005)


def test_long_inventory_moves_both_distances() -> None:
    bid, ask = PaperMarket(gamma=0.1, is_symmetric=False).distances(0)
    assert np.all(np.diff(bid) > 0)
    assert np.all(np.diff(ask) < 0)
    flat, _ = PaperMarket(gamma=0.1, is_symmetric=True).distances(0)
    assert np.all(np.diff(flat) == 0)
