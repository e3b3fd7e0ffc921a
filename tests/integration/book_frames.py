"""Order-book frames of venues in their documented form, and a server that sends them.

Prices are whole numbers, so that a price shows which book a level belongs to.
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from decimal import Decimal
from random import Random
from urllib.parse import urlsplit
from zlib import crc32

from aiohttp import WSMsgType, web

from quoter.domain.instrument import Instrument
from quoter.venues.ccxt.feed import CcxtFeed
from quoter.venues.config import StreamTimings, VenueConfig
from quoter.venues.egress.gate import PLAIN_SCHEMES
from tests.integration.test_daemon_dialects import redirected

type Rows = list[tuple[int, int]]  # price, size; size 0 removes the level
type Frame = dict[str, object] | list[object]

NOW_MS = 1786541318124


@dataclass(frozen=True, slots=True, kw_only=True)
class Frames:
    """How one venue writes a whole book and an update with the number `last`."""

    exchange: str
    symbol: str
    venue_symbol: str
    whole: Callable[[Rows, Rows, int], Frame]
    update: Callable[[Rows, Rows, int], Frame]  # follows `last` - 1
    greeting: Callable[[], list[Frame]] = list  # before the first book of a connection


def _text_rows(rows: Rows) -> list[list[str]]:
    return [[f"{price}.0", f"{size}"] for price, size in rows]


def _bybit(kind: str) -> Callable[[Rows, Rows, int], Frame]:
    def frame(bids: Rows, asks: Rows, last: int) -> Frame:
        data = {
            "s": "BTCUSDT",
            "b": _text_rows(bids),
            "a": _text_rows(asks),
            "u": last,
            "seq": 112571825987 + 7 * last,
        }
        return {"topic": "orderbook.50.BTCUSDT", "ts": NOW_MS, "type": kind, "data": data}

    return frame


def _okx(action: str) -> Callable[[Rows, Rows, int], Frame]:
    def frame(bids: Rows, asks: Rows, last: int) -> Frame:
        row = {
            "asks": [[*row, "0", "1"] for row in _text_rows(asks)],
            "bids": [[*row, "0", "1"] for row in _text_rows(bids)],
            "ts": str(NOW_MS),
            "checksum": 0,
            "seqId": 79706756139 + 12 * last,
            "prevSeqId": -1 if action == "snapshot" else 79706756139 + 12 * (last - 1),
        }
        argument = {"channel": "books", "instId": "BTC-USDT"}
        return {"arg": argument, "action": action, "data": [row]}

    return frame


def _gate(*, is_full: bool) -> Callable[[Rows, Rows, int], Frame]:
    def frame(bids: Rows, asks: Rows, last: int) -> Frame:
        number = 39106162812 + 4 * last
        result: dict[str, object] = {"t": NOW_MS, "s": "ob.BTC_USDT.50", "u": number}
        result |= {"full": True} if is_full else {"U": number - 3}
        result |= {"b": _text_rows(bids), "a": _text_rows(asks)}
        return {"channel": "spot.obu", "result": result, "time_ms": NOW_MS, "event": "update"}

    return frame


def _bitget(action: str) -> Callable[[Rows, Rows, int], Frame]:
    def frame(bids: Rows, asks: Rows, last: int) -> Frame:
        row = {
            "asks": _text_rows(asks),
            "bids": _text_rows(bids),
            "ts": str(NOW_MS),
            "seq": 1343064377779269632 + 9 * last,
            "pseq": 0 if action == "snapshot" else 1343064377779269632 + 9 * (last - 1),
        }
        argument = {"instType": "SPOT", "channel": "books", "instId": "BTCUSDT"}
        return {"action": action, "arg": argument, "data": [row], "ts": NOW_MS}

    return frame


def _deribit(kind: str) -> Callable[[Rows, Rows, int], Frame]:
    def frame(bids: Rows, asks: Rows, last: int) -> Frame:
        data: dict[str, object] = {
            "type": kind,
            "timestamp": NOW_MS,
            "instrument_name": "BTC_USDC",
            "change_id": 169600103289 + 5 * last,
        }
        for name, rows in (("bids", bids), ("asks", asks)):
            data[name] = [
                ["new" if size else "delete", float(price), float(size)] for price, size in rows
            ]
        if kind == "change":
            data["prev_change_id"] = 169600103289 + 5 * (last - 1)
        params = {"channel": "book.BTC_USDC.100ms", "data": data}
        return {"jsonrpc": "2.0", "method": "subscription", "params": params}

    return frame


def _kraken_whole(bids: Rows, asks: Rows, last: int) -> Frame:
    """Return a snapshot with Kraken's checksum over it."""
    del last
    sides = {
        name: [{"price": float(price), "qty": float(size)} for price, size in rows]
        for name, rows in (("bids", bids), ("asks", asks))
    }
    digits = "".join(f"{price}0{size}00000000" for price, size in (*asks, *bids))
    row = {"symbol": "BTC/USD", **sides, "checksum": crc32(digits.encode())}
    return {"channel": "book", "type": "snapshot", "data": [row]}


