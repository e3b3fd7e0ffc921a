"""The log line with the terms of a quote."""

import io
import json
from copy import replace
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


def line(fields_of_line: dict[str, object]) -> str:
    """Return the line as it is written to the log."""
    stream = io.StringIO()
    configure_logs(log_format="json", stream=stream)
    try:
        structlog.stdlib.get_logger("quoter").info("quote_terms", seq=1, **fields_of_line)
    finally:
        structlog.reset_defaults()
    return stream.getvalue()


def test_every_term_is_a_field_of_its_own_name() -> None:
    fields_of_line = quote_fields(QUOTE)
    names = {*PricingInputs._fields, *QuoteTerms._fields}
    assert names - set(fields_of_line) == {"inputs", "bounded"}
    assert set(fields_of_line) - names == {
        "off",
        "bid_prices",
        "bid_sizes",
        "ask_prices",
        "ask_sizes",
    }
    assert (fields_of_line["fair"], fields_of_line["sigma"], fields_of_line["lots"]) == (
        60_000.0,
        6.0,
        2.0,
    )
    assert (
        fields_of_line["reservation_price"],
        fields_of_line["skew"],
        fields_of_line["widening_bid"],
    ) == (59_999.0, 1.0, 0.21)
    assert (fields_of_line["delta_bid"], fields_of_line["delta_ask"], fields_of_line["tau_s"]) == (
        6.96,
        None,
        None,
    )


def test_amounts_are_text_and_a_side_that_is_off_has_its_reason() -> None:
    fields_of_line = quote_fields(QUOTE)
    assert (fields_of_line["bid_prices"], fields_of_line["bid_sizes"]) == (["59993.04"], ["0.005"])
    assert (fields_of_line["ask_prices"], fields_of_line["ask_sizes"]) == ([], [])
    assert fields_of_line["off"] == ["SELL:side_limit"]
    assert fields_of_line["clamps"] == ["ask_side_limit:10->10"]


def test_estimates_have_eight_digits_and_amounts_all_digits() -> None:
    inputs = replace(TERMS.inputs, fair=61_234.567891234, sigma=1.2345678912e-7)
    terms = replace(TERMS, inputs=inputs, clamps=(Clamp("alpha_max", 2 / 3, 1 / 3),))
    bid = Quote(Side.BUY, 1, Decimal("0.000012345678"), Decimal("1234567.890123"))
    fields_of_line = quote_fields(replace(QUOTE, terms=terms, bids=(bid,)))
    assert (fields_of_line["fair"], fields_of_line["sigma"]) == (61_234.568, 1.2345679e-7)
    assert fields_of_line["clamps"] == ["alpha_max:0.66666667->0.33333333"]
    assert (fields_of_line["bid_prices"], fields_of_line["bid_sizes"]) == (
        ["0.000012345678"],
        ["1234567.890123"],
    )


def test_a_clamped_term_replaces_its_input() -> None:
    inputs = replace(TERMS.inputs, markout_cost_bid=30.0)
    assert quote_fields(replace(QUOTE, terms=replace(TERMS, inputs=inputs, markout_cost_bid=10.5)))[
        "markout_cost_bid"
    ] == 10.5  # fmt: skip


def test_a_quote_without_terms_has_no_fields() -> None:
    assert quote_fields(replace(QUOTE, terms=None)) == {}


def test_the_length_of_the_line_is_bounded() -> None:
    """The table of the exact model alone can have a thousand numbers."""
    inputs = replace(TERMS.inputs, bounded=tuple(1 / 3 for _ in range(1_000)))
    clamps = tuple(Clamp("bid_markout_cost_max", -1 / 3e-99, -1 / 3e-99) for _ in range(100))
    bids = tuple(wanted(Side.BUY, 5_999_304 - level) for level in range(100))
    asks = tuple(wanted(Side.SELL, 6_000_304 + level) for level in range(100))
    terms = replace(TERMS, inputs=inputs, clamps=clamps)
    fields_of_line = quote_fields(replace(QUOTE, terms=terms, bids=bids, asks=asks))
    for name in ("bid_prices", "bid_sizes", "ask_prices", "ask_sizes"):
        assert len(fields_of_line[name]) == LEVELS_MAX  # type: ignore[arg-type]
    assert fields_of_line["bid_prices"][0] == str(bids[0].price)  # type: ignore[index]
    assert len(fields_of_line["clamps"]) == CLAMPS_MAX  # type: ignore[arg-type]
    assert len(line(dict(fields_of_line))) < LINE_BYTES_MAX


@pytest.mark.parametrize("value", [nan, inf])
def test_nan_and_infinity_give_valid_json(value: float) -> None:
    fields_of_line = quote_fields(replace(QUOTE, terms=replace(TERMS, extra=value)))
    found = json.loads(line(dict(fields_of_line)), parse_constant=pytest.fail)
    assert (found["event"], found["seq"], found["extra"]) == ("quote_terms", 1, str(value))
    assert found["half_spread"] == 5.25
