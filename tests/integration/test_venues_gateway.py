"""Orders and the private stream through unmodified ccxt against the sandbox."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from decimal import Decimal
from random import Random

import pytest

from quoter.domain.commands import CancelOrder, PlaceOrder, QueryOrder, RequestReport
from quoter.domain.errors import KeyRefused, MarketsUnread, MarketUnfit, VenueError
from quoter.domain.events import (
    BalanceReport,
    CancelReject,
    Event,
    FeedDown,
    FeedUp,
    Fill,
    OpenOrdersReport,
    OrderAck,
    OrderDone,
    OrderNotFound,
    OrderOpen,
    OrderReject,
    OrderUnknown,
    ReportFailed,
    TradesReport,
)
from quoter.domain.market import Side
from quoter.domain.reasons import CancelRejectReason, DoneReason, RejectReason, ReportKind
from quoter.domain.trading import CancelReason
from quoter.sandbox.config import Limits, default_config
from quoter.sim.messages import NewOrder, OrderKind
from quoter.venues.ccxt.gateway import CcxtGateway
from quoter.venues.config import StreamTimings, VenueConfig
from quoter.venues.factory import make_gateway
from quoter.venues.profiles import GENERIC, UNIFIED, ById, ClientIds
from tests.integration.sandbox_client import END_S, RunningSandbox, running, venue_config
from tests.integration.test_venues_ws import until

QUICK = StreamTimings(backoff_base_s=0.02, backoff_s_max=0.1, open_s_max=3.0)
PREFIX = "q1"  # of `venue_config`
RESTING = "58000"  # the best bid of the standing market is 59999


def config(sandbox: RunningSandbox, *, exchange: str = "binance") -> VenueConfig:
    return replace(
        venue_config(sandbox),
        exchange=exchange,
        create_age_s_max=5.0,  # the machine may be busy; other tests check the limit
        stream=QUICK,
        keep_alive_ms=200,
    )


@asynccontextmanager
async def connected(
    chosen: VenueConfig, now_ns: Callable[[], int] = time.time_ns
) -> AsyncIterator[CcxtGateway]:
    gateway = make_gateway(chosen, now_ns=now_ns, random=Random(1))
    try:
        await gateway.connect()
        gateway.open_gate()
        yield gateway
    finally:
        await gateway.close()


@asynccontextmanager
async def streaming(gateway: CcxtGateway) -> AsyncIterator[list[Event]]:
    events: list[Event] = []
    task = asyncio.create_task(gateway.run(events.append))
    try:
        await until(lambda: any(isinstance(event, FeedUp) for event in events))
        yield events
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


@pytest.fixture
async def gateway(still_sandbox: RunningSandbox) -> AsyncIterator[CcxtGateway]:
    async with connected(config(still_sandbox)) as gateway:
        yield gateway


def place(
    number: int, *, side: Side = Side.BUY, price: str = RESTING, size: str = "0.001"
) -> PlaceOrder:
    return PlaceOrder(
        client_id=f"{PREFIX}{number}",
        side=side,
        price=Decimal(price),
        size=Decimal(size),
        decided_ns=time.time_ns(),
    )


def cancel(number: int, venue_id: str = "") -> CancelOrder:
    return CancelOrder(
        client_id=f"{PREFIX}{number}", venue_id=venue_id, reason=CancelReason.REQUOTE
    )


def query(number: int, venue_id: str = "") -> QueryOrder:
    return QueryOrder(client_id=f"{PREFIX}{number}", venue_id=venue_id)


async def wire(sandbox: RunningSandbox, operation: str = "order.place") -> list[str]:
    """Return the client ids of all requests of a kind that reached the venue."""
    rows = (await sandbox.admin("GET", "wire-log")).rows
    return [str(row["client_id"]) for row in rows if row["operation"] == operation]


async def test_the_instrument_is_exact(still_sandbox: RunningSandbox) -> None:
    gateway = make_gateway(config(still_sandbox))
    found = await gateway.connect()
    assert (found.tick, found.lot) == (Decimal("0.01"), Decimal("0.00001"))
    assert (found.notional_min, found.fee_maker) == (Decimal(5), Decimal(0))
    assert (found.venue_symbol, found.base, found.quote) == ("BTCUSDT", "BTC", "USDT")
    assert gateway.clock.latest is not None
    assert abs(gateway.clock.latest.offset_ns) < 500_000_000
    await gateway.close()


@pytest.mark.parametrize("change", [{"api_key": "nobody-CANARY"}, {"secret": "wrong-CANARY"}])
async def test_a_bad_key_is_refused_without_being_printed(
    still_sandbox: RunningSandbox, change: dict[str, str]
) -> None:
    gateway = make_gateway(replace(config(still_sandbox), **change))  # type: ignore[arg-type]
    with pytest.raises(KeyRefused) as caught:
        await gateway.connect()
    assert "CANARY" not in str(caught.value)
    assert "signature=" not in str(caught.value).replace("signature=***", "")
    assert caught.value.__cause__ is None
    await gateway.close()


async def test_without_a_key_the_rules_are_known_and_nothing_can_be_ordered(
    still_sandbox: RunningSandbox,
) -> None:
    async with connected(replace(config(still_sandbox), api_key="", secret="")) as gateway:
        answer = await gateway.place(place(1))
    assert isinstance(answer, OrderReject)
    assert answer.reason is RejectReason.NOT_SENT


async def test_clock_with_a_large_offset_is_refused(still_sandbox: RunningSandbox) -> None:
    gateway = make_gateway(config(still_sandbox), now_ns=lambda: time.time_ns() - 3_000_000_000)
    with pytest.raises(VenueError, match=r"by -[23]\.\d+ s"):
        await gateway.connect()
    await gateway.close()


@pytest.mark.parametrize(
    ("symbol", "why"),
    [
        ("NO/SUCH", "binance has no market NO/SUCH"),
        ("BTC/USDT:USDT", "quoter trades spot markets only, and BTC/USDT:USDT is a derivative"),
    ],
)
async def test_unknown_symbol_is_refused(
    still_sandbox: RunningSandbox, symbol: str, why: str
) -> None:
    gateway = make_gateway(replace(config(still_sandbox), symbol=symbol))
    with pytest.raises(MarketUnfit, match=why):
        await gateway.connect()
    await gateway.close()


@pytest.mark.parametrize("wrong", ["retries", "session"])
async def test_client_that_could_send_twice_is_refused(
    still_sandbox: RunningSandbox, wrong: str
) -> None:
    gateway = make_gateway(config(still_sandbox))
    if wrong == "retries":
        gateway._client.options["createOrder"] = {"maxRetriesOnFailure": 2}
    else:
        gateway._client.open()
        session = gateway._client.session
        session._retry_connection = True  # type: ignore[attr-defined]
    with pytest.raises(VenueError, match="unsafe"):
        await gateway.connect()
    await gateway.close()


async def test_unreachable_venue_is_reported() -> None:
    nowhere = VenueConfig(
        exchange="binance",
        symbol="BTC/USDT",
        environment="sandbox",
        order_prefix=PREFIX,
        sandbox_url="http://127.0.0.1:9",
    )
    gateway = make_gateway(nowhere)
    with pytest.raises(MarketsUnread, match="ExchangeNotAvailable"):
        await gateway.connect()
    await gateway.close()


@pytest.mark.parametrize("exchange", ["binance", "binanceus", "any"])
async def test_an_order_is_opened_and_cancelled(
    still_sandbox: RunningSandbox, exchange: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if exchange == "any":
        exchange = without_a_dialect(monkeypatch)
    async with connected(config(still_sandbox, exchange=exchange)) as gateway:
        async with streaming(gateway) as events:
            ack = await gateway.place(place(1))
            assert isinstance(ack, OrderAck)
            opened = await gateway.query(query(1))
            assert isinstance(opened, OrderOpen)
            assert opened.order.venue_id == ack.venue_id
            assert (opened.order.price, opened.order.size) == (Decimal(RESTING), Decimal("0.001"))
            done = await gateway.cancel(cancel(1))
            assert isinstance(done, OrderDone)
            assert (done.client_id, done.reason, done.filled) == (
                "q11",
                DoneReason.CANCELED,
                Decimal(0),
            )
            await until(lambda: any(isinstance(event, OrderDone) for event in events))
        again = await gateway.cancel(cancel(1, ack.venue_id))
        assert isinstance(again, CancelReject)
        assert again.reason is CancelRejectReason.NOT_FOUND
    named = [e.order.client_id for e in events if isinstance(e, OrderOpen)]
    ended = [e.client_id for e in events if isinstance(e, OrderDone)]
    assert (named, ended) == (["q11"], ["q11"])


def without_a_dialect(monkeypatch: pytest.MonkeyPatch) -> str:
    """Return an exchange id for which the gateway uses the generic profile."""
    plain = replace(
        GENERIC,
        refusal="",
        ids=ClientIds(
            create_field="newClientOrderId",
            row_fields=(UNIFIED, "c"),
            cancel=ById(field="origClientOrderId"),
            query=ById(field="origClientOrderId"),
        ),
    )
    monkeypatch.setattr("quoter.venues.ccxt.gateway.profile_of", lambda _exchange: plain)
    return "binanceus"


async def test_create_request_has_the_approved_values(
    still_sandbox: RunningSandbox, gateway: CcxtGateway
) -> None:
    """Post-only, own id, exact price: one entry in the venue's log, with its write time."""
    order = place(7, side=Side.SELL, price="61234.50", size="0.00123")
    before_ns = time.time_ns()
    await gateway.place(order)
    (row,) = (await still_sandbox.admin("GET", "wire-log")).rows
    assert (row["client_id"], row["type"], row["side"]) == ("q17", "LIMIT_MAKER", "SELL")
    assert (Decimal(str(row["price"])), Decimal(str(row["size"]))) == (order.price, order.size)
    wire_ns = gateway.wire_ns("q17")
    assert wire_ns is not None
    assert before_ns <= wire_ns <= time.time_ns()


