"""Latencies of requests, measured from a recording, in histograms of bounded size."""

from dataclasses import dataclass
from enum import StrEnum
from math import floor, log10
from typing import Final

from quoter.domain.commands import CancelOrder, PlaceOrder
from quoter.domain.events import (
    BookDelta,
    BookSnapshot,
    CancelReject,
    OrderAck,
    OrderDone,
    OrderReject,
    OrderSent,
    TopOfBook,
    Trade,
)
from quoter.domain.reasons import RejectReason
from quoter.domain.step import Step
from quoter.domain.units import NS_PER_S

CLASSES_PER_DECADE: Final = 40  # classes of a histogram; quantiles are exact within 3 %
# maximum number of unanswered requests stored; beyond it the oldest is dropped
WAITING_MAX: Final = 10_000
MARKET: Final = (BookDelta, BookSnapshot, TopOfBook, Trade)


class LatencyKind(StrEnum):
    """Kinds of latencies, each from one recorded event to a later one.

    The time of a decision is that of the event that caused it.
    """

    # receipt of a market message to sending of the order that it caused
    BOOK_TO_SENT = "book_to_sent"
    SENT_TO_ACK = "sent_to_ack"  # sending of an order to the first answer
    CANCEL_TO_END = "cancel_to_end"  # decision to cancel to the first answer, or to the order's end


@dataclass(frozen=True, slots=True, kw_only=True)
class LatencyFigures:
    """Quantiles of one kind of latency, seconds.

    classes: upper bound (s) and count of each class of the histogram.
    """

    kind: LatencyKind
    count: int
    p50_s: float
    p90_s: float
    p99_s: float
    max_s: float
    classes: tuple[tuple[float, int], ...]


class Histogram:
    """Histogram of positive times, in classes of equal width on a logarithmic scale."""

    def __init__(self) -> None:
        self.count = 0
        self.max_s = 0.0
        self._classes: dict[int, int] = {}

    def add(self, seconds: float) -> None:
        """Add one time; a time below a microsecond is counted as one microsecond."""
        number = floor(log10(max(seconds, 1e-6)) * CLASSES_PER_DECADE)
        self._classes[number] = self._classes.get(number, 0) + 1
        self.count += 1
        self.max_s = max(self.max_s, seconds)

    def classes(self) -> tuple[tuple[float, int], ...]:
        """Return upper bound (s) and count of each class, ascending."""
        bounds = ((_upper_s(number), count) for number, count in sorted(self._classes.items()))
        return tuple(bounds)

    def quantile_s(self, share: float) -> float:
        """Return the middle of the class with the quantile `share`, seconds; 0 if empty."""
        needed, seen = share * self.count, 0
        for number, count in sorted(self._classes.items()):
            seen += count
            if seen >= needed:
                return min(_upper_s(number - 0.5), self.max_s)
        return self.max_s


class Latencies:
    """Follows requests from their decision to their answer."""

    def __init__(self) -> None:
        self._histograms = {kind: Histogram() for kind in LatencyKind}
        # time by client id, for orders that a market message caused
        self._decided: dict[str, int] = {}
        self._sent: dict[str, int] = {}
        self._cancelled: dict[str, int] = {}

    def observe(self, step: Step) -> None:
        """Follow the requests and answers in a step."""
        event = step.event
        match event:
            case OrderSent():
                if (decided_ns := self._decided.pop(event.client_id, None)) is not None:
                    self._add(LatencyKind.BOOK_TO_SENT, decided_ns, event.ts_ns)
                _keep(self._sent, event.client_id, event.ts_ns)
            case OrderReject(reason=RejectReason.NOT_SENT):
                self._sent.pop(event.client_id, None)
            case OrderAck() | OrderReject():
                if (sent_ns := self._sent.pop(event.client_id, None)) is not None:
                    self._add(LatencyKind.SENT_TO_ACK, sent_ns, event.ts_ns)
            case _:
                pass
        if isinstance(event, OrderDone | CancelReject):
            asked_ns = self._cancelled.pop(event.client_id, None)
            if asked_ns is not None:
                self._add(LatencyKind.CANCEL_TO_END, asked_ns, event.ts_ns)
        for command in step.commands:
            if isinstance(command, CancelOrder):
                self._cancelled.setdefault(command.client_id, event.ts_ns)
                _bound(self._cancelled)
            elif isinstance(command, PlaceOrder) and isinstance(event, MARKET):
                _keep(self._decided, command.client_id, event.ts_ns)

    def result(self) -> tuple[LatencyFigures, ...]:
        """Return the figures of each kind that has at least one measurement."""
        return tuple(
            LatencyFigures(
                kind=kind,
                count=histogram.count,
                p50_s=histogram.quantile_s(0.5),
                p90_s=histogram.quantile_s(0.9),
                p99_s=histogram.quantile_s(0.99),
                max_s=histogram.max_s,
                classes=histogram.classes(),
            )
            for kind, histogram in self._histograms.items()
            if histogram.count
        )

    def _add(self, kind: LatencyKind, from_ns: int, to_ns: int) -> None:
        self._histograms[kind].add((to_ns - from_ns) / NS_PER_S)


def _upper_s(number: float) -> float:
    return float(10 ** ((number + 1) / CLASSES_PER_DECADE))


def _keep(times: dict[str, int], name: str, ts_ns: int) -> None:
    times[name] = ts_ns
    _bound(times)


def _bound(times: dict[str, int]) -> None:
    if len(times) > WAITING_MAX:
        del times[next(iter(times))]
