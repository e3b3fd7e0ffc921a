"""The metrics of the sentinel, a process of its own with a registry of its own."""

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
    """What it saw last, and how often it had to act; labels as those of the daemon."""

    def __init__(self, *, symbol: str, venue: str, states: tuple[str, ...]) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # the library does not type it
        self.registry = CollectorRegistry()
        self._labels = (symbol, venue)
        self._states = states
        LogLosses(self.registry, self._labels)
        self._state = self._gauge(
            "quoter_sentinel_daemon_state", "1 for how the daemon is.", "state"
        )
        self._age = self._gauge(
            "quoter_sentinel_heartbeat_age_seconds", "Since the daemon's beat last changed."
        )
        self._orders = self._gauge(
            "quoter_sentinel_own_orders", "Orders of ours that its last sweep found; nan: none yet."
        )
        self._look_age = self._gauge(
            "quoter_sentinel_check_age_seconds",
            "Since the venue last answered it, at its last try.",
        )
        self._unlatched = self._gauge(
            "quoter_sentinel_latch_not_written", "1 while its kill is not on the disk."
        )
        self._strikes = self._counter(
            "quoter_sentinel_kills_total", "Times that it cancelled and latched."
        )
        self._cancelled = self._counter(
            "quoter_sentinel_cancelled_orders_total", "Orders that it took out of the market."
        )
        for counter in (self._strikes, self._cancelled):
            counter.labels(*self._labels)  # a series from the start, so that its first step shows
        self.latch(is_written=True)
        self._orders.labels(*self._labels).set(nan)

    def heartbeat(self, state: str, silence_s: float) -> None:
        """How the daemon is, and for how long it has said nothing."""
        for name in self._states:
            self._state.labels(*self._labels, name).set(name == state)
        self._age.labels(*self._labels).set(silence_s)

    def struck(self) -> None:
        """It cancelled and latched."""
        self._strikes.labels(*self._labels).inc()

    def latch(self, *, is_written: bool) -> None:
        """Is its kill on the disk, where the daemon that wakes up will find it?"""
        self._unlatched.labels(*self._labels).set(not is_written)

    def swept(self, found: int, left: int) -> None:
        """It asked for our orders and cancelled them."""
        self._orders.labels(*self._labels).set(found)
        self._cancelled.labels(*self._labels).inc(max(0, found - left))

    def looked(self, ago_s: float) -> None:
        """The venue answered so long ago."""
        self._look_age.labels(*self._labels).set(ago_s)

    def render(self) -> bytes:
        """Everything in Prometheus' text format."""
        return generate_latest(self.registry)

    def _gauge(self, name: str, help_text: str, *labels: str) -> Gauge:
        return Gauge(name, help_text, ("symbol", "venue", *labels), registry=self.registry)

    def _counter(self, name: str, help_text: str) -> Counter:
        return Counter(name, help_text, ("symbol", "venue"), registry=self.registry)