@pytest.mark.parametrize(
    ("order", "reason"),
    [
        (place(1, price="60005"), RejectReason.POST_ONLY),
        (place(2, side=Side.SELL, price="61000", size="3"), RejectReason.BALANCE),
        (place(3, size="0.00002"), RejectReason.FILTER),
    ],
)
async def test_definitive_reject_has_its_reason(
    gateway: CcxtGateway, order: PlaceOrder, reason: RejectReason
) -> None:
    answer = await gateway.place(replace(order, decided_ns=time.time_ns()))
    assert isinstance(answer, OrderReject)
    assert answer.reason is reason


async def test_a_price_that_ccxt_would_round_is_not_sent(
    still_sandbox: RunningSandbox, gateway: CcxtGateway
) -> None:
    answer = await gateway.place(place(1, price="58000.009"))
    assert isinstance(answer, OrderReject)
    assert answer.reason is RejectReason.NOT_SENT
    assert await wire(still_sandbox) == []


async def test_a_duplicate_id_is_unknown_because_it_exists(gateway: CcxtGateway) -> None:
    await gateway.place(place(1))
    assert isinstance(await gateway.place(place(1)), OrderUnknown)


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "accept_drop_response"},
        {"kind": "error_after_accept", "status": 502},
        {"kind": "error_after_accept", "status": 503, "code": -1006},
        {"kind": "error_after_accept", "status": 503, "code": -1013},
        {"kind": "delay", "delay_after_s": 3},
    ],
    ids=["dropped", "502", "-1006", "503 with a code that is a refusal elsewhere", "hung"],
)
async def test_an_accepted_order_whose_answer_is_lost_is_unknown_and_found_by_its_id(
    still_sandbox: RunningSandbox, gateway: CcxtGateway, fault: dict[str, object]
) -> None:
    gateway_text = config(still_sandbox)
    await still_sandbox.arm(**{"endpoint": "create", "count": 1, **fault})  # type: ignore[arg-type]
    answer = await gateway.place(place(1))
    assert isinstance(answer, OrderUnknown)
    assert gateway_text.secret not in answer.text
    assert "signature=" not in answer.text.replace("signature=***", "")
    assert isinstance(await gateway.query(query(1)), OrderOpen)
    assert await wire(still_sandbox) == ["q11"], "never sent twice"


