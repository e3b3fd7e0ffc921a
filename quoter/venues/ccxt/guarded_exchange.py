"""Mixin for any ccxt.pro class: fixes websocket defects and sends requests through the egress gate.

The defects are those of ccxt 4.5.90; tests show each of them on the unmodified class.
"""

import asyncio
import re
from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING

from ccxt.base import errors as venue

from quoter.domain.errors import EgressBlocked, VenueError
from quoter.venues.answers import check_body
from quoter.venues.ccxt.types import JsonDict, RowCache, WsClient, WsMessage
from quoter.venues.config import NowNs
from quoter.venues.egress.gate import (
    Call,
    EgressGate,
    Purpose,
    allow_markets,
    current_call,
    gated_session,
)
from quoter.venues.egress.rate_limiter import RateLimiter
from quoter.venues.egress.request_paths import creates_nothing
from quoter.venues.egress.request_slots import RequestSlots
from quoter.venues.json_values import as_map

if TYPE_CHECKING:
    from quoter.venues.ccxt.types import Exchange as _Base
else:
    _Base = object

SUBSCRIPTIONS_MAX = 100
_WS_ORDER = re.compile(
    r"(?i)order[\W_]?(place|create|amend|cancelreplace|modify|edit|test)"
    r"|(place|create|amend|add|edit|batch|new|modify)[\W_]?orders?\b|batch_add"
)

type VerifyCreate = Callable[[EgressGate, Call, str, str], None]