def _kraken_update(bids: Rows, asks: Rows, last: int) -> Frame:
    """Return an update that follows no book of this connection: its checksum can't be right."""
    frame = _kraken_whole(bids, asks, last)
    assert isinstance(frame, dict)
    return frame | {"type": "update"}


def kraken_trades(*times: str) -> Frame:
    """Return the last trades of the market, which Kraken sends to each new subscription."""
    rows = [
        {
            "symbol": "BTC/USD",
            "side": "buy",
            "price": 105.0,
            "qty": 0.5,
            "ord_type": "market",
            "trade_id": 4665846 + number,
            "timestamp": time,
        }
        for number, time in enumerate(times)
    ]
    return {"channel": "trade", "type": "snapshot", "data": rows}


def bitget_trades(*times_ms: int) -> Frame:
    """Return the last trades of the market, which Bitget sends to each new subscription."""
    rows = [
        {
            "ts": str(at_ms),
            "price": "105.0",
            "size": "0.5",
            "side": "buy",
            "tradeId": str(1116461060594286593 + number),
        }
        for number, at_ms in enumerate(times_ms)
    ]
    argument = {"instType": "SPOT", "channel": "trade", "instId": "BTCUSDT"}
    return {"action": "snapshot", "arg": argument, "data": rows, "ts": NOW_MS}


def _bitfinex_whole(bids: Rows, asks: Rows, last: int) -> Frame:
    del last
    rows = [[price, 1, size] for price, size in bids] + [[price, 1, -size] for price, size in asks]
    return [18691, rows]


def _bitfinex_update(bids: Rows, asks: Rows, last: int) -> Frame:
    del last
    price, size = (*bids, *asks)[0]
    return [18691, [price, int(size > 0), size or 1]]


def _bitfinex_greeting() -> list[Frame]:
    subscribed = {
        "event": "subscribed",
        "channel": "book",
        "chanId": 18691,
        "symbol": "tBTCUSD",
        "len": "25",
        "pair": "BTCUSD",
    }
    return [{"event": "info", "version": 2, "platform": {"status": 1}}, subscribed]


BYBIT = Frames(
    exchange="bybit",
    symbol="BTC/USDT",
    venue_symbol="BTCUSDT",
    whole=_bybit("snapshot"),
    update=_bybit("delta"),
)
OKX = Frames(
    exchange="okx",
    symbol="BTC/USDT",
    venue_symbol="BTC-USDT",
    whole=_okx("snapshot"),
    update=_okx("update"),
)
GATE = Frames(
    exchange="gate",
    symbol="BTC/USDT",
    venue_symbol="BTC_USDT",
    whole=_gate(is_full=True),
    update=_gate(is_full=False),
)
BITGET = Frames(
    exchange="bitget",
    symbol="BTC/USDT",
    venue_symbol="BTCUSDT",
    whole=_bitget("snapshot"),
    update=_bitget("update"),
)
DERIBIT = Frames(
    exchange="deribit",
    symbol="BTC/USDC",
    venue_symbol="BTC_USDC",
    whole=_deribit("snapshot"),
    update=_deribit("change"),
)
KRAKEN = Frames(
    exchange="kraken",
    symbol="BTC/USD",
    venue_symbol="XXBTZUSD",
    whole=_kraken_whole,
    update=_kraken_update,
)
BITFINEX = Frames(
    exchange="bitfinex",
    symbol="BTC/USD",
    venue_symbol="tBTCUSD",
    whole=_bitfinex_whole,
    update=_bitfinex_update,
    greeting=_bitfinex_greeting,
)
NUMBERED = (BYBIT, OKX, GATE, BITGET, DERIBIT)  # their updates say which number they follow
ALL = (*NUMBERED, KRAKEN, BITFINEX)


