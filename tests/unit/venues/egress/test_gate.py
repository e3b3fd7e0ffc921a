"""The egress gate refuses creates that are unknown, old, repeated, or sent while it is closed."""

import gzip
import tracemalloc
from collections.abc import Awaitable, Callable
from dataclasses import replace
from decimal import Decimal

import aiohttp
import pytest
from aiohttp import web
from multidict import CIMultiDict

from quoter.domain.commands import PlaceOrder
from quoter.domain.errors import EgressBlocked, VenueError
from quoter.domain.instrument import Instrument
from quoter.domain.market import Side
from quoter.domain.units import NS_PER_MS
from quoter.venues.egress.gate import (
    ANSWER_BYTES_MAX,
    RULES_KNOWN_NS,
    WIRE_TIMES_MAX,
    AnswerTooLarge,
    Call,
    EgressGate,
    GatedConnector,
    Purpose,
    SealedGate,
    allow_markets,
    check_session,
    current_call,
    declare_call,
    gated_session,
)
from quoter.venues.profiles import RequiredHeader
from tests.instruments import BTC_USDT

URL = "http://venue:81/api/v3/order"
RULES = replace(
    BTC_USDT,
    tick=Decimal("0.25"),
    lot=Decimal("0.001"),
    size_min=Decimal("0.001"),
    size_max=Decimal(1000),
)


class Clock:
    now_ns = 1_000 * NS_PER_MS

    def __call__(self) -> int:
        return self.now_ns


def order(client_id: str = "q1", *, decided_ns: int = 1_000 * NS_PER_MS) -> PlaceOrder:
    return PlaceOrder(
        client_id=client_id,
        side=Side.BUY,
        price=Decimal("59000.10"),
        size=Decimal("0.001"),
        decided_ns=decided_ns,
    )


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def gate(clock: Clock) -> EgressGate:
    gate = EgressGate(hosts=frozenset({"venue:81"}), age_ns_max=250 * NS_PER_MS, now_ns=clock)
    gate.is_open = True
    return gate


@pytest.fixture
def create() -> Call:
    return Call(Purpose.CREATE, "q1", is_create_request=True)


def test_registered_create_is_sent_once_and_its_time_kept(gate: EgressGate, create: Call) -> None:
    gate.register(order())
    gate.check_write(URL, create)
    assert gate.wire_ns("q1") == 1_000 * NS_PER_MS
    assert create.was_sent
    with pytest.raises(EgressBlocked, match="sent before"):
        gate.check_write(URL, create)
    assert (gate.creates_sent, gate.refused) == (1, 1)


@pytest.mark.parametrize("late_ns", [0, RULES_KNOWN_NS])
@pytest.mark.parametrize(
    "rules", [RULES, replace(RULES, tick=Decimal("0.01"), lot=Decimal("0.002"))]
)
def test_create_off_the_new_grid_is_withdrawn_without_a_breach(
    gate: EgressGate, clock: Clock, create: Call, rules: Instrument, late_ns: int
) -> None:
    """It waits for its connection while the rules change, or comes before the engine knows them."""
    gate.change_rules(rules)
    clock.now_ns += late_ns
    gate.register(order(decided_ns=clock.now_ns))
    with pytest.raises(EgressBlocked, match="former rules"):
        gate.check_write(URL, create)
    assert gate.is_open
    assert not create.was_sent


def test_create_on_the_new_grid_is_sent(gate: EgressGate, create: Call) -> None:
    gate.change_rules(RULES)
    gate.register(replace(order(), price=Decimal("59000.25")))
    gate.check_write(URL, create)
    assert create.was_sent


def test_create_decided_long_after_the_change_is_left_to_the_comparison(
    gate: EgressGate, clock: Clock, create: Call
) -> None:
    """The engine has known the rules for seconds: a difference is a fault of ours again."""
    gate.change_rules(RULES)
    clock.now_ns += RULES_KNOWN_NS + 1
    gate.register(order(decided_ns=clock.now_ns))
    gate.check_create(create)


def test_gate_starts_closed(clock: Clock, create: Call) -> None:
    gate = EgressGate(hosts=frozenset({"venue:81"}), age_ns_max=250 * NS_PER_MS, now_ns=clock)
    gate.register(order())
    with pytest.raises(EgressBlocked, match="closed"):
        gate.check_write(URL, create)
    assert not create.was_sent


def test_closed_gate_passes_cancels_and_reads(gate: EgressGate) -> None:
    gate.is_open = False
    for purpose in (Purpose.CANCEL, Purpose.READ):
        gate.check_write(URL, Call(purpose, "q1"))
    assert gate.requests_sent == 2


