"""Detection of a second daemon with our instance name, by order ids alone."""

import pytest

from quoter.domain.events import OrderDone
from quoter.domain.reasons import DoneReason
from quoter.domain.trading import Cause
from quoter.engine.halt_causes import HaltCauses
from quoter.engine.reconciliation.duplicate_instance import DuplicateInstance
from quoter.engine.step_builder import StepBuilder
from tests.unit.state.cases import START_NS, exact

(NOTHING,) = exact(0)


@pytest.mark.parametrize(
    ("client_id", "is_other"),
    [("q01run1", False), ("q01abc1", True), ("q02run1", False), ("", False)],
)
def test_order_is_of_another_run_by_its_prefix(client_id: str, is_other: bool) -> None:
    detector = DuplicateInstance(
        own_prefix="q01", run_prefix="q01run", earlier_runs=None, causes=HaltCauses()
    )
    assert detector.is_of_other_run(client_id) is is_other


@pytest.mark.parametrize(
    ("earlier_runs", "is_raised"),
    [(None, False), (frozenset({"q01abc"}), False), (frozenset({"q01xyz"}), True)],
)
def test_ended_order_raises_the_cause_only_if_earlier_runs_are_known_and_exclude_it(
    earlier_runs: frozenset[str] | None, is_raised: bool
) -> None:
    causes = HaltCauses()
    detector = DuplicateInstance(
        own_prefix="q01", run_prefix="q01run", earlier_runs=earlier_runs, causes=causes
    )
    event = OrderDone(
        ts_ns=START_NS, client_id="q01abc1", reason=DoneReason.CANCELED, filled=NOTHING
    )
    detector.on_order_event(event, StepBuilder(event, START_NS))
    assert causes.switch.is_active(Cause.DUPLICATE_INSTANCE) is is_raised