@dataclass(slots=True)
class BookServer:
    """Sends to each connection that subscribes to the book the next list of frames, then waits.

    After the frames of a connection whose number is in `closing` it closes the connection. `trades`
    are sent to each connection that subscribes to them.
    """

    frames: Frames
    connections: Sequence[Sequence[Frame]]
    closing: frozenset[int] = frozenset()
    trades: Sequence[Frame] = ()
    url: str = ""
    served: int = 0

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Serve a websocket; any HTTP request is refused."""
        if request.headers.get("Upgrade", "").lower() != "websocket":
            return web.json_response({"error": request.path}, status=404)
        socket = web.WebSocketResponse(heartbeat=None)
        await socket.prepare(request)
        async for message in socket:
            if message.type is not WSMsgType.TEXT:
                continue
            if "book" in message.data.replace("ob.", "book"):
                await self._serve(socket)
            elif "trade" in message.data:
                await self._send(socket, self.trades)
        return socket

    async def _serve(self, socket: web.WebSocketResponse) -> None:
        number, self.served = self.served, self.served + 1
        if number >= len(self.connections):
            return
        await self._send(socket, (*self.frames.greeting(), *self.connections[number]))
        if number in self.closing:
            await asyncio.sleep(0.1)  # so that the frames are read before the end
            await socket.close()

    async def _send(self, socket: web.WebSocketResponse, frames: Sequence[Frame]) -> None:
        for frame in frames:
            await socket.send_str(json.dumps(frame))


@asynccontextmanager
async def listening(server: BookServer) -> AsyncIterator[CcxtFeed]:
    """Listen on loopback; yield a feed with ccxt's unmodified class that connects to it."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", server.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    server.url = f"http://{host}:{port}"
    try:
        yield _feed(server)
    finally:
        await runner.cleanup()


def _feed(server: BookServer) -> CcxtFeed:
    frames = server.frames
    config = VenueConfig(
        exchange=frames.exchange,
        symbol=frames.symbol,
        environment="production",
        order_prefix="q00",
        hosts=frozenset({urlsplit(server.url).netloc}),
        stream=replace(StreamTimings(), backoff_base_s=0.05, backoff_s_max=0.2),
    )
    base, quote = frames.symbol.split("/")
    instrument = Instrument(
        symbol=frames.symbol,
        venue_symbol=frames.venue_symbol,
        base=base,
        quote=quote,
        tick=Decimal("0.1"),
        lot=Decimal("0.00000001"),
        size_min=Decimal("0.0001"),
        size_max=Decimal(1000),
        notional_min=Decimal(1),
        fee_maker=Decimal(0),
    )
    feed = CcxtFeed(config, instrument, time.time_ns, Random(1))
    client = feed._client
    client.gate._schemes = PLAIN_SCHEMES  # the server has no certificate
    client.urls["api"] = redirected(client.urls["api"], server.url)
    client.set_markets([_market(frames)])
    return feed


def _market(frames: Frames) -> dict[str, object]:
    base, quote = frames.symbol.split("/")
    return {
        "id": frames.venue_symbol,
        "symbol": frames.symbol,
        "base": base,
        "quote": quote,
        "type": "spot",
        "spot": True,
        "contract": False,
        "option": False,
        "stock": False,
        "active": True,
        "precision": {"price": 0.1, "amount": 1e-8},
        "limits": {},
        "info": {"pair_decimals": 1, "lot_decimals": 8, "wsname": frames.symbol},
    }
