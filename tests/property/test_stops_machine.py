"""Kills, pauses, resumes and re-arms in any order, with a queue before the engine.

Real kill switch, engine, egress gate and files. The model knows only the table of causes and which
kill ids could be seen before the newest kill.
"""

import asyncio
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from quoter.app.startup import latched
from quoter.domain.commands import PlaceOrder, TimeInForce
from quoter.domain.events import (
    Alarm,
    Event,
    Flatten,
    Kill,
    OperatorCommand,
    Pause,
    Rearm,
    Reduce,
    Resume,
)
from quoter.domain.step import Step
from quoter.domain.trading import Cause, TradingState
from quoter.risk.kill_switch import SEVERITY
from quoter.service.clock import Clock
from quoter.service.data_folder import KILL_REQUEST, REARM_REQUEST, DataFolder
from quoter.service.killswitch.latch import Latch
from quoter.service.operator_commands.file_commands import SIGNAL_AFTER_NS
from quoter.venues.config import NowNs
from quoter.venues.egress.gate import EgressGate
from quoter.venues.egress.wire_mismatch import wire_mismatch_alarm
from quoter.venues.ports import Emit
from tests.unit.engine.cases import EngineHarness, config
from tests.unit.service.stops_rig import StopsRig
from tests.unit.service.test_outbox import Gateway

KILLS = [cause for cause in Cause if SEVERITY[cause].state is TradingState.KILLED]
# Causes that only the service can detect; the others follow from events.
ALARMS = [*KILLS, Cause.CLOCK, Cause.LOOP_LAG, Cause.SENTINEL_LOST, Cause.DEAD_MAN]
OPERATOR_COMMANDS = [
    Pause,
    Resume,
    Reduce,
    Flatten,
]


class ObservedGateway(Gateway):
    """The real egress gate; its findings take the way of a gateway's events."""

    def __init__(self, emit: Emit, now_ns: NowNs) -> None:
        super().__init__()
        self.gate = EgressGate(hosts=frozenset(), age_ns_max=0, now_ns=now_ns)
        self.gate.report_breaches(wire_mismatch_alarm(emit, now_ns))

    def close_gate(self) -> None:
        self.gate.is_open = False

    def open_gate(self) -> None:
        self.gate.is_open = True


