"""The rest of the market: liquidity that belongs to nobody here and refills by itself."""

from collections.abc import Iterable
from decimal import Decimal
from math import inf
from random import Random
from typing import Protocol

from quoter.domain.market import Side
from quoter.sim.messages import MarketSpec

# How far the scenery reaches, in units of 1/kappa: hardly a taker (e^-5) goes further.
DEPTH_REACH = 5.0


class Background(Protocol):
    """Whole lots can be traded; the size that is shown may have a fraction of a lot more."""

    def best(self, side: Side) -> tuple[int, int] | None:
        """(ticks, lots), None if that side is empty."""

    def best_size(self, side: Side) -> Decimal:
        """Shown size of the best level; there must be one."""

    def levels(self, side: Side) -> list[tuple[int, int]]:
        """(ticks, lots) of what can be traded, best first."""

    def prices(self, side: Side) -> Iterable[int]:
        """Ticks of every level, in no order."""

    def size_at(self, side: Side, ticks: int) -> Decimal:
        """Shown size; zero where there is no level."""


class Scenery:
    """Random depth around a mid: the best level moves with it, the others stand still."""

    def __init__(self, spec: MarketSpec, rng: Random) -> None:
        """Raises ValueError if the market behind it is out of its domain."""
        is_random = 0 <= spec.sigma < inf and 0 <= spec.intensity < inf and 0 < spec.kappa < inf
        if not (is_random and spec.spread_ticks >= 1 and spec.depth_levels >= 1):
            raise ValueError(f"not a market: {spec}")
        if not (spec.depth_lots >= 1 and spec.mid.is_finite() and spec.mid > 0):
            raise ValueError(f"not a market: {spec}")
        self._rng = rng
        self._count = spec.depth_levels
        self._lots = spec.depth_lots
        self._lot = spec.lot
        reach_ticks = DEPTH_REACH / (spec.kappa * float(spec.tick))
        self._step = max(1, round(reach_ticks / spec.depth_levels))
        self._sides: dict[Side, dict[int, int]] = {Side.BUY: {}, Side.SELL: {}}
        self._best: dict[Side, int] = {}

    def best(self, side: Side) -> tuple[int, int] | None:
        """As in Background; never None after the first `move`."""
        ticks = self._best.get(side)
        return None if ticks is None else (ticks, self._sides[side][ticks])

    def best_size(self, side: Side) -> Decimal:
        return self.size_at(side, self._best[side])

    def levels(self, side: Side) -> list[tuple[int, int]]:
        return sorted(self._sides[side].items(), reverse=side is Side.BUY)

    def prices(self, side: Side) -> Iterable[int]:
        return self._sides[side]

    def size_at(self, side: Side, ticks: int) -> Decimal:
        return self._lot * self._sides[side].get(ticks, 0)

    def move(self, bid: int, ask: int) -> list[tuple[Side, int]]:
        """Stand at these best prices; returns the levels that changed."""
        changed: list[tuple[Side, int]] = []
        for side, best in ((Side.BUY, bid), (Side.SELL, ask)):
            if self._best.get(side) != best:
                changed += self._move_side(side, best)
        return changed

    def stir(self) -> tuple[Side, int]:
        """Draw one level's size anew, so that a market without moves still has news."""
        side = Side.BUY if self._rng.random() < 0.5 else Side.SELL
        levels = self._sides[side]
        ticks = self._rng.choice(list(levels))
        levels[ticks] = self._draw()
        return side, ticks

    def _move_side(self, side: Side, best: int) -> Iterable[tuple[Side, int]]:
        levels = self._sides[side]
        wanted = self._wanted(side, best)
        gone = [ticks for ticks in levels if ticks not in wanted]
        new = [ticks for ticks in wanted if ticks not in levels]
        for ticks in gone:
            del levels[ticks]
        for ticks in new:
            levels[ticks] = self._draw()
        self._best[side] = best
        return [(side, ticks) for ticks in gone + new]

    def _wanted(self, side: Side, best: int) -> dict[int, None]:
        step = self._step
        if side is Side.BUY:
            first = (best - 1) // step * step
            others = range(first, max(0, first - (self._count - 1) * step), -step)
        else:
            first = (best // step + 1) * step
            others = range(first, first + (self._count - 1) * step, step)
        return dict.fromkeys((best, *others))

    def _draw(self) -> int:
        return self._rng.randint(max(1, self._lots // 2), max(1, self._lots * 3 // 2))
