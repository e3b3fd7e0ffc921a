"""Public websocket streams: subscriptions and market data frames.

`/ws/<stream>[/<stream>]` sends bare payloads, `/stream?streams=a/b` wraps them with the name of the
stream; both accept SUBSCRIBE, UNSUBSCRIBE, LIST_SUBSCRIPTIONS, SET_PROPERTY and GET_PROPERTY. ccxt
connects to `/stream/ws/<n>`, where `<n>` has no meaning. Unknown streams, and those of a symbol
that is not listed, are refused; `channels.py` has the names.
"""

from collections.abc import Callable, Sequence
from copy import replace
from decimal import Decimal

import msgspec
from aiohttp import WSCloseCode, web

from quoter.domain.units import NS_PER_S
from quoter.sandbox.exchange.faults import BOOK_SIDES, FaultKind, SocketKind, emptied, without
from quoter.sandbox.exchange.venue import Venue
from quoter.sandbox.protocol import payloads
from quoter.sandbox.protocol.payloads import Json
from quoter.sandbox.streams.channels import Stream, parse_stream, partial_book, state_events
from quoter.sandbox.streams.depth_merger import DepthMerger
from quoter.sandbox.streams.sockets import CLOSE_S_MAX, Socket, Sockets
from quoter.sim.messages import BestNews, DepthNews, News, PrintNews

INVALID_STREAM = "Invalid request: invalid stream"


class StreamCommand(msgspec.Struct, forbid_unknown_fields=True):
    """A command that a client may send on a market stream."""

    method: str
    id: int | str | None = None
    params: list[str | bool] = []


class Subscriber:
    """One market socket with its subscriptions and its inbound message limit."""

    def __init__(self, venue: Venue, *, is_combined: bool) -> None:
        self.socket = Socket(venue, SocketKind.MARKET, wrap=self._wrap)
        self.is_combined = is_combined
        self.streams: dict[str, Stream] = {}
        self._venue = venue
        self._second = self._messages = 0

    def count_inbound(self) -> bool:
        """Count an inbound frame; return whether it is within the limit per second."""
        second = self._venue.now_ns() // NS_PER_S
        if second != self._second:
            self._second, self._messages = second, 0
        self._messages += 1
        is_within = self._messages <= self._venue.config.limits.inbound_per_s
        if not is_within:
            self._venue.counts["market_socket_too_many_messages"] += 1
        return is_within

    def _wrap(self, event: Json) -> Json:
        return {"stream": f"!{event['e']}", "data": event} if self.is_combined else event


