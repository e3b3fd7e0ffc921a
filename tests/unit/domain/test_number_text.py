"""Numbers as text: the same number, without an exponent."""

from decimal import Decimal
from math import inf, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quoter.domain.number_text import PLACES_MAX, plain, plain_json


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (Decimal("0E-8"), "0"),
        (Decimal("-0E-60"), "0"),
        (Decimal("1E-8"), "0.00000001"),
        (Decimal("0.0100"), "0.01"),
        (Decimal("6E+4"), "60000"),
        (Decimal("-1234567890.12345678901"), "-1234567890.12345678901"),  # exact: never rounded
        (1e-05, "0.00001"),
        (1e16, "10000000000000000"),
        (0.1 + 0.2, "0.3"),
        (-0.0, "0"),
        (100, "100"),
        (True, "1"),
        (nan, "nan"),
        (inf, "inf"),
        (Decimal("1E+999999"), "1E+999999"),  # from outside: not a million digits
        (10**400, str(10**400)),
    ],
)
def test_a_number_is_written_without_an_exponent(number: Decimal | float, text: str) -> None:
    assert plain(number) == text


def test_an_estimate_keeps_the_digits_that_were_asked_for() -> None:
    assert plain(60_123.456789) == "60123.5"
    assert plain(60_123.456789, 8) == "60123.457"


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**20), max_value=10**20))
def test_exact_number_is_written_without_rounding(number: Decimal) -> None:
    text = plain(number)
    assert Decimal(text) == number
    assert "E" not in text or abs(number.adjusted()) > PLACES_MAX


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"alpha": 1.25e-07}, '{"alpha": 0.000000125}'),
        ([-3e-05, 1e16, 2.5], "[-0.00003, 10000000000000000, 2.5]"),
        (["1e-05", 'a "quote" and 1e-05', "\\"], r'["1e-05", "a \"quote\" and 1e-05", "\\"]'),
        ({"1e-05": None, "币": True}, r'{"1e-05": null, "\u5e01": true}'),
    ],
)
def test_json_has_numbers_without_exponents_and_texts_as_they_are(value: object, text: str) -> None:
    assert plain_json(value) == text


@given(st.floats(allow_nan=False, allow_infinity=False, min_value=-1e30, max_value=1e30))
def test_json_number_reads_back_as_itself(number: float) -> None:
    text = plain_json(number)
    assert float(text) == number
    assert "e" not in text or 0 < abs(number) < 1e-30
