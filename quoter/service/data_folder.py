"""The data folder: who runs here, and requests that work without a network or a token."""

import fcntl
import os
from contextlib import suppress
from pathlib import Path
from typing import IO

from quoter.service.presence import is_there
from quoter.telemetry.redaction import Redactor

KILL_REQUEST = "KILL"
REARM_REQUEST = "REARM"
PID = "quoter.pid"
LOCK = "lock"
SENTINEL_LOCK = "sentinel.lock"
REQUEST_BYTES_MAX = 200


class LockHeld(Exception):
    """Another quoter runs on this data folder."""


class DataFolder:
    """Owned by one process at a time, by `flock`: the kernel lets go when the process dies."""

    def __init__(self, path: Path, lock: str = LOCK, redactor: Redactor | None = None) -> None:
        """`redactor` knows the secrets that no file here may hold."""
        self.path = path
        self.redactor = redactor or Redactor()
        self._lock_name = lock
        self.was_left_in_a_hurry = False  # the last owner died without `release`
        self._lock: IO[str] | None = None
        self._has_pid = False

    def take(self) -> None:
        """Create the folder, lock it, write our pid. Raises LockHeld, OSError."""
        self.path.mkdir(parents=True, exist_ok=True)
        self.lock()
        self.was_left_in_a_hurry = (self.path / PID).exists()
        self._has_pid = True
        (self.path / PID).write_text(str(os.getpid()))

    def lock(self) -> None:
        """Keep daemons out without being one: how the last of them ended stays to be seen.

        Raises LockHeld, OSError.
        """
        lock = (self.path / self._lock_name).open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            raise LockHeld(f"another quoter runs on {self.path}") from None
        self._lock = lock

    def release(self) -> None:
        if self._lock is not None:
            if self._has_pid:
                (self.path / PID).unlink(missing_ok=True)
            self._lock.close()
            self._lock = None

    def take_request(self, name: str) -> str | None:
        """The content of a request file, which is removed; None if there is none."""
        path = self.path / name
        try:
            with path.open("rb") as file:
                raw = file.read(REQUEST_BYTES_MAX)
        except FileNotFoundError:
            return None
        except OSError as error:  # that it is there is what counts
            if not is_there(path):
                return None
            raw = str(error).encode()
        with suppress(OSError):
            path.unlink()
        return raw.decode(errors="replace").strip()