class MarketStreams:
    """Subscriptions of all market sockets, by stream."""

    def __init__(self, venue: Venue, sockets: Sockets) -> None:
        self._venue, self._sockets = venue, sockets
        self._listeners: dict[str, dict[Subscriber, None]] = {}
        self._streams: dict[str, Stream] = {}  # those with listeners
        self._sent_ns: dict[str, int] = {}  # time of the last event, of those sent at fixed times
        self._on_reader: Callable[[str], None] = lambda _symbol: None
        self._mergers = {symbol: DepthMerger(symbol) for symbol in venue.markets}

    def add_routes(self, app: web.Application) -> None:
        """Register the routes of Binance and those that ccxt uses."""
        app.router.add_get("/ws", self._raw)
        app.router.add_get("/ws/{streams:.*}", self._raw)
        app.router.add_get("/stream", self._combined)
        app.router.add_get("/stream/ws", self._raw)
        app.router.add_get("/stream/ws/{streams:.*}", self._raw)

    def on_subscription(self, on_reader: Callable[[str], None]) -> None:
        """Call `on_reader(symbol)` at every subscription."""
        self._on_reader = on_reader

    def receive(self, news: Sequence[News]) -> None:
        """Send new market data to its subscribers."""
        for item in news:
            match item:
                case DepthNews():
                    self._depth(item)
                case BestNews():
                    event = payloads.best_event(item)
                    if armed := self._venue.faults.take(
                        FaultKind.ONE_SIDED_BOOK, symbol=item.symbol, events=BOOK_SIDES
                    ):
                        for side in emptied(armed.fault):
                            event |= dict.fromkeys((side[0], side[0].upper()), payloads.ZERO)
                    self._send(item.symbol, "bookTicker", event)
                case PrintNews():
                    self._send(item.symbol, "trade", payloads.trade_event(item))
                    self._send(item.symbol, "aggTrade", payloads.aggregate_event(item))
                case _:
                    pass

    def flush_slow(self, now_ns: int) -> None:
        """Send the streams that have at most one update per second."""
        for merger in self._mergers.values():
            merged = merger.flush(now_ns)
            if merged is not None:
                event = payloads.depth_event(merged)
                self._send(merged.symbol, "depth", event)
                self._send(merged.symbol, "depth@1000ms", event)
        for stream in list(self._streams.values()):
            if stream.is_live or stream.is_fast_book:
                continue
            since_ns = self._sent_ns.setdefault(stream.name, now_ns)
            if since_ns < now_ns and now_ns // NS_PER_S - since_ns // NS_PER_S < stream.period_s:
                continue
            for state in state_events(self._venue, stream, since_ns=since_ns, now_ns=now_ns):
                self._send_to(stream, state)
            self._sent_ns[stream.name] = now_ns

    def _depth(self, news: DepthNews) -> None:
        if self._venue.faults.take(FaultKind.DEPTH_GAP, symbol=news.symbol):
            return
        if self._venue.faults.take(FaultKind.DEPTH_CORRUPT, symbol=news.symbol):
            news = corrupted(news, self._venue.markets[news.symbol].tick)
        if armed := self._venue.faults.take(FaultKind.DEPTH_IDS_SHIFTED, symbol=news.symbol):
            shift = armed.fault.shift
            news = replace(news, first=news.first + shift, last=news.last + shift)
        if armed := self._venue.faults.take(
            FaultKind.ONE_SIDED_BOOK, symbol=news.symbol, events=BOOK_SIDES
        ):
            news = without(news, armed.fault)
        self._mergers[news.symbol].add(news)
        self._send(news.symbol, "depth@100ms", payloads.depth_event(news))
        for stream in list(self._streams.values()):
            if stream.symbol == news.symbol and stream.is_fast_book:
                self._send_to(stream, partial_book(self._venue, stream))

    def _send(self, symbol: str, channel: str, event: Json) -> None:
        stream = self._streams.get(f"{symbol.lower()}@{channel}")
        if stream is not None:
            self._send_to(stream, event)

    def _send_to(self, stream: Stream, event: object) -> None:
        faults, kinds = self._venue.faults, (stream.channel.partition("@")[0],)
        symbol = stream.symbol
        if faults.take(FaultKind.MARKET_FRAMES_DROP, symbol=symbol, events=kinds):
            return
        bare = msgspec.json.encode(event)
        wrapped = b'{"stream":"%s","data":%s}' % (stream.name.encode(), bare)
        if armed := faults.take(FaultKind.MARKET_FRAMES_UNREADABLE, symbol=symbol, events=kinds):
            bare = wrapped = armed.fault.text.encode()
        for subscriber in list(self._listeners[stream.name]):
            subscriber.socket.send(wrapped if subscriber.is_combined else bare)

    async def _raw(self, request: web.Request) -> web.StreamResponse:
        names = request.match_info.get("streams", "").split("/")
        return await self._serve(request, names, is_combined=False)

    async def _combined(self, request: web.Request) -> web.StreamResponse:
        names = request.query.get("streams", "").split("/")
        return await self._serve(request, names, is_combined=True)

    async def _serve(
        self, request: web.Request, names: Sequence[str], *, is_combined: bool
    ) -> web.StreamResponse:
        if page := self._sockets.refused(SocketKind.MARKET):
            return page
        streams = [self._stream(name) for name in names if "@" in name]
        if None in streams:
            return await _refused(request)
        subscriber = Subscriber(self._venue, is_combined=is_combined)
        for stream in streams:
            if stream is not None:
                self._subscribe(subscriber, stream)
        self._sockets.add(subscriber.socket)

        async def on_text(text: str) -> None:
            subscriber.socket.send(msgspec.json.encode(self._command(subscriber, text)))

        try:
            await subscriber.socket.run(request, on_text=on_text, on_frame=subscriber.count_inbound)
        finally:
            self._sockets.remove(subscriber.socket)
            for stream in list(subscriber.streams.values()):
                self._unsubscribe(subscriber, stream)
        return subscriber.socket.response

    def _command(self, subscriber: Subscriber, text: str) -> Json:
        try:
            command = msgspec.json.decode(text, type=StreamCommand)
        except msgspec.ValidationError as error:
            return _error(2, f"Invalid request: {error}", None)
        except msgspec.DecodeError as error:
            return _error(3, f"Invalid JSON: {error}", None)
        match command.method:
            case "LIST_SUBSCRIPTIONS":
                return {"result": list(subscriber.streams), "id": command.id}
            case "SUBSCRIBE":
                return self._change(subscriber, command, is_new=True)
            case "UNSUBSCRIBE":
                return self._change(subscriber, command, is_new=False)
            case "SET_PROPERTY" | "GET_PROPERTY":
                return _property(subscriber, command)
            case _:
                return _error(2, f"Invalid request: unknown variant `{command.method}`", command.id)

    def _change(self, subscriber: Subscriber, command: StreamCommand, *, is_new: bool) -> Json:
        streams = [self._stream(str(name)) for name in command.params]
        if None in streams:
            return _error(2, INVALID_STREAM, command.id)
        most = self._venue.config.limits.streams_per_socket
        if is_new and len(subscriber.streams | dict.fromkeys(command.params)) > most:
            return _error(2, f"Invalid request: more than {most} streams", command.id)
        for stream in streams:
            if stream is None:
                continue
            if is_new:
                self._subscribe(subscriber, stream)
            else:
                self._unsubscribe(subscriber, stream)
        return {"result": None, "id": command.id}

    def _stream(self, name: str) -> Stream | None:
        return parse_stream(name, self._venue.markets)

    def _subscribe(self, subscriber: Subscriber, stream: Stream) -> None:
        subscriber.streams[stream.name] = stream
        self._streams[stream.name] = stream
        self._listeners.setdefault(stream.name, {})[subscriber] = None
        self._on_reader(stream.symbol)

    def _unsubscribe(self, subscriber: Subscriber, stream: Stream) -> None:
        subscriber.streams.pop(stream.name, None)
        listeners = self._listeners.get(stream.name, {})
        listeners.pop(subscriber, None)
        if not listeners:
            for held in (self._listeners, self._streams, self._sent_ns):
                held.pop(stream.name, None)


