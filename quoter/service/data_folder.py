"""The data folder: its lock, and request files (KILL, REARM, RESUME).

The files need no network and no token.
"""

import fcntl
import os
from contextlib import suppress
from pathlib import Path
from socket import socket
from typing import IO, NamedTuple

from quoter.service.running_daemons import announce
from quoter.telemetry.redaction import Redactor


def may_exist(path: Path) -> bool:
    """Whether a file exists; True if that is unknown.

    Needs no file descriptor: running out of them must not look like a missing file.
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
RESUME_REQUEST = "RESUME"
PID = "quoter.pid"
LOCK = "lock"
SENTINEL_LOCK = "sentinel.lock"
REQUEST_BYTES_MAX = 1_024  # a reason of 200 characters in any script, a kill id and an amount


class Request(NamedTuple):
    """Content and identity of a request file; equal only if the file is unchanged."""

    text: str
    mtime_ns: int  # UTC, by the file system's clock; 0 if unknown
    inode: int


class LockHeld(Exception):
    """Another quoter holds the lock of this data folder."""


class DataFolder:
    """A data folder, which one process at a time can lock. The lock ends with the process."""

    def __init__(self, path: Path, lock: str = LOCK, redactor: Redactor | None = None) -> None:
        """`lock`: name of the lock file. `redactor`: knows the secrets that no file may contain."""
        self.path = path
        self.redactor = redactor or Redactor()
        self._lock_name = lock
        self.is_after_crash = False  # the last owner ended without `release`
        self._lock: IO[str] | None = None
        self._has_pid = False
        # by it this process is found after its folder was moved or deleted
        self._announced: socket | None = None
        self._folder_fd = -1  # leads to the folder even after it was moved

    def take(self) -> None:
        """Create the folder, lock it, write the process id. Raises LockHeld, OSError."""
        self.path.mkdir(parents=True, exist_ok=True)
        self.lock()
        self.is_after_crash = (self.path / PID).exists()
        self._has_pid = True
        self._announced = announce(self.path)
        (self.path / PID).write_text(str(os.getpid()))

    def lock(self) -> None:
        """Lock without writing a process id, so that the next start can still detect a crash.

        Raises LockHeld, OSError.
        """
        lock = (self.path / self._lock_name).open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            raise LockHeld(f"another quoter runs on {self.path}") from None
        self._lock = lock
        self._folder_fd = os.open(self.path, os.O_RDONLY)

    def is_lost(self) -> bool:
        """Whether the locked folder is certainly gone from its path (moved or deleted)."""
        if self._lock is None:
            return False
        try:
            there = (self.path / self._lock_name).stat()
        except (FileNotFoundError, NotADirectoryError):
            return True
        except OSError:  # not known: no file descriptor, a disk that fails
            return False
        ours = os.fstat(self._lock.fileno())
        return (there.st_dev, there.st_ino) != (ours.st_dev, ours.st_ino)

    def moved_to(self) -> Path | None:
        """Return the present path of the locked folder; None if it was deleted or is not known."""
        try:
            path = Path(f"/proc/self/fd/{self._folder_fd}").readlink()
        except OSError:
            return None
        return path if path.is_dir() else None

    def release(self) -> None:
        """Remove the process id, and unlock."""
        if self._lock is not None:
            if self._has_pid and not self.is_lost():  # else it is another daemon's
                (self.path / PID).unlink(missing_ok=True)
            self._lock.close()
            if self._announced is not None:
                self._announced.close()
            os.close(self._folder_fd)
            self._lock = None

    def write_request(self, name: str, text: str) -> None:
        """Write a request file and sync it; an existing one is kept.

        Raises OSError; the file may exist even then.
        """
        with suppress(FileExistsError), (self.path / name).open("x") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
            sync_folder(self.path)

    def request(self, name: str) -> Request | None:
        """Return a request file, which stays; None if there is none.

        A file that exists and can't be read is a request too, with the error as its text.
        """
        path = self.path / name
        try:
            with path.open("rb") as file:
                raw, about = file.read(REQUEST_BYTES_MAX), os.fstat(file.fileno())
        except FileNotFoundError:
            return None
        except OSError as error:  # unreadable, but its existence is the request
            if not may_exist(path):
                return None
            return Request(str(error), *_stat_of(path))
        text = raw.decode(errors="replace").strip()
        return Request(text, about.st_mtime_ns, about.st_ino)

    def drop(self, name: str, request: Request) -> bool:
        """Remove the file of a handled request, unless it changed; return whether none is left."""
        if self.request(name) == request:
            with suppress(OSError):
                (self.path / name).unlink()
        return self.request(name) is None

    def take_request(self, name: str) -> str | None:
        """Return the content of a request file and remove it; None if there is none."""
        request = self.request(name)
        if request is None:
            return None
        self.drop(name, request)
        return request.text


def sync_folder(path: Path) -> None:
    """Sync the folder, so that created and removed files survive a power loss. Raises OSError."""
    folder = os.open(path, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _stat_of(path: Path) -> tuple[int, int]:
    """Return modification time and inode of a file that can't be opened; 0 if unknown."""
    try:
        about = path.stat()
    except OSError:
        return 0, 0
    return about.st_mtime_ns, about.st_ino
