"""Kills, pauses, resumes and re-arms in any order, with the queue between people and engine.

The real stops, the real engine, a model that knows nothing but the table of causes.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from quoter.domain.commands import PlaceOrder, TimeInForce
from quoter.domain.events import Alarm, Event
from quoter.domain.reasons import OperatorAction
from quoter.domain.step import Step
from quoter.domain.trading import Cause, TradingState
from quoter.risk.kill_switch import SEVERITY
from quoter.service.clock import Clock
from quoter.service.stops import Stops
from tests.unit.engine.cases import Desk, config
from tests.unit.service.test_outbox import Gateway

KILLS = [cause for cause in Cause if SEVERITY[cause].state is TradingState.KILLED]
# What only the shell can see; the others follow from what the engine hears.
ALARMS = [*KILLS, Cause.CLOCK, Cause.LOOP_LAG, Cause.SENTINEL_LOST, Cause.DEAD_MAN]
WISHES = [
    OperatorAction.PAUSE,
    OperatorAction.RESUME,
    OperatorAction.REDUCE,
    OperatorAction.FLATTEN,
]


@dataclass
class Door(Gateway):
    is_gate_open: bool = field(default=False)

    def shut(self) -> None:
        self.is_gate_open = False

    def open_gate(self) -> None:
        self.is_gate_open = True


class StopsMachine(RuleBasedStateMachine):
    """People post, the engine hears in order, and the venue answers when it likes."""

    def __init__(self) -> None:
        super().__init__()
        self.queue: list[Event] = []
        self.door = Door()
        self.desk = Desk(config())
        start_ns = self.desk.now_ns
        clock = Clock(wall_ns=lambda: start_ns, monotonic_ns=lambda: self.desk.now_ns - start_ns)
        self.stops = Stops(
            gateway=self.door, folder=None, latched=None, post=self.queue.append, clock=clock
        )
        self.ids = ["never a kill id"]  # everyone that anybody can have seen
        self.unheard_kills = 0
        self.kills: set[Cause] = set()

    @initialize()
    def begin(self) -> None:
        first = len(self.desk.steps)
        self.desk.quoting()
        for step in self.desk.steps[first:]:
            self._follow(step)

    # people

    @rule()
    def kill(self) -> None:
        self.stops.kill("test", "enough")
        self.unheard_kills += 1

    @rule(action=st.sampled_from(WISHES))
    def wish(self, action: OperatorAction) -> None:
        self.stops.operate(action, "test", "")

    @rule(back=st.integers(1, 3))
    def rearm(self, back: int) -> None:
        event = self.stops.rearming(self.ids[-min(back, len(self.ids))], "test", "")
        if event is not None:
            self.queue.append(event)

    @rule()
    def rearm_past_the_stops(self) -> None:
        """Nobody does; a re-arm that names no kill must be worth nothing all the same."""
        self.stops.operate(OperatorAction.REARM, "test", "")

    # the shell

    @rule(cause=st.sampled_from(ALARMS), active=st.booleans())
    def alarm(self, cause: Cause, active: bool) -> None:
        self.queue.append(
            Alarm(ts_ns=self.desk.now_ns, cause=cause, active=active, text=f"{cause} seen")
        )

    # the engine and the venue

    @rule(count=st.integers(1, 3))
    def hear(self, count: int) -> None:
        for event in self.queue[:count]:
            del self.queue[0]
            self._tell(event)

    @rule()
    def pass_time(self) -> None:
        first = len(self.desk.steps)
        self.desk.wait(0.2)
        self.desk.book()
        for step in self.desk.steps[first:]:
            self._follow(step)

    @rule(share=st.sampled_from(["nothing", "some", "all"]))
    def answer(self, share: str) -> None:
        """Creates arrive, and of the orders that were to end some do, some fill at last."""
        first = len(self.desk.steps)
        self.desk.rest()
        for number, order in enumerate(list(self.desk.engine.orders)):
            if share == "all" or (share == "some" and number % 2):
                if order.cancel_reason is not None:
                    self.desk.done(order, str(order.filled))
                elif order.leaves >= order.size:
                    self.desk.fill(order, str(order.leaves / 2))
        if share == "all":
            self.desk.look_again()
        for step in self.desk.steps[first:]:
            self._follow(step)

    def _tell(self, event: Event) -> None:
        engine = self.desk.engine
        was_killed = engine.causes.state is TradingState.KILLED
        is_rearm = getattr(event, "action", None) is OperatorAction.REARM
        is_kill = getattr(event, "action", None) is OperatorAction.KILL
        was_quiet, seen = engine.is_quiet, self.stops.latched
        meant = getattr(event, "text", "").partition(":")[0]
        if not self.stops.refusal(event):
            step = self.desk.tell(event)
            if was_killed and step.state and step.state.after is not TradingState.KILLED:
                assert is_rearm, f"{event} lifted a kill"
                assert was_quiet, "a kill was lifted with orders that may live"
                assert seen is not None
                assert meant == seen.kill_id, "another kill was meant"
            self._follow(step)
        self.unheard_kills -= is_kill

    def _follow(self, step: Step) -> None:
        """What the runner does with a step, and what must be true of it."""
        placed = [c for c in step.commands if isinstance(c, PlaceOrder)]
        state = self.desk.engine.causes.state
        if placed:
            assert state < TradingState.PAUSED
        if step.state is None:
            return
        before = self.kills
        for cause, _ in step.state.raised:
            if SEVERITY[cause].state is TradingState.KILLED:
                self.kills = self.kills | {cause}
        self.kills = self.kills - set(step.state.cleared)
        gone = before - self.kills
        assert not gone or not self.kills, "a re-arm lifts every kill or none"
        self.stops.changed(step.state)
        if self.stops.latched is not None:
            self.ids.append(self.stops.latched.kill_id)

    @invariant()
    def the_worst_active_cause_rules(self) -> None:
        switch = self.desk.engine.causes.switch
        worst = max((SEVERITY[c].state for c in switch.causes), default=TradingState.RUNNING)
        assert switch.state is worst
        assert {c for c in switch.causes if SEVERITY[c].state is TradingState.KILLED} == self.kills

    @invariant()
    def the_gate_is_open_only_while_nothing_speaks_against_it(self) -> None:
        state = self.desk.engine.causes.state
        is_allowed = state < TradingState.PAUSED and not self.unheard_kills
        assert self.door.is_gate_open is is_allowed

    @invariant()
    def killed_is_latched(self) -> None:
        is_killed = self.desk.engine.causes.state is TradingState.KILLED
        assert (self.stops.latched is not None) is is_killed


StopsMachine.TestCase.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
test_no_path_leads_out_of_killed_but_a_re_arm_that_means_it = StopsMachine.TestCase


class ReduceMachine(RuleBasedStateMachine):
    """Only reducing, or flattening, whatever the venue and the market do."""

    def __init__(self) -> None:
        super().__init__()
        self.desk = Desk(config()).quoting()
        self.mid = 100.0
        self.issued = 0

    @rule(
        action=st.sampled_from(
            [OperatorAction.REDUCE, OperatorAction.FLATTEN, OperatorAction.RESUME]
        )
    )
    def operate(self, action: OperatorAction) -> None:
        self._check(lambda: self.desk.operator(action))

    @rule(ticks=st.integers(-20, 20))
    def move(self, ticks: int) -> None:
        self.mid = max(90.0, min(110.0, self.mid + ticks / 10))
        self._check(lambda: self.desk.book(round(self.mid, 1)))

    @rule(tenths=st.integers(1, 30))
    def pass_time(self, tenths: int) -> None:
        for _ in range(tenths):
            self._check(self.desk.feed_alive)
            self._check(self.desk.tick)

    @rule(pick=st.integers(0, 7), share=st.sampled_from(["0.01", "0.5", "1"]))
    def fill(self, pick: int, share: str) -> None:
        """Any order that may live fills, a cancelled one and one without an answer too."""
        orders = [order for order in self.desk.engine.orders if order.leaves]
        if orders:
            order = orders[pick % len(orders)]
            size = min(order.leaves, max(order.size, order.leaves) * Decimal(share))
            self._check(lambda: self.desk.fill(order, str(size)))

    @rule(pick=st.integers(0, 7), how=st.sampled_from(["done", "unknown", "reject", "rest"]))
    def answer(self, pick: int, how: str) -> None:
        orders = list(self.desk.engine.orders)
        if not orders:
            return
        order = orders[pick % len(orders)]
        match how:
            case "done":
                self._check(lambda: self.desk.done(order, str(order.filled)))
            case "unknown" if not order.venue_id:
                self._check(lambda: self.desk.unknown(order))
            case "reject" if not order.venue_id and not order.filled:
                self._check(lambda: self.desk.reject(order))
            case _:
                self._check(self.desk.rest)

    def _check(self, act: Callable[[], object]) -> None:
        first = len(self.desk.steps)
        act()
        engine = self.desk.engine
        for step in self.desk.steps[first:]:
            for order in (c for c in step.commands if isinstance(c, PlaceOrder)):
                is_reducing = engine.causes.state is TradingState.REDUCE_ONLY
                assert order.reduces is is_reducing, "the last inch goes by it"
                if is_reducing:
                    self.issued += 1
                    net = engine.inventory.net
                    assert order.side.sign * net < 0, f"{order} grows {net}"
                    assert engine.orders.leaves(order.side) <= abs(net), f"{order} may flip {net}"
                else:
                    assert order.time_in_force is TimeInForce.POST_ONLY


ReduceMachine.TestCase.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
test_reduce_only_never_grows_and_never_flips = ReduceMachine.TestCase
