"""Kill, re-arm and resume from another process: request files in the data folder, and a signal.

They need no network, no token and no valid settings. The daemon's side is in
`service/operator_commands/file_commands.py`.
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

from quoter.domain.number_text import plain
from quoter.domain.trading import TradingState
from quoter.service.data_folder import KILL_REQUEST, LOCK, PID, REARM_REQUEST, RESUME_REQUEST
from quoter.service.killswitch.command_fields import fit_reason, parse_amount
from quoter.service.killswitch.latch import Latch, LatchRecord
from quoter.service.running_daemons import daemons_of
from quoter.telemetry.redaction import clean

POLL_S = 0.02
REARM_POLL_S = 0.1
ANSWER = "rearm-answer.json"
ANSWER_BYTES_MAX = 4_096
NO_REASON = "quoter rearm"
NO_RESUME_REASON = "RESUME file"
PID_MAX = 2**31 - 1


class RearmRequest(NamedTuple):
    """The content of a REARM file: kill id and accepted inventory, then a line with the reason."""

    kill_id: str
    accept_inventory: Decimal | None = None  # base; the held inventory, if above the limit
    reason: str = NO_REASON

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse the text of a file, which a person may have written. Raises ValueError."""
        first, _, reason = text.partition("\n")
        kill_id, _, amount = first.strip().partition(" ")
        accepted = parse_amount(amount) if amount else None
        return cls(kill_id, accepted, clean(reason.strip()) or NO_REASON)

    def __str__(self) -> str:
        amount = "" if self.accept_inventory is None else f" {plain(self.accept_inventory)}"
        return f"{self.kill_id}{amount}\n{self.reason}"


class ResumeRequest(NamedTuple):
    """The content of a RESUME file: the trading state that must still hold, if any, and a reason.

    A person may leave an empty file, or one with a reason alone.
    """

    seen: TradingState | None = None
    reason: str = NO_RESUME_REASON

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse the text of a file; a first line that names a state is the state seen."""
        first, _, rest = text.strip().partition("\n")
        seen = TradingState.__members__.get(first.strip())
        reason = fit_reason(clean((rest if seen is not None else text).strip()))
        return cls(seen, reason or NO_RESUME_REASON)

    def __str__(self) -> str:
        return self.reason if self.seen is None else f"{self.seen.name}\n{self.reason}"


@dataclass(frozen=True, slots=True)
class RearmAnswer:
    """Reason why a kill is not cleared; if final, the daemon does not retry."""

    kill_id: str
    text: str
    is_final: bool

    def write(self, folder: Path) -> None:
        """Write the answer atomically, without fsync. Raises OSError."""
        path = folder / ANSWER
        part = path.with_suffix(".part")
        part.write_text(json.dumps(asdict(self)), encoding="utf-8")
        part.replace(path)

    @classmethod
    def read(cls, folder: Path) -> Self | None:
        """Return the answer on disk; None if there is none or it can't be parsed."""
        try:
            with (folder / ANSWER).open("rb") as file:
                raw = json.loads(file.read(ANSWER_BYTES_MAX))
            return cls(str(raw["kill_id"]), clean(str(raw["text"])), raw["is_final"] is True)
        except (OSError, ValueError, KeyError, TypeError):
            return None

    @staticmethod
    def forget(folder: Path) -> None:
        """Remove the answer to an earlier request."""
        with suppress(OSError):
            (folder / ANSWER).unlink()


class Rearmed(Enum):
    """Result of a re-arm by file."""

    CLEARED = auto()  # no daemon runs; the latch is removed, the next start may trade
    REQUESTED = auto()  # the daemon has the request and checks its conditions
    WRONG_ID = auto()
    NOT_LATCHED = auto()


class KillRequest(NamedTuple):
    """The result of a kill request: whether its KILL file exists, and the signalled daemon."""

    pid: int | None  # as returned by `running_pid`; if positive, it was signalled
    is_filed: bool  # the daemon or its next start will find the KILL file
    file_error: str  # why the file is missing or lacks the reason; empty if neither
    moved: tuple[int, ...] = ()  # signalled daemons whose folder was moved or deleted


