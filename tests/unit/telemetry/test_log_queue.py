"""A stalled reader of the log costs lines, not time, and a process flushes its log at its end."""

import fcntl
import json
import logging
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
import structlog

from quoter.telemetry import log_queue
from quoter.telemetry.logs import configure_logs, lines_dropped
from quoter.telemetry.redaction import Redactor

CANARY = "c4n4ry-S3cret"
PIPE_BYTES = 4_096
LINES_MAX = 50
STALLED_S_MAX = 30.0  # what it bounds takes 2 s on an idle machine
PROGRAM = """
import sys
import structlog
from quoter.telemetry.logs import configure_logs
configure_logs(log_format="json", in_background=True)
for number in range(1_000):
    structlog.get_logger("test").info("line", number=number)
{end}
"""


@dataclass(slots=True)
class Pipe:
    """A pipe that the log is written to, with its reading end."""

    read_end: int
    write_end: int

    def open(self) -> None:
        """Write the log into the pipe; called in the test, after pytest set its handlers."""
        with os.fdopen(self.write_end, "w", closefd=False) as stream:
            configure_logs(
                log_format="json", stream=stream, in_background=True, redactor=Redactor([CANARY])
            )

    def text(self) -> str:
        """Return the text up to the end of the pipe."""
        with os.fdopen(os.dup(self.read_end)) as stream:
            return stream.read()

    def read(self) -> list[dict[str, object]]:
        """Return the lines up to the end of the pipe."""
        return [json.loads(line) for line in self.text().splitlines()]


@pytest.fixture
def pipe(monkeypatch: pytest.MonkeyPatch) -> Iterator[Pipe]:
    """Return a small pipe, with a small queue behind it."""
    root, hook = logging.getLogger(), sys.excepthook
    handlers, level = root.handlers[:], root.level
    monkeypatch.setattr(log_queue, "LINES_MAX", LINES_MAX)
    monkeypatch.setattr(log_queue, "RESUME_LINES", LINES_MAX // 2)
    it = Pipe(*os.pipe())
    fcntl.fcntl(it.write_end, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
    yield it
    root.handlers[:] = handlers
    root.setLevel(level)
    sys.excepthook = hook
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()
    os.close(it.read_end)


def finish(pipe: Pipe) -> None:
    """Finish the log as at the end of the process."""
    queue = logging.getLogger().handlers[0]
    assert isinstance(queue, log_queue.LineQueue)
    queue.finish()
    os.close(pipe.write_end)


def say(count: int, first: int = 0) -> None:
    for number in range(first, first + count):
        structlog.get_logger("test").info("line", number=number, padding="x" * 100)


def test_lines_lost_to_a_stalled_reader_are_counted_and_reported_when_it_reads_again(
    pipe: Pipe,
) -> None:
    """The reporting line is in the place of the missing ones."""
    pipe.open()
    say(1_000)
    lost = lines_dropped()
    assert 0 < lost < 1_000
    first = json.loads(os.read(pipe.read_end, 1_000).partition(b"\n")[0])
    assert first["number"] == 0
    while os.read(pipe.read_end, 1 << 16) and waiting():
        time.sleep(0.01)
    say(1, first=1_000)
    finish(pipe)
    *_, gap, last = pipe.read()
    assert (gap["event"], gap["lines"], gap["level"]) == ("log_lines_dropped", lost, "error")
    assert last["number"] == 1_000
    assert lines_dropped() == lost


def waiting() -> bool:
    queue = logging.getLogger().handlers[0]
    assert isinstance(queue, log_queue.LineQueue)
    return bool(queue.queue.qsize())  # type: ignore[attr-defined]  # a SimpleQueue


def test_lines_are_written_in_order_and_redacted(pipe: Pipe) -> None:
    pipe.open()
    say(10)
    structlog.get_logger("test").info("key", text=f"it is {CANARY}")
    finish(pipe)
    *lines, key = pipe.read()
    assert [line["number"] for line in lines] == list(range(10))
    assert key["text"] == "it is [redacted]"


def test_lines_for_a_closed_reader_are_counted_and_raise_nothing(pipe: Pipe) -> None:
    gone, pipe.read_end = pipe.read_end, os.dup(pipe.write_end)
    os.close(gone)
    pipe.open()
    say(5)
    finish(pipe)
    assert lines_dropped() == 5


def test_a_line_that_cannot_be_formatted_does_not_show_its_arguments(pipe: Pipe) -> None:
    class Unprintable:
        def __str__(self) -> str:
            raise ValueError(CANARY)

    pipe.open()
    logging.getLogger("somebody").warning("%s %s", CANARY, Unprintable())
    finish(pipe)
    assert pipe.text() == "log line of somebody lost: ValueError\n"


@pytest.mark.parametrize(
    ("end", "code"), [("", 0), ("sys.exit(30)", 30), ("raise RuntimeError('why')", 1)]
)
def test_a_process_writes_all_lines_before_it_ends(end: str, code: int) -> None:
    """Also after an uncaught exception, whose traceback is logged."""
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(end=end)],
        capture_output=True,
        text=True,
        check=False,
        timeout=STALLED_S_MAX,
    )
    lines = [json.loads(line) for line in ended.stderr.splitlines()]
    assert [line["number"] for line in lines[:1_000]] == list(range(1_000))
    rest = [(line["event"], "RuntimeError: why" in line["exception"]) for line in lines[1_000:]]
    assert rest == ([("crashed", True)] if code == 1 else [])
    assert ended.returncode == code


@pytest.mark.parametrize(("end", "code"), [("sys.exit(30)", 30), ("raise RuntimeError", 1)])
@pytest.mark.slow
def test_a_stalled_reader_does_not_keep_a_process_from_ending(end: str, code: int) -> None:
    """The exit code stays too: a held lock of the stream would abort the interpreter."""
    read_end, write_end = os.pipe()
    try:
        fcntl.fcntl(write_end, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
        ended = subprocess.run(
            [sys.executable, "-c", PROGRAM.format(end=end)],
            stderr=write_end,
            check=False,
            timeout=STALLED_S_MAX,
        )
    finally:
        os.close(read_end)
        os.close(write_end)
    assert ended.returncode == code
