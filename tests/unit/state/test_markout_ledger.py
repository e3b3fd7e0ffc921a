"""The time when a fill's markout is closed; no markout is lost."""

from decimal import Decimal

import pytest

from quoter.domain.units import NS_PER_S
from quoter.state.markout_ledger import PENDING_MAX, MarkoutLedger, OpenFill

HUNDRED = Decimal(100)


def bought(mark: int, ts_ns: int) -> OpenFill:
    """One unit at the mark."""
    return OpenFill(ts_ns, Decimal(1), Decimal(mark), Decimal(mark))


@pytest.mark.parametrize(("ts_ns", "markout"), [(5 * NS_PER_S - 1, 7), (5 * NS_PER_S, 1)])
def test_first_mark_at_or_after_the_horizon_closes_the_fill(ts_ns: int, markout: int) -> None:
    ledger = MarkoutLedger(5)
    ledger.fill(bought(100, 0))
    ledger.see(Decimal(101), ts_ns)
    ledger.see(Decimal(103), ts_ns)
    assert ledger.total(Decimal(107)) == markout


def test_one_late_mark_closes_all_due_fills() -> None:
    ledger = MarkoutLedger(1)
    for second in range(3):
        ledger.fill(bought(100, second * NS_PER_S))
    ledger.see(Decimal(102), 60 * NS_PER_S)
    assert ledger.total(Decimal(50)) == 6


def test_fill_above_the_bound_cuts_the_oldest_horizon_short() -> None:
    ledger = MarkoutLedger(30)
    ledger.fill(bought(100, 0))
    for _ in range(PENDING_MAX - 1):
        ledger.fill(bought(102, 1))
    assert ledger.total(Decimal(102)) == 2
    ledger.fill(bought(103, 2))
    assert ledger.total(Decimal(102)) == 3 - 1
    assert ledger.total(Decimal(104)) == 3 + 2 * (PENDING_MAX - 1) + 1


def test_every_matured_fill_is_reported_once_with_its_mark() -> None:
    seen = list[tuple[int, Decimal]]()
    ledger = MarkoutLedger(1, lambda fill, mark: seen.append((fill.filled_ns, mark)))
    for second in range(3):
        ledger.fill(bought(100, second * NS_PER_S))
    ledger.see(Decimal(101), NS_PER_S)
    ledger.see(Decimal(102), 2 * NS_PER_S)
    assert seen == [(0, Decimal(101)), (NS_PER_S, Decimal(102))]
    assert ledger.open_notional() == 100
