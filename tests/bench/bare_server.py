"""A minimal venue that a gateway can trade on, in its own process.

One loopback port serves HTTP and websockets without a server library, so that the time of a
request is the arrival of its bytes. It also measures: write a diff, wait for the create; write an
echo, wait for its return.
"""

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import cast
from urllib.parse import parse_qsl

import uvloop
from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.server import ServerProtocol

SYMBOL = "BTCUSDT"
MID_TICKS, STEP_TICKS = 6_000_000, 400
QUIET_S = 0.004  # without a request, before the next sample
SAMPLE_S_MAX = 5.0
WARM_UP = 20  # samples that are not counted
EMPTY_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: "

type Json = dict[str, object] | list[object]

INFO: Json = {
    "timezone": "UTC",
    "serverTime": 0,
    "rateLimits": [
        {
            "rateLimitType": "REQUEST_WEIGHT",
            "interval": "MINUTE",
            "intervalNum": 1,
            "limit": 10_000_000,
        },
    ],
    "exchangeFilters": [],
    "symbols": [
        {
            "symbol": SYMBOL,
            "status": "TRADING",
            "baseAsset": "BTC",
            "baseAssetPrecision": 8,
            "quoteAsset": "USDT",
            "quotePrecision": 8,
            "quoteAssetPrecision": 8,
            "orderTypes": ["LIMIT", "LIMIT_MAKER", "MARKET"],
            "allowedSelfTradePreventionModes": ["EXPIRE_MAKER"],
            "isSpotTradingAllowed": True,
            "isMarginTradingAllowed": False,
            "permissions": [],
            "permissionSets": [["SPOT"]],
            "filters": [
                {
                    "filterType": "PRICE_FILTER",
                    "minPrice": "0.01000000",
                    "maxPrice": "1000000.00000000",
                    "tickSize": "0.01000000",
                },
                {
                    "filterType": "LOT_SIZE",
                    "minQty": "0.00001000",
                    "maxQty": "9000.00000000",
                    "stepSize": "0.00001000",
                },
                {
                    "filterType": "NOTIONAL",
                    "minNotional": "5.00000000",
                    "applyMinToMarket": True,
                    "maxNotional": "9000000.00000000",
                },
            ],
        }
    ],
}
ACCOUNT: Json = {
    "makerCommission": 0,
    "takerCommission": 0,
    "commissionRates": {"maker": "0.0", "taker": "0.0", "buyer": "0.0", "seller": "0.0"},
    "canTrade": True,
    "accountType": "SPOT",
    "balances": [
        {"asset": "BTC", "free": "1.0", "locked": "0.0"},
        {"asset": "USDT", "free": "1000000.0", "locked": "0.0"},
    ],
}


@dataclass(frozen=True, slots=True)
class Samples:
    """Microseconds: diff written to create arrived, and echo written to echo arrived."""

    order_us: list[float]
    echo_us: list[float]