class StopsMachine(RuleBasedStateMachine):
    """People post commands, the engine handles them in order, venue and disk answer at any time."""

    def __init__(self) -> None:
        super().__init__()
        self._temporary = TemporaryDirectory()
        self.folder = Path(self._temporary.name)
        self.loop = asyncio.new_event_loop()
        self.harness = EngineHarness(config())
        self.ids = ["never a kill id"]  # every id that anybody can have seen
        self.stale: set[str] = set()  # ids older than the newest kill
        self.signal_until_ns = 0  # until then a signal may be that of a KILL file
        self.is_filed = False  # a KILL file was left and its kill is not ended
        self.is_new_file = False  # nor found so far
        self.kills: set[Cause] = set()

    @initialize()
    def begin(self) -> None:
        """Start as daemon and runner do."""
        self.harness = EngineHarness(config())
        start_ns = self.harness.now_ns
        clock = Clock(wall_ns=lambda: start_ns, monotonic_ns=lambda: self.harness.now_ns - start_ns)
        folder = DataFolder(self.folder)
        record = latched(folder, clock)
        self.gateway = ObservedGateway(self._emit, clock.now_ns)
        self.stops = StopsRig(
            gateway=self.gateway,
            folder=folder,
            latched=record,
            clock=clock,
            state=self.state,
        )
        self.kills = set()
        if record is not None:
            now_ns, stale = self.harness.now_ns, self.stale
            self.stops.post(Alarm(ts_ns=now_ns, cause=record.cause, active=True, text=record.text))
            self.handle(1)
            self.stale = stale  # it is the kill of before
        first = len(self.harness.steps)
        self.harness.quoting()
        for step in self.harness.steps[first:]:
            self._follow(step)

    def state(self) -> TradingState:
        return self.harness.engine.causes.state

    @property
    def queue(self) -> list[Event]:
        return self.stops.queue

    def _emit(self, event: Event) -> None:
        self.stops.post(event)

    def _let_go(self) -> None:
        assert self.stops.controller._writer is not None
        self.stops.controller._writer._thread.shutdown()

    def teardown(self) -> None:
        self._let_go()
        self.loop.close()
        self._temporary.cleanup()

    # people

    @rule()
    def kill(self) -> None:
        self._another_kill()
        self.stops.kill("test", "enough")

    @rule()
    def signal(self) -> None:
        """SIGUSR1: beside a KILL file it is that kill, otherwise a kill of its own."""
        if not self._obey(is_signal=True):
            is_alone = self.harness.now_ns > self.signal_until_ns or self.stops.latched is None
            if is_alone:
                self._another_kill()
            self.signal_until_ns = 0
        self.stops.files.kill_by_signal()

    @rule(is_signalled=st.booleans())
    def leave_a_kill_file(self, is_signalled: bool) -> None:
        """As `quoter kill` does; no signal reaches a daemon in another container."""
        part = self.folder / "KILL.part"
        part.write_text("enough")
        part.replace(self.folder / KILL_REQUEST)
        self.is_filed = self.is_new_file = True
        if is_signalled:
            self.signal()

    @rule(command=st.sampled_from(OPERATOR_COMMANDS))
    def send_command(self, command: type[OperatorCommand]) -> None:
        self.stops.send(command)

    @rule(back=st.integers(1, 3))
    def rearm(self, back: int) -> None:
        self.stops.rearm(self.ids[-min(back, len(self.ids))])

    @rule(back=st.integers(1, 3))
    def leave_a_rearm_file(self, back: int) -> None:
        (self.folder / REARM_REQUEST).write_text(self.ids[-min(back, len(self.ids))])

    @rule()
    def rearm_past_the_stops(self) -> None:
        """Re-arm without a kill id, past the kill switch: it must have no effect."""
        self.stops.post(self.stops.rearming(""))

    def _another_kill(self) -> None:
        """From now on, ids seen before must end no kill."""
        self.stale = self.stale | set(self.ids)

    def _obey(self, *, is_signal: bool) -> bool:
        """Whether a new KILL file is about to be found."""
        if not self.is_new_file:
            return False
        self._another_kill()
        self.is_new_file = False
        if not is_signal:
            self.signal_until_ns = self.harness.now_ns + SIGNAL_AFTER_NS
        return True

    # the service

    @rule(cause=st.sampled_from(ALARMS), active=st.booleans())
    def alarm(self, cause: Cause, active: bool) -> None:
        self.stops.post(
            Alarm(ts_ns=self.harness.now_ns, cause=cause, active=active, text=f"{cause} seen")
        )

    @rule()
    def breach(self) -> None:
        self.gateway.gate.breach("somewhere else")

    @rule()
    def look(self) -> None:
        self._obey(is_signal=False)
        self.stops.files.check()

    @rule()
    def let_the_disk_work(self) -> None:
        async def work() -> None:
            writing = asyncio.create_task(self.stops.controller.run())
            await asyncio.sleep(0)
            assert self.stops.controller._writer is not None
            await self.stops.controller._writer._idle.wait()
            writing.cancel()

        self.loop.run_until_complete(work())

    @rule()
    def die_and_start_again(self) -> None:
        """SIGKILL: everything not on the disk is lost, and a re-arm has to be requested again."""
        record = Latch(self.folder).read()
        if record is not None:  # also a kill on top of it that was still on its way to the disk
            self.stale.discard(record.kill_id)
        if (self.folder / KILL_REQUEST).exists():
            self._another_kill()
        self.is_new_file, self.signal_until_ns = False, 0
        self._let_go()
        self.begin()
        if record is not None or self.is_filed:
            assert self.state() is TradingState.KILLED

    # the engine and the venue

    @rule(count=st.integers(1, 3))
    def handle(self, count: int) -> None:
        for _ in range(min(count, len(self.queue))):
            event = self.stops.inbox.take()
            assert event is not None
            self._give(event)

    @rule()
    def pass_time(self) -> None:
        first = len(self.harness.steps)
        self.harness.wait(0.2)
        self.harness.book()
        for step in self.harness.steps[first:]:
            self._follow(step)

    @rule(share=st.sampled_from(["nothing", "some", "all"]))
    def answer(self, share: str) -> None:
        """Creates arrive; some orders that were to end do so, some after a fill."""
        first = len(self.harness.steps)
        self.harness.rest()
        for number, order in enumerate(list(self.harness.engine.orders)):
            if share == "all" or (share == "some" and number % 2):
                if order.cancel_reason is not None:
                    self.harness.done(order, str(order.filled))
                elif order.leaves >= order.size:
                    self.harness.fill(order, str(order.leaves / 2))
        if share == "all":
            self.harness.look_again()
        for step in self.harness.steps[first:]:
            self._follow(step)

    # rare sequences, in one piece

    @rule()
    def calm_down(self) -> None:
        """Handle every event, end every order, and repeat the requests that waited for that."""
        self.handle(len(self.queue))
        self.answer("all")
        self.answer("all")
        self.pass_time()
        self.pass_time()
        self.answer("all")
        self.look()
        self.handle(len(self.queue))

    @rule(back=st.integers(1, 3), is_by_file=st.booleans(), is_handled=st.booleans())
    def ask_when_calm(self, back: int, is_by_file: bool, is_handled: bool) -> None:
        self.calm_down()
        if is_by_file:
            self.leave_a_rearm_file(back)
            self.look()
        else:
            self.rearm(back)
        if is_handled:
            self.handle(len(self.queue))

    def _give(self, event: Event) -> None:
        engine = self.harness.engine
        was_killed = engine.causes.state is TradingState.KILLED
        was_quiet, seen = engine.has_no_orders, self.stops.latched
        refused = self.stops.controller.refusal(event)
        if refused is not None:
            self.stops.replies.resolve(event, refused)
            return
        step = self.harness.give(event)
        if was_killed and step.state and step.state.after is not TradingState.KILLED:
            assert isinstance(event, Rearm), f"{event} lifted a kill"
            assert was_quiet, "a kill was lifted with orders that may live"
            assert seen is not None
            assert event.kill_id == seen.kill_id, "another kill was meant"
            assert event.kill_id not in self.stale, "a newer kill was lifted too"
            assert not any(map(_is_kill, self.queue)), "a kill that waits was overtaken"
            self.is_filed = self.is_new_file
        self._follow(step)
        if step.outcome is not None:
            self.stops.replies.resolve(event, step.outcome)

    def _follow(self, step: Step) -> None:
        """Do what the runner does with a step, and check what must hold."""
        placed = [c for c in step.commands if isinstance(c, PlaceOrder)]
        state = self.harness.engine.causes.state
        if placed:
            assert state < TradingState.PAUSED
        if step.state is None:
            return
        before = self.kills
        for cause, _ in step.state.raised:
            if SEVERITY[cause].state is TradingState.KILLED:
                self.kills = self.kills | {cause}
                # an operator's kill is checked when it is requested
                if cause is not Cause.OPERATOR_KILL:
                    self._another_kill()
        self.kills = self.kills - set(step.state.cleared)
        gone = before - self.kills
        assert not gone or not self.kills, "a re-arm lifts every kill or none"
        self.stops.state_changed(step.state)

    @invariant()
    def the_worst_active_cause_rules(self) -> None:
        switch = self.harness.engine.causes.switch
        worst = max((SEVERITY[c].state for c in switch.causes), default=TradingState.RUNNING)
        assert switch.state is worst
        assert {c for c in switch.causes if SEVERITY[c].state is TradingState.KILLED} == self.kills

    @invariant()
    def the_gate_is_open_only_while_nothing_speaks_against_it(self) -> None:
        is_stopped = self.state() >= TradingState.PAUSED or any(map(_is_kill, self.queue))
        is_latched = self.stops.latched is not None or Latch(self.folder).is_set()
        assert not self.gateway.gate.is_open or not (is_stopped or is_latched)
        writer = self.stops.controller._writer
        is_settled = writer is not None and writer._idle.is_set()
        assert self.gateway.gate.is_open or is_stopped or is_latched or not is_settled

    @invariant()
    def killed_is_latched(self) -> None:
        is_killed = self.state() is TradingState.KILLED
        assert (self.stops.latched is not None) is (is_killed or any(map(_is_asked, self.queue)))

    @invariant()
    def a_kill_by_file_outlives_the_process(self) -> None:
        is_there = (self.folder / KILL_REQUEST).exists() or Latch(self.folder).is_set()
        assert is_there or not self.is_filed

    @invariant()
    def everybody_sees_the_id(self) -> None:
        kill_id = self.stops.kill_id()
        if kill_id is not None and kill_id != self.ids[-1]:
            self.ids.append(kill_id)


