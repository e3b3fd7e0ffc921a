"""What an engine step is worth in the log: orders, fills, states, denials, at times a quote."""

from collections.abc import Iterator
from dataclasses import asdict

import structlog

from quoter.domain.commands import CancelOrder, Denied, PlaceOrder
from quoter.domain.events import (
    Alarm,
    FeedDown,
    FeedUp,
    LiveParamsChanged,
    OperatorCommand,
    RateLimited,
    ReportFailed,
)
from quoter.domain.orders import OrderState
from quoter.domain.quotes import TwoSidedQuote
from quoter.domain.step import Booked, OrderChange, StateChange, Step
from quoter.domain.trading import TradingState
from quoter.telemetry.quote_fields import why

REPEAT_NS = 10_000_000_000  # the same remark again only after this long, with a count
REMARKS_MAX = 256
QUIET_STATES = frozenset({OrderState.PENDING_NEW, OrderState.OPEN})
WORRYING_STATES = frozenset({OrderState.UNKNOWN, OrderState.CLOSED_UNSETTLED, OrderState.REJECTED})


class StepLog:
    """Writes the lines of a step; repeated remarks (denials, oddities) are counted, not flooded."""

    def __init__(self, *, quote_log_interval_s: float = 0.0) -> None:
        """quote_log_interval_s: how often a quote explains itself, seconds; 0 is never."""
        self._log = structlog.stdlib.get_logger("quoter")
        self._why_every_ns = int(quote_log_interval_s * 1e9)
        self._why_due_ns = 0
        self._remarks: dict[tuple[str, ...], tuple[int, int]] = {}  # last shown, unseen since
        self._off: frozenset[str] = frozenset()

    def observe(self, step: Step) -> None:
        """One line per order change, fill and state change, with its reason."""
        if step.orders:
            self._orders(step)
        for booked in step.booked:
            self._fill(step, booked)
        if step.state is not None:
            self._state(step, step.state)
        for denied in step.denied:
            self._denied(step, denied)
        for what, detail in step.anomalies:
            self._remark(step, ("anomaly", what), detail=detail)
        if step.quote is not None:
            self._sides_off(step, frozenset(_off_names(step)))
            if self._why_every_ns and step.event.ts_ns >= self._why_due_ns:
                self._why(step, step.quote)
        self._event(step)

    def _orders(self, step: Step) -> None:
        placed = {it.client_id: it for it in step.commands if isinstance(it, PlaceOrder)}
        cancelled = {it.client_id: it for it in step.commands if isinstance(it, CancelOrder)}
        for change in step.orders:
            facts: dict[str, str] = {}
            if order := placed.get(change.client_id):
                facts = {"side": order.side, "price": str(order.price), "size": str(order.size)}
            if cancel := cancelled.get(change.client_id):
                facts["cancel_reason"] = cancel.reason
            self._order(step, change, facts)

    def _order(self, step: Step, change: OrderChange, facts: dict[str, str]) -> None:
        write = self._log.info
        if change.after in WORRYING_STATES:
            write = self._log.warning
        elif change.after in QUIET_STATES:
            write = self._log.debug
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
        edge = None
        if booked.fair is not None:
            edge = fill.side.sign * (booked.fair - float(fill.price)) * float(fill.size)
        self._log.info(
            "fill",
            seq=step.seq,
            trade_id=fill.trade_id,
            client_id=fill.client_id,
            side=fill.side.value,
            price=str(fill.price),
            size=str(fill.size),
            fee=str(fill.fee),
            fee_asset=fill.fee_asset,
            is_maker=fill.is_maker,
            inventory_base=str(booked.inventory),
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
        self._remark(
            step,
            ("order_denied", denied.rule, denied.intent.side),
            reason=denied.text,
            price=str(denied.intent.price),
            size=str(denied.intent.size),
        )

    def _sides_off(self, step: Step, off: frozenset[str]) -> None:
        if off != self._off:
            self._off = off
            self._remark(step, ("sides_off", ",".join(sorted(off))))

    def _why(self, step: Step, quote: TwoSidedQuote) -> None:
        if terms := why(quote):
            self._why_due_ns = step.event.ts_ns + self._why_every_ns
            self._log.info("quote_terms", seq=step.seq, **terms)

    def _event(self, step: Step) -> None:
        match step.event:
            case FeedUp(stream=stream):
                self._log.info("feed_up", seq=step.seq, stream=stream.value)
            case FeedDown(stream=stream, text=text):
                self._log.warning("feed_down", seq=step.seq, stream=stream.value, reason=text)
            case RateLimited(text=text):
                self._remark(step, ("rate_limited",), reason=text)
            case ReportFailed(kind=kind, text=text):
                self._remark(step, ("report_failed", kind), reason=text)
            case Alarm(cause=cause, active=True, text=text):
                self._remark(step, ("alarm", cause), reason=text)
            case OperatorCommand(action=action, actor=actor, text=text):
                self._log.warning(
                    "operator_command", seq=step.seq, action=action.value, actor=actor, reason=text
                )
            case LiveParamsChanged(params=params, actor=actor, text=text):
                self._log.warning(
                    "live_params_changed", seq=step.seq, actor=actor, reason=text, **asdict(params)
                )
            case _:
                pass

    def _remark(self, step: Step, key: tuple[str, ...], **facts: str) -> None:
        """A line that could come with every book update: at once, then every REPEAT_NS."""
        now_ns = step.event.ts_ns
        shown_ns, unseen = self._remarks.get(key, (None, 0))
        if shown_ns is not None and now_ns - shown_ns < REPEAT_NS:
            self._remarks[key] = (shown_ns, unseen + 1)
            return
        if len(self._remarks) >= REMARKS_MAX:
            self._remarks.clear()
        self._remarks[key] = (now_ns, 0)
        if unseen:
            facts["repeated"] = str(unseen)
        self._log.info(key[0], seq=step.seq, what=" ".join(key[1:]), **facts)


def _off_names(step: Step) -> Iterator[str]:
    if step.quote is not None:
        yield from (f"{off.side}:{off.reason}" for off in step.quote.off)
