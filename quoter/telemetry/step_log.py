"""Log lines of an engine step: orders, fills, trading state, denials, and terms of the quote.

In a busy market ten orders change each second. At level info, one `activity` line a minute
therefore counts the usual changes of orders, and single lines are written at level debug only.
Frequent lines are limited, so that a day at level info stays below 50 MB.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict

import structlog

from quoter.domain.commands import CancelOrder, Denied, PlaceOrder
from quoter.domain.events import (
    Alarm,
    Event,
    FeedDown,
    FeedUp,
    LiveParamsChanged,
    OperatorCommand,
    OrderReject,
    RateLimited,
    ReportFailed,
)
from quoter.domain.number_text import plain
from quoter.domain.orders import OrderState
from quoter.domain.quotes import TwoSidedQuote
from quoter.domain.reasons import RejectReason
from quoter.domain.step import Booked, OrderChange, StateChange, Step
from quoter.domain.trading import TradingState
from quoter.domain.units import NS_PER_S
from quoter.telemetry.quote_fields import quote_fields

REPEAT_NS = 10_000_000_000  # minimum time between two repeatable lines with the same key
REPEATABLE_MAX = 256
NO_EDGE = ("no_edge",)  # anomaly that needs an operator; it is logged as a warning
ACTIVITY_NS = 60_000_000_000  # time that one `activity` line covers
LINES_MAX = 60  # limit of `fill` lines per `activity` line; the same for warnings about orders
WARNING_STATES = frozenset({OrderState.UNKNOWN, OrderState.CLOSED_UNSETTLED, OrderState.REJECTED})


class StepLog:
    """Writes the log lines of each step. Frequent lines (denials, anomalies) are limited."""

    def __init__(self, *, quote_log_interval_s: float = 0.0) -> None:
        """Write `quote_terms` lines at least `quote_log_interval_s` seconds apart; 0: none."""
        self._log = structlog.stdlib.get_logger("quoter")
        self._quote_interval_ns = int(quote_log_interval_s * NS_PER_S)
        self._quote_due_ns = 0
        # by key: time of the last line, and number of lines suppressed since
        self._repeatable: dict[tuple[str, ...], tuple[int, int]] = {}
        self._off: frozenset[str] = frozenset()
        # numbers of order changes by state, fills, and lines left out
        self._activity: Counter[str] = Counter()
        self._lines: Counter[str] = Counter()  # numbers of limited lines since the last `activity`
        self._activity_due_ns = 0

    def observe(self, step: Step) -> None:
        """Write the lines of one step."""
        if step.event.ts_ns >= self._activity_due_ns:
            self._write_activity(step)
        if step.orders:
            self._orders(step)
        for booked in step.booked:
            self._fill(step, booked)
        if step.state is not None:
            self._state(step, step.state)
        for denied in step.denied:
            self._denied(step, denied)
        for name, detail in step.anomalies:
            self._repeatable_line(step, ("anomaly", name), detail=detail)
        if step.trial is not None:
            write = self._log.info if step.trial.is_passed else self._log.error
            write("trial_order", seq=step.seq, passed=step.trial.is_passed, reason=step.trial.text)
        if step.quote is not None:
            self._sides_off(step, frozenset(_off_names(step)))
            if self._quote_interval_ns and step.event.ts_ns >= self._quote_due_ns:
                self._quote_terms(step, step.quote)
        self._event(step)

    def _orders(self, step: Step) -> None:
        placed = {it.client_id: it for it in step.commands if isinstance(it, PlaceOrder)}
        cancelled = {it.client_id: it for it in step.commands if isinstance(it, CancelOrder)}
        for change in step.orders:
            facts: dict[str, str] = {}
            if order := placed.get(change.client_id):
                facts = {"side": order.side, "price": plain(order.price), "size": plain(order.size)}
            if cancel := cancelled.get(change.client_id):
                facts["cancel_reason"] = cancel.reason
            self._order(step, change, facts)

    def _write_activity(self, step: Step) -> None:
        """Write the counts since the last `activity` line, if there are any."""
        self._activity_due_ns = step.event.ts_ns + ACTIVITY_NS
        if self._activity:
            self._log.info("activity", seq=step.seq, **self._activity)
        self._activity.clear()
        self._lines.clear()

    def _may_write(self, event: str) -> bool:
        """Count one limited line; return False if its event already had LINES_MAX lines."""
        self._lines[event] += 1
        is_allowed = self._lines[event] <= LINES_MAX
        if not is_allowed:
            self._activity[f"{event}_lines_left_out"] += 1
        return is_allowed

    def _order(self, step: Step, change: OrderChange, facts: dict[str, str]) -> None:
        self._activity[change.after.value.lower()] += 1
        write = self._log.debug
        if _is_not_sent(step.event, change):
            self._activity["not_sent"] += 1
            self._repeatable_line(step, ("order_not_sent",), reason=change.text)
        elif change.after in WARNING_STATES and self._may_write("order"):
            write = self._log.warning
        write(
            "order",
            seq=step.seq,
            client_id=change.client_id,
            before=change.before.value if change.before is not None else None,
            after=change.after.value,
            reason=change.text,
            **facts,
        )

    def _fill(self, step: Step, booked: Booked) -> None:
        fill = booked.fill
        self._activity["fills"] += 1
        write = self._log.info if self._may_write("fill") else self._log.debug
        edge = None
        if booked.fair is not None:
            edge = fill.side.sign * (booked.fair - float(fill.price)) * float(fill.size)
        write(
            "fill",
            seq=step.seq,
            trade_id=fill.trade_id,
            client_id=fill.client_id,
            side=fill.side.value,
            price=plain(fill.price),
            size=plain(fill.size),
            fee=plain(fill.fee),
            fee_asset=fill.fee_asset,
            is_maker=fill.is_maker,
            inventory_base=plain(booked.inventory),
            edge_quote=edge,
        )

    def _state(self, step: Step, change: StateChange) -> None:
        write = self._log.info
        if change.after is TradingState.KILLED:
            write = self._log.error
        elif change.after > change.before:
            write = self._log.warning
        write(
            "state",
            seq=step.seq,
            before=change.before.name,
            after=change.after.name,
            raised={cause.value: text for cause, text in change.raised},
            cleared=[cause.value for cause in change.cleared],
        )

    def _denied(self, step: Step, denied: Denied) -> None:
        self._repeatable_line(
            step,
            ("order_denied", denied.rule, denied.intent.side),
            reason=denied.text,
            price=plain(denied.intent.price),
            size=plain(denied.intent.size),
        )

    def _sides_off(self, step: Step, off: frozenset[str]) -> None:
        if off != self._off:
            self._off = off
            self._repeatable_line(step, ("sides_off", ",".join(sorted(off))))

    def _quote_terms(self, step: Step, quote: TwoSidedQuote) -> None:
        if terms := quote_fields(quote):
            self._quote_due_ns = step.event.ts_ns + self._quote_interval_ns
            self._log.info("quote_terms", seq=step.seq, **terms)

    def _event(self, step: Step) -> None:
        match step.event:
            case FeedUp(stream=stream):
                self._log.info("feed_up", seq=step.seq, stream=stream.value)
            case FeedDown(stream=stream, text=text):
                self._log.warning("feed_down", seq=step.seq, stream=stream.value, reason=text)
            case RateLimited(text=text):
                self._repeatable_line(step, ("rate_limited",), reason=text)
            case ReportFailed(kind=kind, text=text):
                self._repeatable_line(step, ("report_failed", kind), reason=text)
            case Alarm(cause=cause, active=True, text=text):
                self._repeatable_line(step, ("alarm", cause), reason=text)
            case OperatorCommand() as command:
                self._log.warning(
                    "operator_command",
                    seq=step.seq,
                    action=command.action.value,
                    actor=command.actor,
                    reason=command.reason,
                )
            case LiveParamsChanged(params=params, actor=actor, reason=reason):
                self._log.warning(
                    "live_params_changed",
                    seq=step.seq,
                    actor=actor,
                    reason=reason,
                    **asdict(params),
                )
            case _:
                pass

    def _repeatable_line(self, step: Step, key: tuple[str, ...], **facts: str) -> None:
        """Write a line that every book update could cause: the first one, then one per REPEAT_NS.

        key: the event, then texts that distinguish lines of that event (written as field `name`).
        The field `repeated` has the number of lines left out since the last one.
        """
        now_ns = step.event.ts_ns
        logged_ns, suppressed = self._repeatable.get(key, (None, 0))
        if logged_ns is not None and now_ns - logged_ns < REPEAT_NS:
            self._repeatable[key] = (logged_ns, suppressed + 1)
            return
        if len(self._repeatable) >= REPEATABLE_MAX:
            self._repeatable.clear()
        self._repeatable[key] = (now_ns, 0)
        if suppressed:
            facts["repeated"] = str(suppressed)
        write = self._log.warning if key[1:] == NO_EDGE else self._log.info
        write(key[0], seq=step.seq, name=" ".join(key[1:]), **facts)


def _is_not_sent(event: Event, change: OrderChange) -> bool:
    """Whether the order was dropped before it was sent, for example because it became too old."""
    if not isinstance(event, OrderReject) or event.client_id != change.client_id:
        return False
    return event.reason is RejectReason.NOT_SENT


def _off_names(step: Step) -> Iterator[str]:
    if step.quote is not None:
        yield from (f"{off.side}:{off.reason}" for off in step.quote.off)
