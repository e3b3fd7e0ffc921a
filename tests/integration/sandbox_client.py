"""A sandbox for one test, and a minimal client that signs as Binance's documentation says."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import urlencode

import aiohttp
import msgspec
from yarl import URL

from quoter.domain.units import NS_PER_MS
from quoter.sandbox.config import DEMO_ACCOUNT, SECOND_ACCOUNT, Account, SandboxConfig
from quoter.sandbox.protocol import signing
from quoter.sandbox.server import SandboxServer
from quoter.venues.config import VenueConfig

ANSWER_S = 60.0  # longer than a test ever waits for an answer: a busy machine is slow
END_S = 120.0  # the same for all that a test waits for
PAUSE_S = 0.02

type JsonValue = dict[str, "JsonValue"] | list["JsonValue"] | str | int | float | bool | None
type Row = dict[str, JsonValue]


@dataclass(frozen=True, slots=True)
class Reply:
    """Status, headers and decoded body of one HTTP answer."""

    status: int
    headers: dict[str, str]
    body: JsonValue

    @property
    def row(self) -> Row:
        """The body where it must be an object."""
        assert isinstance(self.body, dict), self.body
        return self.body

    @property
    def rows(self) -> list[Row]:
        """The body where it must be a list of objects."""
        assert isinstance(self.body, list), self.body
        return [row for row in self.body if isinstance(row, dict)]

    @property
    def code(self) -> JsonValue:
        """The venue's error code."""
        return self.row.get("code")


@dataclass(slots=True)
class RunningSandbox:
    """A sandbox on a loopback port with two accounts (`one`, `two`)."""

    server: SandboxServer
    url: str
    http: aiohttp.ClientSession
    one: Account = field(default=DEMO_ACCOUNT)
    two: Account = field(default=SECOND_ACCOUNT)

    @property
    def ws_url(self) -> str:
        """The same host as a websocket address."""
        return self.url.replace("http://", "ws://")

    async def get(self, path: str, **params: str | int) -> Reply:
        """Send an unsigned GET under /api/v3."""
        return await self.send("GET", f"/api/v3/{path}", urlencode(params))

    async def signed(
        self,
        method: str,
        path: str,
        params: Mapping[str, str | int] | None = None,
        *,
        account: Account | None = None,
        timestamp: int | None = None,
        prefix: str = "/api/v3/",
        **named: str | int,
    ) -> Reply:
        """Send a signed request, by default of account one, now."""
        who = account or self.one
        at_ms = timestamp if timestamp is not None else time.time_ns() // NS_PER_MS
        payload = urlencode({**(params or {}), **named, "timestamp": at_ms})
        payload += "&signature=" + signing.rest_signature(payload, who.secret)
        return await self.send(method, prefix + path, payload, api_key=who.api_key)

    async def admin(self, method: str, path: str, body: object = None) -> Reply:
        """Send a request to the admin API under /sandbox/v1."""
        data = None if body is None else msgspec.json.encode(body)
        async with self.http.request(method, f"{self.url}/sandbox/v1/{path}", data=data) as got:
            return Reply(got.status, dict(got.headers), msgspec.json.decode(await got.read()))

    async def arm(self, kind: str, **parameters: object) -> int:
        """Arm a fault and return its id."""
        reply = await self.admin("POST", "faults", {"kind": kind, **parameters})
        assert reply.status == 200, reply.body
        number = reply.row["id"]
        assert isinstance(number, int)
        return number

    async def fired(self, fault_id: int) -> int:
        """Return how often a fault has fired."""
        rows = (await self.admin("GET", "faults")).rows
        (row,) = (row for row in rows if row["id"] == fault_id)
        number = row["fired"]
        assert isinstance(number, int)
        return number

    async def send(self, method: str, path: str, query: str, *, api_key: str = "") -> Reply:
        """Send exactly this query string, without quoting or sorting."""
        url = URL(f"{self.url}{path}?{query}" if query else f"{self.url}{path}", encoded=True)
        headers = {"X-MBX-APIKEY": api_key} if api_key else {}
        async with self.http.request(method, url, headers=headers) as got:
            return Reply(got.status, dict(got.headers), msgspec.json.decode(await got.read()))

    async def set_filters(self, **changed: str) -> None:
        """Change the filters of BTCUSDT for new orders."""
        reply = await self.admin("POST", "filters", {"symbol": "BTCUSDT", **changed})
        assert reply.status == 200, reply.body

    async def rest_order(
        self, side: str, price: str, size: str, *, account: Account | None = None, **more: str
    ) -> Reply:
        """Place a post-only order on BTCUSDT."""
        order = {"symbol": "BTCUSDT", "type": "LIMIT_MAKER", "side": side}
        params = order | {"price": price, "quantity": size} | more
        return await self.signed("POST", "order", params, account=account)


