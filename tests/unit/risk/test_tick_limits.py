"""Limits in basis points that one tick of the market exceeds are named with a value that works."""

from dataclasses import replace
from decimal import Decimal

import pytest

from quoter.risk.tick_limits import limits_below_tick
from tests.unit.risk.cases import LIMITS

BTTC_TICK, BTTC_PRICE = Decimal("0.00000001"), 0.00000068  # one tick is 149 bps of the lower price


def names(tick: Decimal, price: float, *, jump: float = 0.01, drift: float = 0.03) -> list[str]:
    lines = limits_below_tick(tick, price, LIMITS, price_jump=jump, quote_drift=drift)
    return [line.partition(":")[0] for line in lines]


def test_market_with_a_coarse_tick_names_the_limit_and_a_value_that_works() -> None:
    (line,) = limits_below_tick(BTTC_TICK, BTTC_PRICE, LIMITS, price_jump=0.01, quote_drift=0.03)
    assert line == (
        "QUOTER_PRICE_JUMP_BPS: one tick (0.00000001) is 149 bps of the price 0.00000068, so each "
        "move of the mid pauses quoting: at least 150 is needed (got 100)"
    )
    assert names(BTTC_TICK, BTTC_PRICE, jump=0.0150) == []


def test_every_limit_in_basis_points_is_compared() -> None:
    assert names(Decimal(1), 10.0) == [
        "QUOTER_PRICE_JUMP_BPS",
        "QUOTER_QUOTE_DRIFT_BPS",
        "QUOTER_PRICE_COLLAR_BPS",
        "QUOTER_BOOK_SPREAD_MAX_BPS",
    ]


def test_limit_that_is_off_is_not_compared() -> None:
    wide = replace(LIMITS, price_collar=Decimal(1), book_spread_max=Decimal(1))
    assert limits_below_tick(Decimal(1), 10.0, wide, price_jump=0.0, quote_drift=0.0) == []


@pytest.mark.parametrize("price", [1.0, 0.5])
def test_price_of_at_most_one_tick_exceeds_every_limit(price: float) -> None:
    assert len(names(Decimal(1), price)) == 4


def test_fine_tick_gives_no_text() -> None:
    assert names(Decimal("0.01"), 60_000.0) == []
