"""Explanation of a quote: rows, figures and sentences."""

from copy import replace

import pytest

from quoter.pricing.models.glft_exact import log_ratios
from quoter.pricing.quote.explain import BOUND_SENTENCES, Row, explain
from quoter.pricing.quote.shape import QuoteShape
from quoter.pricing.quote.terms import Bound, quote_terms
from tests.unit.pricing.cases import PLAIN, WIDENED, paper


def by_name(rows: tuple[Row, ...]) -> dict[str, Row]:
    assert len({row.name for row in rows}) == len(rows)
    return {row.name: row for row in rows}


def test_short_is_explained_as_above_fair_with_quotes_moving_up() -> None:
    row = by_name(explain(quote_terms(paper(lots=-3.0), PLAIN)))["reservation_price"]
    assert row.value > 100.0
    assert "Short 3 lots" in row.sentence
    assert "ABOVE" in row.sentence
    assert "move up" in row.sentence


def test_long_is_explained_as_below_fair_with_quotes_moving_down() -> None:
    row = by_name(explain(quote_terms(paper(lots=3.0), PLAIN)))["reservation_price"]
    assert row.value < 100.0
    assert "Long 3 lots" in row.sentence
    assert "BELOW" in row.sentence
    assert "move down" in row.sentence


@pytest.mark.parametrize("is_exact", [False, True])
@pytest.mark.parametrize("lots", [-4.0, 0.0, 4.0])
def test_rows_of_a_side_add_up_to_its_distance(lots: float, is_exact: bool) -> None:
    inputs = paper(
        lots=lots, cost_bid=0.1, cost_ask=0.2, multiplier=1.5, alpha=-0.05, markout_cost_bid=0.02,
        markout_cost_ask=0.03,
    )  # fmt: skip
    table = log_ratios(rho=0.006, lots_max=10) if is_exact else None
    terms = quote_terms(replace(inputs, bounded=table), WIDENED)
    rows = by_name(explain(terms))
    assert ("boundary" in rows) is (is_exact and lots != 0.0)
    both = sum(rows[name].value for name in ("half_spread", "extra", "boundary") if name in rows)
    parts = ("cost", "markout_cost", "widening", "alpha")
    bid = both + sum(rows[f"{name}_bid"].value for name in parts)
    ask = both + sum(rows[f"{name}_ask"].value for name in parts)
    assert bid - rows["skew"].value == pytest.approx(rows["delta_bid"].value, rel=1e-12)
    assert ask + rows["skew"].value == pytest.approx(rows["delta_ask"].value, rel=1e-12)
    assert rows["bid"].value == pytest.approx(100.0 - rows["delta_bid"].value)
    assert rows["ask"].value == pytest.approx(100.0 + rows["delta_ask"].value)


def test_basis_points_are_of_fair_value() -> None:
    row = by_name(explain(quote_terms(paper(), PLAIN)))["half_spread"]
    assert row.bps == pytest.approx(row.value / 100.0 * 10_000)


def test_side_that_is_off_shows_the_bound_that_switched_it_off() -> None:
    rows = by_name(explain(quote_terms(paper(lots=10.0), PLAIN)))
    assert "bid" not in rows
    assert "limit" in rows["clamp_bid_side_limit"].sentence
    narrow = QuoteShape(spread_max_bps=100.0)
    assert "clamp_ask_spread_max" in by_name(explain(quote_terms(paper(), narrow)))


def test_an_expected_rise_is_explained_as_ask_moving_away_and_bid_following() -> None:
    rows = by_name(explain(quote_terms(paper(alpha=0.1), PLAIN)))
    assert rows["alpha_ask"].value == pytest.approx(0.2)
    assert "moves away twice as far" in rows["alpha_ask"].sentence
    assert rows["alpha_bid"].value == pytest.approx(-0.1)
    assert "follows" in rows["alpha_bid"].sentence
    still = by_name(explain(quote_terms(paper(), PLAIN)))
    assert "no move" in still["alpha_bid"].sentence
    assert str(still["alpha_bid"].value) == "0.0"


def test_exact_model_and_fill_factor_have_rows() -> None:
    table = log_ratios(rho=0.006, lots_max=10)
    inputs = replace(paper(lots=8.0, fill_factor=0.7), bounded=table)
    rows = by_name(explain(quote_terms(inputs, PLAIN)))
    assert rows["fill_factor"].value == 0.7
    assert "Exact" in rows["gamma_lot"].sentence
    assert "exact" in rows["skew"].sentence


def test_tick_larger_than_half_spread_has_a_row() -> None:
    rows = by_name(explain(quote_terms(paper(tick=0.9), PLAIN)))
    assert rows["tick_bound"].value == 0.9
    assert "tick_bound" not in by_name(explain(quote_terms(paper(), PLAIN)))


def test_reduced_sizes_have_a_row_and_usual_sizes_none() -> None:
    small = by_name(explain(quote_terms(paper(size_factor=0.5), PLAIN)))
    assert small["size_factor"].value == 0.5
    assert "size_factor" not in by_name(explain(quote_terms(paper(), PLAIN)))


def test_side_off_in_reduce_only_market_names_the_reason() -> None:
    inputs = replace(paper(lots=2.0), reduces_only=True)
    rows = by_name(explain(quote_terms(inputs, PLAIN)))
    assert "bid" not in rows
    assert rows["clamp_bid_regime"].bps is None
    assert "would not reduce inventory" in rows["clamp_bid_regime"].sentence


def test_every_bound_has_a_sentence() -> None:
    assert set(BOUND_SENTENCES) == set(Bound)