async def test_an_order_that_never_arrived_is_not_found(
    still_sandbox: RunningSandbox, gateway: CcxtGateway
) -> None:
    await still_sandbox.arm("error_before", endpoint="create", count=1, status=502)
    assert isinstance(await gateway.place(place(1)), OrderUnknown)
    assert isinstance(await gateway.query(query(1)), OrderNotFound)


async def test_refused_connection_is_not_sent(still_sandbox: RunningSandbox) -> None:
    async with connected(config(still_sandbox)) as gateway:
        await still_sandbox.server.stop()
        answers = [await gateway.place(place(number)) for number in range(3)]
        assert await gateway.query(query(1)) is None
    assert isinstance(answers[-1], OrderReject)
    assert answers[-1].reason is RejectReason.NOT_SENT


@pytest.mark.parametrize("endpoint", ["query", "open_orders", "cancel", "create"])
async def test_nothing_is_sent_twice_on_a_dead_connection(
    still_sandbox: RunningSandbox, gateway: CcxtGateway, endpoint: str
) -> None:
    """By default aiohttp would repeat GET and DELETE."""
    await gateway.place(place(1))
    fault = await still_sandbox.arm("accept_drop_response", endpoint=endpoint, count=5)
    calls = {
        "query": gateway.query(query(1)),
        "open_orders": gateway.report(RequestReport(kind=ReportKind.OPEN_ORDERS)),
        "cancel": gateway.cancel(cancel(1)),
        "create": gateway.place(place(2)),
    }
    answer = await calls.pop(endpoint)
    for unused in calls.values():
        unused.close()
    assert await still_sandbox.fired(fault) == 1
    match answer:
        case CancelReject():
            assert answer.reason is CancelRejectReason.NO_ANSWER
        case _:
            assert answer is None or isinstance(answer, ReportFailed | OrderUnknown)


