"""Defects of ccxt.pro, each shown on the plain class and fixed on the guarded one."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from decimal import Decimal

import ccxt.pro
import pytest
from aiohttp import WSMsgType, web
from ccxt.base import errors as venue

from quoter.domain.commands import PlaceOrder
from quoter.domain.errors import EgressBlocked, VenueError
from quoter.domain.market import Side
from quoter.venues.answers import anything
from quoter.venues.ccxt.client import make_client
from quoter.venues.ccxt.error_mapping import NOT_SENT, UNKNOWN, create_outcome
from quoter.venues.ccxt.guarded_exchange import SUBSCRIPTIONS_MAX, GuardedExchange
from quoter.venues.ccxt.request_sender import FailedCall, RequestSender
from quoter.venues.ccxt.types import Exchange, WsClient
from quoter.venues.config import VenueConfig
from quoter.venues.egress.gate import Purpose, declare_call

WS_URL = "ws://127.0.0.1:9/ws-api/v3"
CONFIG = VenueConfig(
    exchange="binance",
    symbol="BTC/USDT",
    environment="sandbox",
    order_prefix="q1",
    sandbox_url="http://127.0.0.1:9",
    api_key="key",
    secret="secret",  # noqa: S106 - opens nothing
    call_s_max=1.0,
)


@dataclass
class Frame:
    """Return a frame as aiohttp would pass it to ccxt."""

    data: object
    type: int = WSMsgType.TEXT


@pytest.fixture
async def guarded() -> AsyncIterator[GuardedExchange]:
    client = make_client(CONFIG, time.time_ns)
    yield client
    await client.close()


@pytest.fixture
async def plain() -> AsyncIterator[Exchange]:
    exchange: Exchange = ccxt.pro.binance({"timeout_on_exit": 0})
    yield exchange
    await exchange.close()


def waiting(client: WsClient, name: str = "orders") -> asyncio.Future[object]:
    """Return the future that a watch awaits."""
    future = client.future(name)  # type: ignore[attr-defined]
    assert isinstance(future, asyncio.Future)
    return future


BAD_FRAMES = [
    Frame('{"truncated'),
    Frame("[]"),
    Frame('{"e":"outboundAccountPosition","B":[]}'),
]


@pytest.mark.parametrize("frame", BAD_FRAMES, ids=["truncated", "list", "unexpected"])
async def test_frame_that_breaks_a_handler_ends_the_watches(
    plain: Exchange, guarded: GuardedExchange, frame: Frame
) -> None:
    with pytest.raises(Exception):  # noqa: B017, PT011 - in ccxt this kills the receive loop
        plain.client(WS_URL).handle_message(frame)
    client = guarded.client(WS_URL)
    future = waiting(client)
    client.handle_message(frame)
    with pytest.raises(venue.NetworkError, match="frame failed"):
        await future
    assert WS_URL not in guarded.clients, "the next watch gets a new socket"


async def test_late_close_of_a_socket_keeps_its_replacement(
    plain: Exchange, guarded: GuardedExchange
) -> None:
    for exchange, is_kept in ((plain, False), (guarded, True)):
        first = exchange.client(WS_URL)
        exchange.on_close(first, 1001)
        second = exchange.client(WS_URL)
        assert second is not first
        exchange.on_close(first, 1006)  # the receive loop reports the same end again
        assert (exchange.clients.get(WS_URL) is second) is is_kept


async def test_terminated_event_stream_ends_the_watches(
    plain: Exchange, guarded: GuardedExchange
) -> None:
    frame = Frame('{"event":{"e":"eventStreamTerminated","E":1}}')
    for exchange in (plain, guarded):
        client = exchange.client(WS_URL)
        client.subscriptions["spot"] = True
        future = waiting(client)
        client.handle_message(frame)
        if exchange is plain:
            assert not future.done(), "the watch would wait for ever"
            future.cancel()
        else:
            with pytest.raises(venue.NetworkError, match="eventStreamTerminated"):
                await future


@pytest.mark.parametrize(
    "message",
    [
        {"method": "order.place"},
        {"method": "order.cancelReplace"},
        {"method": "order.amend.keepPriority"},
        {"op": "order.create"},
        {"op": "batch-orders"},
        {"method": "add_order"},
        {"op": "amend-order"},
    ],
)
async def test_order_over_a_websocket_is_refused(
    guarded: GuardedExchange, message: dict[str, object]
) -> None:
    with pytest.raises(EgressBlocked, match="over a websocket"):
        await guarded.client(WS_URL).send(message)


@pytest.mark.parametrize(
    "message",
    [{"method": "userDataStream.subscribe.signature"}, {"method": "SUBSCRIBE"}, {"op": "auth"}],
)
async def test_subscriptions_pass(guarded: GuardedExchange, message: dict[str, object]) -> None:
    with pytest.raises(ConnectionError):  # it passed the check and failed at the missing socket
        await guarded.client(WS_URL).send(message)


async def test_too_many_subscriptions_raise(guarded: GuardedExchange) -> None:
    client = guarded.client(WS_URL)
    client.subscriptions.update({str(n): True for n in range(SUBSCRIPTIONS_MAX + 1)})
    with pytest.raises(VenueError, match="subscriptions"):
        guarded.client(WS_URL)


async def test_session_does_not_repeat_requests(guarded: GuardedExchange) -> None:
    guarded.open()
    assert getattr(guarded.session, "_retry_connection", None) is False


async def test_undeclared_request_is_refused(guarded: GuardedExchange) -> None:
    with pytest.raises(EgressBlocked, match="undeclared"):
        await guarded.fetch_time()


@pytest.mark.parametrize("purpose", [Purpose.READ, Purpose.CANCEL])
async def test_post_that_is_not_the_create_is_refused(
    guarded: GuardedExchange, purpose: Purpose
) -> None:
    with declare_call(purpose, "q1"), pytest.raises(EgressBlocked, match="POST"):
        await guarded.fetch("http://127.0.0.1:9/api/v3/order", "POST", {}, "newClientOrderId=q1")


@pytest.mark.parametrize("purpose", [Purpose.READ, Purpose.CANCEL])
async def test_create_by_get_is_refused_unless_declared(
    guarded: GuardedExchange, purpose: Purpose
) -> None:
    """Deribit creates by GET private/buy."""
    with declare_call(purpose, "q1"), pytest.raises(EgressBlocked, match="private/buy"):
        await guarded.fetch("http://127.0.0.1:9/api/v2/private/buy?label=q1", "GET")
    assert guarded.gate.requests_sent == 0


async def test_production_urls_set_by_mistake_are_never_contacted(
    guarded: GuardedExchange,
) -> None:
    """A forgotten `set_sandbox_mode` must not send orders to production."""
    production = ccxt.pro.binance().urls["api"]
    guarded.urls["api"] = production
    sender = RequestSender(guarded, CONFIG, time.time_ns)
    for call in (guarded.fetch_time, guarded.fetch_balance):
        answer = await sender.read(call, anything)
        assert isinstance(answer, FailedCall)
        assert isinstance(answer.error, EgressBlocked)
        assert not answer.was_sent
    with declare_call(Purpose.READ), pytest.raises(venue.NetworkError, match="is not one of"):
        await guarded.authenticate({"type": "spot"})
    assert guarded.gate.requests_sent == 0


async def test_a_redirected_create_is_written_once_and_then_unknown() -> None:
    """Following an HTTP 307 would write the same order twice."""
    hits: list[str] = []

    async def redirect(request: web.Request) -> web.Response:
        hits.append(request.path)
        raise web.HTTPTemporaryRedirect("/elsewhere/order")

    app = web.Application()
    app.router.add_post("/{tail:.*}", redirect)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    client = make_client(
        VenueConfig(
            exchange="binance",
            symbol="BTC/USDT",
            environment="sandbox",
            order_prefix="q1",
            sandbox_url=url,
        ),
        time.time_ns,
    )
    client.gate.is_open = True
    client.verify_create = lambda *_: None  # the form is not tested here
    client.gate.register(
        PlaceOrder(
            client_id="q1",
            side=Side.BUY,
            price=Decimal(1),
            size=Decimal(1),
            decided_ns=time.time_ns() + 10**9,
        )
    )
    answer = await RequestSender(client, CONFIG, time.time_ns).create(
        "q1",
        lambda: client.fetch(f"{url}/api/v3/order", "POST", {}, "newClientOrderId=q1"),
        anything,
    )
    await client.close()
    await runner.cleanup()
    assert hits == ["/api/v3/order"]
    assert isinstance(answer, FailedCall)
    assert create_outcome(answer.error, was_sent=answer.was_sent, family="binance") is UNKNOWN


async def test_a_refused_connection_sent_nothing(guarded: GuardedExchange) -> None:
    answer = await RequestSender(guarded, CONFIG, time.time_ns).read(guarded.fetch_time, anything)
    assert isinstance(answer, FailedCall)
    assert create_outcome(answer.error, was_sent=answer.was_sent, family="binance") is NOT_SENT
