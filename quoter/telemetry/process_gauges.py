"""Metrics of the process: event loop, memory, clock, message budget, reports, unknown orders.

Other components set the values; ages are computed at each scrape. Memory, processor time and open
files are the `quoter_process_...` series of the library.
"""

import threading
from collections import Counter as Counts
from collections.abc import Collection, Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, ProcessCollector

from quoter.domain.events import BalanceReport, OpenOrdersReport, TradesReport
from quoter.domain.orders import OrderState, OrderView
from quoter.domain.trading import Cause
from quoter.domain.units import NS_PER_S
from quoter.risk.kill_switch import SEVERITY
from quoter.telemetry.log_losses import LogLosses

REPORTS = {OpenOrdersReport: "open_orders", TradesReport: "trades", BalanceReport: "balances"}

REFUSED = ("401", "403", "429")  # unknown token, insufficient role, too many requests

type Report = OpenOrdersReport | TradesReport | BalanceReport


class ProcessGauges:
    """Counters and gauges set by their sources; ages are computed at each scrape."""

    def __init__(self, registry: CollectorRegistry, labels: tuple[str, str]) -> None:
        self._registry, self._labels = registry, labels
        ProcessCollector(namespace="quoter", registry=registry)
        LogLosses(registry, labels)
        self._gauge("quoter_threads", "Python threads.").labels(*labels).set_function(
            lambda: float(threading.active_count())
        )
        self._make_counters(registry)
        self._offset = self._gauge(
            "quoter_clock_offset_seconds", "The venue's clock minus ours, s."
        )
        self._uncertainty = self._gauge(
            "quoter_clock_uncertainty_seconds", "Maximum error of the clock offset, either way, s."
        )
        self._memory_limit = self._gauge(
            "quoter_memory_limit_bytes",
            "QUOTER_RSS_MAX_MB in bytes; above it the daemon ends; 0: no limit.",
        )
        self._budget = self._gauge(
            "quoter_message_budget_used_ratio", "Used share of the venue's tightest rate limit."
        )
        self._unknown = self._gauge(
            "quoter_unknown_orders", "Orders whose state at the venue is unknown."
        )
        self._unknown_age = self._gauge(
            "quoter_unknown_order_age_seconds",
            "Age of the oldest order of unknown state, s; 0: none.",
        )
        self._report_age = self._gauge(
            "quoter_report_age_seconds", "Time since the venue last sent this report, s.", "report"
        )
        self._reports_ns: dict[str, int] = {}
        self._set_cause_info()

    def _make_counters(self, registry: CollectorRegistry) -> None:
        self._hangs = Counter(
            "quoter_loop_hangs_total",
            "How often the event loop did not run for 2 s or more.",
            ("symbol", "venue"),
            registry=registry,
        ).labels(*self._labels)
        self._control_requests = Counter(
            "quoter_control_requests_total",
            "Requests to the control API, by HTTP status of the answer.",
            ("symbol", "venue", "status"),
            registry=registry,
        )
        # the series must exist from the start, so that an alert sees its first increase
        for status in REFUSED:
            self._control_requests.labels(*self._labels, status)
        self._rejected = Counter(
            "quoter_feed_rejected_total",
            "Market data messages that were not used, by reason.",
            ("symbol", "venue", "reason"),
            registry=registry,
        )
        self._rejected_so_far: Counts[str] = Counts()
        self._recording = self._gauge(
            "quoter_recording_on", "1 while the run is recorded for `quoter replay`, else 0."
        )
        self._unrecorded = Counter(
            "quoter_events_unrecorded_total",
            "Events missing in the recording since it failed.",
            ("symbol", "venue"),
            registry=registry,
        ).labels(*self._labels)
        self._unrecorded_so_far = 0

    def count_control_request(self, status: int) -> None:
        """Count a request to the control API by its HTTP status."""
        self._control_requests.labels(*self._labels, str(status)).inc()

    def set_run_info(self, *, code: str, config: str) -> None:
        """Set the hashes of the code and of the settings, as in the run's manifest."""
        about = self._gauge(
            "quoter_run_info",
            "Always 1; hashes of code and settings, as in the ledger.",
            "code",
            "config",
        )
        about.labels(*self._labels, code, config).set(1)

    def _set_cause_info(self) -> None:
        """Export the severity of each cause, so that alert rules need no list of causes."""
        about = self._gauge(
            "quoter_cause_info",
            "Always 1; the trading state that a cause leads to.",
            "cause",
            "state",
            "latched",
        )
        for cause in Cause:
            severity = SEVERITY[cause]
            latched = "yes" if severity.is_latched else "no"
            about.labels(*self._labels, cause, severity.state.name, latched).set(1)

    def count_loop_hang(self) -> None:
        """Count a hang of the event loop. Call it when the loop runs again."""
        self._hangs.inc()

    def set_clock_offset(self, offset_s: float, uncertainty_s: float) -> None:
        """Set the measured offset of the venue's clock and its maximum error, seconds."""
        self._offset.labels(*self._labels).set(offset_s)
        self._uncertainty.labels(*self._labels).set(uncertainty_s)

    def set_memory_limit(self, limit_bytes: int) -> None:
        """Set the limit of resident memory, bytes, above which the daemon ends; 0: no limit."""
        self._memory_limit.labels(*self._labels).set(limit_bytes)

    def set_message_budget(self, share: float) -> None:
        """Set the used share of the venue's tightest rate limit; above 1: exceeded."""
        self._budget.labels(*self._labels).set(share)

    def count_rejected(self, totals: Mapping[str, int]) -> None:
        """Update the counters from the feed's totals of unused messages, by reason."""
        for reason, total in totals.items():
            new = total - self._rejected_so_far[reason]
            self._rejected.labels(*self._labels, reason).inc(max(0, new))
            self._rejected_so_far[reason] = total

    def set_recording(self, *, is_on: bool, dropped: int) -> None:
        """Set whether the run is recorded; `dropped`: total number of unrecorded events."""
        self._recording.labels(*self._labels).set(is_on)
        self._unrecorded.inc(dropped - self._unrecorded_so_far)
        self._unrecorded_so_far = dropped

    def record_report(self, event: Report) -> None:
        """Store the time at which this report arrived."""
        self._reports_ns[REPORTS[type(event)]] = event.ts_ns

    def update(self, ts_ns: int, orders: Collection[OrderView]) -> None:
        """Set unknown orders and ages as of `ts_ns`."""
        created_ns = [order.created_ns for order in orders if order.state is OrderState.UNKNOWN]
        self._unknown.labels(*self._labels).set(len(created_ns))
        oldest_ns = ts_ns - min(created_ns, default=ts_ns)
        self._unknown_age.labels(*self._labels).set(oldest_ns / NS_PER_S)
        for name, reported_ns in self._reports_ns.items():
            self._report_age.labels(*self._labels, name).set((ts_ns - reported_ns) / NS_PER_S)

    def _gauge(self, name: str, help_text: str, *labels: str) -> Gauge:
        return Gauge(name, help_text, ("symbol", "venue", *labels), registry=self._registry)
