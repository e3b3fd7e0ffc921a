"""The data folder: who runs here, and requests that work without a network or a token."""

import fcntl
import os
from contextlib import suppress
from pathlib import Path
from typing import IO, NamedTuple

from quoter.telemetry.redaction import Redactor


def is_there(path: Path) -> bool:
    """False only if it provably is not.

    Needs no descriptor: a full table of them says nothing about any file.
    """
    try:
        path.stat()
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return True


KILL_REQUEST = "KILL"
REARM_REQUEST = "REARM"
PID = "quoter.pid"
LOCK = "lock"
SENTINEL_LOCK = "sentinel.lock"
REQUEST_BYTES_MAX = 1_024  # 200 characters of any script, with an id and an amount


class Request(NamedTuple):
    """A request file as it was read; equal only to itself, read again untouched."""

    text: str
    mtime_ns: int  # UTC by the file system's clock; 0 if it can't be told
    inode: int


class LockHeld(Exception):
    """Another quoter runs on this data folder."""


class DataFolder:
    """Owned by one process at a time, by `flock`: the kernel lets go when the process dies."""

    def __init__(self, path: Path, lock: str = LOCK, redactor: Redactor | None = None) -> None:
        """`redactor` knows the secrets that no file here may hold."""
        self.path = path
        self.redactor = redactor or Redactor()
        self._lock_name = lock
        self.is_after_crash = False  # the last owner died without `release`
        self._lock: IO[str] | None = None
        self._has_pid = False

    def take(self) -> None:
        """Create the folder, lock it, write our pid. Raises LockHeld, OSError."""
        self.path.mkdir(parents=True, exist_ok=True)
        self.lock()
        self.is_after_crash = (self.path / PID).exists()
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

    def ask(self, name: str, text: str) -> None:
        """Leave a request file, on the disk before this returns; one that is there stays.

        Raises OSError; even then it may be there.
        """
        with suppress(FileExistsError), (self.path / name).open("x") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
            sync_folder(self.path)

    def request(self, name: str) -> Request | None:
        """A request file, which stays where it is; None if there is none."""
        path = self.path / name
        try:
            with path.open("rb") as file:
                raw, about = file.read(REQUEST_BYTES_MAX), os.fstat(file.fileno())
        except FileNotFoundError:
            return None
        except OSError as error:  # that it is there is what counts
            if not is_there(path):
                return None
            return Request(str(error), *_seen_from_outside(path))
        text = raw.decode(errors="replace").strip()
        return Request(text, about.st_mtime_ns, about.st_ino)

    def drop(self, name: str, request: Request) -> bool:
        """Remove a request file that was dealt with; False if it, or another one, is there."""
        if self.request(name) == request:
            with suppress(OSError):
                (self.path / name).unlink()
        return self.request(name) is None

    def take_request(self, name: str) -> str | None:
        """The content of a request file, which is removed; None if there is none."""
        request = self.request(name)
        if request is None:
            return None
        self.drop(name, request)
        return request.text


def sync_folder(path: Path) -> None:
    """What was put there or removed outlives the machine. Raises OSError."""
    folder = os.open(path, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _seen_from_outside(path: Path) -> tuple[int, int]:
    """When it was written, and which file it is, of one that can't be opened."""
    try:
        about = path.stat()
    except OSError:
        return 0, 0
    return about.st_mtime_ns, about.st_ino
