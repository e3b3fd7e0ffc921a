from math import inf, nan

import pytest

from quoter.domain.errors import InvalidInput
from quoter.pricing.fair_value import mid


def test_fair_value_is_the_middle_of_the_book() -> None:
    assert mid(best_bid=99.98, best_ask=100.04) == pytest.approx(100.01)


@pytest.mark.parametrize(
    ("best_bid", "best_ask"),
    [(0.0, 1.0), (nan, 1.0), (1.0, nan), (1.0, inf), (-1.0, 1.0), (1.0, 1.0), (2.0, 1.0)],
)
def test_f18_without_two_sides_that_make_sense_there_is_no_price(
    best_bid: float, best_ask: float
) -> None:
    with pytest.raises(InvalidInput):
        mid(best_bid=best_bid, best_ask=best_ask)
