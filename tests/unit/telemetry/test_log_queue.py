"""A reader that stalls costs lines, not time; a process that ends has said everything."""

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
STALLED_S_MAX = 30.0  # for what takes 2 s on a free machine; a stall is for ever
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
    """The log's way out of this process, with its reader."""

    read_end: int
    write_end: int

    def open(self) -> None:
        """Log into it from now on; in the test itself, for pytest has handlers of its own then."""
        with os.fdopen(self.write_end, "w", closefd=False) as stream:
            configure_logs(
                log_format="json", stream=stream, in_background=True, redactor=Redactor([CANARY])
            )

    def text(self) -> str:
        """What comes until nothing more can come."""
        with os.fdopen(os.dup(self.read_end)) as stream:
            return stream.read()

    def read(self) -> list[dict[str, object]]:
        """The same, line by line."""
        return [json.loads(line) for line in self.text().splitlines()]


@pytest.fixture
def pipe(monkeypatch: pytest.MonkeyPatch) -> Iterator[Pipe]:
    """Small, and so is the queue behind it."""
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
    """The end of the process, as far as the log is concerned."""
    queue = logging.getLogger().handlers[0]
    assert isinstance(queue, log_queue.LineQueue)
    queue.finish()
    os.close(pipe.write_end)


def say(count: int, first: int = 0) -> None:
    for number in range(first, first + count):
        structlog.get_logger("test").info("line", number=number, padding="x" * 100)


def test_a_reader_that_stalls_costs_lines_that_are_counted_and_told_when_it_reads_again(
    pipe: Pipe,
) -> None:
    """The line that says so stands where the others are missing."""
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
    *_, told, last = pipe.read()
    assert (told["event"], told["lines"], told["level"]) == ("log_lines_dropped", lost, "error")
    assert last["number"] == 1_000
    assert lines_dropped() == lost


def waiting() -> bool:
    queue = logging.getLogger().handlers[0]
    assert isinstance(queue, log_queue.LineQueue)
    return bool(queue.queue.qsize())  # type: ignore[attr-defined]  # a SimpleQueue


def test_lines_come_in_their_order_and_redacted(pipe: Pipe) -> None:
    pipe.open()
    say(10)
    structlog.get_logger("test").info("key", text=f"it is {CANARY}")
    finish(pipe)
    *lines, key = pipe.read()
    assert [line["number"] for line in lines] == list(range(10))
    assert key["text"] == "it is [redacted]"


def test_a_reader_that_is_gone_is_counted_and_raises_nothing(pipe: Pipe) -> None:
    gone, pipe.read_end = pipe.read_end, os.dup(pipe.write_end)
    os.close(gone)
    pipe.open()
    say(5)
    finish(pipe)
    assert lines_dropped() == 5


def test_a_line_that_cannot_be_formatted_does_not_spill_its_arguments(pipe: Pipe) -> None:
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
def test_a_process_that_ends_has_said_everything(end: str, code: int) -> None:
    """A crash that nobody caught too: its traceback is logged on the way out."""
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
def test_a_reader_that_stalls_does_not_keep_a_process_from_its_end(end: str, code: int) -> None:
    """Nor change what its exit says: a lock of the stream would abort the interpreter."""
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