def test_unregistered_order_is_not_sent(gate: EgressGate, create: Call) -> None:
    with pytest.raises(EgressBlocked, match="no approved order"):
        gate.check_write(URL, create)
    gate.is_open = True
    gate.register(order())
    gate.forget("q1")
    with pytest.raises(EgressBlocked, match="no approved order"):
        gate.check_write(URL, create)


@pytest.mark.parametrize("what", ["unregistered", "twice"])
def test_unapproved_create_is_a_breach(gate: EgressGate, create: Call, what: str) -> None:
    breaches: list[str] = []
    gate.report_breaches(breaches.append)
    if what == "twice":
        gate.register(order())
        gate.check_write(URL, create)
    with pytest.raises(EgressBlocked):
        gate.check_write(URL, create)
    assert len(breaches) == 1
    assert not gate.is_open


@pytest.mark.parametrize("what", ["shut", "old"])
def test_late_create_is_refused_without_a_breach(
    gate: EgressGate, clock: Clock, create: Call, what: str
) -> None:
    """Kills and busy machines cause such refusals often, so they do not kill."""
    breaches: list[str] = []
    gate.report_breaches(breaches.append)
    gate.register(order())
    gate.is_open = what != "shut"
    clock.now_ns += 251 * NS_PER_MS
    with pytest.raises(EgressBlocked):
        gate.check_write(URL, create)
    assert breaches == []


def test_old_decision_is_not_sent(gate: EgressGate, clock: Clock, create: Call) -> None:
    gate.register(order())
    clock.now_ns += 250 * NS_PER_MS + 1
    with pytest.raises(EgressBlocked, match="decided 250 ms ago"):
        gate.check_write(URL, create)


def test_undeclared_request_is_not_sent(gate: EgressGate) -> None:
    assert current_call() is None
    with pytest.raises(EgressBlocked, match="undeclared"):
        gate.check_write(URL, None)


@pytest.mark.parametrize(
    "url",
    [
        "https://api.binance.com/api/v3/order",
        "http://venue:82/api/v3/order",
        "http://venue/api/v3/order",
        "http://venue:81@api.binance.com/order",
        "/order",
    ],
)
def test_host_outside_the_list_is_never_contacted(gate: EgressGate, url: str) -> None:
    with pytest.raises(EgressBlocked, match="host"):
        gate.check_write(url, Call(Purpose.READ))


HEADER = RequiredHeader(
    host="www.okx.com", name="x-simulated-trading", value="1", exempt=frozenset({"/time"})
)


@pytest.mark.parametrize(
    ("url", "headers", "passes"),
    [
        ("https://www.okx.com/api/v5/trade/order", {"x-simulated-trading": "1"}, True),
        ("https://www.okx.com/api/v5/trade/order", {"X-Simulated-Trading": "1"}, True),
        ("https://www.okx.com/api/v5/trade/order", {}, False),
        ("https://www.okx.com/api/v5/trade/order", {"x-simulated-trading": "0"}, False),
        ("https://www.okx.com/time?x=1", {}, True),
        ("https://www.okx.com/time/order", {}, False),
        ("wss://wspap.okx.com/ws", {}, True),
    ],
)
def test_host_of_both_kinds_of_money_needs_the_header_of_the_demo(
    clock: Clock, url: str, headers: dict[str, str], passes: bool
) -> None:
    """V5: at this host the header alone tells the demo account from real money."""
    hosts = frozenset({"www.okx.com", "wspap.okx.com"})
    gate = EgressGate(hosts=hosts, age_ns_max=1, now_ns=clock, headers=(HEADER,))
    gate.is_open = True
    if passes:
        gate.check_headers(url, CIMultiDict(headers))
    else:
        with pytest.raises(EgressBlocked, match="without the header x-simulated-trading"):
            gate.check_headers(url, CIMultiDict(headers))
    assert gate.is_open is passes


def test_breach_closes_the_gate_before_it_is_reported(gate: EgressGate) -> None:
    breaches: list[tuple[str, bool]] = []
    gate.report_breaches(lambda text: breaches.append((text, gate.is_open)))
    with pytest.raises(EgressBlocked):
        gate.check_write("http://elsewhere:81/order", Call(Purpose.READ))
    ((text, was_open),) = breaches
    assert "elsewhere:81" in text
    assert not was_open
    assert not gate.is_open
    assert gate.refused == 1


def test_breach_before_a_listener_is_reported_when_one_registers(gate: EgressGate) -> None:
    """A breach during the start, before the engine runs, must not be lost."""
    with pytest.raises(EgressBlocked):
        gate.check_host("http://elsewhere:81/order")
    breaches: list[str] = []
    gate.report_breaches(breaches.append)
    gate.report_breaches(breaches.append)
    assert len(breaches) == 1


