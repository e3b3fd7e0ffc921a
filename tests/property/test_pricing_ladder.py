"""Rounding to the grid is never more aggressive than the model and never crosses a price."""

import random
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from quoter.domain.market import Side
from quoter.pricing.quote.ladder import level_sizes, quantise
from quoter.pricing.quote.shape import QuoteShape
from tests.unit.pricing.cases import BTC

CASES = 100_000


def test_a_hundred_thousand_random_quotes_keep_every_rule() -> None:
    rng = random.Random(1)
    slack = 1e-6 * BTC.tick_float  # a price this close to a tick is that tick
    for _ in range(CASES):
        best_bid = rng.randrange(9_000, 11_000)
        best_ask = best_bid + rng.randrange(1, 6)
        mid = (best_bid + best_ask) / 2 * BTC.tick_float
        bid = mid + rng.uniform(-0.2, 0.05)
        ask = bid + rng.uniform(0.0001, 0.3)
        low, high = quantise(bid, ask, best_bid, best_ask, BTC, rng.randrange(-5, 6))
        assert low is not None
        assert high is not None
        assert low < high
        assert low < best_ask
        assert high > best_bid
        assert low * BTC.tick_float <= bid + slack
        assert high * BTC.tick_float >= ask - slack


@given(bid=st.integers(1, 10**9), width=st.integers(1, 10**6))
@settings(max_examples=300)
def test_prices_on_the_grid_are_exact_at_any_height(bid: int, width: int) -> None:
    ask = bid + width
    prices = (float(BTC.price(bid)), float(BTC.price(ask)))
    assert quantise(*prices, None, None, BTC, 0.0) == (bid, ask)
    assert BTC.price(bid) == Decimal(bid) / 100


@given(
    lots=st.floats(-15, 15),
    levels=st.integers(1, 10),
    growth=st.floats(0, 10),
    eta=st.floats(0, 10),
)
@settings(max_examples=300)
def test_filling_a_whole_side_never_passes_the_limit(
    lots: float, levels: int, growth: float, eta: float
) -> None:
    shape = QuoteShape(levels=levels, growth=growth, eta=eta)
    for side in Side:
        towards = side.sign * lots
        sizes = level_sizes(side=side, lots=lots, lots_max=10.0, shape=shape)
        assert len(sizes) == levels
        assert min(sizes) >= 0.0
        assert sum(sizes) <= max(0.0, 10.0 - towards) + 1e-9
