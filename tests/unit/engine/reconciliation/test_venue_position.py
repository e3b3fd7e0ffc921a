"""The inventory in balance reports against the hard limit, on its own."""

from decimal import Decimal

from quoter.domain.events import BalanceReport
from quoter.domain.trading import Cause
from quoter.engine.halt_causes import HaltCauses
from quoter.engine.reconciliation.venue_position import VenuePosition
from quoter.engine.step_builder import StepBuilder
from quoter.state.inventory import Inventory
from tests.unit.state.cases import ABC, START_NS

LIMIT = Decimal(10)


def check(held: str, *, times: int = 1, asked_ns: int = START_NS + 1) -> HaltCauses:
    """Causes after so many reports of this base balance; the target is 100."""
    causes = HaltCauses()
    inventory = Inventory(ABC, {ABC.base: Decimal(100)}, target=Decimal(100))
    position = VenuePosition(inventory=inventory, base=ABC.base, inventory_max=LIMIT, causes=causes)
    report = BalanceReport(
        ts_ns=asked_ns, asked_ns=asked_ns, free={ABC.base: Decimal(held)}, locked={}
    )
    for _ in range(times):
        position.check(report, booked_ns=START_NS, step=StepBuilder(report, asked_ns))
    return causes


def test_two_reports_beyond_the_limit_kill_and_one_does_not() -> None:
    assert check("110.1", times=1).switch.causes == {}
    assert set(check("110.1", times=2).switch.causes) == {Cause.INVENTORY_BREACH}
    assert set(check("89.9", times=2).switch.causes) == {Cause.INVENTORY_BREACH}


def test_inventory_at_the_limit_is_allowed() -> None:
    assert check("110", times=5).switch.causes == {}


def test_report_requested_before_the_newest_fill_and_nan_are_skipped() -> None:
    assert check("120", times=5, asked_ns=START_NS).switch.causes == {}
    assert check("NaN", times=5).switch.causes == {}
