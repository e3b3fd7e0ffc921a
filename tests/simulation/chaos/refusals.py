"""Counts refused orders from the events alone, to judge the engine's own count (rule PT-08)."""

from collections import deque

from quoter.domain.commands import CancelOrder, PlaceOrder
from quoter.domain.events import OrderAck, OrderDone, OrderReject
from quoter.domain.market import Side
from quoter.domain.reasons import DoneReason, RejectReason
from quoter.domain.step import Step
from quoter.risk.monitors.reject_streak import REJECTS_MAX, WINDOW_NS

ORDERS_MAX = 10_000  # whose side is remembered


class Refusals:
    """Rejects in a row, and ends that we did not request within a minute, by side."""

    def __init__(self) -> None:
        self._sides: dict[str, Side] = {}  # of our newest orders, oldest first
        self._cancelled: set[str] = set()
        self._rejects = dict.fromkeys(Side, 0)
        self._ends: dict[Side, deque[int]] = {side: deque(maxlen=REJECTS_MAX) for side in Side}
        self._now_ns = 0

    def observe(self, step: Step) -> None:
        """Take one step: what happened to our orders, and which orders it sends or cancels."""
        self._now_ns = step.event.ts_ns
        self._on_event(step)
        for command in step.commands:
            if isinstance(command, PlaceOrder):
                self._sides[command.client_id] = command.side
                if len(self._sides) > ORDERS_MAX:
                    del self._sides[next(iter(self._sides))]
            elif isinstance(command, CancelOrder):
                self._cancelled.add(command.client_id)

    def _on_event(self, step: Step) -> None:
        event = step.event
        if not isinstance(event, OrderAck | OrderReject | OrderDone):
            return
        side = self._sides.get(event.client_id)
        if side is None:
            return
        match event:
            case OrderAck():
                self._rejects[side] = 0
            case OrderReject() if event.reason is not RejectReason.NOT_SENT:
                self._rejects[side] += 1
            case OrderDone() if event.reason is not DoneReason.FILLED:
                if event.client_id not in self._cancelled:
                    self._ends[side].append(event.ts_ns)
            case _:
                pass

    @property
    def longest(self) -> int:
        """The most refused orders of one side and kind until now."""
        ends = (
            sum(self._now_ns - ts_ns <= WINDOW_NS for ts_ns in times)
            for times in self._ends.values()
        )
        return max(*self._rejects.values(), *ends)