@pytest.mark.parametrize("is_shut", [True, False])
@pytest.mark.parametrize("under_way", [0, 1, 30])
async def test_closed_gate_stops_200_queued_creates(
    still_sandbox: RunningSandbox, gateway: CcxtGateway, under_way: int, is_shut: bool
) -> None:
    """Most wait for a connection of the pool: the gate stops all that are not written yet.

    REDUCE_ONLY stops those of them that may grow the inventory.
    """
    places = [asyncio.create_task(gateway.place(place(n))) for n in range(200)]
    await until(lambda: len(on_the_wire(gateway)) >= under_way)
    if is_shut:
        gateway.close_gate()
    else:
        gateway.set_reduce_only(is_on=True)
    before = on_the_wire(gateway)
    answers = await asyncio.gather(*places)
    assert on_the_wire(gateway) == before
    assert sorted(await wire(still_sandbox)) == sorted(before)
    assert len(before) < 150  # not all of them, however fast the machine
    sent = [answer for answer in answers if not isinstance(answer, OrderReject)]
    assert len(sent) == len(before)
    assert all(isinstance(answer, OrderAck | OrderUnknown) for answer in sent)  # unknown: slow


def on_the_wire(gateway: CcxtGateway) -> list[str]:
    return [f"q1{n}" for n in range(200) if gateway.wire_ns(f"q1{n}") is not None]


async def test_order_that_aged_in_the_queue_is_not_sent(still_sandbox: RunningSandbox) -> None:
    async with connected(replace(config(still_sandbox), create_age_s_max=0.25)) as gateway:
        old = replace(place(1), decided_ns=time.time_ns() - 300_000_000)
        answer = await gateway.place(old)
    assert isinstance(answer, OrderReject)
    assert answer.reason is RejectReason.NOT_SENT
    assert await wire(still_sandbox) == []


async def test_429_pauses_requests_for_the_time_that_the_venue_requests(
    still_sandbox: RunningSandbox, gateway: CcxtGateway
) -> None:
    await gateway.place(place(1))
    fault = await still_sandbox.arm("rate_limit_429", endpoint="create", count=1, retry_after_s=60)
    answer = await gateway.place(place(2))
    assert isinstance(answer, OrderReject)
    assert answer.reason is RejectReason.RATE_LIMIT
    pause = gateway.rate_limit_pause()
    assert pause is not None
    assert 0 < pause.until_ns - time.time_ns() <= 60e9
    silent = await gateway.place(place(3))
    assert isinstance(silent, OrderReject)
    assert silent.reason is RejectReason.NOT_SENT
    assert await gateway.query(query(1)) is None
    assert isinstance(await gateway.cancel(cancel(1)), OrderDone), "cancels have a reserve"
    assert await still_sandbox.fired(fault) == 1
    assert "q13" not in await wire(still_sandbox)


