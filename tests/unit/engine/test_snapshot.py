"""The snapshot of an engine is a copy."""

from quoter.domain.events import Tick
from quoter.engine.snapshot import DEPTH_SHOWN
from tests.unit.engine.cases import EngineHarness
from tests.unit.state.cases import BUY


def test_snapshot_does_not_change_with_later_events() -> None:
    harness = EngineHarness().quoting()
    before = harness.engine.snapshot()
    shown = (before.inventory, before.orders, dict(before.counts), dict(before.balances))
    harness.fill(harness.wanted(BUY))
    assert (before.inventory, before.orders, dict(before.counts), dict(before.balances)) == shown
    assert harness.engine.snapshot().inventory == before.inventory + 1


def test_snapshot_is_of_the_last_event_and_shows_a_bounded_depth() -> None:
    harness = EngineHarness().quoting()
    harness.now_ns += 1
    step = harness.give(Tick(ts_ns=harness.now_ns))
    snapshot = harness.engine.snapshot()
    assert (snapshot.seq, snapshot.ts_ns) == (step.seq, harness.now_ns)
    assert 0 < len(snapshot.bids) <= DEPTH_SHOWN
