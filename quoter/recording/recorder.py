"""Recorder of a run: passes records to a thread that compresses them and writes them to disk.

The task of the engine only appends to a list. Every FLUSH_S the list is passed on, between two
steps, so that no event is on disk without its decision. A disk that is full, slow or broken ends
the recording, but not trading; records that can't be written are dropped and counted.
"""

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path
from queue import Full, Queue
from typing import Final

import msgspec
import structlog

from quoter.domain.events import Event
from quoter.domain.step import Step
from quoter.recording.codec import Checkpoint, Decision, End, Header, Record
from quoter.recording.run_files import BLOCK_RECORDS_MAX, RunFiles

log = structlog.get_logger()

FLUSH_S: Final = 0.5  # a crash loses at most the records of two such periods
BATCH_RECORDS_MAX: Final = 2_048
BATCHES_WAITING_MAX: Final = 16  # 8 s at the usual rate; with more, the disk is too slow
CLOSE_S_MAX: Final = 2.0


class Recorder:
    """The recording of one run; call `event` and then `decision` in every step."""

    def __init__(
        self,
        folder: Path,
        header: Header,
        *,
        bytes_max: int,
        secrets: tuple[str, ...] = (),
        state: Callable[[], msgspec.Raw] | None = None,
    ) -> None:
        """Write into `folder`, where all recordings together may have `bytes_max` bytes.

        state: returns the state of the engine for checkpoints; None: no checkpoints are written.
        """
        self._writer = _Writer(folder, header, bytes_max, secrets)
        self._state = state
        self._files_ended = 0  # number of files that a checkpoint has ended
        self._batch: list[Record] = []
        self._is_reported = False
        self.recorded = 0  # events
        self.dropped = 0  # events, since the recording failed

    @property
    def failure(self) -> str:
        """Reason why the recording ended early; empty if it has not."""
        return self._writer.failure

    def event(self, event: Event) -> None:
        """Record the event that the engine handles next."""
        self._batch.append(event)

    def decision(self, step: Step) -> None:
        """Record the engine's decision about the last event."""
        if step.commands or step.state is not None:
            self._batch.append(Decision.of(step))
        self.checkpoint_if_due(step.event.ts_ns)
        self.flush_if_large()

    def checkpoint_if_due(self, ts_ns: int) -> bool:
        """Begin a file with a checkpoint if the present file is nearly full; return whether it did.

        Call it between two steps. ts_ns: time of the last step.
        """
        if self._state is None or self._writer.file_to_end <= self._files_ended:
            return False
        self._files_ended = self._writer.file_to_end
        return self._add_checkpoint(ts_ns, self._state)

    def flush_if_large(self) -> None:
        """Pass on the records if there are many; call it between two steps."""
        if len(self._batch) >= BATCH_RECORDS_MAX:
            self._hand_over()

    async def run(self) -> None:
        """Pass on the records every FLUSH_S, until cancelled."""
        self._writer.start()
        while True:
            await asyncio.sleep(FLUSH_S)
            self._hand_over()

    async def close(self, ts_ns: int) -> None:
        """Write the remaining records and the end of the recording, within CLOSE_S_MAX."""
        self._writer.start()
        self._hand_over()
        self._writer.put([End(ts_ns, self.recorded)])
        await asyncio.to_thread(self._writer.close)
        self._report()

    def _add_checkpoint(self, ts_ns: int, state: Callable[[], msgspec.Raw]) -> bool:
        """Begin a new batch, and thus a new file, with the engine's state after the last step.

        Return whether the state could be recorded.
        """
        try:
            checkpoint = Checkpoint(ts_ns, state())
        except Exception as error:  # noqa: BLE001 - a fault of the recording must not stop trading
            self._state = None
            log.warning("recording_checkpoint_failed", error=f"{type(error).__name__}: {error}")
            return False
        self._hand_over()
        self._batch.append(checkpoint)
        return True

    def _hand_over(self) -> None:
        batch, self._batch = self._batch, []
        events = sum(not isinstance(record, Decision | Checkpoint) for record in batch)
        if batch and self._writer.put(batch):
            self.recorded += events
        else:
            self.dropped += events
        self._report()

    def _report(self) -> None:
        """Log once if the recording has failed."""
        if self.failure and not self._is_reported:
            self._is_reported = True
            log.warning("recording_stopped", reason=self.failure, recorded=self.recorded)


class _Writer:
    """The thread that owns the files."""

    def __init__(
        self, folder: Path, header: Header, bytes_max: int, secrets: tuple[str, ...]
    ) -> None:
        self._files = RunFiles(folder, header, bytes_max=bytes_max, secrets=secrets)
        self._waiting: Queue[list[Record] | None] = Queue(BATCHES_WAITING_MAX)
        self._thread: threading.Thread | None = None
        self.failure = ""
        self.file_to_end = 0  # number of the newest file that a checkpoint should end

    def start(self) -> None:
        """Start the thread if it is not running. It does not keep the process alive."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="recording", daemon=True)
            self._thread.start()

    def put(self, batch: list[Record]) -> bool:
        """Queue records without waiting; return False if they are dropped."""
        if self.failure:
            return False
        try:
            self._waiting.put_nowait(batch)
        except Full:
            self.failure = "the disk is too slow"
            return False
        return True

    def close(self) -> None:
        """Wait at most CLOSE_S_MAX for the thread to write what is queued."""
        try:
            self._waiting.put(None, timeout=CLOSE_S_MAX)
        except Full:
            return
        if self._thread is not None:
            self._thread.join(CLOSE_S_MAX)

    def _run(self) -> None:
        try:
            while (batch := self._waiting.get()) is not None and not self.failure:
                for start in range(0, len(batch), BLOCK_RECORDS_MAX):
                    self._files.write(batch[start : start + BLOCK_RECORDS_MAX])
                    self.file_to_end = self._files.file_to_end
        except OSError as error:
            self.failure = error.strerror or str(error)
        except Exception as error:  # noqa: BLE001 - a fault of the recording must not stop trading
            self.failure = f"{type(error).__name__}: {error}"
        finally:
            self._files.close()
