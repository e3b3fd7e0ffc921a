"""Run one daemon: all of its tasks in one task group, from the first quote to the verified end.

Stopping is a state, not a cancellation: SIGTERM makes the engine drain, the venue is queried until
it lists no own order, and only then do the tasks end. If a task fails instead, the gate is closed
and our orders are cancelled before the process ends.
"""

import asyncio
from dataclasses import dataclass

import structlog

from quoter.domain.events import (
    Alarm,
    BookDelta,
    BookSnapshot,
    Drain,
    Event,
    Fill,
    Tick,
    TopOfBook,
    TradesReport,
)
from quoter.domain.step import TrialResult
from quoter.domain.trading import TradingState
from quoter.domain.units import S_PER_NS
from quoter.engine.engine import Engine
from quoter.recording.recorder import Recorder
from quoter.service.announcements import Announcements
from quoter.service.clock import Clock
from quoter.service.exit_codes import ExitCode
from quoter.service.external_stops.external_stops import ExternalStops
from quoter.service.health.process_health import ProcessHealth
from quoter.service.inbox import Inbox
from quoter.service.killswitch.controller import KillSwitchController
from quoter.service.operator_commands.audit import CommandAudit
from quoter.service.operator_commands.entrance import OperatorCommands
from quoter.service.operator_commands.file_commands import FileCommands
from quoter.service.outbox import Outbox
from quoter.service.pending_replies import PendingReplies
from quoter.service.saved_calibration import CalibrationSaver
from quoter.service.shutdown import Shutdown, StopRequest
from quoter.service.write_ahead import WriteAhead
from quoter.telemetry.latency import Latency
from quoter.telemetry.metrics import Metrics
from quoter.venues.ports import MarketFeed, OrderGateway
from quoter.venues.supervised_tasks import Finished, failed_task_names, spawn

log = structlog.get_logger()

TICK_S = 0.1
REQUESTS_S = 0.05  # a KILL file is found within 0.1 s
EVENTS_PER_YIELD = 64  # then the other tasks, sockets among them, get the event loop


@dataclass(frozen=True, slots=True, kw_only=True)
class RunnerComponents:
    """The parts of one daemon, built by `quoter/app/composition.py`.

    In a dry run `gateway`, `shutdown`, `write_ahead` and `calibration` are None: nothing is sent.
    `recorder` is None if the run is not recorded.
    """

    engine: Engine
    feed: MarketFeed
    gateway: OrderGateway | None
    clock: Clock
    metrics: Metrics
    inbox: Inbox
    outbox: Outbox
    kill_switch: KillSwitchController
    process_health: ProcessHealth
    pending_replies: PendingReplies
    commands: OperatorCommands
    file_commands: FileCommands
    audit: CommandAudit
    external_stops: ExternalStops
    stop_request: StopRequest
    shutdown: Shutdown | None
    write_ahead: WriteAhead | None
    calibration: CalibrationSaver | None
    announcements: Announcements
    recorder: Recorder | None


