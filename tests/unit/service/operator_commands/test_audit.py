"""Commands by file or signal are recorded in the ledger as those by HTTP are."""

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


class Books:
    """An engine with every entrance, and the rows that are written of the commands."""

    def __init__(self, folder: Path) -> None:
        self.maker = EngineHarness().quoting()
        self.rows: list[Operation] = []
        self.folder = folder
        clock = Clock(wall_ns=lambda: START_NS, monotonic_ns=lambda: self.maker.now_ns - START_NS)
        self.stops = StopsRig(
            gateway=None,
            folder=DataFolder(folder, redactor=Redactor([CANARY])),
            latched=None,
            clock=clock,
            state=self.maker.state,
            write=self.rows.append,
        )

    def check(self) -> None:
        self.stops.files.check()
        self.stops.handle(self.maker.tell)


@pytest.fixture
async def books(tmp_path: Path) -> AsyncIterator[Books]:
    it = Books(tmp_path)
    yield it
    await it.stops.controller.settle()


async def test_a_kill_by_file_is_recorded_without_secrets(books: Books) -> None:
    (books.folder / KILL_REQUEST).write_text(f"too hot {CANARY}")
    books.check()
    now_ns = books.maker.now_ns
    assert books.rows == [Operation(now_ns, "file", "kill", "too hot [redacted]", "{}", "done")]


async def test_a_kill_by_signal_is_recorded(books: Books) -> None:
    books.stops.files.kill_by_signal()
    books.check()
    now_ns = books.maker.now_ns
    assert books.rows == [Operation(now_ns, "signal", "kill", "SIGUSR1", "{}", "done")]


async def test_a_rearm_that_is_retried_until_it_is_done_is_two_rows(books: Books) -> None:
    books.stops.files.kill_by_signal()
    books.check()
    kill_id = books.stops.kill_id()
    (books.folder / REARM_REQUEST).write_text(f"{kill_id} 0.50\ncooler")
    for _ in range(5):
        books.check()
        books.maker.wait(1.0)
    for order in list(books.maker.engine.orders):
        books.maker.done(order)
    books.maker.look_again()
    books.maker.wait(1.0)
    books.check()
    assert books.maker.state() is not TradingState.KILLED
    _, refused, done = books.rows
    assert refused.result.startswith("refused: ")
    assert "orders may be live" in refused.result
    assert (done.result, done.reason) == ("done", "cooler")
    assert done.fields == f'{{"accept_inventory": "0.50", "kill_id": "{kill_id}"}}'


async def test_a_rearm_by_file_with_a_wrong_id_is_recorded_as_refused(books: Books) -> None:
    """As over HTTP."""
    books.stops.files.kill_by_signal()
    books.check()
    (books.folder / REARM_REQUEST).write_text("wrong")
    books.check()
    assert books.rows[-1].action == "rearm"
    assert books.rows[-1].result.startswith("refused: kill_id: ")


async def test_one_command_is_one_row(books: Books) -> None:
    books.stops.send(Pause, "operator:0123abcd", "lunch")
    books.stops.kill("risk:0123abcd", "too hot")
    books.stops.handle(books.maker.tell)
    books.stops.send(Flatten, "risk:0123abcd", "sell")
    books.stops.handle(books.maker.tell)
    assert [(row.action, row.result.partition(":")[0]) for row in books.rows] == [
        ("pause", "done"),
        ("kill", "done"),
        ("flatten", "refused"),
    ]
