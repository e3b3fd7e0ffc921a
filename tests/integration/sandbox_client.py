"""A sandbox that runs for one test, and a bare client that signs like Binance's documentation."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import urlencode

import aiohttp
import msgspec
from yarl import URL

from quoter.sandbox import signing
from quoter.sandbox.config import DEMO_ACCOUNT, SECOND_ACCOUNT, Account, SandboxConfig
from quoter.sandbox.server import SandboxServer

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
        """An unsigned GET under /api/v3."""
        return await self.send("GET", f"/api/v3/{path}", urlencode(params))

    async def signed(
        self,
        method: str,
        path: str,
        *,
        account: Account | None = None,
        timestamp: int | None = None,
        **params: str | int,
    ) -> Reply:
        """A signed request under /api/v3; by default of account one, now."""
        who = account or self.one
        at_ms = timestamp if timestamp is not None else time.time_ns() // signing.NS_PER_MS
        payload = urlencode(params | {"timestamp": at_ms})
        payload += "&signature=" + signing.rest_signature(payload, who.secret)
        return await self.send(method, f"/api/v3/{path}", payload, api_key=who.api_key)

    async def admin(self, method: str, path: str, body: object = None) -> Reply:
        """A request to the admin API under /sandbox/v1."""
        data = None if body is None else msgspec.json.encode(body)
        async with self.http.request(method, f"{self.url}/sandbox/v1/{path}", data=data) as got:
            return Reply(got.status, dict(got.headers), msgspec.json.decode(await got.read()))

    async def arm(self, kind: str, **parameters: object) -> int:
        """Arm a fault; its id."""
        reply = await self.admin("POST", "faults", {"kind": kind, **parameters})
        assert reply.status == 200, reply.body
        number = reply.row["id"]
        assert isinstance(number, int)
        return number

    async def fired(self, fault_id: int) -> int:
        """How often a fault has fired."""
        rows = (await self.admin("GET", "faults")).rows
        (row,) = (row for row in rows if row["id"] == fault_id)
        number = row["fired"]
        assert isinstance(number, int)
        return number

    async def send(self, method: str, path: str, query: str, *, api_key: str = "") -> Reply:
        """Exactly this query on the wire: nothing is quoted or sorted again."""
        url = URL(f"{self.url}{path}?{query}" if query else f"{self.url}{path}", encoded=True)
        headers = {"X-MBX-APIKEY": api_key} if api_key else {}
        async with self.http.request(method, url, headers=headers) as got:
            return Reply(got.status, dict(got.headers), msgspec.json.decode(await got.read()))

    async def rest_order(
        self, side: str, price: str, size: str, *, account: Account | None = None, **more: str
    ) -> Reply:
        """Place a post-only order on BTCUSDT."""
        return await self.signed(
            "POST",
            "order",
            account=account,
            timestamp=None,
            symbol="BTCUSDT",
            type="LIMIT_MAKER",
            side=side,
            price=price,
            quantity=size,
            **more,
        )


@asynccontextmanager
async def running(config: SandboxConfig) -> AsyncIterator[RunningSandbox]:
    """The sandbox of that configuration, for the length of the block."""
    server = SandboxServer(config)
    url = await server.start()
    async with aiohttp.ClientSession() as http:
        try:
            yield RunningSandbox(server, url, http)
        finally:
            await server.stop()
