"""Run a command and say what happens: the two things every step of the end-to-end run does."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

COMMAND_S_MAX = 900.0  # a cold image build on a slow link


class StepError(Exception):
    """A command that had to succeed did not; carries the end of what it printed."""


def say(text: str) -> None:
    """Print one line at once, so that the order of our lines and the commands' own is true."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def run(
    *command: str,
    environment: Mapping[str, str] | None = None,
    stdin: bytes | None = None,
    folder: Path | None = None,
) -> str:
    """Return what the command prints on stdout. Raises StepError unless it ends with 0."""
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


def resolved(command: Sequence[str]) -> list[str]:
    """The command with its program's full path. Raises StepError if it is not installed."""
    program = shutil.which(command[0])
    if program is None:
        raise StepError(f"{command[0]} is not installed")
    return [program, *command[1:]]


def wait_until(condition: Callable[[], bool], *, seconds: float, pause_s: float = 0.25) -> bool:
    """Ask again and again until the condition holds; False if it did not within `seconds`."""
    end_s = time.monotonic() + seconds
    while time.monotonic() < end_s:
        if condition():
            return True
        time.sleep(pause_s)
    return condition()
