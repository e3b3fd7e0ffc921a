"""Writes log lines in a separate thread, so that a stalled reader does not stop trading.

A terminal after Ctrl-S, a pager or a blocking log driver may stop accepting output for any time.
Lines then wait in a bounded queue. When it is full, lines are dropped and counted, and one line
marks the gap. Lines are formatted and redacted before they enter the queue.
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
# after a loss, lines are accepted again at this length: fewer, longer gaps
RESUME_LINES = LINES_MAX // 2
FLUSH_S_MAX = 2.0  # maximum wait for a slow reader when the process ends
RETRY_S = 0.05  # pause before a retry, on a descriptor that another process made non-blocking


class LineQueue(QueueHandler):
    """Handler that formats lines in the calling thread and passes them to the writing thread."""

    def __init__(self, stream: TextIO) -> None:
        """Start the thread that writes the lines to the descriptor of `stream`.

        Text in the stream's own buffer may be written after later lines. The queue is flushed when
        the process ends, after `sys.excepthook`.
        """
        # A SimpleQueue, because its `put` is reentrant: a destructor may log during a `put`.
        self._lines: SimpleQueue[logging.LogRecord | None] = SimpleQueue()
        super().__init__(self._lines)
        self._writer = _Writer(self._lines, stream)
        self._dropped = 0
        self._gap = 0  # lines dropped since the last accepted line
        self._writer.start()
        atexit.register(self.finish)

    @property
    def dropped(self) -> int:
        """Number of lost lines."""
        return self._dropped + self._writer.failed

    def enqueue(self, record: logging.LogRecord) -> None:
        """Queue the line without waiting; drop it if the queue is full."""
        if self._lines.qsize() >= (RESUME_LINES if self._gap else LINES_MAX):
            self._dropped += 1
            self._gap += 1
            return
        self._report_gap()
        self._lines.put(record)

    def _report_gap(self) -> None:
        """Log one line in place of the dropped ones; it passes through `enqueue` as well."""
        dropped, self._gap = self._gap, 0
        if dropped:
            log.error("log_lines_dropped", lines=dropped)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's own name
        """Log only that a line was lost: the library would print its arguments unredacted."""
        self.enqueue(logging.makeLogRecord({"msg": lost_line(record)}))

    def finish(self) -> None:
        """Write the queued lines, for at most `FLUSH_S_MAX`, and stop the thread."""
        atexit.unregister(self.finish)
        self._report_gap()
        self._writer.stop()


class _Writer(QueueListener):
    """Thread that writes to the descriptor directly.

    It does not use the stream's buffer, whose lock could block the end of the interpreter.
    """

    def __init__(self, lines: SimpleQueue[logging.LogRecord | None], stream: TextIO) -> None:
        super().__init__(lines)
        self._encoding = stream.encoding
        self._descriptor = os.dup(stream.fileno())  # stays open if the stream is closed
        self.failed = 0

    def handle(self, record: logging.LogRecord) -> None:
        """Write one line; count it as failed if the descriptor can't be written."""
        left = f"{record.getMessage()}\n".encode(self._encoding, errors="backslashreplace")
        while left:
            try:
                left = left[os.write(self._descriptor, left) :]
            except BlockingIOError:
                time.sleep(RETRY_S)
            except OSError:  # the reader is gone
                self.failed += 1
                return

    def stop(self) -> None:
        """Stop the thread as the library does, but wait for it at most `FLUSH_S_MAX`."""
        thread, self._thread = self._thread, None
        if thread is None:
            return
        self.enqueue_sentinel()
        thread.join(FLUSH_S_MAX)
        if not thread.is_alive():
            os.close(self._descriptor)


def lost_line(record: logging.LogRecord) -> str:
    """Return the text that replaces a lost line, without the arguments of that line."""
    error = sys.exc_info()[0]
    return f"log line of {record.name} lost: {error.__name__ if error is not None else '?'}"
