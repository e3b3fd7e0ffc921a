"""Reading of untrusted JSON: invalid numbers are None, names are printable."""

import sqlite3
from decimal import Decimal

import pytest

from quoter.venues.json_values import (
    NAME_CHARS_MAX,
    at_path,
    decimal,
    first_decimal,
    is_whole_number,
    text,
)

HOSTILE = ["\x1b[2J", "a\nb", "nul\x00", "\ud800", "\u202egnp", "x" * 1_000_000, '"} 1\n']


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_is_printable_and_short(name: str) -> None:
    tamed = text(name)
    assert tamed.isprintable()
    assert len(tamed) <= NAME_CHARS_MAX
    with sqlite3.connect(":memory:") as database:  # a lone surrogate would raise here
        assert database.execute("SELECT ?", (tamed,)).fetchone() == (tamed,)
    database.close()


@pytest.mark.parametrize("name", ["", "q001x9f", "28457", "BTC", "币安人生", "a b-c_d.e/f:g"])
def test_printable_name_is_unchanged(name: str) -> None:
    assert text(name) == name


def test_integers_are_names_and_other_types_are_not() -> None:
    assert [text(value) for value in (28457, True, None, 1.5, ["x"])] == ["28457", "", "", "", ""]


@pytest.mark.parametrize(
    ("name", "expected"),
    [("0", True), ("007", True), ("", False), ("-1", False), ("1.0", False), ("²", False)],
)
def test_whole_number_is_one_that_int_reads(name: str, expected: bool) -> None:
    assert is_whole_number(name) is expected


@pytest.mark.parametrize("value", [True, None, "", "x", "NaN", "inf", float("nan"), [1], "1e"])
def test_non_finite_number_is_none(value: object) -> None:
    assert decimal(value) is None


@pytest.mark.parametrize("value", ["1E+40", "1E-41", "0E-999999999", 5e-324, "1E+999999"])
def test_number_longer_than_any_amount_is_none(value: object) -> None:
    assert decimal(value) is None


@pytest.mark.parametrize("value", ["9" * 40 + "." + "9" * 40, "-0.00000000", "0E-18"])
def test_number_as_long_as_an_amount_may_be_is_exact(value: str) -> None:
    assert str(decimal(value)) == str(Decimal(value))


@pytest.mark.parametrize(("value", "number"), [("0.10", "0.10"), (0.1, "0.1"), (3, "3")])
def test_numbers_are_exact(value: object, number: str) -> None:
    assert decimal(value) == Decimal(number)


@pytest.mark.parametrize("value", ["1_000", "\u0661\u0660", "\uff11", " 1 ", "1\n", "1,5", "0x1"])
def test_text_that_only_python_reads_as_a_number_is_none(value: str) -> None:
    assert decimal(value) is None


@pytest.mark.parametrize("value", ["1e-9", "1E+3", ".5", "5.", "+1", "-0.0", "007"])
def test_other_forms_of_a_number_are_read(value: str) -> None:
    assert decimal(value) == Decimal(value)


def test_the_first_value_counts_also_if_it_is_no_number() -> None:
    """Bitget's `baseVolume` is the whole filled size in one form, and the last fill in another."""
    paths = ("a", "b")
    assert first_decimal({"a": "1", "b": "2"}, paths) == 1
    for absent in ({}, {"a": None}, {"a": ""}):
        assert first_decimal(absent | {"b": "2"}, paths) == 2
    unreadable: tuple[object, ...] = ("NaN", "x", [], True, "1_0")
    for wrong in unreadable:
        assert first_decimal({"a": wrong, "b": "2"}, paths) is None


def test_step_that_is_no_number_finds_nothing_in_a_list() -> None:
    assert [at_path(["a"], step) for step in ("0", "1", "x", "²")] == ["a", None, None, None]
