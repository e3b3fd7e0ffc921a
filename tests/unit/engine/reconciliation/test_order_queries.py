"""Queries about orders without an answer, on their own."""

from itertools import pairwise

from quoter.domain.commands import QueryOrder
from quoter.domain.orders import OrderState
from quoter.domain.units import NS_PER_S
from quoter.engine.reconciliation.order_queries import ANSWER_TIMEOUT_NS
from tests.unit.engine.cases import EngineHarness, commands, state
from tests.unit.state.cases import BUY


def test_pauses_between_queries_double_up_to_eight_seconds() -> None:
    harness = EngineHarness().start()
    order = harness.wanted(BUY)
    harness.sent(order)
    harness.unknown(order)
    times_s: list[float] = []
    start_ns = harness.now_ns
    for _ in range(400):
        queries = [c for c in commands(harness.wait(0.1)) if isinstance(c, QueryOrder)]
        times_s += [(harness.now_ns - start_ns) / NS_PER_S for _ in queries]
    pauses_s = [round(after - before, 1) for before, after in pairwise(times_s)]
    assert pauses_s[:5] == [0.5, 1.0, 2.0, 4.0, 8.0]
    assert set(pauses_s[5:]) <= {8.0}


def test_create_without_an_answer_becomes_unknown_after_the_timeout() -> None:
    harness = EngineHarness().start()
    order = harness.wanted(BUY)
    harness.sent(order)
    harness.wait(ANSWER_TIMEOUT_NS / NS_PER_S - 0.2)
    assert state(order) is OrderState.PENDING_NEW
    harness.wait(0.4)
    assert state(order) is OrderState.UNKNOWN
