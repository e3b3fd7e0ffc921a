"""Run every test in three lanes: `make test`, or `python -m tests.lanes [arguments for pytest]`.

* `integration`: real sockets and processes. These tests mostly wait: two workers per core.
* `fast`: everything that needs no network and little time (unit, golden, property, tidy, mutants'
  patches). One worker per core.
* `simulation`: long virtual time, without deadlines. Two workers per core, so that no core is idle
  while a long file ends alone.

All start at once. `fast` has a lower priority than `integration`, and `simulation` the lowest: each
uses the time that those before it leave. The output of `integration` is shown as it comes, that of
the others when it is over.

The output ends with the closing line of each lane and the sum of all lanes, in pytest's words.
"""

import re
import subprocess
import sys
import time
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from os import process_cpu_count
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

ROOT = Path(__file__).parents[1]
CORES = process_cpu_count() or 2
INTEGRATION, SIMULATION = "tests/integration", "tests/simulation"
WORKERS_PER_CORE = 2  # of the lanes that leave a core idle with one
CHUNK = 65_536  # bytes of output read at a time
NO_TESTS = 5  # pytest's exit code if the given arguments select nothing in a lane
COUNTED = re.compile(r"([0-9]+) (failed|errors?|passed|skipped|xfailed|xpassed|deselected)")
CLOSING = re.compile(r"^=* ?((?:[0-9]+ [a-z]+|no tests ran)(?:, [0-9]+ [a-z]+)* in [0-9].*?)[ =]*$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """A part of the tests, the pytest arguments that select it, and how many workers run it."""

    name: str
    selection: tuple[str, ...]
    workers: int
    niceness: int = 0  # of its processes; 19 is the lowest priority

    def command(self, arguments: Sequence[str]) -> list[str]:
        """The command line."""
        pytest = [sys.executable, "-m", "pytest", *self.selection, "-n", str(self.workers)]
        return ["nice", "-n", str(self.niceness), *pytest, *arguments]


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """How a lane ended: pytest's exit code and its closing line (empty if it had none)."""

    lane: Lane
    code: int
    closing: str

    @property
    def is_passed(self) -> bool:
        return self.code in {0, NO_TESTS} and bool(self.closing)

    def line(self) -> str:
        """The lane's row in the summary."""
        verdict = "passed" if self.is_passed else f"FAILED (exit code {self.code})"
        return f"{self.lane.name:12} {verdict}: {self.closing or 'no closing line'}"


def lanes(jobs: int) -> tuple[Lane, ...]:
    """All lanes by priority; every test of the tree is in exactly one of them."""
    others = (f"--ignore={INTEGRATION}", f"--ignore={SIMULATION}", "--dist=worksteal")
    # Long tests come first (tests/conftest.py) and are handed out one at a time.
    one_by_one = ("--dist=load", "--maxschedchunk=1")
    return (
        Lane(
            name="integration",
            selection=(INTEGRATION, *one_by_one),
            workers=WORKERS_PER_CORE * jobs,
        ),
        Lane(name="fast", selection=("tests", *others), workers=jobs, niceness=10),
        Lane(
            name="simulation",
            selection=(SIMULATION, "--dist=loadfile"),
            workers=WORKERS_PER_CORE * jobs,
            niceness=19,
        ),
    )


def closing_line(output: str) -> str:
    """Pytest's last line without its frame of `=`, such as `12 passed in 3.45s`; or nothing."""
    lines = [CLOSING.match(line.strip()) for line in output.splitlines()[-20:]]
    return next((found[1] for found in reversed(lines) if found), "")


def total(closings: Sequence[str], wall_s: float) -> str:
    """One closing line for all lanes together."""
    counts = Counter[str]()
    for closing in closings:
        for number, word in COUNTED.findall(closing):
            counts["errors" if word == "error" else word] += int(number)
    counted = ", ".join(f"{number} {word}" for word, number in sorted(counts.items()))
    duration = timedelta(seconds=round(wall_s))
    return f"{counted or 'no tests ran'} in {wall_s:.2f}s ({duration})"


def run(lane: Lane, arguments: Sequence[str]) -> Result:
    """Run a lane and show its output as it comes."""
    title(lane)
    output = bytearray()
    with subprocess.Popen(lane.command(arguments), cwd=ROOT, stdout=subprocess.PIPE) as process:
        stdout = process.stdout
        assert stdout is not None
        while part := stdout.read1(CHUNK):  # type: ignore[attr-defined]  # a BufferedReader
            sys.stdout.buffer.write(part)
            sys.stdout.flush()
            output += part
    closing = closing_line(output.decode(errors="replace"))
    return Result(lane=lane, code=process.returncode, closing=closing)


def run_all(front: Lane, behind: Sequence[Lane], arguments: Sequence[str]) -> list[Result]:
    """Run all lanes beside each other; show the output of `front` as it comes, then the others'."""
    with ExitStack() as stack:
        files = [stack.enter_context(TemporaryFile()) for _ in behind]
        processes = [
            stack.enter_context(subprocess.Popen(lane.command(arguments), cwd=ROOT, stdout=file))
            for lane, file in zip(behind, files, strict=True)
        ]
        results = [run(front, arguments)]
        for lane, process, file in zip(behind, processes, files, strict=True):
            code = process.wait()
            title(lane)
            text = content(file)
            sys.stdout.write(text)
            results.append(Result(lane=lane, code=code, closing=closing_line(text)))
    return results


def content(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode(errors="replace")


def title(lane: Lane) -> None:
    sys.stdout.write(f"\n== {lane.name}: {lane.workers} workers\n")
    sys.stdout.flush()


def main() -> int:
    """Run all lanes, whether one fails or not; return 1 if one failed."""
    parser = ArgumentParser(prog="python -m tests.lanes", description=__doc__)
    parser.add_argument("--jobs", type=int, default=CORES, help="workers of a lane without waiting")
    options, arguments = parser.parse_known_args()
    started_s = time.monotonic()
    front, *behind = lanes(options.jobs)
    results = run_all(front, behind, arguments)
    rows = "\n".join(result.line() for result in results)
    summed = total([result.closing for result in results], time.monotonic() - started_s)
    sys.stdout.write(f"\n== lanes\n{rows}\n{summed}\n")
    return 0 if all(result.is_passed for result in results) else 1


if __name__ == "__main__":
    sys.exit(main())
