"""Metrics of the sentinel process."""

from math import nan

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    disable_created_metrics,
    generate_latest,
)

from quoter.telemetry.log_losses import LogLosses


class SentinelMetrics:
    """The sentinel's metrics, in a separate registry, with the labels of the daemon's."""

    def __init__(self, *, symbol: str, venue: str, states: tuple[str, ...]) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # the library does not type it
        self.registry = CollectorRegistry()
        self._labels = (symbol, venue)
        self._states = states
        LogLosses(self.registry, self._labels)
        self._state = self._gauge(
            "quoter_sentinel_daemon_state",
            "1 for the daemon's state as seen by the sentinel, else 0.",
            "state",
        )
        self._age = self._gauge(
            "quoter_sentinel_heartbeat_age_seconds",
            "Time since the daemon's heartbeat last changed, s.",
        )
        self._orders = self._gauge(
            "quoter_sentinel_own_orders", "Own orders found by the last cancel run; nan: none yet."
        )
        self._check_age = self._gauge(
            "quoter_sentinel_check_age_seconds",
            "Time since the venue last answered the sentinel, s.",
        )
        self._latch_not_written = self._gauge(
            "quoter_sentinel_latch_not_written",
            "1 while the sentinel's kill is not on disk, else 0.",
        )
        self._kills = self._counter(
            "quoter_sentinel_kills_total",
            "How often the sentinel cancelled all orders and killed the daemon.",
        )
        self._cancelled = self._counter(
            "quoter_sentinel_cancelled_orders_total", "Orders that the sentinel cancelled."
        )
        for counter in (self._kills, self._cancelled):
            counter.labels(
                *self._labels
            )  # the series must exist from the start, so that an alert sees its first increase
        self.set_latch(is_written=True)
        self._orders.labels(*self._labels).set(nan)

    def set_daemon_state(self, state: str, silence_s: float) -> None:
        """Set the daemon's state and the age of its heartbeat, seconds."""
        for name in self._states:
            self._state.labels(*self._labels, name).set(name == state)
        self._age.labels(*self._labels).set(silence_s)

    def count_kill(self) -> None:
        """Count a kill by the sentinel."""
        self._kills.labels(*self._labels).inc()

    def set_latch(self, *, is_written: bool) -> None:
        """Set whether the sentinel's kill is on disk, where a restarted daemon finds it."""
        self._latch_not_written.labels(*self._labels).set(not is_written)

    def count_cancelled(self, found: int, left: int) -> None:
        """Count the orders of a cancel run: `found` at its start, `left` at its end."""
        self._orders.labels(*self._labels).set(found)
        self._cancelled.labels(*self._labels).inc(max(0, found - left))

    def set_check_age(self, ago_s: float) -> None:
        """Set the time since the venue last answered, seconds."""
        self._check_age.labels(*self._labels).set(ago_s)

    def render(self) -> bytes:
        """Return all metrics in Prometheus' text format."""
        return generate_latest(self.registry)

    def _gauge(self, name: str, help_text: str, *labels: str) -> Gauge:
        return Gauge(name, help_text, ("symbol", "venue", *labels), registry=self.registry)

    def _counter(self, name: str, help_text: str) -> Counter:
        return Counter(name, help_text, ("symbol", "venue"), registry=self.registry)