def test_refusal_is_not_a_breach(gate: EgressGate, create: Call) -> None:
    """Old, undeclared or paused requests are transient: they are refused without a kill."""
    breaches: list[str] = []
    gate.report_breaches(breaches.append)
    with pytest.raises(EgressBlocked):
        gate.check_write(URL, None)
    assert breaches == []
    assert gate.is_open


@pytest.mark.parametrize("scheme", ["http", "ws", "ftp"])
def test_real_venue_requires_tls(clock: Clock, scheme: str) -> None:
    gate = EgressGate(
        hosts=frozenset({"api.binance.com"}),
        age_ns_max=250 * NS_PER_MS,
        now_ns=clock,
        needs_tls=True,
    )
    gate.check_host("https://api.binance.com/api/v3/order")
    gate.check_host("wss://api.binance.com/ws-api/v3")
    with pytest.raises(EgressBlocked, match="TLS"):
        gate.check_host(f"{scheme}://api.binance.com/api/v3/order")


def test_text_about_a_refused_host_is_short_and_has_no_password(gate: EgressGate) -> None:
    with pytest.raises(EgressBlocked) as blocked:
        gate.check_host(f"http://user:hunter2@{'x' * 5_000}/order")
    assert "hunter2" not in str(blocked.value)
    assert len(str(blocked.value)) < 200


def test_create_counts_as_sent_only_with_its_own_request(gate: EgressGate) -> None:
    """At some venues ccxt requests account settings first: those requests are not the order."""
    call = Call(Purpose.CREATE, "q1")
    gate.check_write(URL, call)
    assert not call.was_sent


def test_wire_times_are_bounded(gate: EgressGate) -> None:
    for number in range(WIRE_TIMES_MAX + 10):
        gate.register(order(f"q{number}"))
        gate.check_write(URL, Call(Purpose.CREATE, f"q{number}", is_create_request=True))
    assert gate.wire_ns("q9") is None
    assert gate.wire_ns("q10") is not None


def test_request_admitted_before_a_rate_limit_pause_is_not_sent(clock: Clock) -> None:
    """A request may wait for a connection while another one gets a 429."""
    gate = EgressGate(
        hosts=frozenset({"venue:81"}),
        age_ns_max=250 * NS_PER_MS,
        now_ns=clock,
        pause_reason=lambda purpose: "" if purpose is Purpose.CANCEL else "HTTP 429",
    )
    with pytest.raises(EgressBlocked, match="429"):
        gate.check_write(URL, Call(Purpose.READ))
    gate.check_write(URL, Call(Purpose.CANCEL, "q1"))
    assert (gate.requests_sent, gate.refused) == (1, 1)