def _is_asked(event: Event) -> bool:
    """An operator's kill is latched before the engine handles it."""
    return isinstance(event, Kill)


def _is_kill(event: Event) -> bool:
    if isinstance(event, Alarm):
        return event.active and SEVERITY[event.cause].state is TradingState.KILLED
    return _is_asked(event)


StopsMachine.TestCase.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)
test_no_path_leads_out_of_killed_but_a_re_arm_that_means_it = StopsMachine.TestCase


class ReduceMachine(RuleBasedStateMachine):
    """Reduce-only or flattening, with any behaviour of venue and market."""

    def __init__(self) -> None:
        super().__init__()
        self.harness = EngineHarness(config()).quoting()
        self.mid = 100.0
        self.issued = 0

    @rule(command=st.sampled_from([Reduce, Flatten, Resume]))
    def operate(self, command: type[OperatorCommand]) -> None:
        self._check(lambda: self.harness.operator(command))

    @rule(ticks=st.integers(-20, 20))
    def move(self, ticks: int) -> None:
        self.mid = max(90.0, min(110.0, self.mid + ticks / 10))
        self._check(lambda: self.harness.book(round(self.mid, 1)))

    @rule(tenths=st.integers(1, 30))
    def pass_time(self, tenths: int) -> None:
        for _ in range(tenths):
            self._check(self.harness.depth_update)
            self._check(self.harness.tick)

    @rule(pick=st.integers(0, 7), share=st.sampled_from(["0.01", "0.5", "1"]))
    def fill(self, pick: int, share: str) -> None:
        """Fill any order that may be live, also a cancelled one or one without an answer."""
        orders = [order for order in self.harness.engine.orders if order.leaves]
        if orders:
            order = orders[pick % len(orders)]
            size = min(order.leaves, max(order.size, order.leaves) * Decimal(share))
            self._check(lambda: self.harness.fill(order, str(size)))

    @rule(pick=st.integers(0, 7), how=st.sampled_from(["done", "unknown", "reject", "rest"]))
    def answer(self, pick: int, how: str) -> None:
        orders = list(self.harness.engine.orders)
        if not orders:
            return
        order = orders[pick % len(orders)]
        match how:
            case "done":
                self._check(lambda: self.harness.done(order, str(order.filled)))
            case "unknown" if not order.venue_id:
                self._check(lambda: self.harness.unknown(order))
            case "reject" if not order.venue_id and not order.filled:
                self._check(lambda: self.harness.reject(order))
            case _:
                self._check(self.harness.rest)

    def _check(self, act: Callable[[], object]) -> None:
        first = len(self.harness.steps)
        act()
        engine = self.harness.engine
        for step in self.harness.steps[first:]:
            for order in (c for c in step.commands if isinstance(c, PlaceOrder)):
                is_reducing = engine.causes.state is TradingState.REDUCE_ONLY
                assert order.reduces is is_reducing, "the egress gate relies on it"
                if is_reducing:
                    self.issued += 1
                    net = engine.inventory.net
                    assert order.side.sign * net < 0, f"{order} grows {net}"
                    assert engine.orders.leaves(order.side) <= abs(net), f"{order} may flip {net}"
                else:
                    assert order.time_in_force is TimeInForce.POST_ONLY


ReduceMachine.TestCase.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
test_reduce_only_never_grows_and_never_flips = ReduceMachine.TestCase
