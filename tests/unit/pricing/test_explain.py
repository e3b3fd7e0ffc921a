"""The words must be as right as the numbers."""

import pytest

from quoter.pricing.explain import BOUND_SENTENCES, Row, explain
from quoter.pricing.quote import Bound, quote_terms
from quoter.pricing.shape import QuoteShape
from tests.unit.pricing.cases import PLAIN, WIDENED, paper


def by_name(rows: tuple[Row, ...]) -> dict[str, Row]:
    assert len({row.name for row in rows}) == len(rows)
    return {row.name: row for row in rows}


def test_short_is_told_as_above_fair_and_quotes_that_move_up() -> None:
    row = by_name(explain(quote_terms(paper(lots=-3.0), PLAIN)))["reservation_price"]
    assert row.value > 100.0
    assert "Short 3 lots" in row.sentence
    assert "ABOVE" in row.sentence
    assert "move up" in row.sentence


def test_long_is_told_as_below_fair_and_quotes_that_move_down() -> None:
    row = by_name(explain(quote_terms(paper(lots=3.0), PLAIN)))["reservation_price"]
    assert row.value < 100.0
    assert "Long 3 lots" in row.sentence
    assert "BELOW" in row.sentence
    assert "move down" in row.sentence


@pytest.mark.parametrize("lots", [-4.0, 0.0, 4.0])
def test_the_rows_of_a_side_add_up_to_its_distance(lots: float) -> None:
    terms = quote_terms(paper(lots=lots, cost_bid=0.1, cost_ask=0.2, multiplier=1.5), WIDENED)
    rows = by_name(explain(terms))
    parts = ("half_spread", "extra")
    bid = sum(rows[name].value for name in (*parts, "cost_bid", "widening_bid"))
    ask = sum(rows[name].value for name in (*parts, "cost_ask", "widening_ask"))
    assert bid - rows["skew"].value == pytest.approx(rows["delta_bid"].value, rel=1e-12)
    assert ask + rows["skew"].value == pytest.approx(rows["delta_ask"].value, rel=1e-12)
    assert rows["bid"].value == pytest.approx(100.0 - rows["delta_bid"].value)
    assert rows["ask"].value == pytest.approx(100.0 + rows["delta_ask"].value)


def test_basis_points_are_of_fair_value() -> None:
    row = by_name(explain(quote_terms(paper(), PLAIN)))["half_spread"]
    assert row.bps == pytest.approx(row.value / 100.0 * 10_000)


def test_a_side_that_is_off_shows_the_bound_that_took_it_out() -> None:
    rows = by_name(explain(quote_terms(paper(lots=10.0), PLAIN)))
    assert "bid" not in rows
    assert "limit" in rows["clamp_bid_side_limit"].sentence
    narrow = QuoteShape(spread_max_bps=100.0)
    assert "clamp_ask_spread_max" in by_name(explain(quote_terms(paper(), narrow)))


def test_every_bound_has_a_sentence() -> None:
    assert set(BOUND_SENTENCES) == set(Bound)
