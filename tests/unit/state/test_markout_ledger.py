"""The time when a fill's markout is closed; no markout is lost."""

from decimal import Decimal

import pytest

from quoter.domain.units import NS_PER_S
from quoter.state.markout_ledger import PENDING_MAX, MarkoutLedger

HUNDRED = Decimal(100)


@pytest.mark.parametrize(("ts_ns", "markout"), [(5 * NS_PER_S - 1, 7), (5 * NS_PER_S, 1)])
def test_first_mark_at_or_after_the_horizon_closes_the_fill(ts_ns: int, markout: int) -> None:
    ledger = MarkoutLedger(5)
    ledger.fill(Decimal(1), HUNDRED, 0)
    ledger.see(Decimal(101), ts_ns)
    ledger.see(Decimal(103), ts_ns)
    assert ledger.total(Decimal(107)) == markout


def test_one_late_mark_closes_all_due_fills() -> None:
    ledger = MarkoutLedger(1)
    for second in range(3):
        ledger.fill(Decimal(1), HUNDRED, second * NS_PER_S)
    ledger.see(Decimal(102), 60 * NS_PER_S)
    assert ledger.total(Decimal(50)) == 6


def test_fill_above_the_bound_cuts_the_oldest_horizon_short() -> None:
    ledger = MarkoutLedger(30)
    ledger.fill(Decimal(1), HUNDRED, 0)
    for _ in range(PENDING_MAX - 1):
        ledger.fill(Decimal(1), Decimal(102), 1)
    assert ledger.total(Decimal(102)) == 2
    ledger.fill(Decimal(1), Decimal(103), 2)
    assert ledger.total(Decimal(102)) == 3 - 1
    assert ledger.total(Decimal(104)) == 3 + 2 * (PENDING_MAX - 1) + 1
