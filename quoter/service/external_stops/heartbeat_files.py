"""Signs of life between two processes: small files in the data folder, replaced whole.

Who reads one trusts no clock but its own: what counts is when the mark in it changed.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from pathlib import Path

import msgspec

HEARTBEAT = "heartbeat.json"  # the daemon's
SENTINEL_HEARTBEAT = "sentinel.json"
BYTES_MAX = 4_096


class RunStatus(StrEnum):
    """How far a run has come, as far as its orders are concerned."""

    STARTING = "starting"  # the gate was never open: whatever rests is of an earlier run
    RUNNING = "running"
    STOPPED = "stopped"  # the venue itself says that no order of ours is left


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceIdentity:
    """Whose orders are watched: the first letters of their ids, and where they rest."""

    environment: str
    exchange: str
    symbol: str
    order_prefix: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Holdings:
    """What the venue may be compared with; base units, exact."""

    inventory: Decimal
    target: Decimal
    limit: Decimal
    asset: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DaemonHeartbeat:
    """One sign of life of the daemon. `ts_ns` is for people: nobody judges by it."""

    run: str
    seq: int
    ts_ns: int
    pid: int
    status: RunStatus
    state: str  # trading state by name
    identity: InstanceIdentity
    holdings: Holdings | None = None  # None until the engine is there

    @property
    def mark(self) -> str:
        """Differs from that of every other beat, whatever the clocks say."""
        return f"{self.run}-{self.seq}-{self.status}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SentinelHeartbeat:
    """One sign of life of the sentinel; `handled` is the silence that it latched already."""

    run: str
    seq: int
    ts_ns: int
    pid: int
    handled: str

    @property
    def mark(self) -> str:
        """As that of a beat of the daemon."""
        return f"{self.run}-{self.seq}"


def put(path: Path, beat: DaemonHeartbeat | SentinelHeartbeat) -> None:
    """Replace the file whole; not synced: a sign of life need not outlive the machine.

    Raises OSError.
    """
    part = path.with_suffix(".part")
    part.write_bytes(msgspec.json.encode(beat))
    part.replace(path)


def get[T: (DaemonHeartbeat, SentinelHeartbeat)](path: Path, kind: type[T]) -> T | None:
    """What is there; None if nothing is, or nothing that can be read."""
    try:
        with path.open("rb") as file:
            return msgspec.json.decode(file.read(BYTES_MAX), type=kind)
    except (OSError, ValueError):  # msgspec's errors are ValueErrors
        return None


class HeartbeatAge:
    """How long a mark has stood still, measured on our own monotonic clock."""

    def __init__(self, monotonic_s: Callable[[], float] = time.monotonic) -> None:
        self._monotonic_s = monotonic_s
        self._mark = ""
        self._changed_s = monotonic_s()

    def look(self, mark: str) -> float:
        """Seconds since the last change; empty: nothing could be read, which is none."""
        now_s = self._monotonic_s()
        if mark and mark != self._mark:
            self._mark, self._changed_s = mark, now_s
        return now_s - self._changed_s
