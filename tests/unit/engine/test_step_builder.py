"""The collection of one event's effects, and the Step made of it."""

from quoter.domain.events import Tick
from quoter.domain.orders import OrderState
from quoter.domain.trading import Cause, TradingState
from quoter.engine.step_builder import StepBuilder
from tests.unit.state.cases import START_NS

EVENT = Tick(ts_ns=START_NS)
RUNNING, PAUSED = TradingState.RUNNING, TradingState.PAUSED


def test_step_without_effects_has_the_event_and_no_state_change() -> None:
    step = StepBuilder(EVENT, START_NS).build(7, RUNNING, RUNNING)
    assert (step.seq, step.event, step.state) == (7, EVENT, None)
    assert (step.commands, step.denied, step.orders, step.booked, step.anomalies) == ((),) * 5


def test_order_change_to_the_same_state_is_not_recorded() -> None:
    builder = StepBuilder(EVENT, START_NS)
    builder.order_changed("q1", OrderState.OPEN, OrderState.OPEN)
    builder.order_changed("q1", OrderState.OPEN, OrderState.PARTIAL, "filled")
    (change,) = builder.build(1, RUNNING, RUNNING).orders
    assert (change.before, change.after, change.text) == (
        OrderState.OPEN,
        OrderState.PARTIAL,
        "filled",
    )


def test_state_change_has_states_and_causes() -> None:
    builder = StepBuilder(EVENT, START_NS)
    builder.raised.append((Cause.CLOCK, "off by 2 s"))
    change = builder.build(1, RUNNING, PAUSED).state
    assert change is not None
    assert (change.before, change.after) == (RUNNING, PAUSED)
    assert change.raised == ((Cause.CLOCK, "off by 2 s"),)


def test_anomalies_keep_their_order() -> None:
    builder = StepBuilder(EVENT, START_NS)
    builder.add_anomaly("first", "a")
    builder.add_anomaly("second")
    assert builder.build(1, RUNNING, RUNNING).anomalies == (("first", "a"), ("second", ""))
