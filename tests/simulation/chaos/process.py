"""The daemon as a process that can hang, crash and start again.

Its effects have the order of the real one: fills and intents are recorded before anything is sent.
Only `Disk` survives a crash; commands that were sent before it still arrive.
"""

from collections.abc import Callable
from copy import replace
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial

from quoter.app.opening_reconciliation import OVERLAP_FILLS
from quoter.backtest.receipt import received_at
from quoter.backtest.schedule import Schedule
from quoter.domain.commands import Command, PlaceOrder
from quoter.domain.events import (
    Alarm,
    BestPricesReport,
    BookDelta,
    BookSnapshot,
    Event,
    FeedDown,
    FeedUp,
    Fill,
    Kill,
    OrderReject,
    Pause,
    Resume,
    RulesReport,
    Tick,
    TopOfBook,
)
from quoter.domain.market import Stream
from quoter.domain.reasons import RejectReason
from quoter.domain.step import Step
from quoter.domain.trading import Cause, TradingState
from quoter.domain.units import NS_PER_S
from quoter.engine.config import EngineConfig
from quoter.engine.engine import Engine
from quoter.engine.placing.placing import base36
from quoter.risk.kill_switch import SEVERITY
from quoter.service.clock import Clock
from quoter.service.health.loop_monitor import LoopMonitor
from quoter.service.inbox import Inbox
from quoter.service.shutdown import LATE_CREATE_S
from quoter.state.inventory import Inventory
from quoter.venues.config import StreamTimings
from tests.simulation.chaos.active_faults import ActiveFaults
from tests.simulation.chaos.faulty_gateway import OWN, FaultyGateway
from tests.simulation.chaos.invariants import Invariants
from tests.simulation.chaos.plan import Fault, Plan
from tests.simulation.chaos.true_state import TrueState

START_AGAIN_NS = 2 * NS_PER_S
STALL_S = StreamTimings().stall_s
BOOK_NEWS = BookDelta | BookSnapshot | TopOfBook

type MakeEngine = Callable[[EngineConfig], Engine]


def _run_prefix(start: int) -> str:
    """Client id prefix of the run that a start begins; `start`: its number, from 1."""
    return f"{OWN}{base36(1296 + start)}"


@dataclass(slots=True)
class Disk:
    """What the data folder keeps: opening balances, fills, intents, the kill latch."""

    opening: dict[str, Decimal]
    fills: dict[str, Fill] = field(default_factory=dict)  # by trade id
    intents: dict[str, PlaceOrder] = field(default_factory=dict)
    latch: tuple[Cause, str] | None = None


@dataclass(slots=True)
class ProcessRun:
    """Events and commands of one process, for the replay."""

    config: EngineConfig
    events: list[Event] = field(default_factory=list)
    commands: list[Command] = field(default_factory=list)