def corrupted(news: DepthNews, tick: Decimal) -> DepthNews:
    """Return the diff with its best price moved away from the market by one tick."""
    if news.bids:
        best = max(news.bids)
        rows = tuple((row[0] - tick, row[1]) if row is best else row for row in news.bids)
        return replace(news, bids=rows)
    if news.asks:
        best = min(news.asks)
        rows = tuple((row[0] + tick, row[1]) if row is best else row for row in news.asks)
        return replace(news, asks=rows)
    return news


def _property(subscriber: Subscriber, command: StreamCommand) -> Json:
    """Read or set `combined`, the only property: whether events name their stream."""
    name, *values = command.params or [""]
    if name != "combined":
        return _error(0, "Unknown property", command.id)
    if command.method == "GET_PROPERTY":
        return {"result": subscriber.is_combined, "id": command.id}
    if len(values) != 1 or not isinstance(values[0], bool):
        return _error(1, "Invalid value type: expected Boolean", command.id)
    subscriber.is_combined = values[0]
    return {"result": None, "id": command.id}


async def _refused(request: web.Request) -> web.StreamResponse:
    """Answer a connection for an unknown stream with the error, and close it."""
    socket = web.WebSocketResponse(timeout=CLOSE_S_MAX)
    await socket.prepare(request)
    await socket.send_str(msgspec.json.encode(_error(2, INVALID_STREAM, None)).decode())
    await socket.close(code=WSCloseCode.POLICY_VIOLATION)
    return socket


def _error(code: int, text: str, request_id: int | str | None) -> Json:
    return {"error": {"code": code, "msg": text}, "id": request_id}
