"""What every program of this folder shares: its arguments, and one line of JSON for each step.

Programs run in the environment of their client, so they import nothing of quoter.
"""

import argparse
import json
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

STEPS = ("start", "subscribe", "place", "fill", "cancel", "balances")


@dataclass(frozen=True, slots=True)
class Target:
    """The sandbox, and the two keys of it."""

    url: str
    api_key: str
    secret: str
    ed25519_key: str
    private_key: str  # PEM
    folder: Path

    @property
    def host(self) -> str:
        """`127.0.0.1:port`."""
        return self.url.partition("://")[2]

    @property
    def ws(self) -> str:
        """Root URL of the websockets."""
        return f"{'wss' if self.url.startswith('https') else 'ws'}://{self.host}"


def target() -> Target:
    """Read the arguments that `run.py` passes."""
    parser = argparse.ArgumentParser()
    for name in ("url", "api-key", "secret", "ed25519-key", "private-key", "folder"):
        parser.add_argument(f"--{name}", required=True)
    given = parser.parse_args()
    return Target(
        url=given.url,
        api_key=given.api_key,
        secret=given.secret,
        ed25519_key=given.ed25519_key,
        private_key=Path(given.private_key).read_text(),
        folder=Path(given.folder),
    )


def report(step: str, *, holds: bool, seen: object = "") -> None:
    """Print the outcome of one step."""
    sys.stdout.write(json.dumps({"step": step, "holds": holds, "seen": str(seen)[:300]}) + "\n")
    sys.stdout.flush()


async def run_steps(session: object, steps: Sequence[str] = STEPS) -> None:
    """Call the method of each step and report what it returns; an exception is its failure."""
    for step in steps:
        work: Callable[[], Awaitable[object]] = getattr(session, step)
        try:
            seen = await work()
        except Exception as error:  # noqa: BLE001 - whatever a client raises is the outcome
            report(step, holds=False, seen=f"{type(error).__name__}: {error}")
        else:
            report(step, holds=True, seen=seen)
