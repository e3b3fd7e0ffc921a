"""No order without a usable market, nor one that was priced from another book."""

from decimal import Decimal

import pytest

from quoter.domain.market import Side
from quoter.risk.order_rules import check_market_data as check
from tests.unit.risk.cases import CALM, LIMITS, NOT_NUMBERS, intent, limits, view

TICK = Decimal("0.1")


def test_order_in_a_calm_market_is_allowed() -> None:
    assert check(intent(), view(), LIMITS) is None


def test_unusable_or_stale_book_denies() -> None:
    assert check(intent(), view(book_ready=False), LIMITS) == "no usable book"
    assert "too old" in (check(intent(), view(is_fresh=False), LIMITS) or "")


def test_the_spread_may_reach_its_limit_to_the_tick() -> None:
    wide = {"best_bid": Decimal("97.5"), "best_ask": Decimal("102.5")}
    assert check(intent(), view(**wide), LIMITS) is None
    wider = wide | {"best_ask": Decimal("102.5") + TICK}
    assert "bps apart" in (check(intent(), view(**wider), LIMITS) or "")


@pytest.mark.parametrize("ask", [Decimal("99.5"), Decimal(99)])
def test_locked_or_crossed_book_denies(ask: Decimal) -> None:
    assert "are crossed" in (check(intent(), view(best_ask=ask), LIMITS) or "")


@pytest.mark.parametrize("name", ["depth_bid", "depth_ask"])
def test_each_side_must_hold_the_minimum_or_the_order_itself(name: str) -> None:
    thin = view(**{name: Decimal(2)})
    assert check(intent(size="2"), thin, LIMITS) is None
    assert "best levels" in (check(intent(size="2.01"), thin, LIMITS) or "")
    assert check(intent(size="2.01"), thin, limits(book_depth_min=Decimal(2))) is None
    assert "best levels" in (check(intent(), thin, limits(book_depth_min=Decimal("2.01"))) or "")


@pytest.mark.parametrize("name", ["best_bid", "best_ask", "depth_bid", "depth_ask"])
def test_infinite_price_denies(name: str) -> None:
    number = NOT_NUMBERS[2]
    verdict = check(intent(), view(**{name: number}), LIMITS)
    assert verdict is not None or name.startswith("depth")


@pytest.mark.parametrize("side", list(Side))
@pytest.mark.parametrize("seq", [CALM.book_seq - 1, CALM.book_seq + 1])
def test_an_order_must_be_priced_from_this_very_book(side: Side, seq: int) -> None:
    assert "priced from update" in (check(intent(side), view(book_seq=seq), LIMITS) or "")
