"""Record in the ledger before acting: fills before the engine books them, orders before sending.

Only an event with an unrecorded fill waits for the disk. A slow disk pauses quoting
(`ledger_slow`): cancels are sent and new orders are not; fills are booked while their rows wait to
be written. A disk that stays slow, or fails, kills (`ledger_failed`): the next start fetches from
the venue what was not written.
"""

import asyncio
from dataclasses import replace
from typing import NamedTuple

import structlog

from quoter.domain.commands import PlaceOrder
from quoter.domain.events import (
    Alarm,
    Fill,
    OpenOrdersReport,
    OrderAck,
    OrderOpen,
    TradesReport,
)
from quoter.domain.step import Step
from quoter.domain.trading import Cause
from quoter.domain.units import NS_PER_S, S_PER_NS
from quoter.engine.engine import Engine
from quoter.ledger.ledger import Ledger
from quoter.ledger.rows import FillKind, KnownFill
from quoter.ledger.writer import LedgerFailed, LedgerStalled
from quoter.service.clock import Clock
from quoter.service.recovery import CALM_NS, Recovery
from quoter.state.inventory import LedgerConflict, is_execution
from quoter.telemetry.latency import Latency
from quoter.telemetry.log_throttle import LogThrottle
from quoter.telemetry.metrics import Metrics
from quoter.venues.ports import Emit

log = structlog.get_logger()

STALL_S_MAX = 10.0  # a disk that is silent for longer kills
FILL_STALL_S_MAX = 3.0  # the same, while a fill is not on disk yet
CHECK_S_MAX = 0.2  # longest time that counts between two checks: the process may have been frozen
UPKEEP_NS = 10 * NS_PER_S  # between two rounds that keep the ledger small
# events that may contain the venue's order id
NAMING = (OrderAck, OrderOpen, Fill, TradesReport, OpenOrdersReport)
UNMATCHED_MAX = 10_000  # trades of others on the account, which the venue reports again and again


class Ahead(NamedTuple):
    """Input of the engine after the write. `event`: None if none of its fills is left."""

    event: Fill | TradesReport | None
    alarm: Alarm | None


