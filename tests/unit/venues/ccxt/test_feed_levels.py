"""One side of a book as ccxt hands it out."""

import pytest

from quoter.domain.market import Level
from quoter.venues.ccxt.feed import LEVELS_MAX, levels


def test_levels_are_read_and_cut() -> None:
    assert levels([[2.0, 1.0], [1.0, 3.0, 7]]) == (Level(2.0, 1.0), Level(1.0, 3.0))
    assert levels([]) == ()
    assert len(levels([[1.0, 1.0]] * (LEVELS_MAX + 5)) or ()) == LEVELS_MAX


@pytest.mark.parametrize("side", [None, "", {}, 0, "[[1, 1]]"])
def test_an_absent_side_is_not_an_empty_one(side: object) -> None:
    assert levels(side) is None


@pytest.mark.parametrize(
    "row", [[], [1.0], None, "11", [None, 1.0], [1.0, 0.0], [float("inf"), 1.0], ["1", "1"]]
)
def test_a_level_without_two_good_numbers_makes_the_side_unreadable(row: object) -> None:
    assert levels([[2.0, 1.0], row]) is None
