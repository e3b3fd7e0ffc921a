"""Kill and re-arm from outside the daemon: files in its data folder, and a signal.

They work without network, token or valid settings, because a kill must.
"""

import fcntl
import os
import signal
import time
from enum import Enum, auto
from pathlib import Path

from quoter.service.data_folder import KILL_REQUEST, LOCK, PID, REARM_REQUEST
from quoter.service.latch import Latch, LatchRecord

POLL_S = 0.02
REASON_CHARS_MAX = 200


class Rearmed(Enum):
    """How a re-arm went."""

    CLEARED = auto()  # no daemon runs: the latch is gone, the next start may trade
    REQUESTED = auto()  # the daemon was asked; it checks once more
    WRONG_ID = auto()
    NOT_LATCHED = auto()


def running_pid(folder: Path) -> int | None:
    """The pid of the daemon on this folder, 0 if it can't be told, None if none runs.

    Only who holds the lock runs: a pid file alone may name a stranger by now.
    """
    try:
        with (folder / LOCK).open() as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return None
    except BlockingIOError:
        try:
            return int((folder / PID).read_text())
        except (OSError, ValueError):
            return 0
    return None


def request_kill(folder: Path, reason: str) -> int | None:
    """Leave the KILL file, which a later start reads too, and wake the daemon.

    Returns as `running_pid`. Raises OSError if the file can't be written.
    """
    _put(folder / KILL_REQUEST, reason[:REASON_CHARS_MAX])
    pid = running_pid(folder)
    if pid:
        try:
            os.kill(pid, signal.SIGUSR1)
        except (ProcessLookupError, PermissionError):
            return 0  # another container or user: it polls the file
    return pid


def await_latch(
    folder: Path, seconds: float, *, before: LatchRecord | None = None
) -> LatchRecord | None:
    """The latch as soon as another than `before` is on disk; after `seconds` what is there."""
    end_s = time.monotonic() + seconds
    while (record := Latch(folder).read()) in (None, before) and time.monotonic() < end_s:
        time.sleep(POLL_S)
    return record


def rearm(folder: Path, kill_id: str, accept_inventory: str = "") -> Rearmed:
    """Lift the kill that `kill_id` names; `accept_inventory` as in `Rearming`. Raises OSError."""
    record = Latch(folder).read()
    if record is None:
        return Rearmed.NOT_LATCHED
    if kill_id != record.kill_id:
        return Rearmed.WRONG_ID
    if running_pid(folder) is not None:
        _put(folder / REARM_REQUEST, f"{kill_id} {accept_inventory}".strip())
        return Rearmed.REQUESTED
    (folder / KILL_REQUEST).unlink(missing_ok=True)  # the wish that is being lifted
    Latch(folder).clear()
    return Rearmed.CLEARED


def _put(path: Path, text: str) -> None:
    """Whole or not at all, and on disk before we say so."""
    part = path.with_suffix(".part")
    with part.open("w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
