"""The components of an engine share their state."""

from dataclasses import replace
from decimal import Decimal

from quoter.domain.events import RulesReport
from tests.unit.engine.cases import EngineHarness, cancels
from tests.unit.state.cases import ABC, BUY


def test_new_market_rules_reach_quoting_placing_and_live_orders() -> None:
    harness = EngineHarness().quoting()
    order = harness.wanted(BUY)
    fine = replace(ABC, tick=ABC.tick / 10)
    ticks = order.ticks
    step = harness.give(RulesReport(ts_ns=harness.now_ns, instrument=fine))
    assert order.ticks == 10 * ticks
    assert len(cancels(step)) == 2
    harness.wait(2.0, ends=True)
    assert harness.wanted(BUY).price % fine.tick == Decimal(0)