class WriteAhead:
    """Records events before the engine handles them, and the outcome of steps afterwards."""

    def __init__(
        self, *, ledger: Ledger, engine: Engine, clock: Clock, metrics: Metrics, post: Emit
    ) -> None:
        self._ledger = ledger
        self._engine = engine
        self._clock, self._metrics = clock, metrics
        self._post = post
        self._recovery = Recovery(first_ns=CALM_NS)
        self._checked_ns = clock.now_ns()
        self._upkeep_due_ns = 0
        self._archive_failures = LogThrottle()
        self._stalled_s = 0.0  # how long the disk has been silent
        self._is_failure_reported = False
        self._late_fills: set[asyncio.Future[None]] = set()  # writes of fills, not on disk yet
        self._named: set[str] = set()  # live orders whose venue id is recorded
        self._unmatched: dict[str, None] = {}  # recorded trade ids without a known order

    async def before(self, event: Fill | TradesReport) -> Ahead:
        """Return once the event's new fills are recorded, or a slow disk has delayed that too long.

        The engine must get the returned event. It omits fills that the ledger has already and the
        engine no longer remembers.
        """
        fills = (event,) if isinstance(event, Fill) else event.fills
        new = [
            self._classified(fill)
            for fill in fills
            if not self._engine.inventory.has(fill.trade_id)
            and fill.trade_id not in self._unmatched
        ]
        if not new:
            return Ahead(event, None)
        alarm = None
        # Used if the ledger does not answer: fills older than any that the engine remembers.
        may_have_forgotten = self._engine.inventory.may_have_forgotten
        counted = frozenset(fill.trade_id for fill, _ in new if may_have_forgotten(fill))
        try:
            counted = await self._ledger.record_fills(new)
        except LedgerStalled as stalled:
            self._late_fills.add(stalled.done)
            stalled.done.add_done_callback(self._late_fill_ended)
            alarm = self._stall_alarm(str(stalled))
        except LedgerFailed as error:
            return Ahead(_without(event, counted), self._alarm(Cause.LEDGER_FAILED, str(error)))
        except LedgerConflict as error:
            return Ahead(_without(event, counted), self._alarm(Cause.LEDGER_CONFLICT, str(error)))
        for known in new:
            if known.kind is FillKind.UNMATCHED:
                self._unmatched[known.fill.trade_id] = None
        while len(self._unmatched) > UNMATCHED_MAX:
            del self._unmatched[next(iter(self._unmatched))]
        return Ahead(_without(event, counted), alarm)

    def _late_fill_ended(self, done: asyncio.Future[None]) -> None:
        """Report a late fill that differs from the ledger; a failed write reports itself."""
        self._late_fills.discard(done)
        if not done.cancelled() and isinstance(error := done.exception(), LedgerConflict):
            self._post(self._alarm(Cause.LEDGER_CONFLICT, str(error)))

    async def may_send(self, order: PlaceOrder) -> bool:
        """Record the order; return False if that failed, so that it must not be sent."""
        asked_ns = self._clock.now_ns()
        is_recorded = True
        try:
            await self._ledger.record_intent(order)
        except LedgerStalled as stalled:
            is_recorded = False
            if (alarm := self._stall_alarm(str(stalled))) is not None:
                self._post(alarm)
        except LedgerFailed as error:
            is_recorded = False
            self.fail(str(error))
        waited_ns = self._clock.now_ns() - asked_ns
        self._metrics.observe_latency(Latency.LEDGER_COMMIT, waited_ns * S_PER_NS)
        return is_recorded

    def after(self, step: Step) -> None:
        """Queue the changes of one step for writing.

        The next start fetches from the venue what a crash lost.
        """
        for booked in step.booked:
            fill = booked.fill
            if fill.trade_id in self._unmatched:
                del self._unmatched[fill.trade_id]
                self._ledger.match_fill(fill.trade_id, self._client_id_of(fill))
        if isinstance(step.event, NAMING):
            self._record_venue_ids()
        for change in step.orders:
            if change.after.is_terminal:
                self._named.discard(change.client_id)
                order = self._engine.orders.closed(change.client_id)
                if order is not None:
                    ts_ns = step.event.ts_ns
                    self._ledger.record_order_end(order.client_id, order.state, order.filled, ts_ns)

    def _record_venue_ids(self) -> None:
        """Record the venue's order ids that became known: other processes can cancel by them."""
        for order in self._engine.orders:
            if order.venue_id and order.client_id not in self._named:
                self._named.add(order.client_id)
                self._ledger.record_venue_id(order.client_id, order.venue_id)

    def check(self) -> None:
        """Check that the ledger's writer is alive and answers; call it several times a second."""
        self._ledger.check_writer()
        self._check_stall()
        self._keep_up()

    def _keep_up(self) -> None:
        """Fold, archive and prune some rows, unless the disk is already slow."""
        now_ns = self._clock.now_ns()
        if self._ledger.is_stalled or now_ns < self._upkeep_due_ns:
            return
        self._upkeep_due_ns = now_ns + UPKEEP_NS
        text = self._ledger.archive_failure
        if text and self._archive_failures.count():
            log.warning("archive_failed", reason=text)
        self._ledger.upkeep(now_ns)

    def _check_stall(self) -> None:
        """Kill when the disk stays silent; end the pause when it has answered for a while."""
        now_ns, before_ns = self._clock.now_ns(), self._checked_ns
        self._checked_ns = now_ns
        if self._ledger.is_stalled:
            self._stalled_s += min((now_ns - before_ns) * S_PER_NS, CHECK_S_MAX)
            if (alarm := self._stall_alarm("the ledger's disk is slow")) is not None:
                self._post(alarm)
            limit_s = FILL_STALL_S_MAX if self._late_fills else STALL_S_MAX
            if self._stalled_s > limit_s and not self._is_failure_reported:
                self._is_failure_reported = True
                what = (
                    "while a fill waited for it" if self._late_fills else "while rows waited for it"
                )
                self.fail(f"the ledger's disk has been silent for {limit_s:g} s {what}")
            return
        self._stalled_s, self._is_failure_reported = 0.0, False
        if self._recovery.is_active:
            self._recovery.observe(now_ns, is_bad=False)
            if not self._recovery.is_active:
                ended = Alarm(ts_ns=now_ns, cause=Cause.LEDGER_SLOW, active=False, text="")
                self._post(ended)

    def _stall_alarm(self, text: str) -> Alarm | None:
        """Return the alarm of a stall that has just begun; None during a stall."""
        was_active = self._recovery.is_active
        self._recovery.observe(self._clock.now_ns(), is_bad=True)
        if was_active:
            return None
        calm = f"clears by itself {self._recovery.calm_ns * S_PER_NS:g} s after it answers"
        return self._alarm(Cause.LEDGER_SLOW, f"{text}; {calm}")

    def fail(self, text: str) -> None:
        """Post the alarm that raises `ledger_failed`."""
        self._post(self._alarm(Cause.LEDGER_FAILED, text))

    def _classified(self, fill: Fill) -> KnownFill:
        """Return a fill marked as booked if it is plausible and of an own order, else as unmatched.

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


def _without(event: Fill | TradesReport, trade_ids: frozenset[str]) -> Fill | TradesReport | None:
    """Return the event without these trades; None if nothing is left of it."""
    if not trade_ids:
        return event
    if isinstance(event, Fill):
        return None
    return replace(event, fills=tuple(f for f in event.fills if f.trade_id not in trade_ids))
