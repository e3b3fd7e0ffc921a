"""A fill of an unknown order is booked once the order is known, or never."""

from quoter.domain.trading import Cause, TradingState
from tests.unit.engine.cases import CONFIG, EngineHarness
from tests.unit.state.cases import BUY, fill

NEVER_SENT = f"{CONFIG.id_prefix}zz"


def test_fill_of_an_unknown_order_of_this_run_kills() -> None:
    harness = EngineHarness().quoting()
    harness.give(fill("5", client_id=NEVER_SENT, venue_id="v77"))
    assert harness.causes == {Cause.ORDER_REAPPEARED}
    assert NEVER_SENT in harness.engine.causes.switch.causes[Cause.ORDER_REAPPEARED]
    assert harness.state() is TradingState.KILLED
    assert harness.engine.inventory.net == 0


def test_repeated_trade_of_an_order_no_longer_remembered_is_ignored() -> None:
    harness = EngineHarness().quoting()
    order = harness.wanted(BUY)
    reported = harness.fill_of(order)
    harness.give(reported)
    harness.engine.orders._closed.clear()  # as if 20,000 newer orders had ended since
    harness.give(reported)
    assert harness.state() is TradingState.RUNNING
    assert len(harness.engine.lifecycle.unmatched_fills) == 0


def test_fill_of_an_earlier_run_does_not_kill() -> None:
    harness = EngineHarness().quoting()
    harness.give(fill("5", client_id="q01old1", venue_id="v77"))
    assert harness.state() is TradingState.RUNNING
    assert len(harness.engine.lifecycle.unmatched_fills) == 1
