"""The components of an engine share their state."""

from dataclasses import replace
from decimal import Decimal

import pytest

from quoter.domain.events import RulesReport
from tests.unit.engine.cases import EngineHarness, cancels, config
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


def test_new_tick_reaches_regime_marks_and_intensity() -> None:
    """They kept the tick of the start: moves were cut by it and marks lay on the old grid."""
    harness = EngineHarness().quoting()
    engine = harness.engine
    harness.wait(1.0, ends=True)
    fine = replace(ABC, tick=ABC.tick / 100)
    harness.give(RulesReport(ts_ns=harness.now_ns, instrument=fine))
    harness.wait(2.0, ends=True)
    assert engine.attribution.mark_of(100.0125) == Decimal("100.0125")
    shaken = EngineHarness(config(instrument=replace(fine, fee_maker=Decimal(0)))).quoting()
    shaken.wait(2.0, ends=True)
    for maker in (harness, shaken):
        for n in range(60):
            maker.book(100.0 + (0.1 if n % 2 else 0.0))
            maker.wait(1.0, ends=True)
    now, same = engine.regime.view.sigma_now, shaken.engine.regime.view.sigma_now
    assert now == pytest.approx(same, rel=0.2)
