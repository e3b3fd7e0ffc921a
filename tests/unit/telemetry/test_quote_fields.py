"""The line that says why a quote is as it is."""

import io
import json
from dataclasses import fields, replace
from decimal import Decimal
from math import inf, nan

import pytest
import structlog

from quoter.domain.market import Side
from quoter.domain.quotes import Clamp, PricingInputs, Quote, QuoteTerms
from quoter.telemetry.logs import configure_logs
from quoter.telemetry.quote_fields import CLAMPS_MAX, LEVELS_MAX, quote_fields
from tests.unit.telemetry.samples import QUOTE, TERMS

LINE_BYTES_MAX = 4_000


def wanted(side: Side, ticks: int) -> Quote:
    return Quote(side, ticks, Decimal(ticks) / 100, Decimal("0.005"))


def line(told: dict[str, object]) -> str:
    """As it stands in the log."""
    stream = io.StringIO()
    configure_logs(log_format="json", stream=stream)
    try:
        structlog.stdlib.get_logger("quoter").info("quote_terms", seq=1, **told)
    finally:
        structlog.reset_defaults()
    return stream.getvalue()


def test_every_term_is_there_flat_and_by_its_name() -> None:
    told = quote_fields(QUOTE)
    names = {field.name for part in (PricingInputs, QuoteTerms) for field in fields(part)}
    assert names - set(told) == {"inputs", "bounded", "reservation_price"}
    assert set(told) - names == {"r", "off", "bid_prices", "bid_sizes", "ask_prices", "ask_sizes"}
    assert (told["fair"], told["sigma"], told["lots"]) == (60_000.0, 6.0, 2.0)
    assert (told["r"], told["skew"], told["widening_bid"]) == (59_999.0, 1.0, 0.21)
    assert (told["delta_bid"], told["delta_ask"], told["tau_s"]) == (6.96, None, None)


def test_money_is_text_and_a_side_that_is_off_has_its_reason() -> None:
    told = quote_fields(QUOTE)
    assert (told["bid_prices"], told["bid_sizes"]) == (["59993.04"], ["0.005"])
    assert (told["ask_prices"], told["ask_sizes"]) == ([], [])
    assert told["off"] == ["SELL:side_limit"]
    assert told["clamps"] == ["ask_side_limit:10->10"]


def test_estimates_have_eight_digits_and_money_all_of_them() -> None:
    inputs = replace(TERMS.inputs, fair=61_234.567891234, sigma=1.2345678912e-7)
    terms = replace(TERMS, inputs=inputs, clamps=(Clamp("alpha_max", 2 / 3, 1 / 3),))
    bid = Quote(Side.BUY, 1, Decimal("0.000012345678"), Decimal("1234567.890123"))
    told = quote_fields(replace(QUOTE, terms=terms, bids=(bid,)))
    assert (told["fair"], told["sigma"]) == (61_234.568, 1.2345679e-7)
    assert told["clamps"] == ["alpha_max:0.66666667->0.33333333"]
    assert (told["bid_prices"], told["bid_sizes"]) == (["0.000012345678"], ["1234567.890123"])


def test_a_bounded_term_stands_for_its_input() -> None:
    inputs = replace(TERMS.inputs, markout_cost_bid=30.0)
    assert quote_fields(replace(QUOTE, terms=replace(TERMS, inputs=inputs, markout_cost_bid=10.5)))[
        "markout_cost_bid"
    ] == 10.5  # fmt: skip


def test_without_terms_there_is_nothing_to_explain() -> None:
    assert quote_fields(replace(QUOTE, terms=None)) == {}


def test_the_line_stays_short_whatever_was_computed() -> None:
    """The exact model's table alone may have a thousand numbers."""
    inputs = replace(TERMS.inputs, bounded=tuple(1 / 3 for _ in range(1_000)))
    clamps = tuple(Clamp("bid_markout_cost_max", -1 / 3e-99, -1 / 3e-99) for _ in range(100))
    bids = tuple(wanted(Side.BUY, 5_999_304 - level) for level in range(100))
    asks = tuple(wanted(Side.SELL, 6_000_304 + level) for level in range(100))
    terms = replace(TERMS, inputs=inputs, clamps=clamps)
    told = quote_fields(replace(QUOTE, terms=terms, bids=bids, asks=asks))
    for name in ("bid_prices", "bid_sizes", "ask_prices", "ask_sizes"):
        assert len(told[name]) == LEVELS_MAX  # type: ignore[arg-type]
    assert told["bid_prices"][0] == str(bids[0].price)  # type: ignore[index]
    assert len(told["clamps"]) == CLAMPS_MAX  # type: ignore[arg-type]
    assert len(line(dict(told))) < LINE_BYTES_MAX


@pytest.mark.parametrize("value", [nan, inf])
def test_the_line_is_json_even_if_a_number_is_none(value: float) -> None:
    told = quote_fields(replace(QUOTE, terms=replace(TERMS, extra=value)))
    found = json.loads(line(dict(told)), parse_constant=pytest.fail)
    assert (found["event"], found["seq"], found["extra"]) == ("quote_terms", 1, str(value))
    assert found["half_spread"] == 5.25
