"""Kill and re-arm from outside the daemon: files in its data folder, and a signal.

They work without network, token or valid settings, because a kill must.
"""

import fcntl
import json
import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from decimal import Decimal
from enum import Enum, auto
from pathlib import Path
from typing import NamedTuple, Self

from quoter.service.data_folder import KILL_REQUEST, LOCK, PID, REARM_REQUEST
from quoter.service.killswitch.command_fields import fit_reason, parse_amount
from quoter.service.killswitch.latch import Latch, LatchRecord
from quoter.telemetry.redaction import clean

POLL_S = 0.02
REARM_POLL_S = 0.1
ANSWER = "rearm-answer.json"
ANSWER_BYTES_MAX = 4_096
NO_REASON = "quoter rearm"
PID_MAX = 2**31 - 1


class RearmRequest(NamedTuple):
    """The content of the file: kill id and accepted inventory, on the next line the reason."""

    kill_id: str
    accept_inventory: Decimal | None = None  # as in `Rearming`
    reason: str = NO_REASON

    @classmethod
    def parse(cls, text: str) -> Self:
        """The inverse of `str`; a person may have written it. Raises ValueError."""
        first, _, reason = text.partition("\n")
        kill_id, _, amount = first.strip().partition(" ")
        accepted = parse_amount(amount) if amount else None
        return cls(kill_id, accepted, clean(reason.strip()) or NO_REASON)

    def __str__(self) -> str:
        amount = "" if self.accept_inventory is None else f" {self.accept_inventory}"
        return f"{self.kill_id}{amount}\n{self.reason}"


@dataclass(frozen=True, slots=True)
class RearmAnswer:
    """Why the kill of this id is not lifted; nobody will try again if it is final."""

    kill_id: str
    text: str
    is_final: bool

    def write(self, folder: Path) -> None:
        """Whole or not at all; not synced, its reader runs beside us. Raises OSError."""
        path = folder / ANSWER
        part = path.with_suffix(".part")
        part.write_text(json.dumps(asdict(self)), encoding="utf-8")
        part.replace(path)

    @classmethod
    def read(cls, folder: Path) -> Self | None:
        """What is there; None if nothing is, or nothing that makes sense."""
        try:
            with (folder / ANSWER).open("rb") as file:
                raw = json.loads(file.read(ANSWER_BYTES_MAX))
            return cls(str(raw["kill_id"]), clean(str(raw["text"])), raw["is_final"] is True)
        except (OSError, ValueError, KeyError, TypeError):
            return None

    @staticmethod
    def forget(folder: Path) -> None:
        """Remove that of an earlier request."""
        with suppress(OSError):
            (folder / ANSWER).unlink()


class Rearmed(Enum):
    """How a re-arm went."""

    CLEARED = auto()  # no daemon runs: the latch is gone, the next start may trade
    REQUESTED = auto()  # the daemon was asked; it checks once more
    WRONG_ID = auto()
    NOT_LATCHED = auto()


class KillAsked(NamedTuple):
    """How far a kill got on its two ways: the KILL file, and a signal to the daemon."""

    pid: int | None  # as `running_pid`; a number was signalled
    is_filed: bool  # a later look, or the next start, will find the wish
    trouble: str  # why the file is missing, or lacks the reason; empty if neither


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
        return _pid_in(folder / PID)
    except OSError:
        return 0
    return None


def _pid_in(path: Path) -> int:
    """Zero and below are groups of processes, not one; whatever is no pid is 0."""
    try:
        pid = int(path.read_text())
    except (OSError, ValueError):
        return 0
    return pid if 0 < pid <= PID_MAX else 0


def request_kill(folder: Path, reason: str) -> KillAsked:
    """Leave the KILL file, which a later start reads too, and wake the daemon.

    A disk that is full stops neither: the signal needs no file, and a file without words no room.
    """
    path, trouble = folder / KILL_REQUEST, ""
    try:
        _put(path, fit_reason(reason))
    except OSError as error:
        trouble = f"{path}: {error.strerror}"
        with suppress(OSError):
            path.touch()
    pid = running_pid(folder)
    if pid:
        try:
            os.kill(pid, signal.SIGUSR1)
        except (ProcessLookupError, PermissionError):
            pid = 0  # another container or user: it polls the file
    return KillAsked(pid, not trouble or path.exists(), trouble)


def await_latch(
    folder: Path, seconds: float, *, before: LatchRecord | None = None
) -> LatchRecord | None:
    """The latch as soon as another than `before` is on disk; after `seconds` what is there."""
    end_s = time.monotonic() + seconds
    while (record := Latch(folder).read()) in (None, before) and time.monotonic() < end_s:
        time.sleep(POLL_S)
    return record


def rearm(
    folder: Path,
    kill_id: str,
    *,
    accept_inventory: Decimal | None = None,
    reason: str = NO_REASON,
) -> Rearmed:
    """Lift the kill that `kill_id` names; `accept_inventory` as in `Rearming`. Raises OSError."""
    record = Latch(folder).read()
    if record is None:
        return Rearmed.NOT_LATCHED
    if kill_id != record.kill_id:
        return Rearmed.WRONG_ID
    if running_pid(folder) is not None:
        RearmAnswer.forget(folder)
        _put(folder / REARM_REQUEST, str(RearmRequest(kill_id, accept_inventory, reason)))
        return Rearmed.REQUESTED
    (folder / KILL_REQUEST).unlink(missing_ok=True)  # the wish that is being lifted
    Latch(folder).clear()
    return Rearmed.CLEARED


def await_rearm(folder: Path, kill_id: str, seconds: float, told: Callable[[str], object]) -> str:
    """Empty as soon as the kill is lifted; else what became of the re-arm that was asked for.

    `told` hears what speaks against it meanwhile. A request that the daemon has not taken up when
    we stop waiting is withdrawn: nobody would be there to see it obeyed.
    """
    end_s = time.monotonic() + seconds
    told_last = ""
    while True:
        runs, is_late = running_pid(folder) is not None, time.monotonic() >= end_s
        record, answer = Latch(folder).read(), RearmAnswer.read(folder)
        if record is None:
            return ""
        if record.kill_id != kill_id:
            return f"killed again: {record.cause}: {record.text} (kill id {record.kill_id})"
        if answer is not None and answer.kill_id == kill_id and answer.text != told_last:
            if answer.is_final:
                return answer.text
            told_last = answer.text
            told(told_last)
        if not runs:
            (folder / REARM_REQUEST).unlink(missing_ok=True)
            return "the daemon has ended meanwhile"
        if is_late:
            return _too_late(folder, seconds)
        time.sleep(REARM_POLL_S)


def _too_late(folder: Path, seconds: float) -> str:
    try:
        (folder / REARM_REQUEST).unlink()
    except FileNotFoundError:
        return f"not within {seconds:g} s; the daemon may still do it: see `quoter status`"
    return f"not within {seconds:g} s: the daemon did not take the request up; it is withdrawn"


def _put(path: Path, text: str) -> None:
    """Whole or not at all, and on disk before we say so."""
    part = path.with_suffix(".part")
    try:
        with part.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError:
        with suppress(OSError):
            part.unlink()
        raise
