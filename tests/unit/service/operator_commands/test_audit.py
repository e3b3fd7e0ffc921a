"""Commands by file, signal and HTTP are recorded in the ledger in the same way."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from quoter.domain.events import Flatten, Pause
from quoter.domain.trading import TradingState
from quoter.ledger.rows import Operation
from quoter.service.clock import Clock
from quoter.service.data_folder import KILL_REQUEST, REARM_REQUEST, DataFolder
from quoter.telemetry.redaction import Redactor
from tests.unit.engine.cases import EngineHarness
from tests.unit.service.stops_rig import StopsRig
from tests.unit.state.cases import START_NS

CANARY = "c4n4ry-S3cret"


class AuditRig:
    """An engine with every command entrance; keeps the recorded rows."""

    def __init__(self, folder: Path) -> None:
        self.harness = EngineHarness().quoting()
        self.rows: list[Operation] = []
        self.folder = folder
        clock = Clock(wall_ns=lambda: START_NS, monotonic_ns=lambda: self.harness.now_ns - START_NS)
        self.stops = StopsRig(
            gateway=None,
            folder=DataFolder(folder, redactor=Redactor([CANARY])),
            latched=None,
            clock=clock,
            state=self.harness.state,
            write=self.rows.append,
        )

    def check(self) -> None:
        self.stops.files.check()
        self.stops.handle(self.harness.give)


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[AuditRig]:
    it = AuditRig(tmp_path)
    yield it
    await it.stops.controller.settle()


async def test_a_kill_by_file_is_recorded_without_secrets(rig: AuditRig) -> None:
    (rig.folder / KILL_REQUEST).write_text(f"too hot {CANARY}")
    rig.check()
    now_ns = rig.harness.now_ns
    assert rig.rows == [Operation(now_ns, "file", "kill", "too hot [redacted]", "{}", "done")]


async def test_the_fields_of_a_command_are_recorded_without_secrets(rig: AuditRig) -> None:
    """Somebody pasted a token where the kill id belongs."""
    rig.stops.audit.record("risk:1", "rearm", "why", f'{{"kill_id": "{CANARY}"}}', "refused")
    (row,) = rig.rows
    assert CANARY not in str(row)
    assert "[redacted]" in row.fields


async def test_a_kill_by_signal_is_recorded(rig: AuditRig) -> None:
    rig.stops.files.kill_by_signal()
    rig.check()
    now_ns = rig.harness.now_ns
    assert rig.rows == [Operation(now_ns, "signal", "kill", "SIGUSR1", "{}", "done")]


async def test_a_retried_rearm_is_recorded_in_two_rows(rig: AuditRig) -> None:
    rig.stops.files.kill_by_signal()
    rig.check()
    kill_id = rig.stops.kill_id()
    (rig.folder / REARM_REQUEST).write_text(f"{kill_id} 0.50\ncooler")
    for _ in range(5):
        rig.check()
        rig.harness.wait(1.0)
    for order in list(rig.harness.engine.orders):
        rig.harness.done(order)
    rig.harness.look_again()
    rig.harness.wait(1.0)
    rig.check()
    assert rig.harness.state() is not TradingState.KILLED
    _, refused, done = rig.rows
    assert refused.result.startswith("refused: ")
    assert "orders may be live" in refused.result
    assert (done.result, done.reason) == ("done", "cooler")
    assert done.fields == f'{{"accept_inventory": "0.50", "kill_id": "{kill_id}"}}'


async def test_a_rearm_by_file_with_a_wrong_id_is_recorded_as_refused(rig: AuditRig) -> None:
    rig.stops.files.kill_by_signal()
    rig.check()
    (rig.folder / REARM_REQUEST).write_text("wrong")
    rig.check()
    assert rig.rows[-1].action == "rearm"
    assert rig.rows[-1].result.startswith("refused: kill_id: ")


async def test_one_command_is_one_row(rig: AuditRig) -> None:
    rig.stops.send(Pause, "operator:0123abcd", "lunch")
    rig.stops.kill("risk:0123abcd", "too hot")
    rig.stops.handle(rig.harness.give)
    rig.stops.send(Flatten, "risk:0123abcd", "sell")
    rig.stops.handle(rig.harness.give)
    assert [(row.action, row.result.partition(":")[0]) for row in rig.rows] == [
        ("pause", "done"),
        ("kill", "done"),
        ("flatten", "refused"),
    ]
