"""Metric of dropped log lines: their reader was stalled or gone."""

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Metric
from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector

from quoter.telemetry.logs import lines_dropped


class LogLosses(Collector):
    """Collector that reads the number of dropped lines at every scrape."""

    def __init__(self, registry: CollectorRegistry, labels: tuple[str, str]) -> None:
        """Register the metric, with symbol and venue as labels."""
        self._labels = labels
        registry.register(self)

    def collect(self) -> Iterable[Metric]:
        """Return one series; it exists from the start."""
        dropped = CounterMetricFamily(
            "quoter_log_lines_dropped",
            "Log lines that were lost because their reader was stalled or gone.",
            labels=("symbol", "venue"),
        )
        dropped.add_metric(self._labels, lines_dropped())
        yield dropped
