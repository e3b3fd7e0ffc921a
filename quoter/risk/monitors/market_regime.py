"""The market regime: NORMAL -> WIDE -> REDUCE_ONLY, and back (deploy/docs/strategy.md).

In WIDE, quotes are farther out and orders smaller. In REDUCE_ONLY, inventory may only shrink. Worse
conditions are halt causes that pause or kill: book_stale, clock, cancel_unverified, loss_limit,
drawdown_limit.

The level rises at once to the level of the strongest signal. It falls by one after `calm_s` without
a signal of the present level or a higher one. Time without a book is not calm. Moves are checked
once a second. A window that slides in smaller steps would find moves of four standard deviations
three times as often, by chance alone.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from math import sqrt
from typing import NamedTuple

from quoter.domain.number_text import plain
from quoter.domain.trading import Regime
from quoter.domain.units import NS_PER_S

GRID_NS = NS_PER_S
MIDS_MAX = 32  # one a second; the longest window of MOVES is 10 s


class Move(NamedTuple):
    """A level, and the move within `seconds` that leads to it, in usual standard deviations."""

    level: Regime
    seconds: int
    deviations: float


# The second entry leads to WIDE within 3 s, before the volatility estimates follow.
MOVES = (Move(Regime.REDUCE_ONLY, 10, 8.0), Move(Regime.WIDE, 3, 4.0))


@dataclass(frozen=True, slots=True, kw_only=True)
class RegimePolicy:
    """Thresholds and effects of the market regime.

    is_on: if False, the regime is always NORMAL. wide_ratio, reduce_ratio: present volatility
    divided by usual volatility. calm_s: seconds per level on the way down. equity_drop: fall of
    equity from its highest value, quote currency; None: no limit.

    In WIDE the half-spread is multiplied by `multiplier` and sizes by `size_factor`. Sides that do
    not unwind stay at least stale_sigmas * sigma * sqrt(1 s) away. In REDUCE_ONLY the side that
    unwinds stays at least unwind_sigmas * fast sigma * sqrt(1 s) away: at 0.5 this is the typical
    move of a quarter of a second.
    """

    is_on: bool = True
    wide_ratio: float = 2.0
    reduce_ratio: float = 4.0
    calm_s: float = 20.0
    equity_drop: float | None = None
    multiplier: float = 1.5
    stale_sigmas: float = 1.5
    # At 1 a sell order would stay above the market in a continuing fall and would not fill: in
    # simulated crashes the mean loss is then 50 % larger, twice as large with a failing venue, and
    # profit is smaller. A value below 0.5 gains little.
    unwind_sigmas: float = 0.5
    size_factor: float = 0.5


class Signal(NamedTuple):
    """An unusual observation, and the level that it leads to."""

    level: Regime
    text: str


def _level(signal: Signal) -> Regime:
    return signal.level


class MarketRegime:
    """Derives the level from signals; `text` is the reason for the last change."""

    def __init__(self, policy: RegimePolicy) -> None:
        self._policy = policy
        self._mids: deque[tuple[int, float]] = deque(maxlen=MIDS_MAX)  # oldest first
        self._peak: float | None = None
        self._last_signal_ns = 0  # the last signal that kept the present level
        self.level = Regime.NORMAL
        self.text = ""

    def update(
        self,
        ts_ns: int,
        *,
        mid: float | None,
        tick: float,
        now: float | None,
        usual: float | None,
        equity: float,
    ) -> bool:
        """Update the level; return whether it changed. Call on every tick.

        mid: quote/base, None without a book. tick: price; the price grid alone may add this much to
        a move. now, usual: volatility of this minute and of ordinary times, price/sqrt(s), None
        while unknown. equity: quote currency.
        """
        signals = self._signals(ts_ns, mid, tick, now, usual, equity)
        worst = max(signals, key=_level, default=None)
        if worst is not None and worst.level > self.level:
            self.level, self.text, self._last_signal_ns = worst.level, worst.text, ts_ns
            return True
        if self.level is Regime.NORMAL:
            return False
        if mid is None or (worst is not None and worst.level is self.level):
            self._last_signal_ns = ts_ns
        elif ts_ns - self._last_signal_ns >= self._policy.calm_s * NS_PER_S:
            self.level, self._last_signal_ns = Regime(self.level - 1), ts_ns
            self.text = f"calm for {self._policy.calm_s:g} s"
            return True
        return False

    def _signals(
        self,
        ts_ns: int,
        mid: float | None,
        tick: float,
        now: float | None,
        usual: float | None,
        equity: float,
    ) -> Iterator[Signal]:
        policy = self._policy
        if policy.equity_drop is not None:
            yield from self._drop(equity, policy.equity_drop)
        if now is None or usual is None or not usual > 0.0:
            return
        ratio, is_wide = now / usual, now > policy.wide_ratio * usual
        if is_wide:
            is_wild = now > policy.reduce_ratio * usual
            level = Regime.REDUCE_ONLY if is_wild else Regime.WIDE
            figures = f"{plain(now, 4)} is {ratio:.1f} times the usual {plain(usual, 4)}"
            yield Signal(level, f"volatility {figures}")
        if mid is not None:
            yield from self._moved(ts_ns, mid, tick, usual)

    def _drop(self, equity: float, most: float) -> Iterator[Signal]:
        """Yield one signal per fall of equity; the next fall is measured from the new level.

        Otherwise the regime would stay REDUCE_ONLY for ever, because orders that only reduce do not
        earn back what was lost.
        """
        if self._peak is None or equity > self._peak:
            self._peak = equity
        if self._peak - equity > most:
            fell = self._peak - equity
            limit = f"{plain(most)} (QUOTER_REGIME_EQUITY_DROP)"
            yield Signal(Regime.REDUCE_ONLY, f"equity fell by {fell:.4f}, limit {limit}")
            self._peak = equity

    def _moved(self, ts_ns: int, mid: float, tick: float, usual: float) -> Iterator[Signal]:
        """Yield a signal for each move above its limit.

        Across a gap, the move is measured from the last mid before it. tick: price. usual: usual
        volatility, price/sqrt(s).
        """
        mids = self._mids
        if mids and ts_ns - mids[-1][0] < GRID_NS:
            return
        for level, seconds, deviations in MOVES:
            before = next((m for m in reversed(mids) if ts_ns - m[0] >= seconds * NS_PER_S), None)
            if before is None:
                continue
            passed_s = (ts_ns - before[0]) / NS_PER_S
            moved, most = mid - before[1], deviations * usual * sqrt(passed_s)
            if abs(moved) - tick > most:
                change = f"{'+' if moved > 0 else ''}{plain(moved)} in {passed_s:.1f} s"
                limit = f"{plain(most, 4)} ({deviations:g} usual standard deviations)"
                yield Signal(level, f"the mid moved {change}, limit {limit}")
        mids.append((ts_ns, mid))
