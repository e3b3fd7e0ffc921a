"""The kill drill with a real daemon and sandbox (KS-13)."""

import json
import threading
from collections.abc import AsyncIterator, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from quoter.cli.drill import Drill, DrillFailed
from quoter.service.data_folder import DataFolder
from quoter.service.external_stops.heartbeat_files import HEARTBEAT, write_heartbeat
from quoter.service.killswitch.drill_record import NAME
from quoter.service.killswitch.latch import Latch
from tests.integration.daemon_harness import LIVELY, market
from tests.integration.daemon_process import is_busy, own, quoter, until
from tests.integration.sandbox_client import END_S, RunningSandbox, running
from tests.unit.service.external_stops.test_heartbeat_files import US, new_heartbeat

OURS: dict[str, object] = {"environment": US.environment, "run": new_heartbeat(1).run}


@pytest.fixture
async def sandbox() -> AsyncIterator[RunningSandbox]:
    async with running(market(LIVELY, seed=13)) as venue:
        yield venue


async def test_drill_kills_verifies_rearms_and_is_recorded(
    sandbox: RunningSandbox, tmp_path: Path
) -> None:
    async with quoter(sandbox, tmp_path, "run") as daemon:
        await is_busy(sandbox, daemon)
        port = str((daemon.logged("started") or {})["listening"]).rpartition(":")[2]
        async with quoter(sandbox, tmp_path, "drill", QUOTER_PORT=port) as drill:
            code = await drill.ended()
        assert code == 0, (drill.text, daemon.lines[-5:])
        record = json.loads((tmp_path / NAME).read_text())
        assert record["passed"] is True
        assert 0 <= record["latch_s"] <= record["empty_s"] <= record["running_s"]
        assert Latch(tmp_path).read() is None
        await until(lambda: len(own(sandbox)) >= 2, "quotes again", daemon)
        metrics = (await daemon.get("/metrics"))[1]
        (age,) = [
            line
            for line in metrics.splitlines()
            if line.startswith("quoter_last_drill_age_seconds{")
        ]
        assert 0 <= float(age.rpartition(" ")[2]) < END_S
        daemon.process.terminate()
        await daemon.ended()


class StateServer(BaseHTTPRequestHandler):
    """A server that only returns the state of a daemon."""

    state: dict[str, object]

    def do_GET(self) -> None:
        body = json.dumps(self.server.state).encode()  # type: ignore[attr-defined]
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - its name there
        """Log nothing."""


@pytest.fixture
def state_server() -> Iterator[ThreadingHTTPServer]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), StateServer)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize(
    ("state", "why"),
    [
        ({"environment": "production", "trading_state": "RUNNING"}, "not allowed in production"),
        ({"trading_state": "RUNNING"}, "does not name its environment"),
        (OURS | {"trading_state": "KILLED"}, "the daemon is KILLED"),
        (OURS | {"trading_state": "PAUSED"}, "the daemon is PAUSED"),
        (OURS | {"trading_state": "RUNNING", "run": "other"}, "for sandbox run other, but"),
        (OURS | {"trading_state": "RUNNING", "environment": "testnet"}, "for testnet run r, but"),
        ({"environment": "sandbox", "trading_state": "RUNNING"}, "for sandbox run unknown, but"),
    ],
)
def test_drill_is_refused_in_production_and_while_stopped(
    state_server: ThreadingHTTPServer, tmp_path: Path, state: dict[str, object], why: str
) -> None:
    state_server.state = state  # type: ignore[attr-defined]
    owner = DataFolder(tmp_path)
    owner.lock()  # without a pid: a drill that is held must not hit this process
    write_heartbeat(tmp_path / HEARTBEAT, new_heartbeat(1))
    try:
        with pytest.raises(DrillFailed, match=why):
            Drill(tmp_path, "127.0.0.1", state_server.server_port, ready_s_max=0.1).run()
    finally:
        owner.release()
    assert {path.name for path in tmp_path.iterdir()} == {"lock", HEARTBEAT}


def test_drill_is_refused_without_a_heartbeat(
    state_server: ThreadingHTTPServer, tmp_path: Path
) -> None:
    state_server.state = OURS | {"trading_state": "RUNNING"}  # type: ignore[attr-defined]
    owner = DataFolder(tmp_path)
    owner.lock()  # without a pid: a drill that is held must not hit this process
    try:
        with pytest.raises(DrillFailed, match="belongs to an unknown run; nothing was changed"):
            Drill(tmp_path, "127.0.0.1", state_server.server_port, ready_s_max=0.1).run()
    finally:
        owner.release()


def test_drill_is_refused_without_a_running_daemon(
    state_server: ThreadingHTTPServer, tmp_path: Path
) -> None:
    """State and data folder of different daemons: the next start must not be killed."""
    state_server.state = {"environment": "sandbox", "trading_state": "RUNNING"}  # type: ignore[attr-defined]
    with pytest.raises(DrillFailed, match="no daemon is running with the data folder"):
        Drill(tmp_path, "127.0.0.1", state_server.server_port).run()
    assert list(tmp_path.iterdir()) == []
