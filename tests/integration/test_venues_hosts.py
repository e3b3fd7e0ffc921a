"""URLs that point at another environment: no byte is sent and the daemon is killed (SE-04)."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path

import aiohttp
import ccxt.pro
import pytest
from aiohttp import web

from quoter.domain.errors import EgressBlocked, VenueError
from quoter.domain.events import Alarm, Event
from quoter.domain.trading import Cause, TradingState
from quoter.service.exit_codes import ExitCode
from quoter.service.killswitch.latch import Latch
from quoter.venues import profiles
from quoter.venues.answers import anything
from quoter.venues.ccxt.client import make_client
from quoter.venues.ccxt.gateway import CcxtGateway
from quoter.venues.ccxt.guarded_exchange import GuardedExchange
from quoter.venues.ccxt.request_sender import FailedCall, RequestSender
from quoter.venues.config import StreamTimings, VenueConfig
from quoter.venues.egress.gate import Purpose, declare_call, gated_session
from quoter.venues.profiles import profile_of
from tests.integration.daemon_harness import LIVELY, market, running_daemon, settings
from tests.integration.sandbox_client import RunningSandbox, running, venue_config
from tests.integration.test_venues_gateway import connected, streaming
from tests.integration.test_venues_ws import until


@dataclass
class Elsewhere:
    """A listening socket in place of production, with the bytes it received."""

    port: int = 0
    connections: int = 0
    received: int = 0

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        while data := await reader.read(65_536):
            self.received += len(data)
        writer.close()


@pytest.fixture
async def elsewhere() -> AsyncIterator[Elsewhere]:
    place = Elsewhere()
    server = await asyncio.start_server(place.handle, "127.0.0.1", 0)
    place.port = server.sockets[0].getsockname()[1]
    async with server:
        yield place


def venue(environment: str, sandbox_url: str = "") -> VenueConfig:
    assert environment in ("sandbox", "testnet")
    return VenueConfig(
        exchange="binance",
        symbol="BTC/USDT",
        environment="sandbox" if environment == "sandbox" else "testnet",
        order_prefix="q1",
        sandbox_url=sandbox_url or "http://127.0.0.1:9",
        api_key="key",
        secret="secret",  # noqa: S106 - opens nothing
        call_s_max=2.0,
        stream=StreamTimings(open_s_max=1.0),
    )


def redirect(client: GuardedExchange, host: str) -> dict[str, object]:
    """Point every URL of ccxt at another host, as one wrong line would; return the right ones."""
    good = client.urls["api"]
    rest = f"http://{host}/api/v3"
    client.urls["api"] = {
        **dict.fromkeys(("public", "private", "v1", "sapi", "sapiV2", "sapiV3"), rest),
        "ws": {"spot": f"ws://{host}/ws", "ws-api": {"spot": f"ws://{host}/ws-api/v3"}},
    }
    assert isinstance(good, dict)
    return good


@pytest.mark.parametrize("environment", ["sandbox", "testnet"])
async def test_patched_urls_send_nothing_and_are_a_breach(
    environment: str, elsewhere: Elsewhere
) -> None:
    config = venue(environment)
    client = make_client(config, time.time_ns)
    redirect(client, elsewhere.host)
    breaches: list[str] = []
    client.gate.report_breaches(breaches.append)
    try:
        answer = await RequestSender(client, config, time.time_ns).read(
            client.fetch_balance, anything
        )
        assert isinstance(answer, FailedCall)
        assert isinstance(answer.error, EgressBlocked)
        assert len(breaches) == 1
        with declare_call(Purpose.READ), pytest.raises(Exception, match="is not one of"):
            await client.authenticate({"type": "spot"})
        assert len(breaches) >= 2
    finally:
        await client.close()
    assert elsewhere.connections == elsewhere.received == 0
    assert client.gate.requests_sent == 0


@pytest.mark.parametrize("setting", ["httpProxy", "socksProxy", "aiohttp_proxy"])
async def test_proxy_set_after_the_start_gets_nothing(
    setting: str, elsewhere: Elsewhere, still_sandbox: RunningSandbox
) -> None:
    config = venue("sandbox", still_sandbox.url)
    client = make_client(config, time.time_ns)
    setattr(client, setting, f"http://{elsewhere.host}")
    breaches: list[str] = []
    client.gate.report_breaches(breaches.append)
    try:
        answer = await RequestSender(client, config, time.time_ns).read(client.fetch_time, anything)
        assert isinstance(answer, FailedCall)
        assert isinstance(answer.error, EgressBlocked)
        assert "proxy" in breaches[0]
    finally:
        await client.close()
    assert elsewhere.connections == elsewhere.received == 0


async def test_proxy_from_the_environment_is_ignored(
    elsewhere: Elsewhere, still_sandbox: RunningSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy variable set for a browser must not get our signed requests."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.setenv(name, f"http://{elsewhere.host}")
    config = venue("sandbox", still_sandbox.url)
    client = make_client(config, time.time_ns)
    try:
        assert not isinstance(
            await RequestSender(client, config, time.time_ns).read(client.fetch_time, anything),
            FailedCall,
        )
    finally:
        await client.close()
    assert elsewhere.connections == 0


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("is_same_host", [False, True])
async def test_a_redirect_is_no_answer_and_is_not_followed(
    elsewhere: Elsewhere, status: int, *, is_same_host: bool
) -> None:
    """Venues redirect to a page during maintenance, networks to their portal: that kills nobody.

    A request to the other host would contain our key in a header.
    """
    hits: list[str] = []

    async def away(request: web.Request) -> web.Response:
        hits.append(request.path)
        target = "/maintenance" if is_same_host else f"http://{elsewhere.host}/api/v3/time"
        return web.Response(status=status, headers={"Location": target})

    app = web.Application()
    app.router.add_get("/{tail:.*}", away)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    config = venue("sandbox", f"http://127.0.0.1:{runner.addresses[0][1]}")
    client = make_client(config, time.time_ns)
    breaches: list[str] = []
    client.gate.report_breaches(breaches.append)
    answer = await RequestSender(client, config, time.time_ns).read(client.fetch_time, anything)
    await client.close()
    await runner.cleanup()
    assert isinstance(answer, FailedCall)
    assert (answer.status, breaches, elsewhere.connections) == (status, [], 0)
    assert hits == ["/api/v3/time"]
    assert f"HTTP {status}: a redirect to" in answer.text


@pytest.mark.parametrize("exchange", ["okx", "bitget"])
async def test_request_without_the_header_of_the_demo_sends_nothing(
    exchange: str, elsewhere: Elsewhere, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With ccxt's header bytes leave; after ccxt was switched back to production none do."""
    profile = profile_of(exchange)
    system = profile.systems["demo"]
    headers = tuple(replace(each, host="127.0.0.1") for each in system.headers)
    moved = replace(profile, systems={"demo": replace(system, headers=headers)})
    monkeypatch.setitem(profiles._PROFILES, exchange, moved)
    config = replace(
        venue("testnet"),
        exchange=exchange,
        environment="demo",
        hosts=frozenset({elsewhere.host}),
        password="password",  # noqa: S106 - opens nothing
        call_s_max=0.3,
    )
    client = make_client(config, time.time_ns)
    root = f"http://{elsewhere.host}"
    client.urls["api"] = {"rest": root, "spot": root, "common": root}
    request: Callable[[], Awaitable[object]] = (
        client.fetch_time
        if exchange == "okx"
        else getattr(client, "private_spot_get_v2_spot_account_info")  # noqa: B009 - not in our types
    )
    sender, breaches = RequestSender(client, config, time.time_ns), list[str]()
    client.gate.report_breaches(breaches.append)
    try:
        await sender.read(request, anything)
        assert elsewhere.received > 0
        assert breaches == []
        client.set_sandbox_mode(False)
        client.urls["api"] = {"rest": root, "spot": root, "common": root}
        before = elsewhere.received
        answer = await sender.read(request, anything)
        assert isinstance(answer, FailedCall)
        assert isinstance(answer.error, EgressBlocked)
        assert "without the header" in breaches[0]
        assert elsewhere.received == before
    finally:
        await client.close()


