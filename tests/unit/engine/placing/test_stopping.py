"""Orders that were to end have ended, or a cause says that this is not proven."""

import pytest

from quoter.domain.commands import CancelAll
from quoter.domain.events import Kill, OperatorCommand, Pause
from quoter.domain.orders import OrderState
from quoter.domain.trading import Cause, TradingState
from quoter.domain.units import NS_PER_S
from tests.unit.engine.cases import EngineHarness, cancel_alls, cancels
from tests.unit.state.cases import BUY, SELL


def test_kill_cancels_all_orders_in_the_same_step() -> None:
    harness = EngineHarness().quoting()
    step = harness.operator(Kill)
    assert len(cancels(step)) == 2
    assert isinstance(step.commands[-1], CancelAll)


def test_the_cancels_of_a_kill_are_repeated_faster_than_those_of_a_requote() -> None:
    harness = EngineHarness().quoting()
    start_ns = harness.now_ns
    first = harness.operator(Kill)
    sent = [first, *harness.wait(6.0)]
    times_s = [
        round((step.event.ts_ns - start_ns) / NS_PER_S, 1)
        for step in sent
        for cancel in cancels(step)
        if cancel.client_id == harness.orders(BUY)[0].client_id
    ]
    assert times_s[:5] == [0.0, 0.3, 0.8, 1.8, 3.8]  # 0.25, 0.5, 1, 2 s, on ticks of 100 ms


def test_kill_repeats_cancel_all_every_five_seconds() -> None:
    harness = EngineHarness().quoting()
    harness.operator(Kill)
    harness.end()
    assert 11 <= len(cancel_alls(harness.wait(60.0))) <= 12


@pytest.mark.parametrize("command", [Kill, Pause])
def test_order_possibly_live_ten_seconds_after_its_cancel_raises_a_cause(
    command: type[OperatorCommand],
) -> None:
    harness = EngineHarness().quoting()
    harness.operator(command)
    buy, sell = harness.orders(BUY)[0], harness.orders(SELL)[0]
    harness.wait(10.0)
    assert Cause.CANCEL_UNVERIFIED not in harness.causes
    harness.wait(0.2)
    assert buy.client_id in harness.engine.causes.switch.causes[Cause.CANCEL_UNVERIFIED]
    harness.done(buy)
    harness.wait(0.2)
    assert Cause.CANCEL_UNVERIFIED in harness.causes
    harness.done(sell)
    harness.wait(0.2)
    assert Cause.CANCEL_UNVERIFIED not in harness.causes


def test_a_cancel_of_a_requote_without_effect_pauses() -> None:
    harness = EngineHarness().quoting()
    old = harness.wanted(BUY)
    harness.book(mid=99.0)
    assert old.cancel_reason is not None
    harness.wait(10.3)
    assert harness.state() is TradingState.PAUSED
    assert harness.causes == {Cause.CANCEL_UNVERIFIED}


def test_an_order_without_an_answer_is_no_unverified_cancel_until_a_kill() -> None:
    """Pausing for it would turn every lost create into a stop; when killed it counts."""
    harness = EngineHarness().start()
    order = harness.wanted(BUY)
    harness.sent(order)
    harness.unknown(order)
    harness.wait(11.0)
    assert order.state is OrderState.UNKNOWN
    assert Cause.CANCEL_UNVERIFIED not in harness.causes
    harness.operator(Kill)
    harness.wait(0.2)
    assert Cause.CANCEL_UNVERIFIED in harness.causes