def running_pid(folder: Path) -> int | None:
    """Return the pid of the daemon of this folder, 0 if unknown, None if none runs.

    A daemon runs if the lock is held. The pid in the file is no proof: it may be another process's.
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
    """Return the pid in a file; 0 if it is not a pid (0 and below mean process groups)."""
    try:
        pid = int(path.read_text())
    except (OSError, ValueError):
        return 0
    return pid if 0 < pid <= PID_MAX else 0


def request_kill(folder: Path, reason: str) -> KillRequest:
    """Write the KILL file and signal the daemon; return what was done.

    A later start reads the file too. If no daemon holds the lock, daemons that were started on this
    path are signalled: their folder was moved or deleted, so they do not see the file. Works on a
    full disk: the signal needs no file, and an empty KILL file needs no space.
    """
    path, file_error = folder / KILL_REQUEST, ""
    try:
        _put(path, fit_reason(reason))
    except OSError as error:
        file_error = f"{path}: {error.strerror}"
        with suppress(OSError):
            path.touch()
    pid = running_pid(folder)
    if pid:
        try:
            os.kill(pid, signal.SIGUSR1)
        except (ProcessLookupError, PermissionError):
            pid = 0  # another container or user; the daemon polls the file
    moved = _signal_moved(folder) if pid is None else ()
    return KillRequest(pid, not file_error or path.exists(), file_error, moved)


def _signal_moved(folder: Path) -> tuple[int, ...]:
    """Signal the daemons started on this path, whose folder was then moved or deleted.

    Returns their process ids.
    """
    signalled = []
    for pid in daemons_of(folder):
        with suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGUSR1)
            signalled.append(pid)
    return tuple(signalled)


def await_latch(
    folder: Path, seconds: float, *, before: LatchRecord | None = None
) -> LatchRecord | None:
    """Return the latch as soon as it differs from `before`; after `seconds` the present one.

    None if there is no latch by then.
    """
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
    """Clear the kill with this id, or request that from the running daemon; return which was done.

    accept_inventory: base, the held inventory if it is above the limit. Raises OSError.
    """
    record = Latch(folder).read()
    if record is None:
        return Rearmed.NOT_LATCHED
    if kill_id != record.kill_id:
        return Rearmed.WRONG_ID
    if running_pid(folder) is not None:
        RearmAnswer.forget(folder)
        _put(folder / REARM_REQUEST, str(RearmRequest(kill_id, accept_inventory, reason)))
        return Rearmed.REQUESTED
    (folder / KILL_REQUEST).unlink(missing_ok=True)  # the request of the kill that is cleared
    Latch(folder).clear()
    return Rearmed.CLEARED


def request_resume(folder: Path, request: ResumeRequest, seconds: float) -> str:
    """Write a RESUME file and wait until the daemon has taken it.

    Return why it did not take it, or an empty text. After `seconds` the file is removed. Raises
    OSError.
    """
    if running_pid(folder) is None:
        return f"no daemon runs on {folder}"
    path = folder / RESUME_REQUEST
    _put(path, str(request))
    end_s = time.monotonic() + seconds
    while path.exists():
        if time.monotonic() >= end_s:
            path.unlink(missing_ok=True)
            return f"{_late(seconds)}: the daemon did not read the request, so it was withdrawn"
        time.sleep(REARM_POLL_S)
    return ""


def await_rearm(
    folder: Path, kill_id: str, seconds: float, on_refusal: Callable[[str], object]
) -> str:
    """Wait for a requested re-arm; return an empty text once it is done, else why it is not.

    `on_refusal` is called with each new reason. After `seconds` a request that the daemon has not
    read is removed, so that it is not carried out unattended.
    """
    end_s = time.monotonic() + seconds
    last_refusal = ""
    while True:
        runs, is_late = running_pid(folder) is not None, time.monotonic() >= end_s
        record, answer = Latch(folder).read(), RearmAnswer.read(folder)
        if record is None:
            return ""
        if record.kill_id != kill_id:
            return f"killed again: {record.cause}: {record.text} (kill id {record.kill_id})"
        if answer is not None and answer.kill_id == kill_id and answer.text != last_refusal:
            if answer.is_final:
                return answer.text
            last_refusal = answer.text
            on_refusal(last_refusal)
        if not runs:
            (folder / REARM_REQUEST).unlink(missing_ok=True)
            return "the daemon has ended"
        if is_late:
            return _too_late(folder, seconds)
        time.sleep(REARM_POLL_S)


def _too_late(folder: Path, seconds: float) -> str:
    try:
        (folder / REARM_REQUEST).unlink()
    except FileNotFoundError:
        return f"{_late(seconds)}; the daemon may still do it: see `quoter status`"
    return f"{_late(seconds)}: the daemon did not read the request, so it was withdrawn"


def _late(seconds: float) -> str:
    return f"not done within {seconds:g} s"


def _put(path: Path, text: str) -> None:
    """Write a file atomically; it is synced to disk on return. Raises OSError."""
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
