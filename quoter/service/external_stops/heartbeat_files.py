"""Heartbeats between daemon and sentinel: small files in the data folder, replaced as a whole.

A reader trusts only its own clock: it measures how long ago the label in the file changed.
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
    """Status of a run and of its orders."""

    STARTING = "starting"  # the gate was never open: resting orders are of an earlier run
    RUNNING = "running"
    STOPPED = "stopped"  # the venue listed no own order


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceIdentity:
    """Identity of a daemon's orders: environment, venue, symbol, and prefix of the client ids."""

    environment: str
    exchange: str
    symbol: str
    order_prefix: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Holdings:
    """The daemon's inventory, target and inventory limit of one asset; base units, exact.

    The sentinel compares the account's balance with target and limit.
    """

    inventory: Decimal
    target: Decimal
    limit: Decimal
    asset: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DaemonHeartbeat:
    """One heartbeat of the daemon. `ts_ns` is informational: no reader compares it.

    `orders`: own orders that may be open at the venue.
    """

    run: str
    seq: int
    ts_ns: int
    pid: int
    status: RunStatus
    state: str  # trading state by name
    identity: InstanceIdentity
    holdings: Holdings | None = None  # None before the engine is built
    orders: int | None = None  # the same

    @property
    def label(self) -> str:
        """Text that differs in every heartbeat of the daemon; it does not depend on a clock."""
        return f"{self.run}-{self.seq}-{self.status}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SentinelHeartbeat:
    """One heartbeat of the sentinel.

    `handled`: label of the daemon's last heartbeat before the silence for which a kill was latched.
    """

    run: str
    seq: int
    ts_ns: int
    pid: int
    handled: str

    @property
    def label(self) -> str:
        """Text that differs in every heartbeat of the sentinel."""
        return f"{self.run}-{self.seq}"


def write_heartbeat(path: Path, heartbeat: DaemonHeartbeat | SentinelHeartbeat) -> None:
    """Replace the file; not synced: a heartbeat need not survive a power loss.

    Raises OSError.
    """
    part = path.with_suffix(".part")
    part.write_bytes(msgspec.json.encode(heartbeat))
    part.replace(path)


def read_heartbeat[T: (DaemonHeartbeat, SentinelHeartbeat)](path: Path, kind: type[T]) -> T | None:
    """Read a heartbeat file; None if it is missing or unreadable."""
    try:
        with path.open("rb") as file:
            return msgspec.json.decode(file.read(BYTES_MAX), type=kind)
    except (OSError, ValueError):  # msgspec's errors are ValueErrors
        return None


class HeartbeatAge:
    """Time since a label last changed, on this process's monotonic clock."""

    def __init__(self, monotonic_s: Callable[[], float] = time.monotonic) -> None:
        self._monotonic_s = monotonic_s
        self._label = ""
        self._changed_s = monotonic_s()

    def update(self, label: str) -> float:
        """Update with the label read now (empty: unreadable); return seconds since it changed."""
        now_s = self._monotonic_s()
        if label and label != self._label:
            self._label, self._changed_s = label, now_s
        return now_s - self._changed_s
