"""Who runs what and when: one flat task group from the first quote to the verified end.

Stopping is a state, not a cancellation: SIGTERM makes the engine drain, the venue is asked until it
lists no order of ours, and only then do the tasks end. Whatever fails instead, the gate is shut and
the orders are cancelled before anybody hears of it.
"""

import asyncio
from collections.abc import Callable

import structlog

from quoter.domain.errors import VenueError
from quoter.domain.events import Alarm, BookDelta, BookSnapshot, Event, Operator, Tick, TopOfBook
from quoter.domain.market import Calibrated
from quoter.domain.reasons import OperatorAction
from quoter.domain.step import Step
from quoter.domain.trading import Phase, TradingState
from quoter.engine.engine import Engine
from quoter.risk.kill_switch import SEVERITY
from quoter.service.calibration_file import CalibrationFile
from quoter.service.clock import Clock, LoopProbe
from quoter.service.data_folder import KILL_REQUEST, REARM_REQUEST, DataFolder
from quoter.service.exit_codes import ExitCode
from quoter.service.inbox import Inbox
from quoter.service.latch import Latch, LatchRecord
from quoter.service.outbox import Outbox
from quoter.service.watchdog import Watchdog
from quoter.telemetry.metrics import Latency, Metrics
from quoter.venues.ports import MarketFeed, OrderGateway

log = structlog.get_logger()

TICK_S = 0.1
REQUESTS_S = 0.2
TURNS_AT_ONCE = 64  # then the sockets get their turn
DRAIN_S_MAX = 20.0  # below the container's grace period
DRAIN_POLL_S = 0.1
VERIFY_PAUSE_S_MAX = 1.0  # a venue in trouble is not asked ten times a second
EMERGENCY_S_MAX = 10.0
LATE_CREATE_S = 3.0  # a create's receive window and a margin: nothing appears after that

type Observer = Callable[[Step], None]


class _Finished(Exception):
    pass


