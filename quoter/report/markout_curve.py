"""Realised spread by horizon (spread captured plus markout), with standard errors.

The sums come from `state/markout_ledger.py`, as in the engine's attribution, so that both agree
exactly at common horizons. Overlapping markouts are not independent. Standard errors are therefore
computed over blocks of time, each BLOCK_HORIZONS horizons long, for a ratio of two means (Cochran,
Sampling Techniques, chapter 6).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Final

from quoter.domain.events import Fill
from quoter.domain.market import Side
from quoter.domain.units import BPS_PER_UNIT, NS_PER_S
from quoter.state.markout_ledger import ZERO, MarkoutLedger, OpenFill

HORIZONS_S: Final = (1, 2, 5, 10, 30, 60, 120, 300)
BLOCK_HORIZONS: Final = 2
BLOCKS_MIN: Final = 8  # with fewer blocks the standard error itself would be too uncertain


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkoutPoint:
    """One horizon of one side (None: both): realised spread per notional, bps, before fees.

    markout: quote currency, exact; fills with an open horizon are valued at the last mark. se_bps:
    standard error, None below BLOCKS_MIN blocks of time. share_open: share of the notional whose
    horizon is still open.
    """

    side: Side | None
    horizon_s: int
    markout: Decimal
    realised_spread_bps: float
    se_bps: float | None
    blocks: int
    share_open: float


class _Blocks:
    """Sums over blocks of earnings e and notional n, for the error of the ratio of their means."""

    def __init__(self) -> None:
        self._block = -1
        self._e = self._n = 0.0  # of the present block
        self._count = 0
        self._ee = self._en = self._nn = self._n_all = self._e_all = 0.0

    def add(self, block: int, earned: float, notional: float) -> None:
        """Add a fill.

        A fill from an earlier block (the other side's) is added to the present one.
        """
        if block > self._block:
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
    """The fills of each side at one horizon, and the blocks of each side and of both."""

    def __init__(self, horizon_s: int) -> None:
        self._block_ns = BLOCK_HORIZONS * horizon_s * NS_PER_S
        self._blocks = {side: _Blocks() for side in (*Side, None)}
        self._ledgers = {
            side: MarkoutLedger(horizon_s, partial(self._on_matured, side)) for side in Side
        }

    def fill(self, side: Side, fill: OpenFill) -> None:
        self._ledgers[side].fill(fill)

    def see(self, mark: Decimal, ts_ns: int) -> None:
        for ledger in self._ledgers.values():
            ledger.see(mark, ts_ns)

    def _on_matured(self, side: Side, fill: OpenFill, mark: Decimal) -> None:
        earned = float(fill.size * (mark - fill.price))
        notional = float(abs(fill.size) * fill.price)
        for each in (side, None):
            self._blocks[each].add(fill.filled_ns // self._block_ns, earned, notional)

    def markout(self, side: Side | None, mark: Decimal) -> Decimal:
        return sum((ledger.total(mark) for ledger in self._of(side)), start=ZERO)

    def open_notional(self, side: Side | None) -> Decimal:
        return sum((ledger.open_notional() for ledger in self._of(side)), start=ZERO)

    def error(self, side: Side | None) -> tuple[float | None, int]:
        return self._blocks[side].error()

    def _of(self, side: Side | None) -> Iterable[MarkoutLedger]:
        return self._ledgers.values() if side is None else (self._ledgers[side],)


class MarkoutCurve:
    """Realised spread of the fills of each side, and of both, at every horizon."""

    def __init__(self) -> None:
        self._horizons = {horizon_s: _Horizon(horizon_s) for horizon_s in HORIZONS_S}
        self._notional = dict.fromkeys((*Side, None), ZERO)
        self._spread = dict.fromkeys((*Side, None), ZERO)

    def fill(self, fill: Fill, mark: Decimal, ts_ns: int) -> None:
        """Add a fill received at `ts_ns`; `mark` is the mid just before it."""
        signed = fill.size * fill.side.sign
        for side in (fill.side, None):
            self._notional[side] += fill.size * fill.price
            self._spread[side] += signed * (mark - fill.price)
        opened = OpenFill(ts_ns, signed, fill.price, mark)
        for horizon in self._horizons.values():
            horizon.fill(fill.side, opened)

    def see(self, mark: Decimal, ts_ns: int) -> None:
        """End the due horizons at this mark."""
        for horizon in self._horizons.values():
            horizon.see(mark, ts_ns)

    def spread_bps(self, side: Side | None) -> float | None:
        """Spread captured at the fill per notional, bps; None without a fill."""
        notional = self._notional[side]
        return float(self._spread[side] / notional) * BPS_PER_UNIT if notional else None

    def points(self, mark: Decimal) -> list[MarkoutPoint]:
        """Return the points of each side with fills, at every horizon; `mark`: the last mid."""
        return [
            self._point(side, horizon_s, horizon, mark)
            for side, notional in self._notional.items()
            if notional
            for horizon_s, horizon in self._horizons.items()
        ]

    def _point(
        self, side: Side | None, horizon_s: int, horizon: _Horizon, mark: Decimal
    ) -> MarkoutPoint:
        notional, markout = self._notional[side], horizon.markout(side, mark)
        se, blocks = horizon.error(side)
        realised = float((self._spread[side] + markout) / notional)
        return MarkoutPoint(
            side=side,
            horizon_s=horizon_s,
            markout=markout,
            realised_spread_bps=realised * BPS_PER_UNIT,
            se_bps=None if se is None else se * BPS_PER_UNIT,
            blocks=blocks,
            share_open=float(horizon.open_notional(side) / notional),
        )
