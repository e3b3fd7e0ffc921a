"""Thousands of creates after a kill, at the order rules, at the egress gate and from the engine."""

import itertools
from decimal import Decimal
from random import Random

import pytest

from quoter.domain.commands import Denied, OrderIntent, PlaceOrder, TimeInForce
from quoter.domain.errors import EgressBlocked
from quoter.domain.events import Flatten, Kill, Resume
from quoter.domain.market import Side
from quoter.domain.trading import Cause, TradingState
from quoter.risk.kill_switch import SEVERITY
from quoter.risk.order_rules import check_order
from quoter.venues.egress.gate import Call, EgressGate, Purpose
from tests.unit.engine.cases import EngineHarness, places
from tests.unit.risk.cases import CALM, LIMITS, view

CREATES = 10_000
URL = "http://venue:81/api/v3/order"
KILLS = [cause for cause in Cause if SEVERITY[cause].state is TradingState.KILLED]


def test_intents_after_a_kill_lead_to_no_order() -> None:
    """Of every side, size and kind, with headroom for each of them."""
    random = Random(5)
    killed = view(state=TradingState.KILLED, leaves_buy=Decimal(0), leaves_sell=Decimal(0))
    kinds = [
        OrderIntent(
            client_id=f"q{n}",
            side=side,
            price=Decimal("99.9") if side is Side.BUY else Decimal("100.1"),
            size=Decimal(random.randint(1, 200)) / 100,
            time_in_force=kind,
            book_seq=CALM.book_seq,
        )
        for n, (side, kind) in enumerate(itertools.product(Side, TimeInForce))
    ]
    running = view(leaves_buy=Decimal(0), leaves_sell=Decimal(0))
    assert isinstance(check_order(kinds[0], running, LIMITS), PlaceOrder)
    wanted = itertools.islice(itertools.cycle(kinds), CREATES)
    denied = sum(isinstance(check_order(intent, killed, LIMITS), Denied) for intent in wanted)
    assert denied == CREATES


def test_creates_at_the_egress_gate_after_a_kill_send_no_byte() -> None:
    """Approved and registered before the kill, each checked at the moment of writing."""
    now_ns = 1_700_000_000_000_000_000
    gate = EgressGate(hosts=frozenset({"venue:81"}), age_ns_max=10**9, now_ns=lambda: now_ns)
    order = PlaceOrder(
        client_id="q1",
        side=Side.BUY,
        price=Decimal(100),
        size=Decimal(1),
        decided_ns=now_ns,
    )
    gate.is_open = True
    gate.register(order)
    gate.check_write(URL, Call(Purpose.CREATE, "q1", is_create_request=True))
    assert gate.creates_sent == 1
    gate.is_open = False
    for _ in range(CREATES):
        call = Call(Purpose.CREATE, "q1", is_create_request=True)
        try:
            gate.check_write(URL, call)
        except EgressBlocked:
            continue
        pytest.fail("a create left through a closed gate")
    assert (gate.creates_sent, gate.refused) == (1, CREATES)


@pytest.mark.parametrize("cause", KILLS)
def test_engine_sends_no_create_after_a_kill(cause: Cause) -> None:
    random = Random(f"kill:{cause}")
    harness = EngineHarness().quoting()
    if cause is Cause.OPERATOR_KILL:
        harness.operator(Kill)
    else:
        harness.alarm(cause)
    first = len(harness.steps)
    for _ in range(300):
        harness.book(round(100 + random.uniform(-5, 5), 1))
        harness.wait(0.2, ends=random.random() < 0.1)
        match random.randrange(8):
            case 0:
                harness.operator(Resume)
            case 1:
                harness.operator(Flatten)
            case 2:
                harness.alarm(cause, active=False)
            case 3:
                harness.feed_down()
                harness.feed_up()
            case 4:
                for order in list(harness.engine.orders)[:1]:
                    harness.fill(order, str(order.leaves))
            case _:
                pass
    assert harness.state() is TradingState.KILLED
    assert places(harness.steps[first:]) == []
