"""The recount of the counters that the order rules use."""

from decimal import Decimal

from quoter.domain.events import Tick
from quoter.domain.trading import Cause
from quoter.engine.halt_causes import HaltCauses
from quoter.engine.reconciliation.counter_check import EVERY_NS, CounterCheck
from quoter.engine.step_builder import StepBuilder
from quoter.state.open_orders import OpenOrders
from tests.unit.state.cases import BUY, START_NS, reserve


def step(ts_ns: int) -> StepBuilder:
    return StepBuilder(Tick(ts_ns=ts_ns), ts_ns)


def test_wrong_counter_kills_at_the_next_recount() -> None:
    orders, causes = OpenOrders(), HaltCauses()
    check = CounterCheck(orders, causes)
    reserve(orders, "q1", BUY, "5", "99.9")
    check.tick(step(START_NS))
    assert causes.switch.causes == {}
    orders._leaves[BUY] += Decimal(1)
    check.tick(step(START_NS + EVERY_NS - 1))
    assert causes.switch.causes == {}
    check.tick(step(START_NS + EVERY_NS))
    assert set(causes.switch.causes) == {Cause.INVARIANT_BROKEN}
