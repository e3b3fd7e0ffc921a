"""Log lines leave through a thread of their own: a reader that stalls must not stop who trades.

A terminal after Ctrl-S, a pager or a blocking log driver takes nothing for as long as it likes.
Then lines wait in a bounded queue, are dropped and counted when that is full, and where some are
missing one line says so. They are formatted, and with that redacted, before they get here.
"""

import atexit
import logging
import os
import sys
import time
from logging.handlers import QueueHandler, QueueListener
from queue import SimpleQueue
from typing import TextIO

import structlog

log = structlog.get_logger()

LINES_MAX = 2_000
RESUME_LINES = LINES_MAX // 2  # after a loss: not one line now and one then, but a whole stretch
FLUSH_S_MAX = 2.0  # at the end of the process, for a reader that is slow
AGAIN_S = 0.05  # a descriptor that somebody made non-blocking is tried again


class LineQueue(QueueHandler):
    """Formats lines where they are logged, in order, and hands them to the writer's thread."""

    def __init__(self, stream: TextIO) -> None:
        """`stream` is one with a descriptor: what it buffers itself may come out later than ours.

        Flushed at the end of the process, after `sys.excepthook` had its say.
        """
        # Its `put` may interrupt itself: a destructor that fails logs, wherever it is called.
        self._lines: SimpleQueue[logging.LogRecord | None] = SimpleQueue()
        super().__init__(self._lines)
        self._writer = _Writer(self._lines, stream)
        self._full = 0
        self._gap = 0  # lines that are missing at this place, and not yet told
        self._writer.start()
        atexit.register(self.finish)

    @property
    def dropped(self) -> int:
        """Lines that nobody will ever read."""
        return self._full + self._writer.failed

    def enqueue(self, record: logging.LogRecord) -> None:
        """Never waits."""
        if self._lines.qsize() >= (RESUME_LINES if self._gap else LINES_MAX):
            self._full += 1
            self._gap += 1
            return
        self._tell_gap()
        self._lines.put(record)

    def _tell_gap(self) -> None:
        """The line comes back to us as any other does, and stands where the others would have."""
        lost, self._gap = self._gap, 0
        if lost:
            log.error("log_lines_dropped", lines=lost)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's own name
        """The library's own would print the arguments, past the redaction."""
        self.enqueue(logging.makeLogRecord({"msg": lost_line(record)}))

    def finish(self) -> None:
        """Let the thread write what waits, no longer than `FLUSH_S_MAX`; it takes no more."""
        atexit.unregister(self.finish)
        self._tell_gap()
        self._writer.stop()


class _Writer(QueueListener):
    """Writes past the stream's own buffer, whose lock would hold up the end of the interpreter."""

    def __init__(self, lines: SimpleQueue[logging.LogRecord | None], stream: TextIO) -> None:
        super().__init__(lines)
        self._encoding = stream.encoding
        self._descriptor = os.dup(stream.fileno())  # ours, whoever closes the stream
        self.failed = 0

    def handle(self, record: logging.LogRecord) -> None:
        """Write one line; what the descriptor refuses is lost."""
        left = f"{record.getMessage()}\n".encode(self._encoding, errors="backslashreplace")
        while left:
            try:
                left = left[os.write(self._descriptor, left) :]
            except BlockingIOError:
                time.sleep(AGAIN_S)
            except OSError:  # nobody reads any more
                self.failed += 1
                return

    def stop(self) -> None:
        """As the library's, but it waits for a stalled reader no longer than `FLUSH_S_MAX`."""
        thread, self._thread = self._thread, None
        if thread is None:
            return
        self.enqueue_sentinel()
        thread.join(FLUSH_S_MAX)
        if not thread.is_alive():
            os.close(self._descriptor)


def lost_line(record: logging.LogRecord) -> str:
    """What is told of a line that could not be formatted or written: no argument of it."""
    error = sys.exc_info()[0]
    return f"log line of {record.name} lost: {error.__name__ if error is not None else '?'}"
