"""Around any ccxt.pro class: its websocket defects mended, every request through the last inch.

The defects are those of ccxt 4.5.90; the tests show each of them on the unmodified class.
"""

import asyncio
import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING

from ccxt.base import errors as venue

from quoter.domain.errors import VenueError
from quoter.venues.ccxt.types import WsClient, WsMessage
from quoter.venues.config import NowNs
from quoter.venues.egress.gate import Call, EgressGate, Purpose, current_call, gated_session
from quoter.venues.egress.rate_limiter import RateLimiter
from quoter.venues.json_values import as_map
from quoter.venues.streams.reconnecting import retry_after_s

if TYPE_CHECKING:
    from quoter.venues.ccxt.types import Exchange as _Base
else:
    _Base = object

SUBSCRIPTIONS_MAX = 100
RATE_LIMIT_CODES = (418, 429)
_WS_ORDER = re.compile(
    r"(?i)order[\W_]?(place|create|amend|cancelreplace|modify|edit|test)"
    r"|(place|create|amend|add|edit|batch|new|modify)[\W_]?orders?\b|batch_add"
)

type VerifyCreate = Callable[[EgressGate, Call, str, str], None]


class GuardedExchange(_Base):
    """A mixin; `equip` must be called before the first request."""

    gate: EgressGate
    limiter: RateLimiter
    now_ns: NowNs
    verify_create: VerifyCreate | None = None
    only_creates_post = False
    dead_man_path = ""  # end of the URL of the venue's dead man's switch; empty: it has none
    alive: Callable[[], None] | None = None  # told of every frame, pongs included
    goodbye: Callable[[], None] | None = None  # told that the venue will end this connection
    faults = 0  # frames or handlers that failed

    def open(self, lazy: bool = False) -> None:
        """Ccxt calls this before any use of its session: it gets ours."""
        if self.session is None and not (lazy and self.closed_by_user):
            session = gated_session(self.gate)
            self.session, self.tcp_connector = session, session.connector
        super().open(lazy)

    def get_socks_proxy_session(self, socksProxy: str) -> object:
        """A session of ccxt's own would go past the gate. Raises GateShut."""
        del socksProxy
        raise self.gate.breach("a request by way of a SOCKS proxy")

    async def fetch(
        self,
        url: str,
        method: str = "GET",
        headers: Mapping[str, str] | None = None,
        body: str | None = None,
    ) -> object:
        """One HTTP request, if it may leave. Raises GateShut."""
        call = current_call()
        if call is None:
            raise self.gate.refuse(f"nobody declared {method} {url.partition('?')[0]}")
        self.gate.check_host(url)
        call.is_create_request = self._is_create(call, method, url, body)
        if call.is_create_request:
            self.gate.check_create(call)
            if self.verify_create is None:
                raise self.gate.refuse("nothing compares creates with their intents yet")
            self.verify_create(self.gate, call, url, body or "")
        response = await super().fetch(url, method, headers, body)
        self.limiter.learn(as_map(response))
        return response

    def _is_create(self, call: Call, method: str, url: str, body: str | None) -> bool:
        """Is this the create itself? Deribit's is a GET; before it some venues ask for settings."""
        if call.purpose is Purpose.DEAD_MAN:
            path = url.partition("?")[0]
            if not self.dead_man_path or not path.endswith(self.dead_man_path):
                raise self.gate.refuse(f"{method} {path} is not the dead man's switch")
            return False
        if call.purpose is Purpose.CREATE and call.client_id in f"{url}\n{body or ''}":
            return True
        changes_nothing = method in ("GET", "DELETE")
        if not changes_nothing and (self.only_creates_post or call.purpose is Purpose.CREATE):
            raise self.gate.breach(f"{method} that is not the create of {call.client_id!r}")
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
        """Every HTTP answer: the venue says how much we used, and when it wants silence."""
        now_ns = self.now_ns()
        call = current_call()
        if call is not None:
            call.status = code
        self.limiter.observe(response_headers, now_ns)
        if code in RATE_LIMIT_CODES:
            header = next(
                (v for k, v in response_headers.items() if k.lower() == "retry-after"), ""
            )
            self.limiter.silence(
                now_ns,
                retry_s=retry_after_s(header) if header else None,
                text=f"HTTP {code}",
                is_ban=code == 418,
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
        """Drop a client by identity: by its URL, ccxt would drop the one that replaced it."""
        if self.clients.get(client.url) is client:
            super().on_close(client, error)

    def on_error(self, client: WsClient, error: BaseException) -> None:
        """The same for errors."""
        if self.clients.get(client.url) is client:
            super().on_error(client, error)

    def client(self, url: str) -> WsClient:
        """A websocket whose receive loop survives bad frames and whose sends are looked at."""
        client = super().client(url)
        if not getattr(client, "guarded", False):
            client.guarded = True
            client.handle_message = partial(self._frame, client, client.handle_message)
            client.send = partial(self._send, client.send)
        if len(client.subscriptions) > SUBSCRIPTIONS_MAX:
            raise VenueError(f"{self.id}: {len(client.subscriptions)} subscriptions on one socket")
        return client

    def _frame(
        self, client: WsClient, inner: Callable[[WsMessage], None], message: WsMessage
    ) -> None:
        """An exception here would end ccxt's receive loop without a word."""
        if self.alive is not None:
            self.alive()
        try:
            inner(message)
        except Exception as error:  # noqa: BLE001 - whatever it is, the watchers must hear of it
            self.faults += 1
            client.on_error(venue.NetworkError(f"frame failed: {error!r}"))

    async def _send(self, inner: Callable[[object], object], message: object) -> None:
        """Orders go by HTTP, where they pass the gate; none may slip out here."""
        fields = as_map(message)
        for key in ("method", "op", "event", "channel", "action"):
            if _WS_ORDER.search(str(fields.get(key, ""))):
                raise self.gate.breach(f"{fields[key]} over a websocket")
        await inner(message)  # type: ignore[misc]

    def handle_message(self, client: WsClient, message: object) -> None:
        """Binance announces the end of a connection, which ccxt does not know."""
        if self.goodbye is not None:
            fields = as_map(message)
            if as_map(fields.get("event", fields)).get("e") == "serverShutdown":
                self.goodbye()
                return
        super().handle_message(client, message)

    def handle_event_stream_terminated(self, client: WsClient, message: object) -> None:
        """Binance ended our private stream: ccxt would wake nobody."""
        client.on_error(venue.NetworkError(f"eventStreamTerminated: {message}"))

    def drop_sockets(self, text: str) -> None:
        """End every websocket; what waits on them hears a NetworkError."""
        for client in list(self.clients.values()):
            for future in client.futures.values():
                if isinstance(future, asyncio.Future):  # perhaps nobody waits on it any more
                    future.add_done_callback(_heard)
            client.on_error(venue.NetworkError(text))


def _heard(future: "asyncio.Future[object]") -> None:
    """An exception that nobody takes would be logged as lost."""
    if not future.cancelled():
        future.exception()