async def test_session_with_an_unknown_retry_switch_is_refused(
    gate: EgressGate, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = gated_session(gate)
    check_session(session)
    await session.close()
    monkeypatch.setattr(aiohttp, "ClientSession", Renamed)
    with pytest.raises(VenueError, match="switch"):
        gated_session(gate)


class Renamed:
    """A session without the retry switch that quoter knows."""

    def __init__(self, **_: object) -> None:
        pass


@pytest.mark.parametrize("wrong", ["none", "repeats", "not gated"])
async def test_session_that_may_repeat_or_bypass_the_gate_is_refused(
    gate: EgressGate, wrong: str
) -> None:
    connector = None if wrong == "not gated" else GatedConnector(gate)
    session = aiohttp.ClientSession(connector=connector)
    session._retry_connection = wrong == "repeats"
    with pytest.raises(VenueError, match="session is unsafe"):
        check_session(None if wrong == "none" else session)
    await session.close()


def test_declared_call_ends_with_its_block() -> None:
    with declare_call(Purpose.CANCEL, "q1") as call:
        assert current_call() is call
    assert current_call() is None


def test_create_is_blocked_after_a_hang_until_the_engine_processed_a_tick(
    gate: EgressGate, clock: Clock, create: Call
) -> None:
    """Decisions right after a hang use a book from before it."""
    gate.engine_heartbeat_ns = clock.now_ns
    clock.now_ns += 1_000 * NS_PER_MS + 1
    gate.register(order(decided_ns=clock.now_ns))
    with pytest.raises(EgressBlocked, match="no tick for 1000 ms"):
        gate.check_write(URL, create)
    gate.check_write(URL, Call(Purpose.CANCEL, "q1"))
    gate.engine_heartbeat_ns = clock.now_ns - 1_000 * NS_PER_MS
    gate.check_write(URL, create)
    assert (gate.creates_sent, gate.refused) == (1, 1)


def test_block_reason_is_checked_at_the_write_too(clock: Clock) -> None:
    """A process that was frozen after the first check must not send on old knowledge."""
    latched = [""]
    gate = EgressGate(
        hosts=frozenset({"venue:81"}),
        age_ns_max=250 * NS_PER_MS,
        now_ns=clock,
        block_reason=lambda: latched[0],
    )
    gate.is_open = True
    gate.register(order())
    create = Call(Purpose.CREATE, "q1", is_create_request=True)
    gate.check_create(create)
    latched[0] = "the latch is on the disk"
    with pytest.raises(EgressBlocked, match="latch"):
        gate.check_write(URL, create)
    assert not create.was_sent
    gate.check_write(URL, Call(Purpose.CANCEL, "q1"))


def test_sealed_gate_passes_cancels_and_no_create(clock: Clock) -> None:
    gate = SealedGate(hosts=frozenset({"venue:81"}), age_ns_max=250 * NS_PER_MS, now_ns=clock)
    gate.is_open = True
    gate.register(order())
    with pytest.raises(EgressBlocked, match="creates no order"):
        gate.check_write(URL, Call(Purpose.CREATE, "q1", is_create_request=True))
    gate.check_write(URL, Call(Purpose.CANCEL, "q1"))
    assert (gate.creates_sent, gate.requests_sent) == (0, 1)


def test_order_that_may_grow_inventory_is_not_sent_in_reduce_only(
    gate: EgressGate, create: Call
) -> None:
    """The order was decided and registered before REDUCE_ONLY."""
    breaches: list[str] = []
    gate.report_breaches(breaches.append)
    gate.register(order())
    gate.check_create(create)
    gate.reduces_only = True
    with pytest.raises(EgressBlocked, match="REDUCE_ONLY"):
        gate.check_write(URL, create)
    assert (create.was_sent, breaches, gate.is_open) == (False, [], True)
    gate.register(replace(order("q2"), reduces=True))
    gate.check_write(URL, Call(Purpose.CREATE, "q2", is_create_request=True))
    gate.check_write(URL, Call(Purpose.CANCEL, "q1"))
    gate.reduces_only = False
    gate.check_write(URL, create)
    assert (gate.creates_sent, gate.refused) == (2, 1)


async def served(body: bytes, run: Callable[[str], Awaitable[None]], **headers: str) -> None:
    """Serve a body on loopback while `run` requests it."""

    async def answer(_: web.Request) -> web.Response:
        return web.Response(body=body, headers=headers)

    app = web.Application()
    app.router.add_get("/", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        await run(f"http://127.0.0.1:{runner.addresses[0][1]}/")
    finally:
        await runner.cleanup()


def loopback_gate() -> EgressGate:
    return EgressGate(hosts=frozenset({"127.0.0.1"}), age_ns_max=10**9, now_ns=lambda: 0)


@pytest.mark.parametrize("is_compressed", [False, True])
async def test_answer_above_the_limit_is_not_read_to_its_end(is_compressed: bool) -> None:
    """Compressed, it is small on the wire."""
    body = b" " * (ANSWER_BYTES_MAX + 1)
    sent = gzip.compress(body) if is_compressed else body
    headers = {"Content-Encoding": "gzip"} if is_compressed else {}

    async def run(url: str) -> None:
        async with gated_session(loopback_gate()) as session:
            with declare_call(Purpose.READ), pytest.raises(AnswerTooLarge, match="is larger than"):
                async with session.get(url) as answer:
                    await answer.text()
            with declare_call(Purpose.READ), allow_markets():
                async with session.get(url) as answer:
                    assert len(await answer.text()) == len(body)

    await served(sent, run, **headers)


async def test_refused_answers_stay_in_memory_no_longer_than_they_are_read() -> None:
    """Errors are kept until they are collected; hundreds of MB once stayed with them."""
    kept: list[AnswerTooLarge] = []

    async def run(url: str) -> None:
        async with gated_session(loopback_gate()) as session:
            tracemalloc.start()
            for _ in range(3):
                with declare_call(Purpose.READ), pytest.raises(AnswerTooLarge) as refused:
                    async with session.get(url) as answer:
                        await answer.text()
                kept.append(refused.value)
            held, _ = tracemalloc.get_traced_memory()
            tracemalloc.stop()
            assert held < ANSWER_BYTES_MAX

    await served(b" " * (ANSWER_BYTES_MAX + 1), run)
    assert len(kept) == 3


async def test_answer_at_the_limit_is_read_whole() -> None:
    async def run(url: str) -> None:
        async with gated_session(loopback_gate()) as session:
            with declare_call(Purpose.READ):
                async with session.get(url) as answer:
                    assert len(await answer.read()) == ANSWER_BYTES_MAX
                    assert len(await answer.read()) == ANSWER_BYTES_MAX

    await served(b" " * ANSWER_BYTES_MAX, run)
