"""Who runs what and when: one flat task group from the first quote to the verified end.

Stopping is a state, not a cancellation: SIGTERM makes the engine drain, the venue is asked until it
lists no order of ours, and only then do the tasks end. Whatever fails instead, the gate is shut and
the orders are cancelled before anybody hears of it.
"""

import asyncio
from collections.abc import Callable

import structlog

from quoter.domain.commands import PlaceOrder
from quoter.domain.events import (
    Alarm,
    BookDelta,
    BookSnapshot,
    Event,
    Fill,
    Tick,
    TopOfBook,
    TradesReport,
)
from quoter.domain.step import Step
from quoter.domain.trading import TradingState
from quoter.domain.units import S_PER_NS
from quoter.engine.commands.operator import REARM_REFUSED
from quoter.engine.engine import Engine
from quoter.ledger.ledger import Ledger
from quoter.service.clock import Clock
from quoter.service.data_folder import DataFolder
from quoter.service.exit_codes import ExitCode
from quoter.service.external_stops.external_stops import NO_EXTERNAL_STOPS, ExternalStops
from quoter.service.health.process_health import ProcessHealth
from quoter.service.inbox import Inbox
from quoter.service.killswitch.audit_log import FileAuditLog
from quoter.service.killswitch.controller import KillSwitchController
from quoter.service.killswitch.latch import LatchRecord
from quoter.service.outbox import Outbox
from quoter.service.pending_replies import PendingReplies
from quoter.service.saved_calibration import CalibrationKeeper
from quoter.service.shutdown import Shutdown
from quoter.service.write_ahead import WriteAhead
from quoter.telemetry.latency import Latency
from quoter.telemetry.metrics import Metrics
from quoter.venues.clock import VenueClock
from quoter.venues.ports import MarketFeed, OrderGateway
from quoter.venues.supervised_tasks import Finished, failed, spawn

log = structlog.get_logger()

TICK_S = 0.1
REQUESTS_S = 0.05  # a KILL file is found within 0.1 s
TURNS_AT_ONCE = 64  # then the sockets get their turn

type Observer = Callable[[Step], None]


