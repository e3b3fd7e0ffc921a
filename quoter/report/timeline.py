"""Several figures over time in bounded memory: neighbouring periods merge when it is full."""

from collections.abc import Sequence
from typing import NamedTuple

type Values = Sequence[float | None]


class Moment(NamedTuple):
    """One period: time of its last value, and for each column its last, lowest and highest value.

    last: None if the column had no value at the end of the period. low, high: None if it had none
    in the whole period.
    """

    ts_ns: int
    last: tuple[float | None, ...]
    low: tuple[float | None, ...]
    high: tuple[float | None, ...]


class Timeline:
    """Columns of figures over equal periods, at most `moments_max` periods."""

    def __init__(self, columns: Sequence[str], *, moments_max: int, period_ns: int) -> None:
        """Keep at most `moments_max` (even) periods.

        period_ns: initial length of a period; it doubles when the timeline is full.
        """
        self.columns = tuple(columns)
        self.moments: list[Moment] = []
        self._moments_max, self._period_ns = moments_max, period_ns
        self._number: int | None = None  # of the present period, numbered from the epoch

    def is_due(self, ts_ns: int) -> bool:
        """Whether this time is in a period without a value so far."""
        return ts_ns // self._period_ns != self._number

    def add(self, ts_ns: int, values: Values) -> None:
        """Add values for all columns; times must not decrease."""
        given = tuple(values)
        number = ts_ns // self._period_ns
        if number == self._number:
            self.moments[-1] = merged(self.moments[-1], Moment(ts_ns, given, given, given))
            return
        if len(self.moments) == self._moments_max:
            self._halve()
            self.add(ts_ns, given)
            return
        self._number = number
        self.moments.append(Moment(ts_ns, given, given, given))

    def _halve(self) -> None:
        """Double the period, and merge the moments that fall into one period."""
        self._period_ns *= 2
        kept: list[Moment] = []
        for moment in self.moments:
            if kept and kept[-1].ts_ns // self._period_ns == moment.ts_ns // self._period_ns:
                kept[-1] = merged(kept[-1], moment)
            else:
                kept.append(moment)
        self.moments = kept
        self._number = kept[-1].ts_ns // self._period_ns


def merged(first: Moment, second: Moment) -> Moment:
    """Return two neighbouring moments as one: last values of the later, extremes of both."""
    return Moment(
        second.ts_ns,
        second.last,
        tuple(map(_lower, first.low, second.low)),
        tuple(map(_higher, first.high, second.high)),
    )


def coarser(moments: Sequence[Moment], count_max: int) -> list[Moment]:
    """Return at most `count_max` moments, by merging neighbours in groups of equal size."""
    size = -(-len(moments) // count_max) or 1
    coarse = []
    for start in range(0, len(moments), size):
        group = moments[start]
        for moment in moments[start + 1 : start + size]:
            group = merged(group, moment)
        coarse.append(group)
    return coarse


def _lower(a: float | None, b: float | None) -> float | None:
    return b if a is None else a if b is None else min(a, b)


def _higher(a: float | None, b: float | None) -> float | None:
    return b if a is None else a if b is None else max(a, b)