class Runner:
    """Runs the components of one daemon and returns the exit code."""

    def __init__(self, components: RunnerComponents) -> None:
        self.engine = components.engine
        self.inbox = components.inbox
        self.kill_switch = components.kill_switch
        self.process_health = components.process_health
        self.pending_replies = components.pending_replies
        self.commands = components.commands
        self.file_commands = components.file_commands
        self.audit = components.audit
        self.write_ahead = components.write_ahead
        self._feed, self._gateway = components.feed, components.gateway
        self._clock, self._metrics = components.clock, components.metrics
        self._outbox = components.outbox
        self._external_stops = components.external_stops
        self._stop_request = components.stop_request
        self._shutdown = components.shutdown
        self._calibration = components.calibration
        self._recorder = components.recorder
        self.announcements = components.announcements
        self.kill_switch.when_settled(self.announcements.release)
        self._crash: BaseException | None = None

    def stop(self) -> None:
        """Request the clean end; may be called from a signal handler, and more than once."""
        self._stop_request.stop()

    @property
    def trial_failure(self) -> str:
        """Reason why the trial order failed; empty if it did not."""
        return self._stop_request.trial_failure

    async def run(self) -> ExitCode:
        """Trade until `stop` is called or a task fails; in both cases cancel all own orders.

        Returns the exit code.
        """
        self._begin()
        try:
            with self.process_health.hang_detector:
                async with asyncio.TaskGroup() as tasks:
                    self._spawn(tasks)
        except* Finished:
            pass
        except* Exception as group:  # any failure ends the run the same safe way
            self._crash = group
            self.process_health.end()
            # The errors' own texts: redaction does not find a secret in a text that repr() escaped.
            error = "; ".join(map(str, group.exceptions))
            log.critical("crashed", tasks=failed_task_names(group), error=error, exc_info=group)
            if self._shutdown is not None:
                await self._shutdown.emergency()
        finally:
            self.process_health.end()
            await self.kill_switch.settle()
            self.announcements.release()
            await self.close()
            if self._recorder is not None:
                await self._recorder.close(self._clock.now_ns())
        return self._exit_code()

    def _spawn(self, tasks: asyncio.TaskGroup) -> None:
        """Start every task of the daemon; a task that ends before the run does is a failure."""
        spawn(tasks, "feed", self._feed.run(self.inbox.put))
        spawn(tasks, "engine", self._drain_inbox())
        spawn(tasks, "tick", self._tick())
        spawn(tasks, "requests", self._poll_requests())
        if self.kill_switch.has_disk:
            spawn(tasks, "latch", self.kill_switch.run())
        self._external_stops.spawn(
            tasks,
            self.engine,
            state=lambda: self.announcements.state,
            before_each=self.file_commands.check,
        )
        spawn(tasks, "end", self._end_when_requested())
        self.process_health.spawn(tasks)
        if self._calibration is not None:
            spawn(tasks, "calibration", self._calibration.run())
        if self._recorder is not None:
            spawn(tasks, "recording", self._recorder.run())
        if self._gateway is not None:
            spawn(tasks, "private", self._gateway.run(self.inbox.put))
            self._outbox.spawn(tasks)

    def _begin(self) -> None:
        """Begin the health checks; queue the alarms of external stops and of a latch on disk."""
        self.process_health.begin()
        self._external_stops.begin(self.engine, self.inbox.put)
        if (record := self.kill_switch.latched) is not None:
            self.inbox.put(
                Alarm(ts_ns=self._clock.now_ns(), cause=record.cause, active=True, text=record.text)
            )

    async def _drain_inbox(self) -> None:
        while True:
            await self.inbox.wait()
            handled = 0
            while (event := self.inbox.take()) is not None:
                if self.write_ahead is not None and isinstance(event, Fill | TradesReport):
                    ahead = await self.write_ahead.before(event)
                    if ahead.alarm is not None:
                        self._handle(ahead.alarm)
                    if ahead.event is None:
                        continue
                    event = ahead.event
                if (refused := self.kill_switch.refusal(event)) is not None:
                    self.pending_replies.resolve(event, refused)
                else:
                    self._handle(event)
                handled += 1
                if handled % EVENTS_PER_YIELD == 0:
                    await asyncio.sleep(0)

    def _handle(self, event: Event) -> None:
        """Let the engine handle one event and pass on its step.

        The order: commands, ledger, gate and latch, replies, then observers. It never awaits: no
        create can leave between a kill and the closed gate. An event is recorded before the engine
        handles it, so that a recording ends with the event that an engine failed on.
        """
        if self._recorder is None:
            step = self.engine.handle(event)
        else:
            self._recorder.event(event)
            step = self.engine.handle(event)
            self._recorder.decision(step)
        if isinstance(event, Tick):
            self.process_health.tick_handled(event.ts_ns)
        self._outbox.submit(step.commands)
        if self.write_ahead is not None:
            self.write_ahead.after(step)
        if step.state is not None:
            self.kill_switch.state_changed(step.state)
            if step.state.after is TradingState.KILLED:
                self._outbox.drop_creates()
        self.process_health.cause_times.observe(step)
        if step.outcome is not None:
            self.pending_replies.resolve(event, step.outcome)
        if step.trial is not None:
            self._trial_ended(step.trial)
        if step.quote is not None and isinstance(event, BookDelta | TopOfBook | BookSnapshot):
            age_ns = self._clock.now_ns() - event.ts_ns
            self._metrics.observe_latency(Latency.BOOK_TO_DECISION, age_ns * S_PER_NS)
        self.announcements.add(step)

    def _trial_ended(self, result: TrialResult) -> None:
        """End the run if the trial order failed, or if the run is only for the trial."""
        if not result.is_passed:
            self._stop_request.trial_failed(result.text)
        elif not self.engine.trial.is_quoting_allowed:
            self.stop()

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            self._metrics.set_inbox_events(len(self.inbox))
            self.inbox.put(Tick(ts_ns=self._clock.now_ns()))

    async def _poll_requests(self) -> None:
        """Carry out request files, check that the ledger still writes, update metrics."""
        while True:
            self.file_commands.check()
            if self.write_ahead is not None:
                self.write_ahead.check()
            self._metrics.process.count_rejected(self._feed.rejected())
            if (recorder := self._recorder) is not None:
                self._metrics.process.set_recording(
                    is_on=not recorder.failure, dropped=recorder.dropped
                )
            if self._gateway is not None:
                self._metrics.process.set_message_budget(self._gateway.rate_limit_used())
            await asyncio.sleep(REQUESTS_S)

    async def _end_when_requested(self) -> None:
        """Wait for the stop request, drain, verify, and end the task group by raising Finished."""
        await self._stop_request.wait()
        self.kill_switch.block_for_shutdown()
        now_ns = self._clock.now_ns()
        self.inbox.put(Drain(ts_ns=now_ns, actor="process", reason="stopping"))
        if self._shutdown is not None:
            await self._shutdown.drain()
            if self._shutdown.is_verified:
                await self._external_stops.end(self.engine)
        if self._calibration is not None:
            await self._calibration.save()
        raise Finished

    async def close(self) -> None:
        """Close the connections to the venue; also for a daemon that never ran."""
        if self._gateway is not None:
            await self._gateway.close()

    def _exit_code(self) -> ExitCode:
        if self._shutdown is not None and not self._shutdown.is_verified:
            return ExitCode.ORDERS_LEFT
        if self._crash is not None:
            return ExitCode.CRASHED
        if self.engine.causes.state is TradingState.KILLED:
            return ExitCode.KILLED
        if self._gateway is not None and not self.engine.has_no_orders:
            return ExitCode.UNSETTLED
        if self._stop_request.trial_failure:
            return ExitCode.TRIAL_FAILED
        if self._stop_request.is_restart_wanted:
            return ExitCode.RESTART_WANTED
        return ExitCode.CLEAN
