"""The engine against a venue that reports late, twice, wrongly or never (rules OL-01 to OL-10).

The state machine counts only because it detects policies that are known to be bad.
"""

from collections.abc import Callable
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from quoter.domain.commands import CancelOrder, RequestReport
from quoter.domain.events import CancelReject, Fill, OperatorCommand, Reduce, Resume
from quoter.domain.market import Side
from quoter.domain.orders import OrderState
from quoter.domain.reasons import CancelRejectReason, RejectReason
from quoter.domain.trading import Cause, TradingState
from quoter.engine.limits.headroom import Headroom
from quoter.engine.orders.lifecycle import Lifecycle
from quoter.engine.reconciliation.reconcile import Reconcile
from quoter.engine.step_builder import StepBuilder
from quoter.risk import order_rules
from quoter.state import order_table
from quoter.state.open_orders import OpenOrder
from quoter.state.order_table import OrderUpdate
from tests.property.true_venue import LIMIT, Breach, TrueOrder, World

STEPS = 50
SETTLE_S = 60.0
# A uniform choice among old objects hides errors with new ones: most choices are the newest.
NEWEST_FIRST = st.sampled_from([0, 0, 0, 0, 1, 2, 5, 11])
# Causes that no behaviour of a venue may lead to.
FALSE_ALARMS = {
    Cause.INVENTORY_BREACH,
    Cause.INVARIANT_BROKEN,
    Cause.ORDER_REAPPEARED,
    Cause.LEDGER_CONFLICT,
}
# A refused key ends the run; its own test is in tests/unit/engine.
REFUSALS = [reason for reason in RejectReason if reason is not RejectReason.AUTH]


def pick[T](things: list[T], back: int) -> T:
    """The newest object, or the one so many before it."""
    return things.pop(max(0, len(things) - 1 - back))