async def test_gateway_reports_breaches_to_the_engine(
    still_sandbox: RunningSandbox, elsewhere: Elsewhere
) -> None:
    async with connected(venue_config(still_sandbox)) as gateway, streaming(gateway) as events:
        redirect(gateway._client, elsewhere.host)
        gateway._client.drop_sockets("the test")
        await until(lambda: any(is_mismatch(event) for event in events))
        assert not gateway._client.gate.is_open
        with pytest.raises(VenueError):
            await gateway.cancel_all()
    assert elsewhere.connections == elsewhere.received == 0


def is_mismatch(event: Event) -> bool:
    return isinstance(event, Alarm) and event.active and event.cause is Cause.WIRE_MISMATCH


async def test_a_daemon_whose_urls_are_patched_is_killed_and_latched(
    elsewhere: Elsewhere, tmp_path: Path
) -> None:
    """A pause is not enough: other code of this process may be altered too."""
    async with (
        running(market(LIVELY, 3)) as sandbox,
        running_daemon(sandbox, settings(sandbox, tmp_path)) as harness,
    ):
        await harness.until(lambda: len(harness.placed) > 4, "quotes")
        gateway = harness.running.runner._gateway
        assert isinstance(gateway, CcxtGateway)
        good = redirect(gateway._client, elsewhere.host)
        causes = harness.running.engine.causes
        await harness.until(lambda: causes.switch.is_active(Cause.WIRE_MISMATCH), "cause")
        assert causes.state is TradingState.KILLED
        assert elsewhere.connections == elsewhere.received == 0
        gateway._client.urls["api"] = good
        await harness.until(lambda: not harness.open_own(), "orders gone once URLs are")
        await harness.until(Latch(tmp_path).is_set, "latched")
        record = Latch(tmp_path).read()
        assert record is not None
        assert record.cause is Cause.WIRE_MISMATCH
        assert await harness.stop() is ExitCode.KILLED


async def test_the_plain_ccxt_class_would_have_sent_it(elsewhere: Elsewhere) -> None:
    """Control: without the guards the bytes arrive at the listening socket."""
    exchange = ccxt.pro.binance({"timeout_on_exit": 0, "timeout": 500})
    redirect(exchange, elsewhere.host)
    with pytest.raises(Exception):  # noqa: B017, PT011 - nobody answers there
        await exchange.fetch_time()
    await exchange.close()
    assert elsewhere.received > 0


async def test_our_session_alone_checks_too(elsewhere: Elsewhere) -> None:
    """Ccxt's own code may use the session without `fetch`."""
    client = make_client(venue("testnet"), time.time_ns)
    session = gated_session(client.gate)
    with declare_call(Purpose.READ), pytest.raises((EgressBlocked, aiohttp.ClientError)):
        await session.get(f"http://{elsewhere.host}/")
    await session.close()
    await client.close()
    assert elsewhere.connections == 0
