"""Spread captured by fills plus what the mid did afterwards, with standard errors, by horizon.

The sums are those of the engine's attribution (`state/attribution.py`): same marks, same bound of
open fills, so that both agree to the digit at the horizons that both have. Standard errors are
those of a ratio of two means (Cochran, Sampling Techniques, chapter 6) over blocks of time that are
BLOCK_HORIZONS horizons long: markouts that overlap in time are not independent.
"""

from collections import deque
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, NamedTuple

from quoter.domain.events import Fill
from quoter.domain.market import Side
from quoter.domain.units import BPS_PER_UNIT, NS_PER_S
from quoter.state.markout_ledger import PENDING_MAX, ZERO

HORIZONS_S: Final = (1, 2, 5, 10, 30, 60, 120, 300)
BLOCK_HORIZONS: Final = 2
BLOCKS_MIN: Final = 8  # below it there is no standard error: it would be too uncertain itself


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkoutPoint:
    """One horizon of one side (None: both): realised spread per notional, bps, before fees.

    markout: quote currency, exact, fills whose horizon is open valued at the last mark. se_bps is
    None below BLOCKS_MIN blocks of time. share_open: of the notional, with an open horizon.
    """

    side: Side | None
    horizon_s: int
    markout: Decimal
    realised_spread_bps: float
    se_bps: float | None
    blocks: int
    share_open: float


class _Open(NamedTuple):
    due_ns: int
    size: Decimal  # signed
    mark: Decimal
    price: Decimal
    block: int


class _Blocks:
    """Sums over blocks of earnings e and notional n, for the error of the ratio of their means."""

    def __init__(self) -> None:
        self._block = -1
        self._e = self._n = 0.0  # of the present block
        self._count = 0
        self._ee = self._en = self._nn = self._n_all = self._e_all = 0.0

    def add(self, block: int, earned: float, notional: float) -> None:
        """Add a fill; blocks do not decrease."""
        if block != self._block:
            self._close()
            self._block = block
        self._e += earned
        self._n += notional

    def _close(self) -> None:
        if self._n:
            self._count += 1
            self._ee += self._e * self._e
            self._en += self._e * self._n
            self._nn += self._n * self._n
            self._e_all += self._e
            self._n_all += self._n
        self._e = self._n = 0.0

    def error(self) -> tuple[float | None, int]:
        """Return the standard error of earnings per notional, and the number of blocks."""
        self._close()
        self._block = -1
        if self._count < BLOCKS_MIN:
            return None, self._count
        ratio = self._e_all / self._n_all
        squares = self._ee - 2 * ratio * self._en + ratio * ratio * self._nn
        spread = max(squares, 0.0) * self._count / (self._count - 1)
        return spread**0.5 / self._n_all, self._count


class _Horizon:
    """The fills of one side (or both) at one horizon."""

    def __init__(self, horizon_s: int) -> None:
        self._horizon_ns = horizon_s * NS_PER_S
        self._open: dict[Side, deque[_Open]] = {side: deque() for side in Side}
        self._matured = ZERO
        self._blocks = _Blocks()

    def fill(self, fill: Fill, mark: Decimal, ts_ns: int) -> None:
        signed = fill.size * fill.side.sign
        waiting = self._open[fill.side]
        if len(waiting) >= PENDING_MAX:
            self._mature(waiting.popleft(), mark)
        block = ts_ns // (BLOCK_HORIZONS * self._horizon_ns)
        due_ns = ts_ns + self._horizon_ns
        waiting.append(_Open(due_ns, signed, mark, fill.price, block))

    def see(self, mark: Decimal, ts_ns: int) -> None:
        for waiting in self._open.values():
            while waiting and waiting[0].due_ns <= ts_ns:
                self._mature(waiting.popleft(), mark)

    def _mature(self, fill: _Open, mark: Decimal) -> None:
        self._matured += fill.size * (mark - fill.mark)
        earned, notional = fill.size * (mark - fill.price), abs(fill.size) * fill.price
        self._blocks.add(fill.block, float(earned), float(notional))

    def open_fills(self) -> list[_Open]:
        return [fill for waiting in self._open.values() for fill in waiting]

    def markout(self, mark: Decimal) -> Decimal:
        still = (fill.size * (mark - fill.mark) for fill in self.open_fills())
        return self._matured + sum(still, start=ZERO)

    def error(self) -> tuple[float | None, int]:
        return self._blocks.error()


class MarkoutCurve:
    """Realised spread of the fills of each side, and of both, at every horizon."""

    def __init__(self) -> None:
        self._sides: dict[Side | None, dict[int, _Horizon]] = {
            side: {horizon_s: _Horizon(horizon_s) for horizon_s in HORIZONS_S}
            for side in (*Side, None)
        }
        self._notional = dict.fromkeys((*Side, None), ZERO)
        self._spread = dict.fromkeys((*Side, None), ZERO)

    def fill(self, fill: Fill, mark: Decimal, ts_ns: int) -> None:
        """Add a fill at `mark`, the mid just before it, received at `ts_ns`."""
        signed = fill.size * fill.side.sign
        for side in (fill.side, None):
            self._notional[side] += fill.size * fill.price
            self._spread[side] += signed * (mark - fill.price)
            for horizon in self._sides[side].values():
                horizon.fill(fill, mark, ts_ns)

    def see(self, mark: Decimal, ts_ns: int) -> None:
        """End the horizons that are due at this mark."""
        for horizons in self._sides.values():
            for horizon in horizons.values():
                horizon.see(mark, ts_ns)

    def spread_bps(self, side: Side | None) -> float | None:
        """Spread captured per notional at the moment of the fill, bps; None without a fill."""
        notional = self._notional[side]
        return float(self._spread[side] / notional) * BPS_PER_UNIT if notional else None

    def points(self, mark: Decimal) -> list[MarkoutPoint]:
        """Return every horizon of every side that has fills; `mark`: the last mid."""
        found = []
        for side, horizons in self._sides.items():
            notional = self._notional[side]
            if not notional:
                continue
            for horizon_s, horizon in horizons.items():
                markout = horizon.markout(mark)
                waiting = sum((abs(f.size) * f.price for f in horizon.open_fills()), start=ZERO)
                se, blocks = horizon.error()
                found.append(
                    MarkoutPoint(
                        side=side,
                        horizon_s=horizon_s,
                        markout=markout,
                        realised_spread_bps=float((self._spread[side] + markout) / notional)
                        * BPS_PER_UNIT,
                        se_bps=None if se is None else se * BPS_PER_UNIT,
                        blocks=blocks,
                        share_open=float(waiting / notional),
                    )
                )
        return found