class VenueMachine(RuleBasedStateMachine):
    """Every rule is a behaviour that real venues, networks or markets have shown."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        self.is_broken = False

    @initialize()
    def start(self) -> None:
        self.world.harness.start()
        self.world.collect()

    # creates

    @precondition(lambda self: self.world.creates)
    @rule(back=NEWEST_FIRST)
    def create_is_taken(self, back: int) -> None:
        self._take(back, is_handled=True)

    @precondition(lambda self: self.world.creates)
    @rule(back=NEWEST_FIRST)
    def create_is_taken_and_its_answer_lost(self, back: int) -> None:
        self._take(back, is_handled=False)

    def _take(self, back: int, *, is_handled: bool) -> None:
        world = self.world
        create = pick(world.creates, back)
        if not world.accept(create):
            world.news.append(world.reject(create, RejectReason.OTHER))
        elif is_handled:
            world.news.append(world.ack(create))
        else:
            world.give(world.timeout(create))

    @precondition(lambda self: self.world.creates)
    @rule(back=NEWEST_FIRST, is_lost=st.booleans())
    def create_times_out_before_it_arrives(self, back: int, is_lost: bool) -> None:
        create = pick(self.world.creates, back)
        if not is_lost:
            self.world.timed_out_creates.append(create)
        self.world.give(self.world.timeout(create))

    @precondition(lambda self: self.world.timed_out_creates)
    @rule(back=NEWEST_FIRST)
    def ghost_arrives_after_all(self, back: int) -> None:
        self.world.accept(pick(self.world.timed_out_creates, back))

    @precondition(lambda self: self.world.creates)
    @rule(back=NEWEST_FIRST, reason=st.sampled_from(REFUSALS))
    def create_is_refused(self, back: int, reason: RejectReason) -> None:
        create = pick(self.world.creates, back)
        self.world.give(self.world.reject(create, reason))

    # fills

    def _alive(self) -> list[TrueOrder]:
        return [order for order in self.world.orders.values() if order.is_alive]

    @precondition(lambda self: self._alive())
    @rule(
        back=NEWEST_FIRST,
        share=st.sampled_from([1, 1, 2, 4]),
        report_when=st.sampled_from(["now", "late", "never"]),
        names_client=st.booleans(),
    )
    def order_fills(self, back: int, share: int, report_when: str, names_client: bool) -> None:
        order = pick(self._alive(), back)
        size = min(order.leaves, order.placed.size / share)
        news = self.world.trade(order, size, names_client=names_client)
        if report_when == "now":
            self.world.give(news)
        elif report_when == "late":
            self.world.news.append(news)
            if not order.is_alive:
                self.world.news.append(self.world.done(order))

    @precondition(lambda self: self.world.trades)
    @rule(back=NEWEST_FIRST)
    def fill_is_reported_again(self, back: int) -> None:
        self.world.give(pick(list(self.world.trades), back))

    # updates and answers

    @precondition(lambda self: self.world.news)
    @rule(back=NEWEST_FIRST)
    def news_arrives(self, back: int) -> None:
        self.world.give(pick(self.world.news, back))

    @precondition(lambda self: any(isinstance(news, Fill) for news in self.world.news))
    @rule()
    def private_stream_loses_its_fills(self) -> None:
        self.world.news = [news for news in self.world.news if not isinstance(news, Fill)]

    @precondition(lambda self: self.world.requests)
    @rule(back=NEWEST_FIRST, forgets=st.booleans(), is_prompt=st.booleans())
    def request_is_answered(self, back: int, forgets: bool, is_prompt: bool) -> None:
        answer = self.world.answer(pick(self.world.requests, back), forgets=forgets)
        if answer is not None and is_prompt:
            self.world.give(answer)
        elif answer is not None:
            self.world.news.append(answer)

    @precondition(lambda self: self.world.requests)
    @rule(is_done=st.booleans())
    def every_request_times_out(self, is_done: bool) -> None:
        requests, self.world.requests = self.world.requests, []
        for request in requests:
            if isinstance(request, CancelOrder):
                if is_done:
                    self.world.answer(request)
                self.world.give(self.world.no_answer(request))

    @precondition(lambda self: self.world.requests)
    @rule()
    def every_list_is_answered(self) -> None:
        lists = [r for r in self.world.requests if isinstance(r, RequestReport)]
        self.world.requests = [r for r in self.world.requests if not isinstance(r, RequestReport)]
        for request in lists:
            answer = self.world.answer(request)
            assert answer is not None
            self.world.give(answer)

    # market, people and time

    @rule(mid=st.sampled_from([98.0, 99.3, 100.0, 100.2, 101.0]))
    def market_moves(self, mid: float) -> None:
        self.world.book(mid)

    @rule(command=st.sampled_from([Reduce, Resume]))
    def operator_acts(self, command: type[OperatorCommand]) -> None:
        self.world.harness.operator(command)
        self.world.collect()

    @rule(seconds=st.sampled_from([0.25, 0.25, 1.0, 2.5, 8.0]))
    def time_passes(self, seconds: float) -> None:
        self.world.advance(seconds)

    @invariant()
    def truth_stays_within_belief_and_belief_within_the_limit(self) -> None:
        try:
            self.world.check()
        except Breach:
            self.is_broken = True
            raise

    def teardown(self) -> None:
        """Once faults end, books equal the truth, nothing is unresolved, and quoting resumes."""
        if self.is_broken or not self.world.harness.steps:
            return
        self.world.harness.operator(Resume)
        self.world.book(100.0)
        self.world.settle(SETTLE_S)
        engine = self.world.harness.engine
        assert self.world.harness.causes & FALSE_ALARMS == set()
        assert engine.causes.state is TradingState.RUNNING, engine.causes.switch.causes
        assert engine.inventory.balances == self.world.balances()
        alive = {order.placed.client_id for order in self._alive()}
        alive |= {create.client_id for create in self.world.creates}  # of the last instant
        assert alive == {order.client_id for order in engine.orders}
        wanted = {order.side for order in engine.orders if order.is_wanted}
        held = engine.inventory.net
        assert wanted >= {side for side in Side if side.sign * held < LIMIT}


def run(examples: int) -> None:
    run_state_machine_as_test(
        VenueMachine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=STEPS,
            deadline=None,
            derandomize=True,
            database=None,
            phases=(Phase.generate,),
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_no_venue_behaviour_breaks_the_inventory_limit_or_leaves_an_order_unresolved() -> None:
    run(150)


type Patch = Callable[[pytest.MonkeyPatch], None]


def position_only(patch: pytest.MonkeyPatch) -> None:
    """The limit uses the booked inventory, not what could still fill."""

    def room(self: Headroom, side: Side, _: TradingState, __: Decimal) -> Decimal:
        return LIMIT - side.sign * self._inventory.net

    patch.setattr(Headroom, "_base_headroom", room)
    patch.setattr(
        order_rules, "RULES", tuple(r for r in order_rules.RULES if r[0] != "worst_case_exposure")
    )


def resting_only(patch: pytest.MonkeyPatch) -> None:
    """Only acknowledged orders count as exposure."""

    def room(self: Headroom, side: Side, _: TradingState, __: Decimal) -> Decimal:
        resting = [o.leaves for o in self._orders.of_side(side) if o.venue_id]
        return LIMIT - side.sign * self._inventory.net - sum(resting, start=Decimal(0))

    patch.setattr(Headroom, "_base_headroom", room)
    patch.setattr(
        order_rules, "RULES", tuple(r for r in order_rules.RULES if r[0] != "worst_case_exposure")
    )


def drop_on_timeout(patch: pytest.MonkeyPatch) -> None:
    """A create without an answer counts as no order."""
    for state in (OrderState.RESERVED, OrderState.PENDING_NEW, OrderState.PENDING_CANCEL):
        patch.setitem(order_table.TABLE, (state, OrderUpdate.NO_ANSWER), OrderState.CANCELED)


def drop_on_notfound(patch: pytest.MonkeyPatch) -> None:
    """An order that the venue does not find counts as gone."""

    def not_found(self: Reconcile, order: OpenOrder, step: StepBuilder) -> None:
        self._lifecycle.release(order, step)

    patch.setattr(Reconcile, "on_order_not_found", not_found)


def drop_on_cancel_reject(patch: pytest.MonkeyPatch) -> None:
    """An order whose cancel finds no order is closed."""

    def cancel_failed(
        self: Lifecycle, order: OpenOrder, event: CancelReject, step: StepBuilder
    ) -> None:
        if event.reason is CancelRejectReason.NOT_FOUND:
            self.release(order, step)

    patch.setattr(Lifecycle, "_on_cancel_reject", cancel_failed)


@pytest.mark.parametrize(
    "policy",
    [position_only, resting_only, drop_on_timeout, drop_on_notfound, drop_on_cancel_reject],
)
def test_state_machine_detects_known_bad_policies(
    policy: Patch, monkeypatch: pytest.MonkeyPatch
) -> None:
    policy(monkeypatch)
    with pytest.raises(Breach):
        run(1_000)
