"""Writes the latch to disk in a thread, so that a slow disk does not delay cancels."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import structlog

from quoter.service.killswitch.latch import Latch, LatchRecord

log = structlog.get_logger()

RETRY_S = 0.2  # after a failed write; retried without end
SETTLE_S_MAX = 5.0  # at the end of the process; a failure is logged


class LatchWriter:
    """Writes the newest wanted record; `on_settled` is called each time the disk holds it."""

    def __init__(
        self, latch: Latch, record: LatchRecord | None, *, on_settled: Callable[[], None]
    ) -> None:
        self._latch = latch
        self._wanted = self._kept = record
        # whether the disk certainly holds `_kept`; False during a write and after a failed one
        self._is_sure = True
        self._on_settled = on_settled
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        # A thread of its own: the loop's threads may all be blocked in name lookups.
        self._thread = ThreadPoolExecutor(1, "latch")

    @property
    def is_clear(self) -> bool:
        """Whether no latch is wanted, on disk, or being written."""
        return self._wanted is None and self._kept is None and self._is_sure

    @property
    def is_unwritten(self) -> bool:
        """Whether a kill was requested, and it is not certain that its latch is on disk."""
        return self._wanted is not None and not (self._is_sure and self._kept is self._wanted)

    def adopt(self) -> LatchRecord | None:
        """Return and take over a latch that another process wrote; None if there is none."""
        if not self.is_clear:
            return None
        record = self._latch.read()
        if record is not None:
            self._wanted = self._kept = record
        return record

    def keep(self, record: LatchRecord | None) -> None:
        """Set the record that the disk must hold; None: no latch."""
        self._wanted = record
        self._idle.clear()
        self._wake.set()

    async def run(self) -> None:
        """Write until cancelled: one write at a time, always the newest record."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            is_logged = False
            while not self._is_sure or self._wanted is not self._kept:
                try:
                    await self._write(self._wanted)
                except OSError as error:
                    if not is_logged:
                        log.critical("latch_not_written", error=str(error))
                    is_logged = True
                    await asyncio.sleep(RETRY_S)
            self._idle.set()
            self._on_settled()

    async def written(self, seconds: float) -> bool:
        """Wait until the disk holds the wanted record; False if it does not within `seconds`."""
        try:
            async with asyncio.timeout(seconds):
                await self._idle.wait()
        except TimeoutError:
            return False
        return True

    async def _write(self, record: LatchRecord | None) -> None:
        write = self._latch.clear if record is None else lambda: self._latch.save(record)
        self._is_sure = False
        await asyncio.get_running_loop().run_in_executor(self._thread, write)
        self._kept, self._is_sure = record, True

    async def settle(self) -> None:
        """Wait for the disk, bounded in time, so that a late kill is not lost with the process."""
        self._wake.set()  # the task of `run` may have been cancelled in the middle of a write
        writing = asyncio.create_task(self.run(), name="latch-settle")
        try:
            if not await self.written(SETTLE_S_MAX):
                log.critical("latch_not_written_at_shutdown", wanted=self._wanted is not None)
        finally:
            writing.cancel()
            self._thread.shutdown(wait=False)
