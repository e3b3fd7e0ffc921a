"""The same order twice within a moment is a programming loop."""

import pytest

from quoter.risk.order_rules import APART_NS
from quoter.risk.order_rules import check_duplicate_intent as check
from tests.unit.risk.cases import CALM, LIMITS, intent, view


@pytest.mark.parametrize("age_ns", [-1, 0, APART_NS - 1])
def test_equal_order_is_denied_within_half_a_second(age_ns: int) -> None:
    verdict = check(intent(), view(duplicate_ns=CALM.ts_ns - age_ns), LIMITS)
    assert "an equal order" in (verdict or "")


def test_equal_order_is_allowed_after_half_a_second() -> None:
    assert check(intent(), view(duplicate_ns=CALM.ts_ns - APART_NS), LIMITS) is None
    assert check(intent(), view(), LIMITS) is None