class Runner:
    """One daemon. `gateway` and `ledger` are None in a dry run: then nothing can be sent."""

    def __init__(
        self,
        *,
        engine: Engine,
        feed: MarketFeed,
        gateway: OrderGateway | None,
        clock: Clock,
        metrics: Metrics,
        folder: DataFolder | None,
        latched: LatchRecord | None = None,
        ledger: Ledger | None = None,
        venue_clock: VenueClock | None = None,
        rss_max_mb: int = 0,
        observers: tuple[Observer, ...] = (),
        guards: ExternalStops = NO_EXTERNAL_STOPS,
    ) -> None:
        """`venue_clock` is kept here while we run; `rss_max_mb` of 0: memory has no bound."""
        self.engine = engine
        self._guards = guards
        self.inbox = Inbox()
        self._feed, self._gateway, self._clock = feed, gateway, clock
        self._metrics = metrics
        self.stops = KillSwitchController(
            gateway=gateway, folder=folder, latched=latched, post=self.inbox.put, clock=clock
        )
        self.watches = ProcessHealth(
            clock=clock,
            metrics=metrics,
            gateway=gateway,
            folder=folder.path if folder is not None else None,
            venue_clock=venue_clock or VenueClock(),
            rss_max_mb=rss_max_mb,
            post=self.stops.post,
            recycle=self._recycle,
        )
        self._observers = observers
        self._show_safety()
        self.asks = PendingReplies(self.stops.post)
        self._keep(ledger, folder)
        self._outbox = Outbox(
            gateway=gateway,
            feed=feed,
            post=self.stops.post,
            clock=clock,
            metrics=metrics,
            may_leave=self._may_leave,
        )
        self._stop = asyncio.Event()
        self._is_recycled = False
        self._last_orders = Shutdown(engine, gateway) if gateway is not None else None
        self._crash: BaseException | None = None

    def _show_safety(self) -> None:
        limits, gauges = self.engine.config.limits, self._metrics.safety
        gauges.limits(loss_max=limits.loss_max, drawdown_max=limits.drawdown_max)
        gauges.follow_latch(self.stops.is_unwritten)
        self._guards.show(gauges)

    def _keep(self, ledger: Ledger | None, folder: DataFolder | None) -> None:
        self.durable: WriteAhead | None = None
        self._calibration: CalibrationKeeper | None = None
        if ledger is not None:
            self.durable = WriteAhead(
                ledger=ledger, engine=self.engine, clock=self._clock, post=self.stops.post
            )
            ledger.on_failure = self.durable.fail
            if folder is not None:
                self._observers += (FileAuditLog(ledger.note, folder.redactor).observe,)
            self._calibration = CalibrationKeeper(
                learned=lambda: self.engine.calibration.learned, write=ledger.keep
            )

    async def _may_leave(self, order: PlaceOrder) -> bool:
        if self.durable is None:
            return True
        asked_ns = self._clock.now_ns()
        may_leave = await self.durable.may_leave(order)
        waited_ns = self._clock.now_ns() - asked_ns
        self._metrics.latency(Latency.LEDGER_COMMIT, waited_ns * S_PER_NS)
        return may_leave

    def stop(self) -> None:
        """Ask for the clean end; safe to call from a signal handler, and more than once."""
        self._stop.set()

    def _recycle(self) -> None:
        """The clean end, with an exit code that asks for a restart."""
        self._is_recycled = True
        self.stop()

    async def run(self) -> ExitCode:
        """Trade until `stop`, or until any task fails; either way leave no order behind."""
        self._begin()
        try:
            with self.watches.hangs:
                async with asyncio.TaskGroup() as tasks:
                    self._spawn(tasks)
        except* Finished:
            pass
        except* Exception as group:  # any failure ends the run the same safe way
            self._crash = group
            self.watches.end()
            # As the errors put it themselves: a text within texts escapes what redaction looks for.
            error = "; ".join(map(str, group.exceptions))
            log.critical("crashed", tasks=failed(group), error=error, exc_info=group)
            if self._last_orders is not None:
                await self._last_orders.emergency()
        finally:
            self.watches.end()
            await self.stops.settle()
            await self.close()
        return self._exit_code()

    def _spawn(self, tasks: asyncio.TaskGroup) -> None:
        """Every task there is: none of them may end before the run does."""
        spawn(tasks, "feed", self._feed.run(self.stops.post))
        spawn(tasks, "engine", self._drain_inbox())
        spawn(tasks, "tick", self._tick())
        spawn(tasks, "requests", self._requests())
        if self.stops.has_disk:
            spawn(tasks, "latch", self.stops.run())
        self._guards.spawn(tasks, self.engine, look_first=self.stops.look)
        spawn(tasks, "end", self._end())
        self.watches.spawn(tasks)
        if self._calibration is not None:
            spawn(tasks, "calibration", self._calibration.run())
        if self._gateway is not None:
            spawn(tasks, "private", self._gateway.run(self.stops.post))
            self._outbox.spawn(tasks)

    def _begin(self) -> None:
        """A latch found on disk is the first thing the engine hears."""
        self.watches.begin()
        self._guards.begin(self.engine, self.stops.post)
        if (record := self.stops.latched) is not None:
            self.stops.post(
                Alarm(ts_ns=self._clock.now_ns(), cause=record.cause, active=True, text=record.text)
            )

    async def _drain_inbox(self) -> None:
        while True:
            await self.inbox.wait()
            turns = 0
            while (event := self.inbox.take()) is not None:
                if self.durable is not None and isinstance(event, Fill | TradesReport):
                    alarm = await self.durable.before(event)
                    if alarm is not None:
                        self._turn(alarm)
                if refusal := self.stops.refusal(event):
                    notes = ((REARM_REFUSED, refusal),)
                    self.asks.answered(Step(self.engine.seq, event, anomalies=notes))
                else:
                    self._turn(event)
                turns += 1
                if turns % TURNS_AT_ONCE == 0:
                    await asyncio.sleep(0)

    def _turn(self, event: Event) -> None:
        step = self.engine.handle(event)
        if isinstance(event, Tick):
            self.watches.heard_clock(event.ts_ns)
        self._outbox.submit(step.commands)
        if self.durable is not None:
            self.durable.after(step)
        if step.state is not None:
            self.stops.changed(step.state)
            if step.state.after is TradingState.KILLED:
                self._outbox.drop_creates()
        self.watches.cause_times.observe(step)
        self.stops.answered(step)
        self.asks.answered(step)
        if step.quote is not None and isinstance(event, BookDelta | TopOfBook | BookSnapshot):
            age_ns = self._clock.now_ns() - event.ts_ns
            self._metrics.latency(Latency.BOOK_TO_DECISION, age_ns * S_PER_NS)
        for observe in self._observers:
            observe(step)

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            self._metrics.inbox(len(self.inbox))
            self.stops.post(Tick(ts_ns=self._clock.now_ns()))

    async def _requests(self) -> None:
        while True:
            self.stops.look()
            if self.durable is not None:
                self.durable.look()
            if self._gateway is not None:
                self._metrics.process.budget(self._gateway.rate_limit_used())
            await asyncio.sleep(REQUESTS_S)

    async def _end(self) -> None:
        """Wait for the wish to stop, drain, verify, and leave the task group."""
        await self._stop.wait()
        self.stops.end("process", "stopping")
        if self._last_orders is not None:
            await self._last_orders.drain()
            if self._last_orders.is_verified:
                await self._guards.end(self.engine)
        if self._calibration is not None:
            await self._calibration.keep()
        raise Finished

    async def close(self) -> None:
        """Let go of the venue; for a daemon that never ran too."""
        if self._gateway is not None:
            await self._gateway.close()

    def _exit_code(self) -> ExitCode:
        if self._last_orders is not None and not self._last_orders.is_verified:
            return ExitCode.ORDERS_LEFT
        if self._crash is not None:
            return ExitCode.CRASHED
        if self.engine.causes.state is TradingState.KILLED:
            return ExitCode.KILLED
        if self._gateway is not None and not self.engine.is_quiet:
            return ExitCode.UNSETTLED
        if self._is_recycled:
            return ExitCode.RECYCLED
        return ExitCode.CLEAN
