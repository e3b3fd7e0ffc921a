"""Incidents of a run: state changes, kills, lost streams, commands of operators."""

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from quoter.domain.commands import ReconnectFeed, RequestReport
from quoter.domain.events import (
    FeedDown,
    FeedUp,
    LiveParamsChanged,
    OperatorCommand,
    OrderReject,
    OrderUnknown,
    RateLimited,
)
from quoter.domain.reasons import ReportKind
from quoter.domain.step import StateChange, Step
from quoter.domain.trading import TradingState

INCIDENTS_MAX: Final = 2_000  # maximum number of incidents kept; later ones are only counted
TEXT_CHARS_MAX: Final = 300


class IncidentKind(StrEnum):
    """Kinds of incidents."""

    KILL = "kill"
    STATE = "state"
    CAUSE = "halt cause"
    STREAM = "stream"
    RESYNC = "resync"
    OPERATOR = "operator"
    RATE_LIMIT = "rate limit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """An incident for the report's table: time, kind, and what happened."""

    ts_ns: int
    kind: IncidentKind
    text: str


@dataclass(slots=True, kw_only=True)
class StatePeriod:
    """A period in one trading state; `until_ns` is 0 while it has not ended."""

    state: TradingState
    since_ns: int
    until_ns: int = 0


class Incidents:
    """Collects incidents in order, and counts anomalies, rejects and denials by name."""

    def __init__(self) -> None:
        self.kept: list[Incident] = []
        self.periods: list[StatePeriod] = []  # in order, the first INCIDENTS_MAX
        self.counts: Counter[IncidentKind] = Counter()
        self.anomalies: Counter[str] = Counter()

    @property
    def left_out(self) -> int:
        """Number of incidents beyond INCIDENTS_MAX."""
        return self.counts.total() - len(self.kept)

    def start(self, state: TradingState, ts_ns: int) -> None:
        """Begin in this trading state at `ts_ns`."""
        self.periods = [StatePeriod(state=state, since_ns=ts_ns)]

    def observe(self, step: Step) -> None:
        """Add the incidents of a step; count its anomalies, rejects and denials."""
        event, ts_ns = step.event, step.event.ts_ns
        match event:
            case FeedDown():
                self._add(ts_ns, IncidentKind.STREAM, f"{event.stream} lost: {event.text}")
            case FeedUp():
                self._add(ts_ns, IncidentKind.STREAM, f"{event.stream} connected")
            case RateLimited():
                self._add(ts_ns, IncidentKind.RATE_LIMIT, event.text)
            case OperatorCommand():
                self._add(ts_ns, IncidentKind.OPERATOR, f"{event.action} by {event.cause_text}")
            case LiveParamsChanged():
                text = f"live parameters changed by {event.actor}: {event.reason}"
                self._add(ts_ns, IncidentKind.OPERATOR, text)
            case OrderReject():
                self.anomalies[f"reject: {event.reason}"] += 1
            case OrderUnknown():
                self.anomalies["order without an answer"] += 1
            case _:
                pass
        for command in step.commands:
            if isinstance(command, RequestReport) and command.kind is ReportKind.BOOK:
                self._add(ts_ns, IncidentKind.RESYNC, "snapshot of the book requested")
            elif isinstance(command, ReconnectFeed):
                self._add(ts_ns, IncidentKind.RESYNC, f"reconnect: {command.text}")
        self.anomalies.update(name for name, _ in step.anomalies)
        self.anomalies.update(f"denied: {denied.rule}" for denied in step.denied)
        if step.state is not None:
            self._add_change(ts_ns, step.state)

    def _add_change(self, ts_ns: int, change: StateChange) -> None:
        for cause, text in change.raised:
            self._add(ts_ns, IncidentKind.CAUSE, f"{cause}: {text}" if text else str(cause))
        for cause in change.cleared:
            self._add(ts_ns, IncidentKind.CAUSE, f"{cause} cleared")
        if change.before is not change.after:
            if self.periods and not self.periods[-1].until_ns:
                self.periods[-1].until_ns = ts_ns
            if len(self.periods) < INCIDENTS_MAX:
                self.periods.append(StatePeriod(state=change.after, since_ns=ts_ns))
            is_kill = change.after is TradingState.KILLED
            kind = IncidentKind.KILL if is_kill else IncidentKind.STATE
            self._add(ts_ns, kind, f"{change.before.name} to {change.after.name}")

    def _add(self, ts_ns: int, kind: IncidentKind, text: str) -> None:
        self.counts[kind] += 1
        if len(self.kept) < INCIDENTS_MAX:
            self.kept.append(Incident(ts_ns=ts_ns, kind=kind, text=text[:TEXT_CHARS_MAX]))
