"""Running commands and printing progress, for the end-to-end run."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

COMMAND_S_MAX = 900.0  # a cold image build on a slow link


class StepError(Exception):
    """A required command failed; the text has the end of its output."""


def say(text: str) -> None:
    """Print a line and flush, so that it is in order with the output of commands."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def run(
    *command: str,
    environment: Mapping[str, str] | None = None,
    stdin: bytes | None = None,
    folder: Path | None = None,
) -> str:
    """Return the stdout of the command. Raises StepError unless its exit code is 0."""
    done = subprocess.run(  # noqa: S603 - the arguments are this folder's own
        resolved(command),
        env={**os.environ, **(environment or {})},
        input=stdin,
        cwd=folder,
        capture_output=True,
        timeout=COMMAND_S_MAX,
        check=False,
    )
    output = done.stdout.decode(errors="replace")
    if done.returncode:
        tail = (output + done.stderr.decode(errors="replace"))[-3_000:]
        raise StepError(f"{' '.join(command)} ended with {done.returncode}:\n{tail}")
    return output


@contextmanager
def kept_or_temporary(variable: str) -> Iterator[Path]:
    """Yield the folder that an environment variable names, else one that is removed at the end."""
    named = os.environ.get(variable)
    if named:
        folder = Path(named).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        yield folder
        return
    temporary = Path(tempfile.mkdtemp(prefix="quoter-"))
    try:
        yield temporary
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def resolved(command: Sequence[str]) -> list[str]:
    """Return the command with the full path of its program. Raises StepError if it is missing."""
    program = shutil.which(command[0])
    if program is None:
        raise StepError(f"{command[0]} is not installed")
    return [program, *command[1:]]


def wait_until(condition: Callable[[], bool], *, seconds: float, pause_s: float = 0.25) -> bool:
    """Poll until the condition holds; return False if it does not within `seconds`."""
    end_s = time.monotonic() + seconds
    while time.monotonic() < end_s:
        if condition():
            return True
        time.sleep(pause_s)
    return condition()
