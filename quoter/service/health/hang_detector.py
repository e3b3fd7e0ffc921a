"""Detect in a thread that the event loop hangs, and write the stacks of all threads.

The thread stops nothing: a hung loop sends nothing. When the loop continues, the egress gate blocks
creates until the engine has handled a new tick.
"""

import asyncio
import faulthandler
import os
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType

import structlog

from quoter.service.clock import STUCK_S

log = structlog.get_logger()

CHECK_S = 0.25
SUPERVISE_S = 1.0  # between checks whether the thread runs
NAME = "hangs.txt"
BYTES_MAX = 1_000_000  # size at which the file is started again; one dump is a few kilobytes
JOIN_S_MAX = 1.0


class HangDetector:
    """Detects hangs during its `with` block; `silence_s` returns the age of the last loop probe."""

    def __init__(self, *, silence_s: Callable[[], float], folder: Path | None) -> None:
        """`folder`: where the file with the stacks is written; None: they go to standard error."""
        self._silence_s = silence_s
        self._path = folder / NAME if folder is not None else None
        self._end = threading.Event()
        self._thread: threading.Thread | None = None
        self._is_hung = False
        self.hang_count = 0

    def __enter__(self) -> None:
        self._end.clear()
        self._thread = threading.Thread(target=self._run, name="hang detector", daemon=True)
        self._thread.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end.set()
        if self._thread is not None:
            self._thread.join(JOIN_S_MAX)

    @property
    def is_running(self) -> bool:
        """Whether the thread runs."""
        return self._thread is not None and self._thread.is_alive()

    async def supervise(self) -> None:
        """Return when the thread has ended, so that the run ends as after any other task."""
        while True:
            if not self.is_running:
                return
            await asyncio.sleep(SUPERVISE_S)

    def _run(self) -> None:
        while not self._end.wait(CHECK_S):
            self.check()

    def check(self) -> None:
        """Check once. The stacks are written once per hang."""
        silent_s = self._silence_s()
        was_hung, self._is_hung = self._is_hung, silent_s >= STUCK_S
        if not self._is_hung or was_hung:
            return
        self.hang_count += 1
        problem = self._dump(silent_s)  # before logging: the loop may hold the log's lock
        where = str(self._path or "stderr")
        log.critical("loop_hung", silent_s=round(silent_s, 2), stacks=where, problem=problem)

    def _dump(self, silent_s: float) -> str:
        """Write every thread's stack, without values; return why that failed, or an empty text."""
        head = f"{datetime.now(UTC).isoformat()} the loop has been silent for {silent_s:.2f} s\n"
        try:
            if self._path is None:
                faulthandler.dump_traceback(sys.__stderr__ or 2)
                return ""
            is_full = self._path.exists() and self._path.stat().st_size > BYTES_MAX
            with self._path.open("wb" if is_full else "ab", buffering=0) as file:
                file.write(head.encode())
                faulthandler.dump_traceback(file)
                os.write(file.fileno(), b"\n")
        except (OSError, ValueError) as error:  # a full disk, or no standard error
            return str(error)
        return ""
