"""`quoter kill` with a full disk, bad words and a bad .env; `quoter rearm` and its result."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from quoter.cli import kill
from quoter.cli import main as cli
from quoter.domain.errors import BadSetting
from quoter.domain.events import Rearm
from quoter.domain.trading import Cause, TradingState
from quoter.service.data_folder import KILL_REQUEST, REARM_REQUEST, DataFolder
from quoter.service.external_stops.heartbeat_files import HEARTBEAT, write_heartbeat
from quoter.service.killswitch.file_requests import Rearmed, await_rearm
from quoter.service.killswitch.file_requests import rearm as request
from quoter.service.killswitch.latch import Latch
from tests.unit.cli.in_process import enter_empty_folder, run_main
from tests.unit.service.control_rig import Rig, rigged
from tests.unit.service.external_stops.test_heartbeat_files import new_heartbeat

WAIT_S = "30"  # on a busy machine
NO_FILE = "ulimit -f 0; "  # every write to a file fails, as on a full disk
BAD = b"caf\xe9"  # not UTF-8


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    enter_empty_folder(monkeypatch, tmp_path)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))


@contextmanager
def daemon(path: Path, orders: int = 0) -> Iterator[list[int]]:
    """Own the folder and latch on the signal, as a daemon does; yields the received signals.

    `orders`: number of its orders that may still be open after the kill.
    """
    signals = list[int]()

    def latch(number: int, _frame: object) -> None:
        signals.append(number)
        killed = replace(new_heartbeat(), pid=os.getpid(), state="KILLED", orders=orders)
        write_heartbeat(path / HEARTBEAT, killed)
        Latch(path).write(Cause.OPERATOR_KILL, "signal: SIGUSR1", 1)

    path.mkdir(exist_ok=True)
    folder = DataFolder(path)
    folder.take()
    before = signal.signal(signal.SIGUSR1, latch)
    try:
        yield signals
    finally:
        signal.signal(signal.SIGUSR1, before)
        folder.release()


def quoter(*words: str | bytes, before: str = "") -> subprocess.CompletedProcess[str]:
    """Run the command in a process, started by a shell that runs `before` first."""
    line = f'{before}exec "$0" -m quoter.cli "$@"'
    done = subprocess.run(
        ["sh", "-c", line, sys.executable, *words],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert "Traceback" not in done.stderr
    return done


# Without a daemon the process imports the client of the venue and lists orders, which is slow: one
# test does so, in the others a wrong setting ends that attempt before the import.


class TestOrdersLeft:
    def test_orders_that_may_rest_are_reported(
        self,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        """The venue refuses our cancels: the daemon is killed, and its orders are not gone."""
        monkeypatch.setattr(kill, "ORDERS_WAIT_S", 0.0)
        with daemon(tmp_path, orders=2) as signals:
            words = ("kill", "now", "--data-dir", str(tmp_path), "--wait", WAIT_S)
            code, out, err = run_main(monkeypatch, capsys, *words)
        assert signals == [signal.SIGUSR1]
        assert code == 1
        assert out.startswith("KILLED: operator_kill")
        assert "2 own orders may still rest at the venue" in err

    @pytest.mark.parametrize(
        "change",
        [{"pid": 1}, {"state": "RUNNING"}, {"orders": None}],
        ids=["of another process", "of before the kill", "of a start"],
    )
    def test_a_heartbeat_that_does_not_say_it_proves_nothing(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: dict[str, object]
    ) -> None:
        monkeypatch.setattr(kill, "may_have_orders", lambda _: True)
        known = replace(new_heartbeat(), pid=7, state="KILLED", orders=0)
        write_heartbeat(tmp_path / HEARTBEAT, known)
        assert kill._orders_by_heartbeat(tmp_path, 7) == 0
        write_heartbeat(tmp_path / HEARTBEAT, replace(known, **change))  # type: ignore[arg-type]  # replace() is not typed by field
        assert kill._orders_by_heartbeat(tmp_path, 7) is None
        monkeypatch.setattr(kill, "may_have_orders", lambda _: False)
        if "orders" not in change:
            assert kill._orders_by_heartbeat(tmp_path, 7) == 0  # the ledger has none


class TestKillOnAFullDisk:
    def test_the_signal_is_sent_on_a_full_disk(self, tmp_path: Path) -> None:
        with daemon(tmp_path) as signals:
            done = quoter(
                "kill", "now", "--data-dir", str(tmp_path), "--wait", WAIT_S, before=NO_FILE
            )
        assert signals == [signal.SIGUSR1]
        assert done.returncode == 0  # the latch proves that the signal was received
        assert "KILLED: operator_kill" in done.stdout
        assert f"{tmp_path / KILL_REQUEST}: File too large" in done.stderr

    @pytest.mark.slow
    def test_the_kill_file_is_written_without_its_reason(self, tmp_path: Path) -> None:
        """An empty file needs no space; the daemon, or its next start, reads it."""
        done = quoter("kill", "now", "--data-dir", str(tmp_path), before=NO_FILE)
        assert done.returncode == 0
        assert "next start will be killed" in done.stdout
        assert "File too large" in done.stderr
        assert [path.name for path in tmp_path.iterdir()] == [KILL_REQUEST]
        assert DataFolder(tmp_path).take_request(KILL_REQUEST) == ""

    def test_a_kill_that_can_not_be_requested_fails(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """No file can be created there, not even by root."""
        monkeypatch.setenv("QUOTER_SYMBOL", "none")
        done = quoter("kill", "now", "--data-dir", "/proc")
        assert done.returncode == 1
        assert "/proc/KILL: No such file" in done.stderr
        assert "its next start will not be killed" in done.stderr


class TestKillWithABadWord:
    def test_the_text_part_of_an_invalid_reason_is_kept(self, tmp_path: Path) -> None:
        with daemon(tmp_path) as signals:
            done = quoter("kill", BAD, "--data-dir", str(tmp_path), "--wait", WAIT_S)
        assert (done.returncode, signals) == (0, [signal.SIGUSR1])
        assert (tmp_path / KILL_REQUEST).read_text() == "caf?"

    def test_a_folder_with_an_unprintable_name_is_reported(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("QUOTER_SYMBOL", "none")
        folder = tmp_path / os.fsdecode(BAD)
        folder.mkdir()
        strict = "export PYTHONIOENCODING=utf-8:strict; "
        done = quoter("kill", "--data-dir", os.fsencode(folder), before=strict)
        assert done.returncode == 0
        assert (folder / KILL_REQUEST).exists()

    def test_an_invalid_port_does_not_matter_for_a_kill_by_file(
        self,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        monkeypatch.setenv("QUOTER_PORT", "abc")
        with daemon(tmp_path) as signals:
            assert quoter("kill", "--data-dir", str(tmp_path), "--wait", WAIT_S).returncode == 0
        assert signals == [signal.SIGUSR1]
        needs_it = "QUOTER_PORT: must be a number from 1 to 65535 (got abc)\n"
        assert run_main(monkeypatch, capsys, "status") == (2, "", needs_it)


class TestKillWithABadEnvFile:
    def test_an_invalid_byte_in_the_env_file_does_not_hide_the_folder(self, tmp_path: Path) -> None:
        (tmp_path / ".env").write_bytes(b"QUOTER_DATA_DIR=books\n# " + BAD + b"\n")
        with daemon(tmp_path / "books") as signals:
            done = quoter("kill", "--wait", WAIT_S)
        assert (done.returncode, signals) == (0, [signal.SIGUSR1])

    def test_an_unreadable_env_file_means_the_default_folder(self, tmp_path: Path) -> None:
        (tmp_path / ".env").symlink_to(".env")  # a link to itself: not even root can open it
        with daemon(tmp_path / "data") as signals:
            done = quoter("kill", "--wait", WAIT_S)
        assert (done.returncode, signals) == (0, [signal.SIGUSR1])
        assert "warning: .env: can't be read" in done.stderr

    def test_an_unreadable_env_file_without_a_daemon_is_an_error(
        self,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        """The daemon may use another folder, which only .env names."""
        (tmp_path / "data").mkdir()
        (tmp_path / ".env").symlink_to(".env")
        code, _, err = run_main(monkeypatch, capsys, "kill")
        assert code == 1
        assert "--data-dir" in err

    @pytest.mark.parametrize("command", ["status", "ledger", "rearm", "pause"])
    def test_other_commands_report_it_in_one_line(
        self,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
        command: str,
    ) -> None:
        (tmp_path / ".env").symlink_to(".env")
        code, _, err = run_main(monkeypatch, capsys, command)
        assert code == 2
        assert err.startswith(".env: can't be read: ")
        assert err.count("\n") == 1


# Re-arming: the command reports the result.


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    """A killed daemon that owns its folder and reads its request files."""
    async with rigged(tmp_path) as it:
        folder = DataFolder(tmp_path)
        folder.take()
        it.stops.kill("test", "why")
        it.drain()
        await it.until_disk()
        checks = asyncio.create_task(check_files(it))
        yield it
        checks.cancel()
        folder.release()


async def check_files(rig: Rig) -> None:
    while True:
        rig.stops.files.check()
        await asyncio.sleep(0.01)


def rearm(folder: Path, kill_id: str, *words: str) -> Result:
    options = ["--kill-id", kill_id, "--data-dir", str(folder), *words]
    return CliRunner().invoke(cli.app, ["rearm", *options])


async def test_a_rearm_waits_until_the_kill_is_cleared(rig: Rig) -> None:
    rig.settle()
    kill_id = str(rig.stops.kill_id())
    words = ("--wait", WAIT_S, "--reason", "understood")
    result = await asyncio.to_thread(rearm, rig.folder, kill_id, *words)
    assert result.exit_code == 0, result.output
    assert Latch(rig.folder).read() is None
    assert rig.state < TradingState.KILLED
    assert [(event.kill_id, event.reason) for event in rearms(rig)] == [(kill_id, "understood")]


def rearms(rig: Rig) -> list[Rearm]:
    """Return the re-arms that the engine has handled."""
    return [step.event for step in rig.harness.steps if isinstance(step.event, Rearm)]


async def test_each_refusal_is_printed_while_the_daemon_retries(rig: Rig) -> None:
    kill_id, refusals = str(rig.stops.kill_id()), list[str]()
    assert request(rig.folder, kill_id) is Rearmed.REQUESTED
    waiting = asyncio.to_thread(await_rearm, rig.folder, kill_id, float(WAIT_S), refusals.append)
    task = asyncio.create_task(waiting)
    await rig.until(lambda: bool(refusals))
    rig.settle()
    rig.later(1)
    assert await task == ""
    assert refusals == ["2 orders may be live"]


async def test_the_final_refusal_is_printed(rig: Rig) -> None:
    """The daemon retries for 30 s; the test sets the clock forward."""
    kill_id = str(rig.stops.kill_id())
    asking = asyncio.to_thread(rearm, rig.folder, kill_id, "--wait", WAIT_S)
    task = asyncio.create_task(asking)
    await rig.until(lambda: bool(rearms(rig)))
    rig.later(31)
    result = await task
    assert result.exit_code == 1
    assert "the kill is still in force: not done within 30 s: 2 orders may be live" in result.output


async def test_another_kill_meanwhile_is_reported(rig: Rig) -> None:
    kill_id = str(rig.stops.kill_id())
    task = asyncio.create_task(asyncio.to_thread(rearm, rig.folder, kill_id, "--wait", WAIT_S))
    await rig.until(lambda: bool(rearms(rig)))
    rig.stops.kill("test", "again")
    result = await task
    assert result.exit_code == 1
    assert "the kill is still in force" in result.output
    assert Latch(rig.folder).read() is not None


class TestRearmWithoutAnAnswer:
    """A daemon that owns the folder but hangs and does not read requests."""

    @pytest.fixture
    def kill_id(self, tmp_path: Path) -> str:
        return Latch(tmp_path).write(Cause.LOSS_LIMIT, "lost", 1).kill_id

    def test_a_rearm_request_that_was_not_read_is_removed(
        self, tmp_path: Path, kill_id: str
    ) -> None:
        """It must not be carried out later, when the operator no longer waits."""
        folder = DataFolder(tmp_path)
        folder.take()
        result = rearm(tmp_path, kill_id, "--wait", "1")
        folder.release()
        assert result.exit_code == 1
        assert "not done within 1 s: the daemon did not read the request" in result.output
        assert not (tmp_path / REARM_REQUEST).exists()
        assert Latch(tmp_path).read() is not None

    def test_without_a_daemon_the_next_start_may_trade(self, tmp_path: Path, kill_id: str) -> None:
        result = rearm(tmp_path, kill_id)
        assert result.exit_code == 0
        assert "no daemon is running with the data folder" in result.output
        assert Latch(tmp_path).read() is None

    @pytest.mark.parametrize(
        ("option", "value", "text"),
        [
            ("--accept-inventory", "abc", "must be a number of base units (got abc)"),
            ("--accept-inventory", "sNaN", "must be a number of base units (got sNaN)"),
            ("--accept-inventory", "1" * 100, "must be a number of base units"),
            ("--reason", "a\x1b[2Jb", "must be 1 to 200 printable characters (got a?[2Jb)"),
            ("--reason", "x" * 201, "must be 1 to 200 printable characters"),
            ("--reason", " ", "must be 1 to 200 printable characters"),
        ],
    )
    def test_invalid_options_change_nothing(
        self, tmp_path: Path, kill_id: str, option: str, value: str, text: str
    ) -> None:
        result = rearm(tmp_path, kill_id, option, value)
        assert isinstance(result.exception, BadSetting)
        assert f"{option}: {text}" in str(result.exception)
        assert Latch(tmp_path).read() is not None
