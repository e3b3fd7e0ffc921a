"""What a stalled reader of our log has cost, as a metric of whatever process asks."""

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Metric
from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector

from quoter.telemetry.logs import lines_dropped


class LogLosses(Collector):
    """Counted where lines are dropped; asked at every scrape."""

    def __init__(self, registry: CollectorRegistry, labels: tuple[str, str]) -> None:
        """`labels`: symbol and venue."""
        self._labels = labels
        registry.register(self)

    def collect(self) -> Iterable[Metric]:
        """One series, there from the start."""
        lost = CounterMetricFamily(
            "quoter_log_lines_dropped",
            "Log lines that nobody will read: what takes them was stalled or gone.",
            labels=("symbol", "venue"),
        )
        lost.add_metric(self._labels, lines_dropped())
        yield lost
