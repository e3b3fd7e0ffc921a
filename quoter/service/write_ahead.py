"""Facts on the disk before anybody acts on them: fills before the engine, orders before the wire.

Only news waits for the disk: a fill or a trade list that has one. Everything else of the market
goes to the engine as it comes.
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

UNMATCHED_MAX = 10_000  # trades of somebody else, told again and again


class WriteAhead:
    """Between the engine and its ledger; `post` takes alarms that no event waits for."""

    def __init__(
        self, *, ledger: Ledger, engine: Engine, clock: Clock, metrics: Metrics, post: Emit
    ) -> None:
        self._ledger = ledger
        self._engine = engine
        self._clock, self._metrics = clock, metrics
        self._post = post
        self._unmatched: dict[str, None] = {}  # on the disk, of no order that we know

    async def before(self, event: Fill | TradesReport) -> Alarm | None:
        """Return when the event's news is on the disk, or with the alarm to hand in before it."""
        told = (event,) if isinstance(event, Fill) else event.fills
        news = [
            self._judged(fill)
            for fill in told
            if not self._engine.inventory.has(fill.trade_id)
            and fill.trade_id not in self._unmatched
        ]
        if not news:
            return None
        try:
            await self._ledger.record_fills(news)
        except LedgerFailed as error:
            return self._alarm(Cause.LEDGER_FAILED, str(error))
        except LedgerConflict as error:
            return self._alarm(Cause.LEDGER_CONFLICT, str(error))
        for known in news:
            if known.kind is FillKind.UNMATCHED:
                self._unmatched[known.fill.trade_id] = None
        while len(self._unmatched) > UNMATCHED_MAX:
            del self._unmatched[next(iter(self._unmatched))]
        return None

    async def may_send(self, order: PlaceOrder) -> bool:
        """Return when the order is on the disk; False if it must not be sent."""
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
        """Note what one turn settled; what a crash loses of it a start finds out."""
        for booked in step.booked:
            fill = booked.fill
            if fill.trade_id in self._unmatched:
                del self._unmatched[fill.trade_id]
                self._ledger.match_fill(fill.trade_id, self._name(fill))
        for change in step.orders:
            if change.after.is_terminal:
                order = self._engine.orders.closed(change.client_id)
                if order is not None:
                    ts_ns = step.event.ts_ns
                    self._ledger.record_order_end(order.client_id, order.state, order.filled, ts_ns)

    def check(self) -> None:
        """Find out whether anybody still writes."""
        self._ledger.check_writer()

    def fail(self, text: str) -> None:
        """The disk gave up: the engine hears of it as soon as it can."""
        self._post(self._alarm(Cause.LEDGER_FAILED, text))

    def _judged(self, fill: Fill) -> KnownFill:
        """As the engine will: it books what belongs to an order of its own."""
        name = self._name(fill)
        if not name or not is_execution(fill):
            return KnownFill(fill, FillKind.UNMATCHED)
        return KnownFill(replace(fill, client_id=name), FillKind.BOOKED)

    def _name(self, fill: Fill) -> str:
        orders = self._engine.orders
        order = orders.find(fill.client_id) or orders.by_venue_id(fill.venue_id)
        return "" if order is None else order.client_id

    def _alarm(self, cause: Cause, text: str) -> Alarm:
        return Alarm(ts_ns=self._clock.now_ns(), cause=cause, active=True, text=text)