class Venue:
    """Open orders by client id, connected sockets, and the times of arrival."""

    def __init__(self) -> None:
        self.open: dict[str, dict[str, object]] = {}
        self.stream: Socket | None = None
        self.echo: Socket | None = None
        self.create_ns = 0
        self.echo_ns = 0
        self.changed = asyncio.Event()
        self._last = 1_000
        self._order_id = 0
        self._best = MID_TICKS

    def note_arrival(self) -> int:
        """Record an arrival and return the time, ns."""
        self.changed.set()
        return time.perf_counter_ns()

    def answer(self, method: str, path: str, params: dict[str, str]) -> Json:
        match method, path.rpartition("/")[2]:
            case "POST", "order":
                self.create_ns = self.create_ns or self.note_arrival()
                return self._placed(params)
            case "DELETE", "order":
                return self._canceled(params)
            case "GET", "exchangeInfo":
                return INFO
            case "GET", "time":
                return {"serverTime": time.time_ns() // 1_000_000}
            case "GET", "account":
                return ACCOUNT
            case "GET", "depth":
                return {"lastUpdateId": self._last, "bids": self._side(-1), "asks": self._side(1)}
            case "GET", "openOrders":
                return list(self.open.values())
            case _:
                return []

    def _placed(self, params: dict[str, str]) -> Json:
        self._order_id += 1
        name = params["newClientOrderId"]
        self.open[name] = {
            "symbol": SYMBOL,
            "orderId": self._order_id,
            "clientOrderId": name,
            "price": params["price"],
            "origQty": params["quantity"],
            "executedQty": "0.00000000",
            "status": "NEW",
            "type": "LIMIT_MAKER",
            "side": params["side"],
        }
        ack = {"symbol": SYMBOL, "orderId": self._order_id, "orderListId": -1}
        return ack | {"clientOrderId": name, "transactTime": time.time_ns() // 1_000_000}

    def _canceled(self, params: dict[str, str]) -> Json:
        number, name = params.get("orderId", ""), params.get("origClientOrderId", "")
        found = [n for n, r in self.open.items() if n == name or str(r["orderId"]) == number]
        if not found:
            return {"code": -2011, "msg": "Unknown order sent."}
        row, name = self.open.pop(found[0]), found[0]
        return row | {"status": "CANCELED", "origClientOrderId": name, "clientOrderId": "cancel"}

    def _side(self, sign: int) -> list[list[str]]:
        return [[_price(self._best + sign * (100 + 50 * n)), "1.00000000"] for n in range(50)]

    def diff(self) -> bytes:
        """Move the best prices between two places: 26 levels change, half of them are removed."""
        old, first = self._best, self._last + 1
        self._best = MID_TICKS + (STEP_TICKS if old == MID_TICKS else 0)
        sides = {}
        for key, sign in (("b", -1), ("a", 1)):
            gone = [[_price(old + sign * (100 + 50 * n)), "0.00000000"] for n in range(9)]
            come = [[_price(self._best + sign * (100 + 50 * n)), "1.00000000"] for n in range(9)]
            kept = {row[0] for row in come}
            sides[key] = [row for row in gone if row[0] not in kept] + come
        self._last += 26
        data = {"e": "depthUpdate", "E": 0, "s": SYMBOL, "U": first, "u": self._last, **sides}
        return json.dumps({"stream": "btcusdt@depth@100ms", "data": data}).encode()

    async def sample(self, count: int) -> Samples:
        """Measure both round trips alternately, each after a quiet period."""
        samples = Samples([], [])
        for number in range(-WARM_UP, count):
            order_us = await self._round_trip(self._send_diff, lambda: self.create_ns)
            echo_us = await self._round_trip(self._send_echo, lambda: self.echo_ns)
            if number >= 0:
                samples.order_us.append(order_us)
                samples.echo_us.append(echo_us)
        return samples

    def _send_diff(self) -> None:
        self.create_ns = 0
        if self.stream is not None:
            self.stream.send(self.diff())

    def _send_echo(self) -> None:
        self.echo_ns = 0
        if self.echo is not None:
            self.echo.send(b'{"n":1}')

    async def _round_trip(self, send: Callable[[], None], arrived: Callable[[], int]) -> float:
        before_ns = time.perf_counter_ns()
        send()
        async with asyncio.timeout(SAMPLE_S_MAX):
            while not arrived():
                self.changed.clear()
                await self.changed.wait()
            while await self._is_busy():
                pass
        return (arrived() - before_ns) / 1000

    async def ready(self) -> None:
        """Wait until both sockets are connected and the first orders are open."""
        async with asyncio.timeout(20 * SAMPLE_S_MAX):
            while self.stream is None or self.echo is None or len(self.open) < 2:
                self.changed.clear()
                await self.changed.wait()

    async def _is_busy(self) -> bool:
        """Whether anything arrives within QUIET_S."""
        self.changed.clear()
        try:
            async with asyncio.timeout(QUIET_S):
                return await self.changed.wait()
        except TimeoutError:
            return False


class Socket(asyncio.Protocol):
    """One connection: HTTP requests one after the other, or a websocket."""

    def __init__(self, venue: Venue) -> None:
        self._venue = venue
        self._transport = asyncio.Transport()
        self._buffer = b""
        self._protocol: ServerProtocol | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is not a subclass of it

    def data_received(self, data: bytes) -> None:
        if self._protocol is not None:
            self._websocket(self._protocol, data)
            return
        self._buffer += data
        head, found, rest = self._buffer.partition(b"\r\n\r\n")
        if not found:
            return
        lines = head.decode().split("\r\n")
        headers = {k.lower(): v for k, _, v in (line.partition(": ") for line in lines[1:])}
        if "upgrade" in headers:
            self._protocol = ServerProtocol()
            self._websocket(self._protocol, self._buffer)
        elif len(rest) >= int(headers.get("content-length", 0)):
            self._buffer = b""
            self._http(lines[0], rest.decode())

    def _http(self, line: str, body: str) -> None:
        method, target, _ = line.split(" ")
        path, _, query = target.partition("?")
        params = dict(parse_qsl(query) + parse_qsl(body))
        reply = json.dumps(self._venue.answer(method, path, params)).encode()
        self._transport.write(EMPTY_HEAD + str(len(reply)).encode() + b"\r\n\r\n" + reply)
        self._venue.note_arrival()

    def _websocket(self, protocol: ServerProtocol, data: bytes) -> None:
        protocol.receive_data(data)
        for event in protocol.events_received():
            if isinstance(event, Request):
                protocol.send_response(protocol.accept(event))
                if event.path.startswith("/echo"):
                    self._venue.echo = self
                else:
                    self._venue.stream = self
                self._venue.note_arrival()
            elif isinstance(event, Frame) and event.opcode in (Opcode.TEXT, Opcode.BINARY):
                self._venue.echo_ns = self._venue.note_arrival()
        self._flush(protocol)

    def send(self, text: bytes) -> None:
        """Send one text frame."""
        if self._protocol is not None:
            self._protocol.send_text(text)
            self._flush(self._protocol)

    def _flush(self, protocol: ServerProtocol) -> None:
        for chunk in protocol.data_to_send():
            if chunk:
                self._transport.write(chunk)


def _price(ticks: int) -> str:
    return f"{ticks / 100:.8f}"


def serve(pipe: Connection, count: int) -> None:
    """Send the port, wait for the maker, measure, send the samples."""
    uvloop.run(_serve(pipe, count))


async def _serve(pipe: Connection, count: int) -> None:
    venue = Venue()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Socket(venue), "127.0.0.1", 0)
    pipe.send(server.sockets[0].getsockname()[1])
    try:
        await venue.ready()
        pipe.send(await venue.sample(count))
    except TimeoutError:
        pipe.send(None)
    await asyncio.Event().wait()  # the maker cancels its orders before it ends this process
