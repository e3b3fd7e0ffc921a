"""Follows changes of the market's rules: tick, lot and minimums (rule PT-14).

The rules are requested periodically, after a reject that a change could explain, and after a
reconnect. Venues often change rules during maintenance, and a finer tick causes no reject.
"""

from dataclasses import replace
from decimal import Decimal

from quoter.domain.commands import RequestReport
from quoter.domain.events import FeedDown, FeedUp, OrderEvent, OrderReject, RulesReport
from quoter.domain.instrument import Instrument
from quoter.domain.number_text import plain
from quoter.domain.reasons import RejectReason, ReportKind
from quoter.domain.trading import Cause
from quoter.domain.units import NS_PER_MS, exact
from quoter.engine.config import ActivityPolicy
from quoter.engine.halt_causes import HaltCauses
from quoter.engine.market.view import MarketView
from quoter.engine.step_builder import StepBuilder
from quoter.risk.tick_limits import limits_below_tick
from quoter.risk.view import Limits
from quoter.state.current_instrument import CurrentInstrument

APART_NS = 5_000 * NS_PER_MS  # minimum time between two requests, even after many rejects
AGAIN_NS = 60_000 * NS_PER_MS  # time after which a failed request is repeated
# the same while MARKET_RULES pauses: only a report can clear it
PAUSED_AGAIN_NS = 15_000 * NS_PER_MS
# Rejects after which our rules may be outdated, or the market closed.
SUSPECT = frozenset({RejectReason.FILTER, RejectReason.OTHER})


class MarketRules:
    """Requests the rules when they may have changed, and checks each report."""

    def __init__(
        self,
        instrument: CurrentInstrument,
        *,
        order_size: Decimal,
        levels: int,
        period_ns: int,
        limits: Limits,
        activity: ActivityPolicy,
        market: MarketView,
        causes: HaltCauses,
    ) -> None:
        """Request the rules every `period_ns`; 0: only after a reject or a reconnect."""
        self._instrument = instrument
        self._order_size, self._levels, self._period_ns = order_size, levels, period_ns
        self._limits, self._activity = limits, activity
        self._market, self._causes = market, causes
        self._asked_ns = 0
        self._due_ns = 0  # 0: never
        self._is_paused = False  # by MARKET_RULES
        self._was_down = False  # a stream was down, and the rules have not been requested since
        self._refusal = ""  # from the newest report: why the market can't be quoted
        # whether the rules were checked with a price, which may be unknown at the start
        self._is_checked = False

    def tick(self, step: StepBuilder) -> None:
        """Request the rules if they are due.

        The first tick requests none: startup has read them.
        """
        if not self._is_checked and self._market.mid is not None:
            self._check(step)
        if not self._due_ns and self._period_ns:
            self._due_ns = step.ts_ns + self._period_ns
        if self._due_ns and step.ts_ns >= max(self._due_ns, self._asked_ns + APART_NS):
            self._asked_ns = step.ts_ns
            self._due_ns = step.ts_ns + self._period_ns if self._period_ns else 0
            step.commands.append(RequestReport(kind=ReportKind.RULES))

    def on_stream(self, event: FeedUp | FeedDown) -> None:
        """Request the rules when a stream is connected again."""
        if isinstance(event, FeedDown):
            self._was_down = True
        elif self._was_down:
            self._was_down, self._due_ns = False, event.ts_ns

    def on_order_event(self, event: OrderEvent) -> None:
        """Request the rules after a reject by a filter or for an unknown reason."""
        if isinstance(event, OrderReject) and event.reason in SUSPECT:
            self._due_ns = event.ts_ns

    def on_report_failed(self, kind: ReportKind, step: StepBuilder) -> None:
        """Repeat a request that failed after AGAIN_NS, or sooner while MARKET_RULES pauses."""
        if kind is ReportKind.RULES:
            self._due_ns = step.ts_ns + (PAUSED_AGAIN_NS if self._is_paused else AGAIN_NS)

    def on_report(self, event: RulesReport, step: StepBuilder) -> bool:
        """Adopt the rules of a report and check them; return whether they changed.

        The maker fee is kept. It has a report of its own, and an earlier request of the rules could
        return the old fee.
        """
        before = self._instrument.now
        now = replace(event.instrument, fee_maker=before.fee_maker)
        self._refusal = event.refusal
        if is_changed := now != before:
            step.add_anomaly("rules_changed", f"{_text(before)} -> {_text(now)}")
            self._instrument.now = now
        self._check(step)
        return is_changed

    def _check(self, step: StepBuilder) -> None:
        """Raise MARKET_RULES if the newest rules allow no order; else clear it.

        The check runs once and after every change of the rules, not at every price. A price near
        the limit would raise and clear the cause again and again.
        """
        self._is_checked = self._market.mid is not None
        text = self._refusal or self._why_unplaceable(self._instrument.now)
        self._is_paused = bool(text)
        self._causes.set(step, Cause.MARKET_RULES, active=self._is_paused, text=text)
        if self._is_paused:
            self._due_ns = step.ts_ns + PAUSED_AGAIN_NS

    def _why_unplaceable(self, rules: Instrument) -> str:
        """Reason why no order of the configured size can be placed; empty if one can.

        A level that is too small is added to the next one, so the sum of all levels is checked.
        """
        size = rules.floor_size(self._order_size * self._levels)
        if not rules.size_min <= size or rules.floor_size(self._order_size) > rules.size_max:
            bounds = f"{rules.size_min:f} to {rules.size_max:f} in steps of {rules.lot:f}"
            return f"QUOTER_ORDER_SIZE: the venue accepts {bounds} (got {self._order_size:f})"
        mid = self._market.mid
        worth = size * exact(mid) if mid is not None else rules.notional_min
        if worth < rules.notional_min:
            return (
                f"QUOTER_ORDER_SIZE: {self._levels} orders of this size are worth "
                f"{plain(float(worth), 8)} {rules.quote}; the venue accepts no order below "
                f"{rules.notional_min:f} (got {self._order_size:f})"
            )
        return "" if mid is None else self._why_too_coarse(rules, mid)

    def _why_too_coarse(self, rules: Instrument, mid: float) -> str:
        """Reason why the tick is too coarse for the limits in basis points; empty if it is not."""
        lines = limits_below_tick(
            rules.tick,
            mid,
            self._limits,
            price_jump=self._activity.price_jump,
            quote_drift=self._activity.quote_drift,
        )
        return "; ".join(lines)


def _text(rules: Instrument) -> str:
    return (
        f"tick {rules.tick:f}, lot {rules.lot:f}, size {rules.size_min:f} to "
        f"{rules.size_max:f}, minimum notional {rules.notional_min:f}"
    )
