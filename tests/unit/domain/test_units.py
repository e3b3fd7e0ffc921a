"""Conversion factors, and the one way from an estimate to an exact number."""

from decimal import Decimal

import pytest

from quoter.domain.units import BPS, BPS_EXACT, BPS_PER_UNIT, NS_PER_MS, NS_PER_S, S_PER_NS, exact


def test_factors_agree_with_each_other() -> None:
    assert NS_PER_S == 1_000 * NS_PER_MS
    assert NS_PER_S * S_PER_NS == 1.0
    assert BPS_PER_UNIT * BPS_EXACT == 1
    assert exact(BPS) == BPS_EXACT


@pytest.mark.parametrize("number", [0.1, 1e-9, 60_000.01, 5e300])
def test_exact_number_is_the_shortest_decimal_that_reads_back(number: float) -> None:
    assert float(exact(number)) == number
    assert exact(0.1) == Decimal("0.1")