class Runner:
    """One daemon. `gateway` is None in a dry run: then nothing can be sent."""

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
        calibration: CalibrationFile | None = None,
        observers: tuple[Observer, ...] = (),
    ) -> None:
        self.engine = engine
        self.inbox = Inbox()
        self._watchdog = Watchdog(clock=clock, post=self.inbox.put)
        self.probe = LoopProbe(self._on_lag)
        self._feed = feed
        self._gateway = gateway
        self._clock = clock
        self._metrics = metrics
        self._folder = folder
        self._latch = Latch(folder.path) if folder is not None else None
        self._latched = latched
        self._calibration = calibration
        self._observers = observers
        self._outbox = Outbox(
            gateway=gateway, feed=feed, post=self.inbox.put, clock=clock, metrics=metrics
        )
        self._stop = asyncio.Event()
        self._verified = gateway is None
        self._crash: BaseException | None = None

    def stop(self) -> None:
        """Ask for the clean end; safe to call from a signal handler, and more than once."""
        self._stop.set()

    def kill(self, actor: str, text: str) -> None:
        """Shut the gate this instant, then let the engine hear of it."""
        if self._gateway is not None:
            self._gateway.shut()
        self._operate(OperatorAction.KILL, actor, text)

    def kill_by_signal(self) -> None:
        """SIGUSR1: `quoter kill` leaves its reason in the request file."""
        reason = self._folder.take_request(KILL_REQUEST) if self._folder is not None else None
        self.kill("signal", reason or "SIGUSR1")

    def _operate(self, action: OperatorAction, actor: str, text: str) -> None:
        now_ns = self._clock.now_ns()
        self.inbox.put(Operator(ts_ns=now_ns, action=action, actor=actor, text=text))

    async def run(self) -> ExitCode:
        """Trade until `stop`, or until any task fails; either way leave no order behind."""
        self._begin()
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._feed.run(self.inbox.put), name="feed")
                tasks.create_task(self._drain_inbox(), name="engine")
                tasks.create_task(self._tick(), name="tick")
                tasks.create_task(self.probe.run(), name="probe")
                tasks.create_task(self._requests(), name="requests")
                tasks.create_task(self._end(), name="end")
                if self._calibration is not None:
                    tasks.create_task(self._calibration.keep(self._learned), name="calibration")
                if self._gateway is not None:
                    tasks.create_task(self._gateway.run(self.inbox.put), name="private")
                    self._outbox.spawn(tasks)
        except* _Finished:
            pass
        except* Exception as group:  # any failure ends the run the same safe way
            self._crash = group
            log.critical("crashed", error=repr(group.exceptions), exc_info=group)
            await self._emergency()
        finally:
            await self.close()
        return self._exit_code()

    def _begin(self) -> None:
        """A latch found on disk is the first thing the engine hears; else the gate opens."""
        if self._latched is not None:
            record = self._latched
            self.inbox.put(
                Alarm(ts_ns=self._clock.now_ns(), cause=record.cause, active=True, text=record.text)
            )
        elif self._gateway is not None:
            self._gateway.open_gate()

    async def _drain_inbox(self) -> None:
        while True:
            await self.inbox.wait()
            turns = 0
            while (event := self.inbox.take()) is not None:
                self._turn(event)
                turns += 1
                if turns % TURNS_AT_ONCE == 0:
                    await asyncio.sleep(0)

    def _turn(self, event: Event) -> None:
        step = self.engine.handle(event)
        self._outbox.submit(step.commands)
        if step.state is not None:
            self._on_state(step)
        if step.quote is not None and isinstance(event, BookDelta | TopOfBook | BookSnapshot):
            age_ns = self._clock.now_ns() - event.ts_ns
            self._metrics.latency(Latency.BOOK_TO_DECISION, age_ns * 1e-9)
        for observe in self._observers:
            observe(step)

    def _on_state(self, step: Step) -> None:
        change = step.state
        if change is None or self._gateway is None:
            return
        if change.after is TradingState.KILLED and change.before is not TradingState.KILLED:
            self._gateway.shut()
            self._outbox.drop_creates()
            if self._latch is not None and self._latched is None:
                cause, text = next(
                    (cause, text)
                    for cause, text in change.raised
                    if SEVERITY[cause].state is TradingState.KILLED
                )
                self._latched = self._latch.write(cause, text, step.event.ts_ns)
        elif change.before is TradingState.KILLED and change.after is not TradingState.KILLED:
            if self._latch is not None:
                self._latch.clear()
            self._latched = None
            self._gateway.open_gate()

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            self._metrics.inbox(len(self.inbox))
            self.inbox.put(Tick(ts_ns=self._clock.now_ns()))

    def _on_lag(self, seconds: float) -> None:
        self._metrics.latency(Latency.LOOP_LAG, seconds)
        self._watchdog.lag(seconds)

    async def _requests(self) -> None:
        """Kill and re-arm by file: they need no token, no network and no HTTP server."""
        folder = self._folder
        while folder is not None:
            text = folder.take_request(KILL_REQUEST)
            if text is not None:
                self.kill("file", text or "KILL file")
            kill_id = folder.take_request(REARM_REQUEST)
            if kill_id is not None:
                self._rearm(kill_id)
            await asyncio.sleep(REQUESTS_S)

    def _rearm(self, kill_id: str) -> None:
        latched = self._latched
        if latched is None or kill_id != latched.kill_id:
            log.warning("rearm_refused", given=kill_id)
            return
        self._operate(OperatorAction.REARM, "file", kill_id)

    async def _end(self) -> None:
        """Wait for the wish to stop, drain, verify, and leave the task group."""
        await self._stop.wait()
        self._operate(OperatorAction.DRAIN, "process", "stopping")
        if self._gateway is not None:
            self._gateway.shut()
            try:
                async with asyncio.timeout(DRAIN_S_MAX):
                    await self._drained(self._gateway)
            except TimeoutError:
                log.error("drain_timed_out", orders=len(self.engine.orders))
        if self._calibration is not None:
            await asyncio.to_thread(self._calibration.write, self._learned())
        raise _Finished

    def _learned(self) -> Calibrated | None:
        return self.engine.calibration.learned

    async def _drained(self, gateway: OrderGateway) -> None:
        """Return once our books say that nothing is left, and after that the venue too."""
        loop = asyncio.get_running_loop()
        was_quiet, due_s, pause_s = False, 0.0, DRAIN_POLL_S
        while not (was_quiet and self._verified):
            await asyncio.sleep(DRAIN_POLL_S)
            if self.engine.phase is not Phase.DRAINING:
                continue
            if self.engine.is_quiet is not was_quiet:
                was_quiet, due_s, pause_s = self.engine.is_quiet, 0.0, DRAIN_POLL_S
                self._verified = False
            if loop.time() >= due_s:
                await self._verify(gateway)
                due_s, pause_s = loop.time() + pause_s, min(2 * pause_s, VERIFY_PAUSE_S_MAX)

    async def _verify(self, gateway: OrderGateway) -> None:
        """Cancel what the venue lists as ours; verified if it lists nothing any more."""
        self._verified = False
        try:
            self._verified = await gateway.cancel_all() == 0
        except VenueError as error:
            log.warning("verify_failed", error=str(error))

    async def _emergency(self) -> None:
        """Something of ours broke: no create leaves any more, and own orders are cancelled.

        A create that was under way may reach the venue after our first look.
        """
        if self._gateway is None:
            return
        self._gateway.shut()
        loop = asyncio.get_running_loop()
        last_create_s = loop.time() + LATE_CREATE_S
        try:
            async with asyncio.timeout(EMERGENCY_S_MAX):
                while not self._verified or loop.time() < last_create_s:
                    await self._verify(self._gateway)
                    await asyncio.sleep(DRAIN_POLL_S)
        except TimeoutError:
            log.critical("emergency_cancel_failed")

    async def close(self) -> None:
        """Let go of the venue; for a daemon that never ran too."""
        if self._gateway is not None:
            await self._gateway.close()

    def _exit_code(self) -> ExitCode:
        if not self._verified:
            return ExitCode.ORDERS_LEFT
        if self._crash is not None:
            return ExitCode.CRASHED
        if self.engine.causes.state is TradingState.KILLED:
            return ExitCode.KILLED
        if self._gateway is not None and not self.engine.is_quiet:
            return ExitCode.UNSETTLED
        return ExitCode.CLEAN
