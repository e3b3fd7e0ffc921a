"""The one thread that writes: jobs in order, as many as wait in one commit.

A commit that fails ends the writing for good: what the disk has is then what a restart starts from,
and everybody who waits or comes later hears of it. A commit that is late fails nobody for good: its
jobs are still written, but nobody waits for the disk again before it has moved.
"""

import asyncio
import queue
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import NamedTuple

from quoter.ledger.schema import connect
from quoter.state.inventory import LedgerConflict

QUEUE_MAX = 10_000
BATCH_MAX = 256  # jobs in one commit
STALL_S_MAX = 1.0  # the engine waits no longer than this for the disk (reliability.md RC-01)
STALL_LOOKS = 5  # a process that is frozen and woken must not blame its disk
CLOSE_S_MAX = 5.0

type Job = Callable[[sqlite3.Connection], None]
type Connect = Callable[[Path], sqlite3.Connection]


class LedgerFailed(Exception):
    """Something may not be on the disk: full, broken, or too slow."""


class _Entry(NamedTuple):
    job: Job
    done: asyncio.Future[None] | None  # None: nobody waits


class Writer:
    """Runs jobs against its own connection; `commit` and `enqueue` from the event loop only."""

    def __init__(
        self, path: Path, *, on_failure: Callable[[str], None], connect: Connect = connect
    ) -> None:
        """`on_failure` is called in the loop, once, when writing has ended for good."""
        self._path = path
        self._connect = connect
        self._on_failure = on_failure
        self._queue: queue.Queue[_Entry | None] = queue.Queue(QUEUE_MAX)
        self._loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._run, name="ledger", daemon=True)
        self._is_stalled = False
        self.failure = ""  # why writing ended for good; empty while it works
        self._thread.start()

    def enqueue(self, job: Job) -> None:
        """Write in order, soon; nobody waits for it."""
        self._put(_Entry(job, None))

    async def commit(self, job: Job) -> None:
        """Return when the job is on the disk. Raises LedgerFailed, or the job's LedgerConflict."""
        done = self._loop.create_future()
        self._put(_Entry(job, done))
        if self.failure:
            raise LedgerFailed(self.failure)
        if not self._is_stalled:
            for _ in range(STALL_LOOKS):  # time in which we stood still ourselves is one look
                if (await asyncio.wait((done,), timeout=STALL_S_MAX / STALL_LOOKS))[0]:
                    break
        if not done.done():
            self._is_stalled = True
            done.add_done_callback(_heard)
            raise LedgerFailed(f"the ledger's disk has not answered for {STALL_S_MAX:g} s")
        done.result()

    def _put(self, entry: _Entry) -> None:
        if self.failure:
            return
        try:
            self._queue.put_nowait(entry)
        except queue.Full:
            self._fail(f"the ledger's queue is full ({QUEUE_MAX})")

    def look(self) -> None:
        """A thread that has ended without a word writes nothing any more: that is a failure."""
        if not self._thread.is_alive():
            self._fail("the ledger's thread has ended")

    def close(self) -> None:
        """Write what waits and close, CLOSE_S_MAX at most; from a thread that may wait."""
        with suppress(queue.Full):
            self._queue.put(None, timeout=CLOSE_S_MAX)
        self._thread.join(CLOSE_S_MAX)

    def _run(self) -> None:
        batch: list[_Entry] | None = []
        try:
            with closing(self._connect(self._path)) as connection:
                while (batch := self._batch()) is not None:
                    self._write(connection, batch)
                with suppress(sqlite3.Error):  # the next opening does what this leaves undone
                    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        except Exception as error:  # noqa: BLE001 - a thread that dies silently loses fills
            self._tell(batch or [], f"the ledger can't be written: {error}")

    def _batch(self) -> list[_Entry] | None:
        """What waits, at least one entry; None after `close`."""
        entry = self._queue.get()
        batch: list[_Entry] = []
        while entry is not None:
            batch.append(entry)
            if len(batch) >= BATCH_MAX or self._queue.empty():
                return batch
            entry = self._queue.get()
        if batch:
            self._queue.put(None)
        return batch or None

    def _write(self, connection: sqlite3.Connection, batch: list[_Entry]) -> None:
        conflicts: dict[int, LedgerConflict] = {}
        connection.execute("BEGIN IMMEDIATE")
        for number, entry in enumerate(batch):
            try:
                entry.job(connection)
            except LedgerConflict as error:  # found before the job wrote anything
                conflicts[number] = error
        connection.execute("COMMIT")
        self._tell(batch, "", conflicts)

    def _tell(
        self,
        batch: list[_Entry],
        failure: str,
        conflicts: dict[int, LedgerConflict] | None = None,
    ) -> None:
        if failure:
            batch = [*batch, *self._waiting()]
        with suppress(RuntimeError):  # the loop is gone, and with it everybody who waited
            self._loop.call_soon_threadsafe(self._told, batch, failure, conflicts or {})

    def _waiting(self) -> list[_Entry]:
        entries = []
        with suppress(queue.Empty):
            while True:
                entry = self._queue.get_nowait()
                if entry is not None:
                    entries.append(entry)
        return entries

    def _told(
        self, batch: list[_Entry], failure: str, conflicts: dict[int, LedgerConflict]
    ) -> None:
        if failure:
            self._fail(failure)
        self._is_stalled = False
        for number, entry in enumerate(batch):
            if entry.done is None or entry.done.done():
                continue
            if failure:
                entry.done.set_exception(LedgerFailed(failure))
            elif number in conflicts:
                entry.done.set_exception(conflicts[number])
            else:
                entry.done.set_result(None)

    def _fail(self, text: str) -> None:
        if not self.failure:
            self.failure = text
            self._on_failure(text)


def _heard(done: asyncio.Future[None]) -> None:
    """Whoever waited has gone: an exception that nobody takes would be logged as lost."""
    if not done.cancelled():
        done.exception()
