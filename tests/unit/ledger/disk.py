"""A connection whose disk fails or stalls when a test says so."""

import sqlite3
import threading
from pathlib import Path

TIMEOUT_S = 5.0


class Disk(sqlite3.Connection):
    """A connection whose commits fail or wait; the switches are shared, so `reset` them first."""

    broken = threading.Event()
    stalled = threading.Event()
    may_go_on = threading.Event()
    commits = 0

    @classmethod
    def reset(cls) -> None:
        """Make commits succeed again."""
        for switch in (cls.broken, cls.stalled, cls.may_go_on):
            switch.clear()

    def execute(self, statement: str, values: object = (), /) -> sqlite3.Cursor:
        if statement == "COMMIT":
            if self.broken.is_set():
                raise sqlite3.OperationalError("disk I/O error")
            if self.stalled.is_set():
                self.may_go_on.wait(TIMEOUT_S)
            type(self).commits += 1
        return super().execute(statement, values)  # type: ignore[arg-type]  # handed on


def on_disk(path: Path) -> sqlite3.Connection:
    """Return a connection of a `Disk`; replaces `schema.connect`."""
    connection = sqlite3.connect(path, isolation_level=None, factory=Disk)
    connection.execute("PRAGMA journal_mode = WAL")
    return connection
