"""The latch's way to the disk: in a thread, for a slow disk must not hold up a single cancel."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import structlog

from quoter.service.killswitch.latch import Latch, LatchRecord

log = structlog.get_logger()

AGAIN_S = 0.2  # a disk that did not take it is asked again, without end
SETTLE_S_MAX = 5.0  # at the end of the process; what is missing then the log has


class LatchWriter:
    """Brings the disk to what was decided last; `on_settled` hears each time that it is there."""

    def __init__(
        self, latch: Latch, record: LatchRecord | None, *, on_settled: Callable[[], None]
    ) -> None:
        self._latch = latch
        self._wanted = self._kept = record
        self._is_sure = True  # that the disk says `_kept`: not while, or after it failed, to write
        self._on_settled = on_settled
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        # Its own: the loop's threads may all be busy with names that do not resolve.
        self._thread = ThreadPoolExecutor(1, "latch")

    @property
    def is_clear(self) -> bool:
        """Is no latch wanted, and none on the disk or on its way there?"""
        return self._wanted is None and self._kept is None and self._is_sure

    @property
    def is_unwritten(self) -> bool:
        """Is there a kill that the disk does not have, or that we can't be sure it has?"""
        return self._wanted is not None and not (self._is_sure and self._kept is self._wanted)

    def adopt(self) -> LatchRecord | None:
        """A latch on the disk that we neither wrote nor want away: it is in force from now on."""
        if not self.is_clear:
            return None
        record = self._latch.read()
        if record is not None:
            self._wanted = self._kept = record
        return record

    def keep(self, record: LatchRecord | None) -> None:
        """From now on this is what the disk must say; None: nobody is killed."""
        self._wanted = record
        self._idle.clear()
        self._wake.set()

    async def run(self) -> None:
        """Write until cancelled; one write at a time, the newest wish only."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            is_told = False
            while not self._is_sure or self._wanted is not self._kept:
                try:
                    await self._write(self._wanted)
                except OSError as error:
                    if not is_told:
                        log.critical("latch_not_written", error=str(error))
                    is_told = True
                    await asyncio.sleep(AGAIN_S)
            self._idle.set()
            self._on_settled()

    async def written(self, seconds: float) -> bool:
        """Wait for the disk to say what is wanted; False if it has not within so many seconds."""
        try:
            async with asyncio.timeout(seconds):
                await self._idle.wait()
        except TimeoutError:
            return False
        return True

    async def _write(self, record: LatchRecord | None) -> None:
        act = self._latch.clear if record is None else lambda: self._latch.save(record)
        self._is_sure = False
        await asyncio.get_running_loop().run_in_executor(self._thread, act)
        self._kept, self._is_sure = record, True

    async def settle(self) -> None:
        """Wait for the disk, bounded: a kill of the last moment is not lost with the process."""
        self._wake.set()  # whoever wrote before may have been cancelled in the middle
        writing = asyncio.create_task(self.run(), name="latch-settle")
        try:
            if not await self.written(SETTLE_S_MAX):
                log.critical("latch_not_written_at_shutdown", wanted=self._wanted is not None)
        finally:
            writing.cancel()
            self._thread.shutdown(wait=False)
