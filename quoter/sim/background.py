"""Background liquidity of a simulated symbol: refilling depth that belongs to no account."""

from collections.abc import Iterable
from decimal import Decimal
from math import exp, inf
from random import Random
from typing import Protocol

from quoter.domain.market import Side
from quoter.sim.fill_models import FillModel, QueuePosition
from quoter.sim.messages import MarketSpec
from quoter.sim.real_like import RealLike

# Depth of the background in units of 1/kappa; a share e^-5 of the takers reaches farther.
DEPTH_REACH = 5.0


class Background(Protocol):
    """Background depth of one symbol.

    Only whole lots are traded; shown sizes may include a fraction of a lot.
    """

    def best(self, side: Side) -> int | None:
        """Return the ticks of the best level, None if that side is empty."""

    def best_level(self, side: Side) -> tuple[int, Decimal] | None:
        """Return ticks and shown size, base, of the best level; None if that side is empty."""

    def levels(self, side: Side) -> list[tuple[int, int]]:
        """Return (ticks, lots) of every level that can be traded, best first."""

    def prices(self, side: Side) -> Iterable[int]:
        """Return the ticks of every level, unordered."""

    def size_at(self, side: Side, ticks: int) -> Decimal:
        """Return the shown size, base; zero if there is no level."""

    def queue_end(self, side: Side, ticks: int) -> QueuePosition | None:
        """Return the queue position of a new order; None if account orders come first."""


