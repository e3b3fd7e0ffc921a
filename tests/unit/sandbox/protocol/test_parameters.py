"""Strict parsing of request parameters."""

from decimal import Decimal

import pytest

from quoter.sandbox.protocol.answers import ApiError
from quoter.sandbox.protocol.parameters import Parameters, decimals, parse_form


def code(values: dict[str, str], *, named: bool = False) -> int:
    """Error code of checking `values` against one mandatory and one optional name."""
    try:
        Parameters(values).check(mandatory=("must",), optional=("may",), named=named)
    except ApiError as error:
        return error.code
    return 0


def test_missing_empty_and_unknown_names_are_refused() -> None:
    assert code({"must": "1"}) == code({"must": "1", "may": "2"}) == 0
    assert code({}) == code({"must": ""}) == -1102
    assert code({"must": "1", "may": ""}) == -1105
    assert code({"must": "1", "other": "2"}) == -1104
    assert code({"must": "1", "other": "2"}, named=True) == -1103


def test_duplicate_name_is_refused() -> None:
    assert parse_form("a=1&b=%2F") == {"a": "1", "b": "/"}
    with pytest.raises(ApiError, match="Duplicate values"):
        parse_form("a=1&a=1")
    with pytest.raises(ApiError, match="Too many parameters"):
        parse_form("&".join(f"p{number}=1" for number in range(65)))


@pytest.mark.parametrize("text", ["", "-1", "+1", "1e5", "nan", "inf", ".5", "5.", "1_000", "1 "])
def test_other_than_plain_decimal_is_refused(text: str) -> None:
    with pytest.raises(ApiError):
        Parameters({"price": text}).decimal("price")


def test_trailing_zeros_do_not_count_as_decimals() -> None:
    assert Parameters({"price": "1.100000000000"}).decimal("price") == Decimal("1.1")
    assert decimals(Decimal("1.100")) == 1
    assert decimals(Decimal(100)) == 0
    with pytest.raises(ApiError, match="too much precision"):
        Parameters({"price": "0.000000001"}).decimal("price")


def test_too_large_or_negative_integer_is_refused() -> None:
    assert Parameters({"limit": "5"}).integer("limit") == 5
    assert Parameters({}).integer("limit", 7) == 7
    with pytest.raises(ApiError, match="overflowed"):
        Parameters({"limit": "9" * 19}).integer("limit")
    with pytest.raises(ApiError, match="Illegal characters"):
        Parameters({"limit": "-5"}).integer("limit")
