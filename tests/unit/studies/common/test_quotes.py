"""Quotes for arrays equal the daemon's quotes."""

from math import inf
from random import Random

import numpy as np
import pytest

from quoter.domain.quotes import PricingInputs
from quoter.pricing.quote.shape import QuoteShape
from quoter.pricing.quote.terms import quote_terms
from quoter.pricing.quote.widening import widening
from quoter.studies.common.quotes import Maker, ladder_of, offsets, widened


def shape(random: Random) -> QuoteShape:
    return QuoteShape(
        beta=random.uniform(0, 4),
        p=random.uniform(1, 4),
        nu0=random.choice([0.0, 0.3]),
        share=random.choice([0.0, 0.25, 1.0]),
        w_cap=random.uniform(0.5, 5),
        spread_min_bps=random.choice([0.0, 2.0]),
        spread_max_bps=random.choice([30.0, 500.0, 19_000.0]),
        d_stale=random.choice([0.0, 0.05]),
    )


def inputs(random: Random) -> PricingInputs:
    return PricingInputs(
        fair=100.0,
        sigma=10 ** random.uniform(-3, 0),
        kappa=10 ** random.uniform(0, 2),
        intensity=10 ** random.uniform(-2, 2),
        gamma_lot=10 ** random.uniform(-3, 1),
        lots=random.choice([0.0, random.uniform(-11, 11), 10.0, -10.0]),
        lots_max=10.0,
        cost_bid=random.uniform(-0.01, 0.05),
        cost_ask=random.uniform(-0.01, 0.05),
        tau_s=None,
        multiplier=random.choice([1.0, 1.5]),
        alpha=random.choice([0.0, random.uniform(-1, 1)]),
        markout_cost_bid=random.choice([0.0, random.uniform(0, 1)]),
        markout_cost_ask=random.choice([0.0, random.uniform(0, 1)]),
    )


def test_distances_match_quote_terms() -> None:
    for seed in range(300):
        matches_quote_terms(Random(seed))


def matches_quote_terms(random: Random) -> None:
    """Compare the distances of random inputs; a failure shows the inputs."""
    wanted, form = inputs(random), shape(random)
    maker = Maker(
        kappa=wanted.kappa,
        intensity=wanted.intensity,
        gamma_lot=wanted.gamma_lot,
        lots_max=wanted.lots_max,
        shape=form,
    )
    terms = quote_terms(wanted, form)
    found = offsets(
        maker,
        fair=wanted.fair,
        sigma=wanted.sigma,
        lots=np.array([wanted.lots]),
        cost_bid=wanted.cost_bid,
        cost_ask=wanted.cost_ask,
        multiplier=wanted.multiplier,
        alpha=wanted.alpha,
        markout_cost_bid=wanted.markout_cost_bid,
        markout_cost_ask=wanted.markout_cost_ask,
    )
    for ours, theirs in ((found.bid, terms.delta_bid), (found.ask, terms.delta_ask)):
        assert float(ours[0]) == pytest.approx(inf if theirs is None else theirs, rel=1e-12)
    assert float(found.half) == pytest.approx(terms.half_spread, rel=1e-12)
    assert float(found.slope) == pytest.approx(terms.slope, rel=1e-12)


def test_overrides_replace_the_shape() -> None:
    calm, wide = QuoteShape(beta=0.0), QuoteShape(beta=2.0, d_stale=0.3)
    lots = np.array([-4.0, 0.0, 4.0])
    plain, shaped = (
        Maker(kappa=20.0, intensity=0.5, gamma_lot=2.0, lots_max=10.0, shape=one)
        for one in (calm, wide)
    )
    ours = offsets(plain, fair=100.0, sigma=0.01, lots=lots, beta=2.0, d_stale=0.3)
    theirs = offsets(shaped, fair=100.0, sigma=0.01, lots=lots)
    np.testing.assert_array_equal(ours.bid, theirs.bid)
    np.testing.assert_array_equal(ours.ask, theirs.ask)


def test_array_widening_matches_the_scalar_function() -> None:
    random = Random(1)
    for _ in range(50):
        form, nu = shape(random), random.uniform(0, 2)
        single = widening(nu=nu, beta=form.beta, p=form.p, nu0=form.nu0, w_cap=form.w_cap)
        assert float(widened(np.array([nu]), form, form.beta)[0]) == pytest.approx(single)


def test_ladder_covers_short_to_long_and_is_off_at_the_limits() -> None:
    maker = Maker(kappa=20.0, intensity=0.5, gamma_lot=2.0, lots_max=5.0, shape=QuoteShape())
    ladder = ladder_of(maker, fair=100.0, sigma=0.01)
    assert ladder.bid.size == 11
    assert ladder.ask[0] == ladder.bid[-1] == inf
    assert np.all(np.diff(ladder.bid[:-1]) > 0), "the longer, the farther the bid"
    np.testing.assert_allclose(ladder.bid, ladder.ask[::-1])
