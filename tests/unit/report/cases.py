"""A recorded run with many fills on both sides, for tests of reports."""

from quoter.domain.events import Event
from tests.unit.engine.cases import CONFIG, EngineHarness
from tests.unit.state.cases import BUY, SELL

ROUNDS = 60


def trading_events() -> list[Event]:
    """Return the events of two minutes in which our orders are filled whole, one after another."""
    harness = EngineHarness(CONFIG).start().rest()
    for number in range(ROUNDS):
        harness.book(100.0 + 0.1 * (number * 7 % 4))
        for _ in range(4):
            harness.tick(0.5)
            harness.end()
            harness.rest()
        for order in harness.orders(BUY if number % 2 else SELL)[:1]:
            if order.is_wanted:
                harness.fill(order, str(order.leaves))
    return [step.event for step in harness.steps]
