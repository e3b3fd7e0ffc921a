"""Axes of pictures: conversion from values to pixels, and ticks at round values."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from math import ceil, floor, isfinite, log10
from typing import Final

from quoter.domain.units import NS_PER_S

MARGIN: Final = 0.04  # share of the range that is added above and below the values
TIME_STEPS_S: Final = (
    *(0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800),
    *(3_600, 7_200, 10_800, 21_600, 43_200, 86_400, 172_800, 604_800),
)
MINUTE_S, DAY_S = 60, 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """A labelled value of an axis."""

    value: float
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """A linear scale: `low` is drawn at pixel `start`, `high` at pixel `end`."""

    low: float
    high: float
    start: float
    end: float
    ticks: tuple[Tick, ...]

    def pixel(self, value: float) -> float:
        """Return the position of a value, pixels."""
        return self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start)


def value_range(values: Iterable[float | None]) -> tuple[float, float]:
    """Return a range with a margin around all known values, even if all are equal."""
    known = [value for value in values if value is not None and isfinite(value)]
    low, high = min(known, default=0.0), max(known, default=0.0)
    margin = (high - low) * MARGIN or abs(high) * 1e-4 or 1.0
    return low - margin, high + margin


def number_ticks(low: float, high: float, count_max: int) -> tuple[Tick, ...]:
    """Return about `count_max` ticks or fewer, at multiples of 1, 2 or 5 times a power of ten."""
    rough = (high - low) / max(count_max, 1)
    power = 10.0 ** floor(log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough * 0.999)
    decimals = max(0, -floor(log10(step) + 1e-9))
    first, last = ceil(low / step - 1e-9), floor(high / step + 1e-9)
    return tuple(
        Tick(value=number * step, label=f"{number * step + 0.0:,.{decimals}f}".replace("-", "−"))
        for number in range(first, last + 1)
    )


def time_ticks(low_ns: float, high_ns: float, count_max: int) -> tuple[Tick, ...]:
    """Return about `count_max` ticks or fewer, at round times in UTC."""
    span_s = (high_ns - low_ns) / NS_PER_S
    fitting = (step for step in TIME_STEPS_S if span_s / step <= count_max)
    step_s = next(fitting, TIME_STEPS_S[-1])
    step_ns = step_s * NS_PER_S
    first, last = ceil(low_ns / step_ns), floor(high_ns / step_ns)
    form = "%H:%M:%S" if step_s < MINUTE_S else "%H:%M" if step_s < DAY_S else "%b %d"
    if step_s < 1:
        form += ".%f"
    ticks = []
    for number in range(first, last + 1):
        when = datetime.fromtimestamp(number * step_ns / NS_PER_S, UTC)
        ticks.append(Tick(value=number * step_ns, label=_short(when.strftime(form))))
    return tuple(ticks)


def evenly(labels: Iterable[str]) -> tuple[Tick, ...]:
    """Return ticks with these labels at 0, 1, 2 and so on."""
    return tuple(Tick(value=float(number), label=label) for number, label in enumerate(labels))


def with_room(ticks: tuple[Tick, ...], axis: Axis, apart: float) -> tuple[Tick, ...]:
    """Return every n-th tick, with the smallest n that keeps them `apart` pixels apart."""
    if len(ticks) < 2:
        return ticks
    nearest = min(abs(axis.pixel(b.value) - axis.pixel(a.value)) for a, b in pairwise(ticks))
    return ticks[:: max(1, ceil(apart / nearest))]


def _short(text: str) -> str:
    """Return a text of a time with one digit of the fraction of a second."""
    head, dot, fraction = text.partition(".")
    return f"{head}{dot}{fraction[:1]}"
