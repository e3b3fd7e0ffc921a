"""Kill and re-arm through the data folder."""

import os
import signal
import threading
from pathlib import Path

from quoter.domain.trading import Cause
from quoter.service.data_folder import KILL_REQUEST, PID, DataFolder
from quoter.service.killswitch.file_requests import (
    Rearmed,
    await_latch,
    rearm,
    request_kill,
    running_pid,
)
from quoter.service.killswitch.latch import Latch


def test_the_running_pid_is_that_of_the_lock_holder(tmp_path: Path) -> None:
    """A pid file left by a crash may name another process by now."""
    assert running_pid(tmp_path) is None
    folder = DataFolder(tmp_path)
    folder.take()
    assert running_pid(tmp_path) == os.getpid()
    for invalid in (
        "nonsense",
        "",
        "0",
        "-1",
        "9" * 30,
    ):  # -1 would signal every process
        (tmp_path / PID).write_text(invalid)
        assert running_pid(tmp_path) == 0
    folder.release()
    (tmp_path / PID).write_text("1")
    assert running_pid(tmp_path) is None


def test_reading_the_pid_does_not_prevent_a_daemon_from_starting(tmp_path: Path) -> None:
    first = DataFolder(tmp_path)
    first.take()
    first.release()
    running_pid(tmp_path)
    again = DataFolder(tmp_path)
    again.take()
    again.release()


def test_a_kill_writes_the_file_and_signals_the_daemon(tmp_path: Path) -> None:
    received = list[int]()
    before = signal.signal(signal.SIGUSR1, lambda number, _frame: received.append(number))
    folder = DataFolder(tmp_path)
    folder.take()
    try:
        assert request_kill(tmp_path, "x" * 10_000) == (os.getpid(), True, "", ())
    finally:
        signal.signal(signal.SIGUSR1, before)
        folder.release()
    assert received == [signal.SIGUSR1]
    assert len((tmp_path / KILL_REQUEST).read_text()) == 200


def test_another_process_with_the_old_pid_is_not_signalled(tmp_path: Path) -> None:
    """SIGUSR1 would end a process that does not expect it, such as this one."""
    (tmp_path / "lock").touch()
    (tmp_path / PID).write_text(str(os.getpid()))
    assert request_kill(tmp_path, "enough").pid is None


def test_the_latch_is_awaited(tmp_path: Path) -> None:
    assert await_latch(tmp_path, 0.0) is None
    writer = threading.Timer(0.05, Latch(tmp_path).write, (Cause.OPERATOR_KILL, "x", 1))
    writer.start()
    record = await_latch(tmp_path, 10.0)
    writer.join()
    assert record is not None
    assert record.cause is Cause.OPERATOR_KILL


def test_a_rearm_without_a_daemon_removes_the_kill_file_too(tmp_path: Path) -> None:
    record = Latch(tmp_path).write(Cause.OPERATOR_KILL, "x", 1)
    request_kill(tmp_path, "again")
    assert rearm(tmp_path, "wrong") is Rearmed.WRONG_ID
    assert rearm(tmp_path, record.kill_id) is Rearmed.CLEARED
    assert not (tmp_path / KILL_REQUEST).exists()
    assert rearm(tmp_path, record.kill_id) is Rearmed.NOT_LATCHED
