"""Contradictions between a REST book and streamed books."""

import pytest

from quoter.domain.market import Level, Levels
from quoter.venues.streams.book_comparison import BookComparison

ASKS: Levels = (Level(101.0, 1.0), Level(102.0, 1.0))


def bids(*sizes: float) -> Levels:
    """Return levels from 100 downwards; size 0 leaves a level out."""
    return tuple(Level(100.0 - i, size) for i, size in enumerate(sizes) if size)


def checked(streamed: list[Levels], rest: Levels) -> str:
    check = BookComparison()
    check.begin()
    for book in streamed:
        check.add(book, ASKS)
    return check.difference(rest, ASKS)


@pytest.mark.parametrize("rest", [bids(1, 2, 3), bids(5, 2, 3), bids(1, 6, 3)])
def test_level_that_was_streamed_at_some_time_is_accepted(rest: Levels) -> None:
    assert checked([bids(1, 2, 3), bids(5, 2, 3), bids(5, 6, 3)], rest) == ""


def test_level_that_was_never_streamed_is_a_difference() -> None:
    assert checked([bids(1, 2, 3)] * 3, bids(1, 2.5, 3)) == "bid 2.5 @ 99.0 was never streamed"


def test_level_in_the_stream_only_is_a_difference() -> None:
    found = checked([bids(1, 2, 3)] * 3, bids(1, 0, 3))
    assert found == "bid 2 @ 99.0 is in the streamed books, but not in the REST book"


def test_levels_beyond_the_rest_book_are_ignored() -> None:
    assert checked([bids(1, 2, 3, 4)], bids(1, 2)) == ""


def test_unchanged_book_from_before_counts() -> None:
    check = BookComparison()
    check.add(bids(1, 2), ASKS)
    check.begin()
    assert check.difference(bids(1, 9), ASKS) == "bid 9 @ 99.0 was never streamed"


def test_asks_are_compared_from_the_best_ask_upward() -> None:
    check = BookComparison()
    check.add(bids(1), (*ASKS, Level(103.0, 1.0)))
    check.begin()
    assert check.difference(bids(1), (ASKS[0], Level(103.0, 1.0))) == (
        "ask 1.0 @ 102.0 is in the streamed books, but not in the REST book"
    )


def test_without_streamed_books_there_is_no_difference() -> None:
    assert BookComparison().difference(bids(1), ASKS) == ""
