"""Is this a market to quote both sides in: NORMAL -> WIDE -> REDUCE_ONLY, and back (quant.md 13).

WIDE stands farther out with smaller orders; REDUCE_ONLY only lets inventory shrink. The design's
HALT is no rung here: causes that pause or kill are it (book_stale, clock, cancel_unverified,
loss_limit, drawdown_limit).

Up goes at once, and as far as the worst sign says; down goes one rung after `calm_s` without a sign
of the present rung or a higher one. A market that can't be seen is not calm.

Moves are looked at once a second. A window that slides in smaller steps sees four standard
deviations of nothing but chance three times as often.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from math import sqrt
from typing import NamedTuple

from quoter.domain.trading import Regime
from quoter.domain.units import NS_PER_S

GRID_NS = NS_PER_S
MIDS_MAX = 32


class Move(NamedTuple):
    """The mid went this many standard deviations of usual times within so many seconds."""

    level: Regime
    seconds: int
    deviations: float


# Both after the design: the first is the fast way to WIDE, before any estimate can follow.
MOVES = (Move(Regime.REDUCE_ONLY, 10, 8.0), Move(Regime.WIDE, 3, 4.0))


@dataclass(frozen=True, slots=True, kw_only=True)
class RegimePolicy:
    """wide_ratio, reduce_ratio: volatility now over usual volatility; calm_s seconds per rung.

    equity_drop: fall of equity from its highest that is no longer for quoting, quote currency, None
    for off. WIDE: the half-spread grows by `multiplier`, sides that do not unwind stay
    `stale_sigmas` sigma sqrt(1 s) away, sizes shrink to `size_factor`. REDUCE_ONLY: the side that
    unwinds stays `unwind_sigmas` fast sigma sqrt(1 s) away, what a quarter of a second moves.
    """

    is_on: bool = True
    wide_ratio: float = 2.0
    reduce_ratio: float = 4.0
    calm_s: float = 60.0
    equity_drop: float | None = None
    multiplier: float = 1.5
    stale_sigmas: float = 1.5
    # The design says 1. In a fall that goes on, the order then stands above every price to come
    # and what we hold is lost on: the crash's mean drop is half as much again, with a venue that
    # fails twice as much, and profit is less. Nearer still gains little.
    unwind_sigmas: float = 0.5
    size_factor: float = 0.5


class Signal(NamedTuple):
    """Something that is not as usual, and the rung that it asks for."""

    level: Regime
    text: str


class MarketRegime:
    """The ladder; `level` is the rung, `text` what brought us up to it."""

    def __init__(self, policy: RegimePolicy, *, tick: float) -> None:
        """Tick price: what the grid alone may add to a move."""
        self._policy, self._tick = policy, tick
        self._mids: deque[tuple[int, float]] = deque(maxlen=MIDS_MAX)  # oldest first
        self._peak: float | None = None
        self._last_signal_ns = 0  # the last sign that kept us where we are
        self.level = Regime.NORMAL
        self.text = ""

    def update(
        self,
        ts_ns: int,
        *,
        mid: float | None,
        now: float | None,
        usual: float | None,
        equity: float,
    ) -> bool:
        """Judge this moment; True if the rung changed. Call it on every tick.

        mid quote/base, None while there is no market; now, usual price/sqrt(s), volatility of this
        minute and of ordinary times, None while unknown; equity quote currency.
        """
        signals = list(self._signals(ts_ns, mid, now, usual, equity))
        worst = max(signals, key=lambda signal: signal.level, default=None)
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
        self, ts_ns: int, mid: float | None, now: float | None, usual: float | None, equity: float
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
            yield Signal(level, f"sigma {now:.4g} is {ratio:.1f} times the usual {usual:.4g}")
        if mid is not None:
            yield from self._moved(ts_ns, mid, usual)

    def _drop(self, equity: float, most: float) -> Iterator[Signal]:
        """A sign once per fall: the next one is measured from where this one ended.

        Otherwise a loss that nothing can win back while we only reduce would hold us here for ever.
        """
        if self._peak is None or equity > self._peak:
            self._peak = equity
        if self._peak - equity > most:
            yield Signal(Regime.REDUCE_ONLY, f"equity fell by {self._peak - equity:.4f}")
            self._peak = equity

    def _moved(self, ts_ns: int, mid: float, usual: float) -> Iterator[Signal]:
        """Compare with the mid a few seconds ago; after silence, with the last one before it."""
        mids = self._mids
        if mids and ts_ns - mids[-1][0] < GRID_NS:
            return
        for level, seconds, deviations in MOVES:
            before = next((m for m in reversed(mids) if ts_ns - m[0] >= seconds * NS_PER_S), None)
            if before is None:
                continue
            passed_s = (ts_ns - before[0]) / NS_PER_S
            moved, most = mid - before[1], deviations * usual * sqrt(passed_s)
            if abs(moved) - self._tick > most:
                yield Signal(level, f"moved {moved:+.6g} in {passed_s:.1f} s, usual is {most:.4g}")
        mids.append((ts_ns, mid))