class UserSocket:
    """A raw ws-api client: answers are matched by id, everything else is an event."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, account: Account) -> None:
        self.socket, self.account = socket, account
        self.events: list[Row] = []
        self._sent = 0

    async def ask(
        self, method: str, params: Mapping[str, str | int] | None = None, *, signed: bool = True
    ) -> Row:
        """Send one request and read until its answer; events on the way are kept."""
        self._sent += 1
        filled = dict(params or {})
        if signed:
            filled |= {
                "apiKey": self.account.api_key,
                "timestamp": time.time_ns() // NS_PER_MS,
            }
            texts = {name: str(value) for name, value in filled.items()}
            payload = signing.socket_payload(texts)
            filled["signature"] = signing.rest_signature(payload, self.account.secret)
        await self.socket.send_json({"id": self._sent, "method": method, "params": filled})
        while True:
            row = await self._next()
            if row.get("id") == self._sent:
                return row
            self.events.append(row)

    async def event(self) -> Row:
        """Return the next event of the private stream, without its envelope."""
        row = self.events.pop(0) if self.events else await self._next()
        event = row["event"]
        assert isinstance(event, dict)
        return event

    async def _next(self) -> Row:
        row: Row = msgspec.json.decode(await self.socket.receive_str(timeout=ANSWER_S))
        return row


@asynccontextmanager
async def user_socket(
    sandbox: RunningSandbox, account: Account | None = None, *, subscribe: bool = True
) -> AsyncIterator[UserSocket]:
    """A ws-api connection, by default of account one and with its private stream."""
    async with sandbox.http.ws_connect(f"{sandbox.ws_url}/ws-api/v3") as socket:
        user = UserSocket(socket, account or sandbox.one)
        if subscribe:
            assert (await user.ask("userDataStream.subscribe.signature"))["status"] == 200
        yield user


async def eventually[T](probe: Callable[[], Awaitable[T]]) -> T:
    """Call `probe` until it returns a true value; fails after ANSWER_S without the calls."""
    for _ in range(int(ANSWER_S / PAUSE_S)):
        value = await probe()
        if value:
            return value
        await asyncio.sleep(PAUSE_S)
    raise AssertionError(f"not within {ANSWER_S} s: {probe}")


def venue_config(sandbox: RunningSandbox) -> VenueConfig:
    """The configuration of a gateway for the sandbox's first account and BTC/USDT."""
    return VenueConfig(
        exchange="binance",
        symbol="BTC/USDT",
        environment="sandbox",
        order_prefix="q1",
        sandbox_url=sandbox.url,
        api_key=sandbox.one.api_key,
        secret=sandbox.one.secret,
        call_s_max=2.0,
    )


@asynccontextmanager
async def running(config: SandboxConfig) -> AsyncIterator[RunningSandbox]:
    """Run a sandbox for the length of the block."""
    server = SandboxServer(config)
    url = await server.start()
    async with aiohttp.ClientSession() as http:
        try:
            yield RunningSandbox(server, url, http)
        finally:
            await server.stop()
