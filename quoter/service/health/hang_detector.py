"""Looks at the event loop from outside: a thread that sees it hang and writes down where.

The thread stops nothing itself. A loop that hangs sends nothing; the first thing that the last inch
asks after it wakes is whether the engine has heard its clock since (`LastInch.pulse_ns`).
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
SUPERVISE_S = 1.0  # whether the thread still looks
NAME = "hang_count.txt"
BYTES_MAX = 1_000_000  # of the file before it starts anew; one dump is some kilobytes
JOIN_S_MAX = 1.0


class HangDetector:
    """Runs while its `with` block does; `silence_s` is how long the loop's ticker is silent."""

    def __init__(self, *, silence_s: Callable[[], float], folder: Path | None) -> None:
        """Without a folder the stacks go to standard error."""
        self._silence_s = silence_s
        self._path = folder / NAME if folder is not None else None
        self._end = threading.Event()
        self._thread: threading.Thread | None = None
        self._is_hung = False
        self.hang_count = 0

    def __enter__(self) -> None:
        self._end.clear()
        self._thread = threading.Thread(target=self._run, name="hang watch", daemon=True)
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
        """Does the thread live?"""
        return self._thread is not None and self._thread.is_alive()

    async def supervise(self) -> None:
        """Go on for as long as the thread does: its end is as bad as that of any other task."""
        while True:
            if not self.is_running:
                return
            await asyncio.sleep(SUPERVISE_S)

    def _run(self) -> None:
        while not self._end.wait(CHECK_S):
            self.look()

    def look(self) -> None:
        """One look; the stacks are written once per hang."""
        silent_s = self._silence_s()
        was_hung, self._is_hung = self._is_hung, silent_s >= STUCK_S
        if not self._is_hung or was_hung:
            return
        self.hang_count += 1
        problem = self._dump(silent_s)  # first: the loop may hold the log's lock
        where = str(self._path or "stderr")
        log.critical("loop_hung", silent_s=round(silent_s, 2), stacks=where, problem=problem)

    def _dump(self, silent_s: float) -> str:
        """Every thread's stack: files, lines, functions, and no values. What went wrong with it."""
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