async def test_ban_stops_cancels_too(still_sandbox: RunningSandbox, gateway: CcxtGateway) -> None:
    await gateway.place(place(1))
    await still_sandbox.arm("ban_418", endpoint="create", count=1, retry_after_s=60)
    await gateway.place(place(2))
    before = len((await still_sandbox.admin("GET", "wire-log")).rows)
    for reason in (CancelReason.REQUOTE, CancelReason.KILL):
        answer = await gateway.cancel(replace(cancel(1), reason=reason))
        assert isinstance(answer, CancelReject)
    with pytest.raises(VenueError, match="rate limit"):
        await gateway.cancel_all()
    assert len((await still_sandbox.admin("GET", "wire-log")).rows) == before


async def test_a_normal_burst_stays_below_the_venues_limits() -> None:
    """The venue reports its limits; we stop at 70 % and never get a 429."""
    limits = Limits(orders_per_10_s=20)
    async with (
        running(replace(default_config(7), limits=limits)) as sandbox,
        connected(config(sandbox)) as gateway,
    ):
        answers = [await gateway.place(place(number)) for number in range(20)]
        assert gateway.rate_limit_pause() is None
        acks = sum(isinstance(answer, OrderAck) for answer in answers)
        assert acks in (14, 15), "seventy percent, and what grew back meanwhile"
        assert isinstance(await gateway.cancel(cancel(0)), OrderDone)


async def test_a_fill_arrives_once_with_exact_figures(sandbox: RunningSandbox) -> None:
    async with connected(config(sandbox)) as gateway, streaming(gateway) as events:
        await gateway.place(place(1, price=await best_bid(sandbox), size="0.001"))
        await burst_of_sells(sandbox, "300000")
        await until(lambda: any(isinstance(event, Fill) for event in events))
        report = await gateway.report(RequestReport(kind=ReportKind.TRADES))
        await until(lambda: any(isinstance(event, OrderDone) for event in events))
    fills = [event for event in events if isinstance(event, Fill)]
    assert isinstance(report, TradesReport)
    assert sum(f.size for f in fills) == Decimal("0.001")
    assert {f.client_id for f in fills} == {"q11"}
    assert all(f.is_maker for f in fills)
    known = [replace(f, ts_ns=0) for f in report.fills]
    assert known == [replace(f, ts_ns=0) for f in fills], "the list reports the same fills"


async def best_bid(sandbox: RunningSandbox) -> str:
    return str((await sandbox.get("ticker/bookTicker", symbol="BTCUSDT")).row["bidPrice"])


async def test_the_private_stream_comes_back_after_a_forced_close(
    still_sandbox: RunningSandbox, gateway: CcxtGateway
) -> None:
    async with streaming(gateway) as events:
        for round_number in range(3):
            await still_sandbox.admin("POST", "streams/close", {"socket": "user"})
            await until(lambda r=round_number: count(events, FeedUp) == r + 2)  # type: ignore[misc]
            await gateway.place(place(round_number))
            await until(lambda r=round_number: count(events, OrderOpen) == r + 1)  # type: ignore[misc]
    kinds = [type(event) for event in events if isinstance(event, FeedUp | FeedDown)]
    assert kinds == [FeedUp, *[FeedDown, FeedUp] * 3]


def count(events: list[Event], kind: type[Event]) -> int:
    return sum(isinstance(event, kind) for event in events)


async def test_dead_private_socket_is_found_by_pings(
    still_sandbox: RunningSandbox, gateway: CcxtGateway
) -> None:
    async with streaming(gateway) as events:
        await until(lambda: count(events, FeedUp) == 1)
        await still_sandbox.arm("silent_socket", socket="user", count=1)
        await until(lambda: count(events, FeedDown) == 1)
        await until(lambda: count(events, FeedUp) == 2)


async def test_reports_match_the_venues_state(
    still_sandbox: RunningSandbox, gateway: CcxtGateway
) -> None:
    await gateway.place(place(1))
    await still_sandbox.rest_order("SELL", "65000", "0.01", newClientOrderId="foreign1")
    orders = await gateway.report(RequestReport(kind=ReportKind.OPEN_ORDERS))
    assert isinstance(orders, OpenOrdersReport)
    assert {o.client_id for o in orders.orders} == {"q11", "foreign1"}
    assert [gateway.is_own(o.client_id) for o in orders.orders].count(True) == 1
    assert orders.asked_ns <= orders.ts_ns
    balances = await gateway.report(RequestReport(kind=ReportKind.BALANCES))
    assert isinstance(balances, BalanceReport)
    assert balances.locked["USDT"] == Decimal("58.000")
    assert balances.free["USDT"] + balances.locked["USDT"] == Decimal(200_000)
    book = await gateway.report(RequestReport(kind=ReportKind.BOOK))
    assert isinstance(book, ReportFailed)


