"""Bounds of how often a market reaches a limit hold for markets that move in different ways."""

from math import inf, sqrt
from random import Random

import pytest

from quoter.risk.expected_market import ExpectedMarket

SECONDS = 20_000
VARIANCE = 2.0  # price^2/s


def moves(kind: str, random: Random) -> list[float]:
    """Moves of one second with the same variance."""
    match kind:
        case "normal":
            return [random.gauss(0.0, sqrt(VARIANCE)) for _ in range(SECONDS)]
        case "jumps":  # one second in a hundred moves
            size = sqrt(100.0 * VARIANCE)
            return [size * random.choice((-1, 1)) * (i % 100 == 0) for i in range(SECONDS)]
        case _:  # Student's t with three degrees of freedom, as moves of a second in real markets
            chi = (sum(random.gauss(0.0, 1.0) ** 2 for _ in range(3)) for _ in range(SECONDS))
            return [sqrt(VARIANCE) * random.gauss(0.0, 1.0) / sqrt(each) for each in chi]


@pytest.mark.parametrize("kind", ["normal", "jumps", "heavy tails"])
def test_no_market_moves_beyond_a_limit_more_often_than_its_variance_allows(kind: str) -> None:
    market = ExpectedMarket(variance_per_s=VARIANCE)
    for move in (2.0, 4.0, 8.0, 14.0):
        seen = sum(abs(each) > move for each in moves(kind, Random(1)))
        assert seen <= 1.1 * market.moves_per_s(move) * SECONDS


def test_limit_that_each_second_reaches_is_expected_each_second() -> None:
    assert ExpectedMarket(variance_per_s=4.0).moves_per_s(2.0) == 1.0
    assert ExpectedMarket().moves_per_s(1.0) == 0.0
    assert ExpectedMarket().moves_per_s(0.0) == inf


def test_expected_markout_losses_grow_with_fills_and_fall_with_the_limit() -> None:
    """One fill in a minute, of 2 base, after which the mid moves by 3 (root mean square)."""
    calm = ExpectedMarket(variance_per_s=9.0 / 5.0, fills_per_s=1 / 60)

    def per_minute(market: ExpectedMarket, loss: float) -> float:
        return 60.0 * market.markout_losses_per_s(loss, order_size=2.0, horizon_s=5.0)

    assert per_minute(calm, 6.0) == pytest.approx(1.0)
    assert per_minute(calm, 60.0) == pytest.approx(0.01)
    lively = ExpectedMarket(variance_per_s=9.0 / 5.0, fills_per_s=10 / 60)
    assert per_minute(lively, 60.0) == pytest.approx(1.0)
    quiet = ExpectedMarket(variance_per_s=9.0 / 5.0, fills_per_s=0.1 / 60)
    assert per_minute(quiet, 6.0) == pytest.approx(0.1)
    assert per_minute(calm, 0.0) == inf
