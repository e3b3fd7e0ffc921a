"""Numbers as text: the same number, without an exponent."""

from decimal import Decimal
from math import inf, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quoter.domain.number_text import PLACES_MAX, plain


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
