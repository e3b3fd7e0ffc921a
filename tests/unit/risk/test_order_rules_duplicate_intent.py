"""The same order twice in a moment is a loop."""

import pytest

from quoter.risk.order_rules import APART_NS
from quoter.risk.order_rules import check_duplicate_intent as check
from tests.unit.risk.cases import CALM, LIMITS, intent, view


@pytest.mark.parametrize("age_ns", [-1, 0, APART_NS - 1])
def test_an_equal_order_that_is_younger_than_half_a_second_bars_a_second_one(age_ns: int) -> None:
    verdict = check(intent(), view(duplicate_ns=CALM.ts_ns - age_ns), LIMITS)
    assert "an equal order" in (verdict or "")


def test_later_it_is_a_new_wish() -> None:
    assert check(intent(), view(duplicate_ns=CALM.ts_ns - APART_NS), LIMITS) is None
    assert check(intent(), view(), LIMITS) is None
