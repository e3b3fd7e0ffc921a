"""Depth messages as Binance sends them: recorded, or generated with the same distribution."""

import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from random import Random

RECORDINGS = tuple(
    Path(__file__).parents[3] / f"shared/data/binance_raw/spot_BTCUSDT_{day}.gz"
    for day in ("20240808", "20240809")  # one capture, cut at midnight
)
SYMBOL = "BTCUSDT"
MESSAGES = 6_000  # ten minutes
SEED = 7
LEVELS_MEAN = 37
TICK, TICKS_NEAR = 0.01, 3_000  # changes are mostly near the best prices, with a long tail
TOUCH_MOVES, TOUCH_TICKS = 0.2, 100  # share of messages that move it, and by how much

type Rows = list[list[str]]


@dataclass(frozen=True, slots=True)
class Workload:
    """A depth snapshot and the frames of the combined stream after it, with their stamps (ns)."""

    name: str
    snapshot: bytes
    frames: tuple[tuple[int, bytes], ...]


def load() -> Workload:
    """Return the recorded messages, or generated ones without a recording."""
    return recorded() if all(path.exists() for path in RECORDINGS) else generated()


def recorded() -> Workload:
    """Return the depth messages of a quarter of an hour around a midnight in August 2024."""
    snapshot, frames = b"", []
    for stamp, body in _lines():
        if body.startswith(b'{"lastUpdateId"'):
            snapshot = snapshot or body
        elif b'@depth@100ms"' in body[:40]:
            frames.append((int(stamp), body))
    last = json.loads(snapshot)["lastUpdateId"]
    fresh = tuple(frame for frame in frames if json.loads(frame[1])["data"]["u"] > last)
    return Workload("recorded BTCUSDT", snapshot, fresh)


def _lines() -> Iterator[tuple[bytes, bytes]]:
    """Yield time stamp and body of every line."""
    for path in RECORDINGS:
        with gzip.open(path, "rb") as lines:
            for line in lines:
                stamp, _, body = line.rstrip().partition(b" ")
                yield stamp, body


def generated() -> Workload:
    """Return generated messages around a random walk; distribution and size as recorded."""
    market = _Walk(Random(SEED))
    snapshot = market.snapshot()
    return Workload("generated", snapshot, tuple(islice(market.frames(), MESSAGES)))


class _Walk:
    """A random-walk book that removes the levels that the best prices have passed."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self._best = 6_000_000  # ticks; bids are below, asks at it or above
        self._last = 1_000
        self._bids = {self._best - n for n in range(1, 20_000, 20)}
        self._asks = {self._best + n for n in range(0, 20_000, 20)}

    def snapshot(self) -> bytes:
        bids = [self._row(ticks) for ticks in sorted(self._bids, reverse=True)]
        asks = [self._row(ticks) for ticks in sorted(self._asks)]
        return json.dumps({"lastUpdateId": self._last, "bids": bids, "asks": asks}).encode()

    def frames(self) -> Iterator[tuple[int, bytes]]:
        stamp_ns = 1_700_000_000_000_000_000
        while True:
            stamp_ns += 100_000_000
            yield stamp_ns, self._frame(stamp_ns // 1_000_000)

    def _frame(self, stamp_ms: int) -> bytes:
        rng, first = self._rng, self._last + 1
        self._best += round(rng.gauss(0, TOUCH_TICKS)) if rng.random() < TOUCH_MOVES else 0
        count = max(4, round(rng.expovariate(1 / LEVELS_MEAN)))
        self._last += count
        data = {
            "e": "depthUpdate",
            "E": stamp_ms,
            "s": SYMBOL,
            "U": first,
            "u": self._last,
            "b": self._side(self._bids, -1, count // 2),
            "a": self._side(self._asks, 1, count - count // 2),
        }
        frame = {"stream": "btcusdt@depth@100ms", "data": data}
        return json.dumps(frame, separators=(",", ":")).encode()

    def _side(self, levels: set[int], sign: int, count: int) -> Rows:
        first = self._best - (sign < 0)
        passed = [ticks for ticks in levels if sign * (ticks - first) < 0]
        levels.difference_update(passed)
        rows = [_gone(ticks) for ticks in passed]
        levels.add(first)
        rows.append(self._row(first))
        for _ in range(count - len(rows)):
            ticks = first + sign * (1 + int(self._rng.expovariate(1 / TICKS_NEAR)))
            if ticks in levels and self._rng.random() < 0.5:
                levels.discard(ticks)
                rows.append(_gone(ticks))
            else:
                levels.add(ticks)
                rows.append(self._row(ticks))
        return rows

    def _row(self, ticks: int) -> list[str]:
        return [_price(ticks), f"{self._rng.expovariate(2.0) + 0.00001:.8f}"]


def _gone(ticks: int) -> list[str]:
    return [_price(ticks), "0.00000000"]


def _price(ticks: int) -> str:
    return f"{ticks * TICK:.8f}"
