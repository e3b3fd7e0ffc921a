"""The thread that writes the ledger. It runs jobs in order, and commits all queued ones together.

A failed commit ends writing for the rest of the process; a restart continues from what is on disk.
All present and later calls then raise LedgerFailed.

A late commit raises LedgerStalled in the calls that wait for it, but its jobs are still written.
Until they are, later calls do not wait.
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
STALL_S_MAX = 1.0  # the engine waits no longer than this for the disk (RC-01)
STALL_CHECKS = 5  # checks within that time, so that a freeze of this process does not use all of it
CLOSE_S_MAX = 5.0

type Job = Callable[[sqlite3.Connection], None]
type Connect = Callable[[Path], sqlite3.Connection]


class LedgerFailed(Exception):
    """A write may not be on disk: the disk is full, broken or too slow."""


class LedgerStalled(LedgerFailed):
    """The disk is slow: the write is queued; `done` ends once it is on disk or has failed."""

    def __init__(self, text: str, done: asyncio.Future[None]) -> None:
        super().__init__(text)
        self.done = done


class _Entry(NamedTuple):
    job: Job
    done: asyncio.Future[None] | None  # None: not waited for


class Writer:
    """Runs jobs on its own connection; call `commit` and `enqueue` from the event loop only."""

    def __init__(
        self, path: Path, *, on_failure: Callable[[str], None], connect: Connect = connect
    ) -> None:
        """Start the thread. `on_failure` is called once, in the event loop, if writing fails."""
        self._path = path
        self._connect = connect
        self._on_failure = on_failure
        self._queue: queue.Queue[_Entry | None] = queue.Queue(QUEUE_MAX)
        self._loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._run, name="ledger", daemon=True)
        self.is_stalled = False  # a commit is late
        self.failure = ""  # why writing has failed; empty while it works
        self._thread.start()

    def enqueue(self, job: Job) -> None:
        """Queue a job without waiting for it."""
        self._put(_Entry(job, None))

    async def commit(self, job: Job) -> None:
        """Run the job; return once it is on disk.

        Raises LedgerStalled if that takes longer than STALL_S_MAX, and at once while an earlier
        commit is late. Raises LedgerFailed, or the job's LedgerConflict.
        """
        done = self._loop.create_future()
        self._put(_Entry(job, done))
        if self.failure:
            raise LedgerFailed(self.failure)
        if not self.is_stalled:
            for _ in range(STALL_CHECKS):  # a freeze of this process uses only one check
                if (await asyncio.wait((done,), timeout=STALL_S_MAX / STALL_CHECKS))[0]:
                    break
        if not done.done():
            self.is_stalled = True
            done.add_done_callback(_retrieve_exception)
            text = f"the ledger's disk has not answered for {STALL_S_MAX:g} s"
            raise LedgerStalled(text, done)
        done.result()

    def _put(self, entry: _Entry) -> None:
        if self.failure:
            return
        try:
            self._queue.put_nowait(entry)
        except queue.Full:
            self._fail(f"the ledger's queue is full ({QUEUE_MAX})")

    def check_thread(self) -> None:
        """Report a failure if the thread has ended without reporting one."""
        if not self._thread.is_alive():
            self._fail("the ledger's thread has ended")

    def close(self) -> None:
        """Write the queued jobs and close, within CLOSE_S_MAX; blocks the caller."""
        with suppress(queue.Full):
            self._queue.put(None, timeout=CLOSE_S_MAX)
        self._thread.join(CLOSE_S_MAX)

    def _run(self) -> None:
        batch: list[_Entry] | None = []
        try:
            with closing(self._connect(self._path)) as connection:
                while (batch := self._batch()) is not None:
                    self._write(connection, batch)
                with suppress(sqlite3.Error):  # the next start repeats the checkpoint
                    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        except Exception as error:  # noqa: BLE001 - a thread that ends silently would lose fills
            self._report(batch or [], f"the ledger can't be written: {error}")

    def _batch(self) -> list[_Entry] | None:
        """Return the queued entries, at least one; None after `close`."""
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
        self._report(batch, "", conflicts)

    def _report(
        self,
        batch: list[_Entry],
        failure: str,
        conflicts: dict[int, LedgerConflict] | None = None,
    ) -> None:
        if failure:
            batch = [*batch, *self._queued()]
        with suppress(RuntimeError):  # the loop is closed, so nothing waits any more
            self._loop.call_soon_threadsafe(self._finish, batch, failure, conflicts or {})

    def _queued(self) -> list[_Entry]:
        entries = []
        with suppress(queue.Empty):
            while True:
                entry = self._queue.get_nowait()
                if entry is not None:
                    entries.append(entry)
        return entries

    def _finish(
        self, batch: list[_Entry], failure: str, conflicts: dict[int, LedgerConflict]
    ) -> None:
        if failure:
            self._fail(failure)
        self.is_stalled = False
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


def _retrieve_exception(done: asyncio.Future[None]) -> None:
    """Retrieve the exception of a future that nobody awaits, so that asyncio logs no error."""
    if not done.cancelled():
        done.exception()