class RandomBackground:
    """Random depth around a mid. The best level follows the mid; other levels keep their price."""

    def __init__(self, spec: MarketSpec, rng: Random) -> None:
        """Start empty, until the first `move`. Raises ValueError for invalid market parameters."""
        is_random = 0 <= spec.sigma < inf and 0 <= spec.intensity < inf and 0 < spec.kappa < inf
        if not (is_random and spec.spread_ticks >= 1 and spec.depth_levels >= 1):
            raise ValueError(f"market parameters out of domain: {spec}")
        if not (spec.depth_lots >= 1 and spec.mid.is_finite() and spec.mid > 0):
            raise ValueError(f"market parameters out of domain: {spec}")
        self._rng = rng
        self._count = spec.depth_levels
        self._lots = spec.depth_lots
        self._lot = spec.lot
        self._step_calm = DEPTH_REACH / (spec.kappa * float(spec.tick)) / spec.depth_levels
        self._step = 0  # between levels, in ticks
        self._sides: dict[Side, dict[int, int]] = {Side.BUY: {}, Side.SELL: {}}
        self._best: dict[Side, int] = {}

    def best(self, side: Side) -> int | None:
        """Return the ticks of the best level; never None after the first `move`."""
        return self._best.get(side)

    def best_level(self, side: Side) -> tuple[int, Decimal] | None:
        best = self._best.get(side)
        return None if best is None else (best, self.size_at(side, best))

    def levels(self, side: Side) -> list[tuple[int, int]]:
        return sorted(self._sides[side].items(), reverse=side is Side.BUY)

    def prices(self, side: Side) -> Iterable[int]:
        return self._sides[side]

    def size_at(self, side: Side, ticks: int) -> Decimal:
        return self._lot * self._sides[side].get(ticks, 0)

    def lots_at(self, side: Side, ticks: int) -> int:
        """Return the lots of a level, zero if there is no level."""
        return self._sides[side].get(ticks, 0)

    def queue_end(self, side: Side, ticks: int) -> QueuePosition | None:  # noqa: ARG002 - common signature of both kinds
        """Return None: account orders come first at every price."""
        return None

    def move(self, bid: int, ask: int, *, kappa: float) -> list[tuple[Side, int]]:
        """Move the best levels to these prices; return the levels that changed.

        kappa: present multiple of the market's kappa. The levels reach as far as the takers do.
        """
        step, self._step = self._step, max(1, round(self._step_calm / kappa))
        changed: list[tuple[Side, int]] = []
        for side, best in ((Side.BUY, bid), (Side.SELL, ask)):
            if self._best.get(side) != best or self._step != step:
                changed += self._move_side(side, best)
        return changed

    def traded(self, side: Side, ticks: int, lots: int) -> None:  # noqa: ARG002 - a queue keeps what is left
        """Record a trade with a level; the level is refilled at once."""
        self.refill(side, ticks)

    def redraw_level(self) -> tuple[Side, int] | None:
        """Redraw the size of one random level, so that depth also changes while the mid is still.

        Returns its side and ticks; None if the chosen side is empty.
        """
        side = Side.BUY if self._rng.random() < 0.5 else Side.SELL
        if not self._sides[side]:
            return None
        ticks = self._draw_level(side)
        self.refill(side, ticks)
        return side, ticks

    def refill(self, side: Side, ticks: int) -> None:
        """Draw a new size for a level."""
        self._sides[side][ticks] = self._draw(side, ticks)

    def _draw_level(self, side: Side) -> int:
        return self._rng.choice(list(self._sides[side]))

    def _move_side(self, side: Side, best: int) -> Iterable[tuple[Side, int]]:
        levels = self._sides[side]
        wanted = self._wanted(side, best)
        gone = [ticks for ticks in levels if ticks not in wanted]
        new = [ticks for ticks in wanted if ticks not in levels]
        for ticks in gone:
            del levels[ticks]
        for ticks in new:
            levels[ticks] = self._draw(side, ticks)
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

    def _draw(self, side: Side, ticks: int) -> int:  # noqa: ARG002 - the place matters in a queue
        return self._rng.randint(max(1, self._lots // 2), max(1, self._lots * 3 // 2))


class QueuedBackground(RandomBackground):
    """Background of a real-like market: levels are queues, and traded size is missing for a while.

    Account orders queue behind the size that a level shows when they arrive. If a level gets
    smaller without trades, orders were cancelled, each unit with equal probability. Sizes are
    lognormal, and smaller while takers reach farther. Traded levels come back with the next `move`.
    """

    def __init__(self, spec: MarketSpec, real: RealLike, rng: Random) -> None:
        super().__init__(spec, rng)
        self._real = real
        self._kappa = 1.0
        self._top: dict[Side, int] = {}  # best levels before trades
        self._used: set[Side] = set()  # sides without some of their levels

    def queue_end(self, side: Side, ticks: int) -> QueuePosition:
        """Return the queue position of a new order: behind the size that the level shows."""
        return QueuePosition.at_the_end(FillModel.PROBABLE, self.lots_at(side, ticks))

    def move(self, bid: int, ask: int, *, kappa: float) -> list[tuple[Side, int]]:
        """Move as `RandomBackground` does, and restore the traded levels."""
        self._kappa = kappa
        self._top = {Side.BUY: bid, Side.SELL: ask}
        for side in self._used:
            self._best.pop(side, None)
        self._used.clear()
        return super().move(bid, ask, kappa=kappa)

    def traded(self, side: Side, ticks: int, lots: int) -> None:
        """Record a trade with a level; the level keeps the remaining size."""
        levels = self._sides[side]
        left = levels.get(ticks, 0) - lots
        self._used.add(side)
        if left > 0:
            levels[ticks] = left
            return
        levels.pop(ticks, None)
        if levels:
            self._best[side] = max(levels) if side is Side.BUY else min(levels)
        else:
            self._best.pop(side, None)

    def _draw_level(self, side: Side) -> int:
        """Return a random level; half of the time the best, where most changes occur."""
        best = self._best.get(side)
        return best if best is not None and self._rng.random() < 0.5 else super()._draw_level(side)

    def _draw(self, side: Side, ticks: int) -> int:
        is_best = ticks == self._top[side]
        usual = self._lots * self._kappa * (1.0 if is_best else self._real.thinness)
        return 1 + int(usual * exp(self._real.depth_tail * self._rng.gauss(0.0, 1.0)))
