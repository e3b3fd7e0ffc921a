"""Metrics of the process and of what it rests on: loop, memory, clock, budget, reports, unknowns.

Memory, processor time and open files are the library's own `quoter_process_...` series.
"""

import threading
from collections.abc import Collection

from prometheus_client import CollectorRegistry, Counter, Gauge, ProcessCollector

from quoter.domain.events import BalanceReport, OpenOrdersReport, TradesReport
from quoter.domain.orders import OrderState, OrderView
from quoter.domain.trading import Cause
from quoter.domain.units import NS_PER_S
from quoter.risk.kill_switch import SEVERITY
from quoter.telemetry.log_losses import LogLosses

REPORTS = {OpenOrdersReport: "open_orders", TradesReport: "trades", BalanceReport: "balances"}

REFUSED = ("401", "403", "429")  # no token that is known, not his to ask for, too often

type Report = OpenOrdersReport | TradesReport | BalanceReport


class ProcessGauges:
    """Told by whoever knows; ages are worked out when somebody scrapes."""

    def __init__(self, registry: CollectorRegistry, labels: tuple[str, str]) -> None:
        self._registry, self._labels = registry, labels
        ProcessCollector(namespace="quoter", registry=registry)
        LogLosses(registry, labels)
        self._gauge("quoter_threads", "Python threads.").labels(*labels).set_function(
            lambda: float(threading.active_count())
        )
        self._hangs = Counter(
            "quoter_loop_hangs_total",
            "Times that the event loop came back after 2 s or more.",
            ("symbol", "venue"),
            registry=registry,
        ).labels(*labels)
        self._calls = Counter(
            "quoter_control_requests_total",
            "Requests to the control API, by the status of the answer.",
            ("symbol", "venue", "status"),
            registry=registry,
        )
        for status in REFUSED:  # from zero on: an alert listens to their growth
            self._calls.labels(*labels, status)
        self._offset = self._gauge(
            "quoter_clock_offset_seconds", "The venue's clock minus ours, seconds."
        )
        self._uncertainty = self._gauge(
            "quoter_clock_uncertainty_seconds", "How wrong that may be, either way, seconds."
        )
        self._memory_limit = self._gauge(
            "quoter_memory_limit_bytes", "Memory beyond which the daemon ends itself, 0: none."
        )
        self._budget = self._gauge(
            "quoter_message_budget_used_ratio", "Share of the venue's tightest limit that is used."
        )
        self._unknown = self._gauge("quoter_unknown_orders", "Orders without an answer.")
        self._unknown_age = self._gauge(
            "quoter_unknown_order_age_seconds", "Age of the oldest of them, 0: none, seconds."
        )
        self._report_age = self._gauge(
            "quoter_report_age_seconds", "Since the venue last told us, seconds.", "report"
        )
        self._reports_ns: dict[str, int] = {}
        self._show_severities()

    def called(self, status: int) -> None:
        """Somebody asked the control API for something, and was answered."""
        self._calls.labels(*self._labels, str(status)).inc()

    def runs(self, *, code: str, config: str) -> None:
        """What runs, as the run manifest has it: hashes of our modules and of the settings."""
        about = self._gauge(
            "quoter_run_info", "Always 1; what runs, as in the ledger's runs.", "code", "config"
        )
        about.labels(*self._labels, code, config).set(1)

    def _show_severities(self) -> None:
        """What each cause means for trading, so that alert rules need no list of causes."""
        about = self._gauge(
            "quoter_cause_info", "1; what a cause does to trading.", "cause", "state", "latched"
        )
        for cause in Cause:
            severity = SEVERITY[cause]
            latched = "yes" if severity.is_latched else "no"
            about.labels(*self._labels, cause, severity.state.name, latched).set(1)

    def hang(self) -> None:
        """The loop is back."""
        self._hangs.inc()

    def clock(self, offset_s: float, uncertainty_s: float) -> None:
        """The venue's clock was measured."""
        self._offset.labels(*self._labels).set(offset_s)
        self._uncertainty.labels(*self._labels).set(uncertainty_s)

    def memory_limit(self, limit_bytes: int) -> None:
        """Beyond it the daemon ends itself; 0: never."""
        self._memory_limit.labels(*self._labels).set(limit_bytes)

    def budget(self, share: float) -> None:
        """So much of the venue's tightest limit is used, 0 to 1; above 1: overdrawn."""
        self._budget.labels(*self._labels).set(share)

    def report(self, event: Report) -> None:
        """The venue told us one of its lists."""
        self._reports_ns[REPORTS[type(event)]] = event.ts_ns

    def show(self, ts_ns: int, orders: Collection[OrderView]) -> None:
        """Ages as of `ts_ns`."""
        born_ns = [order.created_ns for order in orders if order.state is OrderState.UNKNOWN]
        self._unknown.labels(*self._labels).set(len(born_ns))
        oldest_ns = ts_ns - min(born_ns, default=ts_ns)
        self._unknown_age.labels(*self._labels).set(oldest_ns / NS_PER_S)
        for name, told_ns in self._reports_ns.items():
            self._report_age.labels(*self._labels, name).set((ts_ns - told_ns) / NS_PER_S)

    def _gauge(self, name: str, help_text: str, *labels: str) -> Gauge:
        return Gauge(name, help_text, ("symbol", "venue", *labels), registry=self._registry)
