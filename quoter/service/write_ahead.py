"""Record in the ledger before acting: fills before the engine books them, orders before sending.

Only an event with a fill that is not recorded yet waits for the disk; no other event does.
"""

from dataclasses import replace

from quoter.domain.commands import PlaceOrder
from quoter.domain.events import Alarm, Fill, TradesReport
from quoter.domain.step import Step
from quoter.domain.trading import Cause
from quoter.domain.units import S_PER_NS
from quoter.engine.engine import Engine
from quoter.ledger.ledger import Ledger
from quoter.ledger.rows import FillKind, KnownFill
from quoter.ledger.writer import LedgerFailed
from quoter.service.clock import Clock
from quoter.state.inventory import LedgerConflict, is_execution
from quoter.telemetry.latency import Latency
from quoter.telemetry.metrics import Metrics
from quoter.venues.ports import Emit

UNMATCHED_MAX = 10_000  # trades of others on the account, which the venue reports again and again


class WriteAhead:
    """Records events before the engine handles them, and the outcome of steps afterwards."""

    def __init__(
        self, *, ledger: Ledger, engine: Engine, clock: Clock, metrics: Metrics, post: Emit
    ) -> None:
        self._ledger = ledger
        self._engine = engine
        self._clock, self._metrics = clock, metrics
        self._post = post
        self._unmatched: dict[str, None] = {}  # recorded trade ids without a known order

    async def before(self, event: Fill | TradesReport) -> Alarm | None:
        """Return once the event's new fills are recorded; if that fails, return the alarm."""
        fills = (event,) if isinstance(event, Fill) else event.fills
        new = [
            self._classified(fill)
            for fill in fills
            if not self._engine.inventory.has(fill.trade_id)
            and fill.trade_id not in self._unmatched
        ]
        if not new:
            return None
        try:
            await self._ledger.record_fills(new)
        except LedgerFailed as error:
            return self._alarm(Cause.LEDGER_FAILED, str(error))
        except LedgerConflict as error:
            return self._alarm(Cause.LEDGER_CONFLICT, str(error))
        for known in new:
            if known.kind is FillKind.UNMATCHED:
                self._unmatched[known.fill.trade_id] = None
        while len(self._unmatched) > UNMATCHED_MAX:
            del self._unmatched[next(iter(self._unmatched))]
        return None

    async def may_send(self, order: PlaceOrder) -> bool:
        """Return once the order is recorded; False: recording failed, and it must not be sent."""
        asked_ns = self._clock.now_ns()
        is_recorded = True
        try:
            await self._ledger.record_intent(order)
        except LedgerFailed as error:
            is_recorded = False
            self.fail(str(error))
        waited_ns = self._clock.now_ns() - asked_ns
        self._metrics.observe_latency(Latency.LEDGER_COMMIT, waited_ns * S_PER_NS)
        return is_recorded

    def after(self, step: Step) -> None:
        """Queue for writing what one step changed; the next start finds out what a crash lost."""
        for booked in step.booked:
            fill = booked.fill
            if fill.trade_id in self._unmatched:
                del self._unmatched[fill.trade_id]
                self._ledger.match_fill(fill.trade_id, self._client_id_of(fill))
        for change in step.orders:
            if change.after.is_terminal:
                order = self._engine.orders.closed(change.client_id)
                if order is not None:
                    ts_ns = step.event.ts_ns
                    self._ledger.record_order_end(order.client_id, order.state, order.filled, ts_ns)

    def check(self) -> None:
        """Check that the ledger's writer is still alive."""
        self._ledger.check_writer()

    def fail(self, text: str) -> None:
        """Raise `ledger_failed`."""
        self._post(self._alarm(Cause.LEDGER_FAILED, text))

    def _classified(self, fill: Fill) -> KnownFill:
        """Mark a fill as booked if it is possible and belongs to an own order, else as unmatched.

        The engine will decide the same.
        """
        client_id = self._client_id_of(fill)
        if not client_id or not is_execution(fill):
            return KnownFill(fill, FillKind.UNMATCHED)
        return KnownFill(replace(fill, client_id=client_id), FillKind.BOOKED)

    def _client_id_of(self, fill: Fill) -> str:
        orders = self._engine.orders
        order = orders.find(fill.client_id) or orders.by_venue_id(fill.venue_id)
        return "" if order is None else order.client_id

    def _alarm(self, cause: Cause, text: str) -> Alarm:
        return Alarm(ts_ns=self._clock.now_ns(), cause=cause, active=True, text=text)