async def test_failed_report_is_reported(
    still_sandbox: RunningSandbox, gateway: CcxtGateway
) -> None:
    await still_sandbox.arm("error_before", endpoint="trades", count=1)
    failed = await gateway.report(RequestReport(kind=ReportKind.TRADES))
    assert isinstance(failed, ReportFailed)


async def test_trades_from_an_id_are_complete_and_in_order(
    still_sandbox: RunningSandbox, gateway: CcxtGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("quoter.venues.ccxt.account_reports.TRADES_PAGE", 3)
    for number in range(8):
        await gateway.place(place(number, price="59999", size="0.001"))
    await burst_of_sells(still_sandbox, "3000000")
    every = await listed(gateway, since_ns=time.time_ns() - 60_000_000_000)
    assert len(every) >= 8
    assert every == sorted(every, key=int)
    assert await listed(gateway, from_trade_id=every[2]) == every[3:]
    assert await listed(gateway, from_trade_id=every[-1]) == []


async def test_120_open_orders_and_300_fills_come_whole(
    still_sandbox: RunningSandbox, gateway: CcxtGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("quoter.venues.ccxt.account_reports.TRADES_PAGE", 100)
    since_ns, waiting = time.time_ns() - 60_000_000_000, range(120)
    rest(still_sandbox, waiting, Side.SELL, "65000")
    for start in range(120, 420, 60):  # the venue allows 200 open orders
        rest(still_sandbox, range(start, start + 60), Side.BUY, "59999")
        await burst_of_sells(still_sandbox, "200000")
    report = await gateway.report(RequestReport(kind=ReportKind.OPEN_ORDERS))
    assert isinstance(report, OpenOrdersReport)
    assert {order.client_id for order in report.orders} == {f"q1{n:04}" for n in waiting}
    every = await listed(gateway, since_ns=since_ns)
    assert len(every) == len(set(every)) >= 300


def rest(sandbox: RunningSandbox, numbers: range, side: Side, price: str) -> None:
    """Place orders for the account, without the limits of requests."""
    venue = sandbox.server.venue
    for number in numbers:
        order = NewOrder(
            symbol="BTCUSDT",
            client_id=f"q1{number:04}",
            side=side,
            kind=OrderKind.LIMIT_MAKER,
            price=Decimal(price),
            size=Decimal("0.001"),
        )
        venue.exchange.place(sandbox.one.api_key, order, venue.now_ns())


async def test_trades_without_profile_are_one_page_that_is_not_full(
    still_sandbox: RunningSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which of its ids are later is not known there, so booked trades may come again."""
    exchange = without_a_dialect(monkeypatch)
    async with connected(config(still_sandbox, exchange=exchange)) as gateway:
        for number in range(4):
            await gateway.place(place(number, price="59999", size="0.001"))
        await burst_of_sells(still_sandbox, "3000000")
        every = await listed(gateway, since_ns=time.time_ns() - 60_000_000_000)
        assert len(every) == 4
        after = await listed(gateway, from_trade_id=every[1])
        assert after == [each for each in every if each != every[1]]


async def burst_of_sells(sandbox: RunningSandbox, notional: str) -> None:
    """Let takers sell for `notional` of the quote coin at once, so that resting bids fill."""
    script = {"symbol": "BTCUSDT", "kind": "burst", "side": "SELL", "notional": notional}
    await sandbox.admin("POST", "script", script)


async def listed(gateway: CcxtGateway, *, from_trade_id: str = "", since_ns: int = 0) -> list[str]:
    request = RequestReport(kind=ReportKind.TRADES, from_trade_id=from_trade_id, since_ns=since_ns)
    report = await gateway.report(request)
    assert isinstance(report, TradesReport), report
    return [f.trade_id for f in report.fills]


async def test_closing_is_bounded_and_ends_the_stream(
    still_sandbox: RunningSandbox, gateway: CcxtGateway
) -> None:
    async with streaming(gateway):
        await still_sandbox.arm("silent_socket")
        async with asyncio.timeout(END_S):
            await gateway.close()
