"""Recorder of a run: hands records to a thread that compresses them and writes them to disk.

The task that runs the engine only appends to a list. Every FLUSH_S the list is handed over, between
two steps, so that no event is on disk without its decision. A disk that is full, slow or broken
ends the recording, never the trading: what the writer cannot take is dropped and counted.
"""

import asyncio
import os
import re
import shutil
import threading
from pathlib import Path
from queue import Full, Queue
from typing import Final

import structlog

from quoter.domain.events import Event
from quoter.domain.secret_spellings import secret_spellings
from quoter.domain.step import Step
from quoter.recording.blocks import packed
from quoter.recording.codec import Decision, End, Header, Record, encode, with_texts
from quoter.recording.files import file_name, remove_oldest

log = structlog.get_logger()

FLUSH_S: Final = 0.5  # a crash loses at most the records of two of these
BLOCK_RECORDS_MAX: Final = 256  # encoding them takes the interpreter's lock for about 1 ms
BATCH_RECORDS_MAX: Final = 2_048
BATCHES_WAITING_MAX: Final = 16  # 8 s at the usual rate; the disk is too slow beyond
FILE_BYTES_MAX: Final = 16 << 20
FREE_BYTES_MIN: Final = 256 << 20  # the ledger needs the rest of the disk
CLOSE_S_MAX: Final = 2.0
REDACTED: Final = "[redacted]"


class Recorder:
    """The recording of one run; `event` and `decision` are called for every step, in this order."""

    def __init__(
        self, folder: Path, header: Header, *, bytes_max: int, secrets: tuple[str, ...] = ()
    ) -> None:
        """`folder`: of all recordings; `bytes_max`: largest size of them together, in bytes."""
        self._writer = _Writer(folder, header, bytes_max, secrets)
        self._batch: list[Record] = []
        self._is_reported = False
        self.recorded = 0  # events
        self.dropped = 0  # events, since the recording failed

    @property
    def failure(self) -> str:
        """Why the recording ended early; empty while it goes on."""
        return self._writer.failure

    def event(self, event: Event) -> None:
        """Record an event that the engine handles next."""
        self._batch.append(event)

    def decision(self, step: Step) -> None:
        """Record what the engine decided about the last event."""
        if step.commands or step.state is not None:
            self._batch.append(Decision.of(step))
        self.flush_if_large()

    def flush_if_large(self) -> None:
        """Hand over the records if there are many; call it between two steps."""
        if len(self._batch) >= BATCH_RECORDS_MAX:
            self._hand_over()

    async def run(self) -> None:
        """Hand over the records every FLUSH_S, until cancelled."""
        self._writer.start()
        while True:
            await asyncio.sleep(FLUSH_S)
            self._hand_over()

    async def close(self, ts_ns: int) -> None:
        """Write what is left and the end of the recording; wait CLOSE_S_MAX at most."""
        self._writer.start()
        self._hand_over()
        self._writer.put([End(ts_ns, self.recorded)])
        await asyncio.to_thread(self._writer.close)
        self._report()

    def _hand_over(self) -> None:
        batch, self._batch = self._batch, []
        events = sum(not isinstance(record, Decision) for record in batch)
        if batch and self._writer.put(batch):
            self.recorded += events
        else:
            self.dropped += events
        self._report()

    def _report(self) -> None:
        """Log once that the recording failed."""
        if self.failure and not self._is_reported:
            self._is_reported = True
            log.warning("recording_stopped", reason=self.failure, recorded=self.recorded)


class _Secrets:
    """Replaces the secrets of this process in encoded records; a venue's error may repeat one."""

    def __init__(self, secrets: tuple[str, ...]) -> None:
        forms = {form for secret in secrets for form in secret_spellings(secret)}
        longest_first = "|".join(map(re.escape, sorted(forms, key=len, reverse=True)))
        self._text = re.compile(longest_first) if forms else None
        self._bytes = re.compile(longest_first.encode())

    def removed(self, data: bytes) -> bytes:
        if (known := self._text) is None or self._bytes.search(data) is None:
            return data
        return with_texts(data, lambda text: known.sub(REDACTED, text))


class _Writer:
    """The thread that owns the files."""

    def __init__(
        self, folder: Path, header: Header, bytes_max: int, secrets: tuple[str, ...]
    ) -> None:
        self._folder, self._header, self._bytes_max = folder, header, bytes_max
        self._file_bytes_max = min(FILE_BYTES_MAX, bytes_max // 4)
        self._secrets = _Secrets(secrets)
        self._waiting: Queue[list[Record] | None] = Queue(BATCHES_WAITING_MAX)
        self._thread: threading.Thread | None = None
        self._file = self._blocks = self._bytes = 0  # numbers; bytes in the present file
        self._fd = -1
        self.failure = ""

    def start(self) -> None:
        """Start the thread, once. It never keeps the process alive."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="recording", daemon=True)
            self._thread.start()

    def put(self, batch: list[Record]) -> bool:
        """Queue records; never waits. False if they are dropped."""
        if self.failure:
            return False
        try:
            self._waiting.put_nowait(batch)
        except Full:
            self.failure = "the disk is too slow"
            return False
        return True

    def close(self) -> None:
        """Let the thread finish what is queued; wait CLOSE_S_MAX at most."""
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
                    self._write(batch[start : start + BLOCK_RECORDS_MAX])
        except OSError as error:
            self.failure = error.strerror or str(error)
        except Exception as error:  # noqa: BLE001 - a fault of the recording must not stop trading
            self.failure = f"{type(error).__name__}: {error}"
        finally:
            if self._fd >= 0:
                os.close(self._fd)

    def _write(self, records: list[Record]) -> None:
        if self._fd < 0 or self._bytes >= self._file_bytes_max:
            self._open_next()
        self._append(records)

    def _append(self, records: list[Record]) -> None:
        if shutil.disk_usage(self._folder).free < FREE_BYTES_MIN:
            raise OSError(0, f"less than {FREE_BYTES_MIN >> 20} MiB are free on the disk")
        self._blocks += 1
        block = packed(self._blocks, self._secrets.removed(encode(records)))
        written = 0
        while written < len(block):
            written += os.write(self._fd, block[written:])
        self._bytes += len(block)

    def _open_next(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
        self._folder.mkdir(exist_ok=True)
        remove_oldest(self._folder, self._bytes_max - self._file_bytes_max)
        self._file += 1
        path = self._folder / file_name(self._header.run, self._file)
        self._fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        self._bytes = 0
        self._append([self._header])