class Process:
    """The running daemon; `engine` is None while none runs."""

    def __init__(
        self,
        *,
        plan: Plan,
        schedule: Schedule,
        faults: ActiveFaults,
        truth: TrueState,
        invariants: Invariants,
        make_engine: MakeEngine,
        record: bool,
    ) -> None:
        self._plan, self._schedule, self._faults = plan, schedule, faults
        self._truth, self._invariants = truth, invariants
        self._make_engine, self._record = make_engine, record
        self.gateway: FaultyGateway  # set once by `World`
        self.observers: list[Callable[[Step], None]] = []
        self.disk = Disk(dict(plan.engine.opening))
        self.engine: Engine | None = None
        self.runs: list[ProcessRun] = []
        self.starts = 0
        self.failed_starts = 0
        self.up_ns = 0
        self._crashes_in: int | None = None
        self._is_blocked = False
        self._backlog: list[Event] = []
        self._loop_monitor = self._new_loop_monitor()

    # events

    def post(self, event: Event) -> None:
        """Put an event into the inbox."""
        if self.engine is None:
            return
        if self._is_blocked:
            self._backlog.append(event)
        else:
            self._handle(event)

    def _handle(self, event: Event) -> None:
        engine = self.engine
        if engine is None:
            return
        is_last = self._count_down()
        point = self._faults.random.randrange(3) if is_last else -1
        if point == 0:
            self._crash()
            return
        step = engine.handle(event)
        self._note_receipt(event)
        self._write_down(step)
        commands = step.commands
        if point == 1:
            commands = ()
        elif point == 2:
            commands = commands[: self._faults.random.randint(0, len(commands))]
        for command in step.commands:
            if isinstance(command, PlaceOrder):
                self._invariants.issued(command, engine, self._schedule.now_ns)
        self._send(commands, engine)
        self._invariants.step(engine)
        if isinstance(event, Tick):
            self._invariants.each_order(engine)
            self._invariants.each_book(engine, self._schedule.now_ns)
        for observe in self.observers:
            observe(step)
        if is_last:
            self._crash()

    def _note_receipt(self, event: Event) -> None:
        """Tell the invariants which events the process has received."""
        match event:
            case BookSnapshot() | BookDelta() | TopOfBook():
                self._invariants.received_ns = self._schedule.now_ns
            case BestPricesReport():
                self._invariants.received_ns = max(self._invariants.received_ns, event.asked_ns)
            case FeedUp(stream=Stream.MARKET):
                self._invariants.received_ns = self._schedule.now_ns
            case Kill():
                self._invariants.latched.add(Fault.OPERATOR_KILL)
            case OrderReject(reason=RejectReason.AUTH):
                self._invariants.latched.add(Fault.KEY_REVOKED)
            case Fill() if (event.trade_id, event.size) in self.gateway.contradictions:
                self._invariants.latched.add(Fault.CONFLICT)
            case RulesReport():
                self._invariants.rules = None if event.refusal else event.instrument
            case Pause():
                self._invariants.is_paused = True
            case Resume():
                self._invariants.is_paused = False
                self._truth.resumed()
            case _:
                pass

    def _send(self, commands: tuple[Command, ...], engine: Engine) -> None:
        is_reducing = engine.causes.state is TradingState.REDUCE_ONLY
        for command in commands:
            if isinstance(command, PlaceOrder):
                self._truth.issued(command, is_reducing=is_reducing)
        if commands:
            self.gateway.send(commands)

    def _write_down(self, step: Step) -> None:
        """Record fills, intents and kills before any effect."""
        for booked in step.booked:
            self.disk.fills[booked.fill.trade_id] = booked.fill
            self._truth.booked(booked.fill.trade_id)
        for command in step.commands:
            if isinstance(command, PlaceOrder):
                self.disk.intents[command.client_id] = command
        if step.state is not None and step.state.after is TradingState.KILLED:
            for cause, text in step.state.raised:
                if SEVERITY[cause].state is TradingState.KILLED and self.disk.latch is None:
                    self.disk.latch = cause, text
        if self._record:
            process_run = self.runs[-1]
            process_run.events.append(step.event)
            process_run.commands.extend(step.commands)

    # hangs

    def block(self, seconds: float) -> None:
        """Block the event loop; events that arrive meanwhile are handled afterwards."""
        if self.engine is None or self._is_blocked:
            return
        self._is_blocked = True
        until_ns = self._schedule.now_ns + round(seconds * NS_PER_S)
        self._schedule.at(until_ns, partial(self._unblock, seconds, self.gateway.run))

    def _unblock(self, seconds: float, run: int) -> None:
        if run != self.gateway.run:
            return
        self._is_blocked = False
        backlog, self._backlog = self._backlog, []
        inbox, now_ns = Inbox(), self._schedule.now_ns
        if seconds > STALL_S and self.gateway.is_market_up:
            text = f"nothing was read for {seconds:.1f} s"
            inbox.put(FeedDown(ts_ns=now_ns, stream=Stream.MARKET, text=text))
            inbox.put(FeedUp(ts_ns=now_ns, stream=Stream.MARKET))
            backlog = [event for event in backlog if not isinstance(event, BOOK_NEWS)]
            self.gateway.want_snapshot()
        for event in backlog:
            if not isinstance(event, Tick):
                inbox.put(received_at(event, now_ns))
        while (waiting := inbox.take()) is not None and self.engine is not None:
            self._handle(waiting)
        self._loop_monitor.record_lag(seconds)

    def probe_loop(self) -> None:
        """Run the event-loop probe, once a second."""
        if self.engine is not None and not self._is_blocked:
            self._loop_monitor.record_lag(0.0)

    def _new_loop_monitor(self) -> LoopMonitor:
        clock = Clock(
            wall_ns=lambda: self._schedule.now_ns + self._wall_offset(),
            monotonic_ns=lambda: self._schedule.now_ns,
        )
        return LoopMonitor(clock=clock, post=self.post)

    def _wall_offset(self) -> int:
        return self.gateway.clock_offset_ns if hasattr(self, "gateway") else 0

    # crash and restart

    def crash_soon(self) -> None:
        """Crash at one of the next events: before it, or before or while its commands are sent."""
        if self.engine is not None and self._crashes_in is None:
            self._crashes_in = self._faults.random.randint(1, 20)

    def _count_down(self) -> bool:
        if self._crashes_in is None:
            return False
        self._crashes_in -= 1
        return self._crashes_in <= 0

    def _crash(self) -> None:
        self.engine = None
        self._crashes_in, self._is_blocked = None, False
        self._backlog.clear()
        self.gateway.end_run()
        down_ns = self._faults.between_ns(0.5, 4.0)
        self._schedule.at(self._schedule.now_ns + down_ns, self.start)

    def start(self) -> None:
        """Start as the daemon does: cancel own orders, wait for late creates, fetch trades."""
        if not self._venue_answers():
            self._start_later()
            return
        self.gateway.cancel_own()
        if not self.starts:
            self._open()
            return
        newest_ns = max((intent.decided_ns for intent in self.disk.intents.values()), default=0)
        late_ns = newest_ns + round(LATE_CREATE_S * NS_PER_S)
        self._schedule.at(max(self._schedule.now_ns, late_ns), self._cancel_late_creates)

    def _cancel_late_creates(self) -> None:
        if not self._venue_answers():
            self._start_later()
            return
        self.gateway.cancel_own()
        self._open()

    def _open(self) -> None:
        """Fetch missed trades; if the balances then differ from the venue's, try again later."""
        disk, instrument = self.disk, self._plan.engine.instrument
        newest = sorted(map(int, disk.fills))[-OVERLAP_FILLS:]  # one before them may be missing
        after = newest[0] - 1 if newest else 0
        for fill in self.gateway.trades_after(str(after), with_names=True):
            if fill.client_id.startswith(OWN):
                disk.fills.setdefault(fill.trade_id, fill)
        ledger = Inventory(instrument, disk.opening)
        for fill in disk.fills.values():
            ledger.book(fill)
        if ledger.balances != self.gateway.balances():
            self._start_later()
            return
        self.starts += 1
        config = replace(
            self._plan.engine,
            id_prefix=_run_prefix(self.starts),
            earlier_runs=frozenset(map(_run_prefix, range(1, self.starts))),
            instrument=self.gateway.rules.now,
            opening=dict(ledger.balances),
            known_fills=tuple(disk.fills.values()),
        )
        self._begin(config)

    def _begin(self, config: EngineConfig) -> None:
        now_ns = self._schedule.now_ns
        self.engine = self._make_engine(config)
        self.up_ns = now_ns
        self.gateway.journal = self.disk.intents
        self.gateway.rules.connect()
        self._invariants.rules = self.gateway.rules.now
        self._invariants.restart(now_ns)
        self._loop_monitor = self._new_loop_monitor()
        if self._record:
            self.runs.append(ProcessRun(config))
        if self.disk.latch is not None:
            cause, text = self.disk.latch
            self.post(Alarm(ts_ns=now_ns, cause=cause, active=True, text=text))
        for stream in (Stream.MARKET, Stream.PRIVATE):
            self.post(FeedUp(ts_ns=now_ns, stream=stream))
        self.gateway.is_private_up = True
        self.gateway.market_up()

    def _start_later(self) -> None:
        self.failed_starts += 1
        self._schedule.at(self._schedule.now_ns + START_AGAIN_NS, self.start)

    def _venue_answers(self) -> bool:
        return self.gateway.answers()
