"""Inventory by gamma, on the price grid of a symbol."""

from dataclasses import replace
from decimal import Decimal
from math import sqrt

import numpy as np
import pytest

from quoter.pricing.quote.normalisation import inventory_sd_lots
from quoter.sim.messages import MarketSpec
from quoter.sim.model_markets import MARKETS
from quoter.studies.gamma.market import LOTS_MAX, GammaMarket

BITCOIN, THIN, SUB_CENT, LARGE_TICK = MARKETS


def market(spec: MarketSpec = BITCOIN, ghat: float = 10.0, *, is_bare: bool = True) -> GammaMarket:
    return GammaMarket(spec=spec, ghat=ghat, is_bare=is_bare)


def sd(one: GammaMarket, paths: int = 150) -> float:
    sample = one.simulate(np.random.default_rng(9), paths)
    return sqrt(float(sample["square_lots"].mean()))


@pytest.mark.parametrize("spec", MARKETS, ids=lambda spec: str(spec.symbol))
@pytest.mark.parametrize("ghat", [0.1, 1.0, 10.0])
def test_exact_chain_follows_the_law(spec: MarketSpec, ghat: float) -> None:
    law = inventory_sd_lots(ghat=ghat, lots_max=LOTS_MAX)
    assert market(spec, ghat).exact.sd_lots == pytest.approx(law, rel=0.15)


@pytest.mark.parametrize("spec", [BITCOIN, THIN, SUB_CENT], ids=lambda spec: str(spec.symbol))
def test_simulation_on_the_grid_follows_the_law(spec: MarketSpec) -> None:
    one = market(spec)
    assert sd(one) == pytest.approx(one.exact.sd_lots, rel=0.08)


@pytest.mark.slow
def test_default_shape_makes_inventory_tighter() -> None:
    assert sd(market(ghat=3.0, is_bare=False)) < sd(market(ghat=3.0)) * 0.95


def test_fee_changes_the_fill_rate_and_not_the_inventory() -> None:
    """Gamma is solved with the fee in it; fills become ten thousand times rarer."""
    plain, dear = market(), replace(market(), fee=0.001)
    assert dear.cost == pytest.approx(60.0)
    assert sd(dear) == pytest.approx(sd(plain), rel=0.1)


@pytest.mark.slow
def test_inventory_stays_within_the_limit() -> None:
    sample = market(ghat=0.1).simulate(np.random.default_rng(9), 3)
    assert float(sample["square_lots"].max()) <= LOTS_MAX**2
    assert float(sample["at_limit"].max()) > 0.0


def test_quotes_round_outward_and_never_cross_the_book() -> None:
    coarse = market(replace(BITCOIN, tick=Decimal(8), spread_ticks=1))
    mid, lots = 60_000.0 + np.linspace(0.0, 8.0, 33), np.zeros(33)
    bid, ask = coarse._distances(mid, lots)
    free = replace(coarse, has_grid=False)._distances(mid, lots)
    assert np.all(bid >= free[0] - 1e-6)
    assert np.all(ask >= free[1] - 1e-6)
    on_grid = (mid - bid) / 8.0
    np.testing.assert_allclose(on_grid, np.round(on_grid), atol=1e-9)


def test_tick_flags_are_set() -> None:
    assert [market(spec).has_large_tick for spec in MARKETS] == [False, False, False, True]
    assert not market(BITCOIN).is_tick_bound
    assert market(SUB_CENT).is_tick_bound
