"""Metrics of the safety mechanisms: limits, kill latch, API key rights and external stops."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from math import nan

from prometheus_client import CollectorRegistry, Gauge


class SafetyGauges:
    """Gauges that are read from their sources at each scrape.

    A gauge without a source has no series, except those of the dead man's switch, which then show
    that it is off.
    """

    def __init__(self, registry: CollectorRegistry, labels: tuple[str, str]) -> None:
        self._registry, self._labels = registry, labels
        self._loss_max = self._gauge(
            "quoter_loss_limit_quote",
            "QUOTER_LOSS_MAX: loss since the start that kills, quote currency.",
        )
        self._drawdown_max = self._gauge(
            "quoter_drawdown_limit_quote",
            "QUOTER_DRAWDOWN_MAX: fall of equity that kills, quote currency.",
        )
        self._key_rights = self._gauge(
            "quoter_key_rights_verified",
            "1 if the venue reported the rights of our key at the newest check, else 0.",
        )
        self._latch = self._gauge(
            "quoter_latch_not_written",
            "1 while a kill is not on disk, so that a restart would lose it, else 0.",
        )
        self._external_stops = self._gauge(
            "quoter_external_stop_active",
            "1 while this mechanism would cancel our orders if we died, else 0.",
            "stop",
        )
        self._dead_man_timeout = self._gauge(
            "quoter_dead_man_timeout_seconds",
            "Timeout of the venue's dead man's switch, s; 0: off.",
        )
        self._dead_man_age = self._gauge(
            "quoter_dead_man_age_seconds",
            "Time since the dead man's switch was armed, s; nan: not armed.",
        )
        for gauge, value in ((self._dead_man_timeout, 0), (self._dead_man_age, nan)):
            gauge.labels(*labels).set(value)

    def set_limits(self, *, loss_max: Decimal, drawdown_max: Decimal) -> None:
        """Set the limits of loss and drawdown, quote currency."""
        self._loss_max.labels(*self._labels).set(float(loss_max))
        self._drawdown_max.labels(*self._labels).set(float(drawdown_max))

    def follow_key_rights(self, is_verified: Callable[[], bool]) -> None:
        """Set the function that returns whether the last check reported our key's rights."""
        self._key_rights.labels(*self._labels).set_function(_number(is_verified))

    def follow_latch(self, is_unwritten: Callable[[], bool]) -> None:
        """Set the function that returns whether a kill is not yet on disk."""
        self._latch.labels(*self._labels).set_function(_number(is_unwritten))

    def follow_external_stops(self, stops: Mapping[str, Callable[[], bool]]) -> None:
        """Set functions, by the name of a stop, that return whether it is active.

        Not in dry runs.
        """
        for name, is_active in stops.items():
            self._external_stops.labels(*self._labels, name).set_function(_number(is_active))

    def follow_dead_man(self, timeout_s: float, age_s: Callable[[], float]) -> None:
        """Set the timeout, and the function that returns seconds since arming (nan: not armed)."""
        self._dead_man_timeout.labels(*self._labels).set(timeout_s)
        self._dead_man_age.labels(*self._labels).set_function(age_s)

    def _gauge(self, name: str, help_text: str, *labels: str) -> Gauge:
        return Gauge(name, help_text, ("symbol", "venue", *labels), registry=self._registry)


def _number(flag: Callable[[], bool]) -> Callable[[], float]:
    return lambda: float(flag())