class GuardedExchange(_Base):
    """Mixin for a class of ccxt.pro.

    `client.make_client` sets its attributes before any request.
    """

    gate: EgressGate
    limiter: RateLimiter
    now_ns: NowNs
    verify_create: VerifyCreate | None = None
    post_reads: frozenset[str] = frozenset()  # see `creates_nothing`
    slots: RequestSlots | None = None  # None: signed requests may overtake each other
    dead_man_path = ""  # end of the dead man's switch URL; empty: there is none
    on_frame: Callable[[], None] | None = None  # called for every frame, pongs included
    on_close_announced: Callable[[], None] | None = None  # the venue will close the connection
    frame_errors = 0  # frames whose handler raised

    def open(self, lazy: bool = False) -> None:
        """Set our gated session; ccxt calls this before any use of its session."""
        if self.session is None and not (lazy and self.closed_by_user):
            session = gated_session(self.gate)
            self.session, self.tcp_connector = session, session.connector
        super().open(lazy)

    def get_socks_proxy_session(self, socksProxy: str) -> object:
        """Raise EgressBlocked: a session made by ccxt would bypass the gate."""
        del socksProxy
        raise self.gate.breach("a request through a SOCKS proxy")

    async def fetch_markets(self, params: Mapping[str, object] = MappingProxyType({})) -> object:
        """Return all markets.

        Allowed within any call: ccxt also reads them e.g. before a first cancel.
        """
        with allow_markets():
            return await super().fetch_markets(dict(params))

    async def fetch2(
        self,
        path: str,
        api: object = "public",
        method: str = "GET",
        params: Mapping[str, object] | list[object] = MappingProxyType({}),
        config: Mapping[str, object] = MappingProxyType({}),
    ) -> object:
        """Sign and send one request, and return the answer.

        Where nonces must rise, signed requests wait for their turn (`RequestSlots`). `params` may
        be a list: OKX takes a list of orders.
        """
        call, send = current_call(), super().fetch2
        body = params if isinstance(params, list) else dict(params)
        if self.slots is None or call is None or "private" not in str(api):
            return await send(path, api, method, body, dict(config))
        return await self.slots.run(
            call.purpose, lambda: send(path, api, method, body, dict(config))
        )

    async def fetch(
        self,
        url: str,
        method: str = "GET",
        headers: Mapping[str, str] | None = None,
        body: str | None = None,
    ) -> object:
        """Send one HTTP request and return the answer. Raises EgressBlocked if the gate forbids it.

        Raises BadAnswer for an answer that ccxt must not read.
        """
        call = current_call()
        if call is None:
            raise self.gate.refuse(f"undeclared request: {method} {url.partition('?')[0]}")
        self.gate.check_host(url)
        if call.captured is not None:
            call.captured.append((url, body or ""))
            raise EgressBlocked("a trial request")
        call.is_create_request = self._is_create(call, method, url, body)
        if call.is_create_request:
            self.gate.check_create(call)
            if self.verify_create is None:
                raise self.gate.refuse("creates can't be verified before connect()")
            self.verify_create(self.gate, call, url, body or "")
        response = await super().fetch(url, method, headers, body)
        check_body(self.id, method, url, response)
        call.answer = response
        self.limiter.learn(as_map(response))
        return response

    def _is_create(self, call: Call, method: str, url: str, body: str | None) -> bool:
        """Whether this request is the create itself.

        A create may be a GET (Deribit), and ccxt may send other requests before it. A request that
        may create something without being the verified create is a breach. Raises EgressBlocked
        for it, and for a wrong URL of the dead man's switch.
        """
        if call.purpose is Purpose.DEAD_MAN:
            path = url.partition("?")[0]
            if not self.dead_man_path or not path.endswith(self.dead_man_path):
                raise self.gate.refuse(f"{method} {path} is not the dead man's switch")
            return False
        if call.purpose is Purpose.CREATE and call.client_id in f"{url}\n{body or ''}":
            return True
        if not creates_nothing(call.purpose, method, url, self.post_reads):
            path = url.partition("?")[0]
            raise self.gate.breach(
                f"{method} {path} is neither a {call.purpose} nor an approved create"
            )
        return False

    def on_rest_response(
        self,
        code: int,
        reason: str,
        url: str,
        method: str,
        response_headers: Mapping[str, str],
        response_body: str,
        request_headers: Mapping[str, str],
        request_body: str | None,
    ) -> str:
        """Read rate limits from an HTTP answer: the used budget, and pauses the venue asks for."""
        now_ns = self.now_ns()
        call = current_call()
        if call is not None:
            call.status = code
        self.limiter.answered(
            now_ns,
            code,
            response_headers,
            is_json=bool(self.is_json_encoded_object(response_body)),
        )
        return super().on_rest_response(
            code,
            reason,
            url,
            method,
            response_headers,
            response_body,
            request_headers,
            request_body,
        )

    def on_close(self, client: WsClient, error: object) -> None:
        """Drop this websocket only; ccxt drops the one of its URL, which may be its replacement."""
        if self.clients.get(client.url) is client:
            super().on_close(client, error)

    def on_error(self, client: WsClient, error: BaseException) -> None:
        """Handle an error only for the websocket in use (see `on_close`)."""
        if self.clients.get(client.url) is client:
            super().on_error(client, error)

    def client(self, url: str) -> WsClient:
        """Return a websocket whose receive loop survives bad frames and whose sends are checked.

        Raises VenueError if the websocket has more than SUBSCRIPTIONS_MAX subscriptions.
        """
        client = super().client(url)
        if not getattr(client, "guarded", False):
            client.guarded, client.is_answered = True, False
            client.handle_message = partial(self._handle_frame, client, client.handle_message)
            client.send = partial(self._send, client, client.send)
        if len(client.subscriptions) > SUBSCRIPTIONS_MAX:
            count = len(client.subscriptions)
            raise VenueError(
                f"{self.id}: {count} subscriptions on one socket, limit {SUBSCRIPTIONS_MAX}"
            )
        return client

    def _handle_frame(
        self, client: WsClient, inner: Callable[[WsMessage], None], message: WsMessage
    ) -> None:
        """Handle a frame; an exception would silently end ccxt's receive loop.

        Frames that a replaced websocket still has are dropped: ccxt would put them into its caches.
        """
        if self.clients.get(client.url) is not client:
            return
        client.is_answered = True
        if self.on_frame is not None:
            self.on_frame()
        try:
            inner(message)
        except Exception as error:  # noqa: BLE001 - the watches must end with any error
            self.frame_errors += 1
            client.on_error(venue.NetworkError(f"frame failed: {error!r}"))

    async def _send(
        self, client: WsClient, inner: Callable[[object], object], message: object
    ) -> None:
        """Send a websocket message. Raises EgressBlocked for an order: orders use HTTP only."""
        fields = as_map(message)
        for key in ("method", "op", "event", "channel", "action"):
            if _WS_ORDER.search(str(fields.get(key, ""))):
                raise self.gate.breach(f"{fields[key]} over a websocket")
        client.is_answered = False
        await inner(message)  # type: ignore[misc]

    def handle_message(self, client: WsClient, message: object) -> None:
        """Handle Binance's announcement that it will close the connection; ccxt ignores it."""
        if self.on_close_announced is not None:
            fields = as_map(message)
            if as_map(fields.get("event", fields)).get("e") == "serverShutdown":
                self.on_close_announced()
                return
        super().handle_message(client, message)

    def handle_event_stream_terminated(self, client: WsClient, message: object) -> None:
        """End the watches when Binance ends the private stream; ccxt would leave them waiting."""
        client.on_error(venue.NetworkError(f"eventStreamTerminated: {message}"))

    async def watch_trades(self, symbol: str) -> list[JsonDict]:
        """Await and return new public trades; see `_take`."""
        return _take(await super().watch_trades(symbol), self.trades.get(symbol))

    async def watch_my_trades(self, symbol: str) -> list[JsonDict]:
        """Await and return new fills of ours; see `_take`."""
        return _take(await super().watch_my_trades(symbol), self.myTrades)

    async def watch_orders(self, symbol: str) -> list[JsonDict]:
        """Await and return new rows of orders; see `_take`."""
        return _take(await super().watch_orders(symbol), self.orders)

    def drop_sockets(self, text: str) -> None:
        """End every websocket; pending watches raise NetworkError.

        The books are discarded too: otherwise ccxt would apply updates of a new socket to an old
        book.
        """
        for client in list(self.clients.values()):
            for future in client.futures.values():
                if isinstance(future, asyncio.Future):  # it may have no waiter any more
                    future.add_done_callback(_retrieve_error)
            client.on_error(venue.NetworkError(text))
        self.orderbooks.clear()


def _take(rows: list[JsonDict], cache: RowCache | None) -> list[JsonDict]:
    """Return the rows that a watch found, and empty the cache in which ccxt found them.

    Without this ccxt keeps rows of 4 KB each, up to the size of the cache. No await may come
    between the watch and this call: later rows must stay for the next watch. Nobody else reads the
    cache: the quoted venues send whole rows, or `KrakenExecutions` completes them.
    """
    taken = list(rows)
    if cache is not None:
        cache.clear()
    return taken


def _retrieve_error(future: "asyncio.Future[object]") -> None:
    """Retrieve the exception, so that asyncio does not log it as never retrieved."""
    if not future.cancelled():
        future.exception()
