"""The daemon's metrics. Names end with their unit; the number of label values is bounded.

Counters are updated with each `Step`, gauges from a `Snapshot` at each scrape. Help texts name the
unit; "price" is quote currency per base unit. `nan` means not known.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from importlib.metadata import version
from math import nan

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)

from quoter.domain.commands import CancelAll, CancelOrder, PlaceOrder
from quoter.domain.events import (
    BalanceReport,
    FeedDown,
    FeedUp,
    OpenOrdersReport,
    OrderReject,
    TradesReport,
)
from quoter.domain.market import Side
from quoter.domain.quotes import Quote
from quoter.domain.step import RegimeView, Snapshot, Step
from quoter.domain.trading import Cause, Phase, Regime, TradingState
from quoter.domain.units import NS_PER_S
from quoter.telemetry.latency import LATENCY_BUCKETS_S, LATENCY_HELP, Latency
from quoter.telemetry.price_gauges import PriceGauges
from quoter.telemetry.process_gauges import ProcessGauges
from quoter.telemetry.safety_gauges import SafetyGauges

LABEL_VALUES_MAX = 64  # maximum number of values of a label that is not an enum


class Metrics:
    """The metrics of one daemon, in a separate registry."""

    def __init__(self, *, symbol: str, venue: str, environment: str) -> None:
        # `_created` metrics would double each counter's series. (The library does not type this.)
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = CollectorRegistry()
        self._labels = (symbol, venue)
        self._label_values: dict[str, set[str]] = {}
        self._drill_passed_ns: Callable[[], int | None] = lambda: None
        self._make_counters()
        self._make_order_counters()
        self._make_state_gauges()
        self._make_price_gauges()
        self._make_money_gauges()
        self.process = ProcessGauges(self.registry, self._labels)
        self.safety = SafetyGauges(self.registry, self._labels)
        self._latency = {
            kind: Histogram(
                f"quoter_{kind}_seconds",
                help_text,
                ("symbol", "venue"),
                buckets=LATENCY_BUCKETS_S,
                registry=self.registry,
            ).labels(*self._labels)
            for kind, help_text in LATENCY_HELP.items()
        }
        build = self._gauge(
            "quoter_build_info",
            "Always 1; the labels are the version and the environment.",
            "version",
            "environment",
        )
        build.labels(*self._labels, version("quoter"), environment).set(1)

    def observe(self, step: Step) -> None:
        """Count the events, orders, fills and changes in one step."""
        self._steps.inc()
        self._count(self._events, type(step.event).__name__)
        match step.event:
            case FeedUp(stream=stream):
                self._count(self._feed_ups, stream)
            case FeedDown(stream=stream):
                self._count(self._feed_downs, stream)
            case OrderReject(reason=reason):
                self._count(self._rejects, reason)
            case OpenOrdersReport() | TradesReport() | BalanceReport():
                self.process.record_report(step.event)
            case _:
                pass
        for change in step.orders:
            self._count(self._orders, change.after.lower())
        for command in step.commands:
            match command:
                case PlaceOrder(side=side):
                    self._count(self._placed, side)
                case CancelOrder() | CancelAll():
                    self._count(self._cancels, command.reason)
                case _:
                    pass
        for denied in step.denied:
            self._count(self._denied, denied.rule)
        for name, _ in step.anomalies:
            self._count(self._anomalies, self._bounded("anomaly", name))
        self._observe_outcome(step)

    def _observe_outcome(self, step: Step) -> None:
        for booked in step.booked:
            fill = booked.fill
            self._count(self._fills, fill.side, "maker" if fill.is_maker else "taker")
            self._count(self._volume, fill.side, amount=float(fill.price * fill.size))
        if step.state is not None:
            self._count(self._state_changes, step.state.after.name)
            for cause, _ in step.state.raised:
                self._count(self._causes_raised, cause)
        if step.quote is not None:
            for off in step.quote.off:
                self._count(self._no_quote, off.side, off.reason)

    def observe_latency(self, kind: Latency, seconds: float) -> None:
        """Add one measured latency, seconds, to the histogram of its kind."""
        self._latency[kind].observe(seconds)

    def set_inbox_events(self, depth: int) -> None:
        """Set the number of events that wait for the engine."""
        self._inbox.labels(*self._labels).set(depth)

    def follow_drills(self, passed_ns: Callable[[], int | None]) -> None:
        """Set the function that returns when a kill drill last passed, UTC ns; None means never."""
        self._drill_passed_ns = passed_ns

    def render(self, snapshot: Snapshot) -> bytes:
        """Return all metrics in Prometheus' text format, as of `snapshot`."""
        self.update(snapshot)
        return generate_latest(self.registry)

    def update(self, snapshot: Snapshot) -> None:
        """Set every gauge from `snapshot`."""
        for state in TradingState:
            self._set(self._state, float(state is snapshot.trading_state), state.name)
        for phase in Phase:
            self._set(self._phase, float(phase is snapshot.phase), phase)
        for cause in Cause:
            self._set(self._causes, float(cause in snapshot.causes), cause)
        passed_ns = self._drill_passed_ns()
        self._set(self._drill_age, nan if passed_ns is None else _age_s(snapshot, passed_ns))
        self._set(self._book_ready, float(snapshot.book_ready))
        age_s = _age_s(snapshot, snapshot.book_ts_ns) if snapshot.book_ts_ns else nan
        self._set(self._book_age, age_s)
        self._set(self._mid, nan if snapshot.mid is None else snapshot.mid)
        quote = snapshot.quote
        self._update_side(Side.BUY, snapshot, quote.bids if quote is not None else ())
        self._update_side(Side.SELL, snapshot, quote.asks if quote is not None else ())
        for name, value in asdict(snapshot.params).items():
            self._set(self._params, value, name)
        self._prices.update(quote.terms if quote is not None else None, snapshot.estimates)
        self._update_regime(snapshot.regime)
        self._update_money(snapshot)
        self.process.update(snapshot.ts_ns, snapshot.orders)

    def _update_side(self, side: Side, snapshot: Snapshot, wanted: tuple[Quote, ...]) -> None:
        self._set(self._quote_price, float(wanted[0].price) if wanted else nan, side)
        resting = [order.price for order in snapshot.orders if order.side is side]
        best = (max if side is Side.BUY else min)(resting, default=None)
        self._set(self._order_price, nan if best is None else float(best), side)
        self._set(self._open_orders, len(resting), side)
        exposure = snapshot.exposure_buy if side is Side.BUY else snapshot.exposure_sell
        self._set(self._exposure, float(exposure), side)

    def _update_regime(self, regime: RegimeView) -> None:
        for level in Regime:
            self._set(self._regime, float(level is regime.level), level.name)
        for speed, sigma in (("usual", regime.sigma_usual), ("now", regime.sigma_now)):
            self._set(self._regime_sigma, nan if sigma is None else sigma, speed)

    def _update_money(self, snapshot: Snapshot) -> None:
        self._set(self._position, float(snapshot.position))
        self._set(self._target, float(snapshot.target))
        self._set(self._inventory, float(snapshot.inventory))
        self._set(self._inventory_max, float(snapshot.inventory_max))
        for part in ("total", "spread", "inventory", "fees", "funding", "held"):
            self._set(self._pnl, float(getattr(snapshot.pnl, part)), part)
        self._set(self._drawdown, float(snapshot.drawdown))
        for side, earned in snapshot.pnl.sides.items():
            for horizon_s, drift in earned.horizons.items():
                labels = (side, f"{horizon_s}s")
                self._set(self._markout, float(drift.markout), *labels)
                self._set(self._realised, earned.realised_spread_bps(horizon_s), *labels)
        self._update_assets(self._fees, snapshot.fees_paid)
        self._update_assets(self._balances, snapshot.balances)

    def _update_assets(self, gauge: Gauge, amounts: Mapping[str, object]) -> None:
        for asset, amount in amounts.items():
            self._set(gauge, float(str(amount)), self._bounded("asset", asset))

    def _set(self, gauge: Gauge, value: float, *labels: str) -> None:
        gauge.labels(*self._labels, *labels).set(value)

    def _count(self, counter: Counter, *labels: str, amount: float = 1) -> None:
        counter.labels(*self._labels, *labels).inc(amount)

    def _bounded(self, label: str, value: str) -> str:
        """Return `value`, or `other` if it is unprintable or the label has too many values."""
        values = self._label_values.setdefault(label, set())
        if value not in values:
            if len(values) >= LABEL_VALUES_MAX or not value.isprintable():
                return "other"
            values.add(value)
        return value

    def _gauge(self, name: str, help_text: str, *labels: str) -> Gauge:
        return Gauge(name, help_text, ("symbol", "venue", *labels), registry=self.registry)

    def _counter(self, name: str, help_text: str, *labels: str) -> Counter:
        return Counter(name, help_text, ("symbol", "venue", *labels), registry=self.registry)

    def _make_counters(self) -> None:
        counter = self._counter
        self._steps = counter("quoter_steps_total", "Engine steps.").labels(*self._labels)
        self._events = counter(
            "quoter_events_total", "Events that the engine handled, by type.", "event"
        )
        self._feed_ups = counter(
            "quoter_feed_connects_total", "Connections that a stream opened.", "stream"
        )
        self._feed_downs = counter(
            "quoter_feed_losses_total", "Connections that a stream lost.", "stream"
        )
        self._no_quote = counter(
            "quoter_sides_off_total",
            "Computed quotes in which this side was off, by reason.",
            "side",
            "reason",
        )
        self._anomalies = counter("quoter_anomalies_total", "Anomalies, by name.", "name")
        self._fills = counter("quoter_fills_total", "Our fills.", "side", "liquidity")
        self._volume = counter(
            "quoter_volume_quote_total", "Value of our fills, quote currency.", "side"
        )
        self._state_changes = counter(
            "quoter_state_changes_total", "Changes into this trading state.", "state"
        )
        self._causes_raised = counter(
            "quoter_causes_raised_total", "How often this halt cause was raised.", "cause"
        )

    def _make_order_counters(self) -> None:
        counter = self._counter
        self._orders = counter(
            "quoter_order_changes_total", "Orders that reached this state.", "state"
        )
        self._placed = counter(
            "quoter_orders_placed_total",
            "Orders that passed the order rules; some of them are not sent (reject not_sent).",
            "side",
        )
        self._rejects = counter(
            "quoter_order_rejects_total",
            "New orders that the venue rejected, or that were not sent (not_sent).",
            "reason",
        )
        self._cancels = counter(
            "quoter_cancels_total", "Cancels and cancel-alls of the engine, by reason.", "reason"
        )
        self._denied = counter(
            "quoter_orders_denied_total", "Orders denied by our own rules.", "rule"
        )

    def _make_state_gauges(self) -> None:
        gauge = self._gauge
        self._state = gauge(
            "quoter_trading_state", "1 for the current trading state, else 0.", "state"
        )
        self._phase = gauge(
            "quoter_phase", "1 for the current phase of the process, else 0.", "phase"
        )
        self._causes = gauge(
            "quoter_cause_active", "1 while this halt cause is active, else 0.", "cause"
        )
        self._regime = gauge(
            "quoter_market_regime", "1 for the current market regime, else 0.", "level"
        )
        self._regime_sigma = gauge(
            "quoter_regime_sigma_quote_per_sqrt_second",
            "Present and usual volatility, whose ratio decides the market regime, price per "
            "sqrt(second).",
            "speed",
        )
        self._book_ready = gauge("quoter_book_ready", "1 while the book is in sync, else 0.")
        self._book_age = gauge(
            "quoter_book_age_seconds", "Time since the last update or confirmation of the book, s."
        )
        self._inbox = gauge("quoter_inbox_events", "Events that wait for the engine.")
        self._drill_age = gauge(
            "quoter_last_drill_age_seconds", "Time since a kill drill last passed, s; nan: never."
        )

    def _make_price_gauges(self) -> None:
        gauge = self._gauge
        self._mid = gauge("quoter_mid_quote", "Mid of the book without our own orders, price.")
        self._quote_price = gauge(
            "quoter_quote_price_quote", "Best price that we want to quote, price.", "side"
        )
        self._order_price = gauge(
            "quoter_order_price_quote", "Price of our best open order, price.", "side"
        )
        self._params = gauge(
            "quoter_live_param", "Live parameter in force, in the unit of its setting.", "name"
        )
        self._prices = PriceGauges(self.registry, self._labels)

    def _make_money_gauges(self) -> None:
        gauge = self._gauge
        self._position = gauge(
            "quoter_position_base", "Position according to our books, base units."
        )
        self._target = gauge(
            "quoter_target_base", "Position that the inventory returns to, base units."
        )
        self._inventory = gauge("quoter_inventory_base", "Position minus target, base units.")
        self._inventory_max = gauge(
            "quoter_inventory_limit_base", "QUOTER_INVENTORY_MAX, base units."
        )
        self._exposure = gauge(
            "quoter_exposure_base",
            "Inventory if every open order of this side is filled, base units.",
            "side",
        )
        self._open_orders = gauge("quoter_open_orders", "Orders that can still be filled.", "side")
        self._pnl = gauge("quoter_pnl_quote", "Profit since the start, quote currency.", "part")
        self._drawdown = gauge(
            "quoter_drawdown_quote",
            "Equity below its highest value since the start, quote currency.",
        )
        self._markout = gauge(
            "quoter_markout_quote",
            "Gain of this side's fills from the move of the mid within the horizon, quote "
            "currency; below zero: loss.",
            "side",
            "horizon",
        )
        self._realised = gauge(
            "quoter_realised_spread_bps",
            "Spread plus markout, per value traded on this side, bps.",
            "side",
            "horizon",
        )
        self._fees = gauge(
            "quoter_fees_paid", "Fees paid since the start, units of the asset.", "asset"
        )
        self._balances = gauge(
            "quoter_balance", "Balance according to our books, units of the asset.", "asset"
        )


def _age_s(snapshot: Snapshot, ts_ns: int) -> float:
    return (snapshot.ts_ns - ts_ns) / NS_PER_S
