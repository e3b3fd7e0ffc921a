"""Metrics of what keeps a run safe: its limits, its latch, its key, and who watches it."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from math import nan

from prometheus_client import CollectorRegistry, Gauge


class SafetyGauges:
    """Whoever knows is asked when somebody scrapes; what nobody follows shows no trouble."""

    def __init__(self, registry: CollectorRegistry, labels: tuple[str, str]) -> None:
        self._registry, self._labels = registry, labels
        self._loss_max = self._gauge(
            "quoter_loss_limit_quote", "Loss since start that kills, quote currency."
        )
        self._drawdown_max = self._gauge(
            "quoter_drawdown_limit_quote",
            "Fall of equity that kills, quote currency.",
        )
        self._key_rights = self._gauge(
            "quoter_key_rights_verified", "1 if the venue told that our key can only trade."
        )
        self._latch = self._gauge(
            "quoter_latch_not_written",
            "1 while a kill is not on the disk; a restart forgets it.",
        )
        self._watched = self._gauge(
            "quoter_external_stop_active",
            "1 while this one would cancel our orders if we died.",
            "stop",
        )
        self._dead_man_timeout = self._gauge(
            "quoter_dead_man_timeout_seconds", "Silence after which the venue cancels, 0: never."
        )
        self._dead_man_age = self._gauge(
            "quoter_dead_man_age_seconds", "Since the venue's switch was armed, seconds; nan: not."
        )
        for gauge, value in ((self._dead_man_timeout, 0), (self._dead_man_age, nan)):
            gauge.labels(*labels).set(value)

    def limits(self, *, loss_max: Decimal, drawdown_max: Decimal) -> None:
        """The losses that end a run, quote currency."""
        self._loss_max.labels(*self._labels).set(float(loss_max))
        self._drawdown_max.labels(*self._labels).set(float(drawdown_max))

    def follow_key_rights(self, is_verified: Callable[[], bool]) -> None:
        """Has the venue told what our key may do?"""
        self._key_rights.labels(*self._labels).set_function(_number(is_verified))

    def follow_latch(self, is_unwritten: Callable[[], bool]) -> None:
        """Is there a kill that the disk does not have?"""
        self._latch.labels(*self._labels).set_function(_number(is_unwritten))

    def follow_watchers(self, watchers: Mapping[str, Callable[[], bool]]) -> None:
        """Does each of them watch us now? For runs that have orders; by name."""
        for name, is_watching in watchers.items():
            self._watched.labels(*self._labels, name).set_function(_number(is_watching))

    def follow_dead_man(self, timeout_s: float, age_s: Callable[[], float]) -> None:
        """The venue's switch, and how long ago it was armed, nan while it is not; seconds."""
        self._dead_man_timeout.labels(*self._labels).set(timeout_s)
        self._dead_man_age.labels(*self._labels).set_function(age_s)

    def _gauge(self, name: str, help_text: str, *labels: str) -> Gauge:
        return Gauge(name, help_text, ("symbol", "venue", *labels), registry=self._registry)


def _number(ask: Callable[[], bool]) -> Callable[[], float]:
    return lambda: float(ask())
