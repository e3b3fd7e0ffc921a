"""The egress gate: checks at the socket which of ccxt's requests may leave this machine.

ccxt and aiohttp may both delay a request (throttle, connection pool, TLS handshake). So the gate
checks each request twice: when ccxt hands it over, and when the connection is open, right before
the write.
"""

import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from urllib.parse import urlsplit

import aiohttp
from aiohttp.client import ClientTimeout
from aiohttp.client_reqrep import ClientRequest
from aiohttp.connector import Connection
from aiohttp.tracing import Trace

from quoter.domain.commands import PlaceOrder
from quoter.domain.errors import EgressBlocked, VenueError
from quoter.domain.instrument import Instrument
from quoter.venues.config import NowNs
from quoter.venues.profiles import RequiredHeader

WIRE_TIMES_MAX = 1000
KEEP_ALIVE_S = 75.0  # aiohttp's default of 15 s would cost a TLS handshake after each pause
CONNECTIONS_MAX = 64  # enough for all calls that may hang at once, and the cancels of a kill
ENGINE_HEARTBEAT_NS_MAX = 1_000_000_000  # if the tick is older, the engine may decide on old data
# after a change of rules; a create decided later follows the new rules
RULES_KNOWN_NS = 5_000_000_000

ANSWER_BYTES_MAX = 8 * 2**20  # one HTTP answer; a thousand orders take half a megabyte
MARKETS_BYTES_MAX = 96 * 2**20  # an answer with all markets of a venue
HOST_CHARS_MAX = 100  # length in error texts of a host that was refused or that a redirect names
REDIRECTS = frozenset({301, 302, 303, 307, 308})
TLS_SCHEMES = frozenset({"https", "wss"})
PLAIN_SCHEMES = frozenset({"http", "ws"})  # for the sandbox only
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})  # traffic to these stays on this machine


class Purpose(StrEnum):
    """Purpose of a call; a request without one is not sent."""

    CREATE = "create"
    CANCEL = "cancel"
    READ = "read"
    DEAD_MAN = "dead_man"  # the venue's own switch: a POST that creates no order


@dataclass(slots=True)
class Call:
    """One call through ccxt, from our decision to the write to the socket."""

    purpose: Purpose
    client_id: str = ""
    is_create_request: bool = False  # the present request is the create itself
    requests_sent: int = 0
    create_sent: bool = False
    status: int = 0  # of the last HTTP answer; 0 without one
    answer_bytes_max: int = 0  # 0: ANSWER_BYTES_MAX
    answer: object = None  # decoded JSON of the last HTTP answer with a good status
    captured: list[tuple[str, str]] | None = None  # not None: URLs and bodies; nothing is sent

    @property
    def was_sent(self) -> bool:
        """Whether bytes may have been sent: of the create itself, if the call is a create."""
        return self.create_sent if self.purpose is Purpose.CREATE else self.requests_sent > 0


_call: ContextVar[Call | None] = ContextVar("venue_call", default=None)


@contextmanager
def declare_call(purpose: Purpose, client_id: str = "") -> Iterator[Call]:
    """Declare the purpose of the requests sent inside the `with` block."""
    call = Call(purpose, client_id)
    token = _call.set(call)
    try:
        yield call
    finally:
        _call.reset(token)


def current_call() -> Call | None:
    """Return the declared call of this task; None outside of `declare_call`."""
    return _call.get()


@contextmanager
def allow_markets() -> Iterator[None]:
    """Allow answers as large as a list of all markets for the declared call, inside the block."""
    call = _call.get() or Call(Purpose.READ)
    before, call.answer_bytes_max = call.answer_bytes_max, MARKETS_BYTES_MAX
    try:
        yield
    finally:
        call.answer_bytes_max = before


def _never_paused(_: Purpose) -> str:
    return ""


def _no_listener(_: str) -> None:
    """Do nothing. Without a listener (`report_breaches`) the gate stores the text of a breach."""


type BlockReason = Callable[[], str]  # why no create may leave now; empty if it may


def never_blocked() -> str:
    return ""


class EgressGate:
    """Checks of requests: open or closed, registered orders, allowed hosts. Starts closed.

    A breach is a request that must never have been built: it closes the gate for creates and is
    reported. `pause_reason` returns why no request with a purpose may be sent now, or an empty
    text. `block_reason` returns why something outside this process forbids a create now, or an
    empty text. It is called for every create, so that a process that was frozen does not rely on
    old knowledge.
    """

    def __init__(
        self,
        *,
        hosts: frozenset[str],
        age_ns_max: int,
        now_ns: NowNs,
        pause_reason: Callable[[Purpose], str] = _never_paused,
        needs_tls: bool = False,
        block_reason: BlockReason = never_blocked,
        headers: tuple[RequiredHeader, ...] = (),
    ) -> None:
        self._headers = headers
        self._hosts, self._age_ns_max, self._now_ns = hosts, age_ns_max, now_ns
        self._schemes = TLS_SCHEMES if needs_tls else TLS_SCHEMES | PLAIN_SCHEMES
        self._pause_reason, self._block_reason = pause_reason, block_reason
        self._intents: dict[str, PlaceOrder] = {}
        self._wire_ns: dict[str, int] = {}
        self._new_rules: Instrument | None = None  # None: the market can't be quoted
        self._new_rules_ns: int | None = None  # None: unchanged since the start
        self.is_open = False
        self.reduces_only = False  # True: only creates that were approved as reducing are sent
        self.engine_heartbeat_ns: int | None = None  # newest processed tick; None: no engine
        self.requests_sent = 0
        self.creates_sent = 0
        self.refused = 0
        self.breach_text = ""  # text of the newest breach that was not reported yet
        self._on_breach: Callable[[str], None] = _no_listener

    def report_breaches(self, on_breach: Callable[[str], None]) -> None:
        """Report breaches to `on_breach`, also one from before this call."""
        self._on_breach = on_breach
        if self.breach_text:
            text, self.breach_text = self.breach_text, ""
            on_breach(text)

    def register(self, order: PlaceOrder) -> None:
        """Permit one send of this order."""
        self._intents[order.client_id] = order

    def forget(self, client_id: str) -> None:
        """End the permission to send this order: its call is over."""
        self._intents.pop(client_id, None)

    def intent(self, client_id: str) -> PlaceOrder | None:
        """Return the registered order of this client id; None if none is registered."""
        return self._intents.get(client_id)

    def change_rules(self, rules: Instrument | None) -> None:
        """Withdraw the creates that break `rules`; call it before ccxt rounds by the new rules.

        Creates that were approved under the former rules may still wait. ccxt would round their
        price or size, and the request would differ from the approved order. None: the market can't
        be quoted, so all creates are withdrawn.
        """
        self._new_rules, self._new_rules_ns = rules, self._now_ns()

    def wire_ns(self, client_id: str) -> int | None:
        """Return when writing this create began, UTC ns; None if not written or not kept."""
        return self._wire_ns.get(client_id)

    def check_host(self, url: str) -> None:
        """Raise EgressBlocked unless host, or host:port, is allowed.

        If TLS is required the scheme must be encrypted too, except on loopback.
        """
        parts = urlsplit(url)
        if parts.hostname not in self._hosts and parts.netloc not in self._hosts:
            host = parts.netloc.rpartition("@")[2][:HOST_CHARS_MAX]
            raise self.breach(f"host {host!r} is not one of {sorted(self._hosts)}")
        if parts.scheme not in self._schemes and parts.hostname not in LOOPBACK:
            raise self.breach(
                f"request to {parts.hostname} uses {parts.scheme!r}; "
                "only TLS (https, wss) is allowed"
            )

    def check_headers(self, url: str, headers: Mapping[str, str]) -> None:
        """Raise EgressBlocked if the header that selects the demo account is missing or wrong.

        `headers`: those that will be written, with names in any case.
        """
        parts = urlsplit(url)
        for needed in self._headers:
            is_meant = parts.hostname == needed.host and parts.path not in needed.exempt
            if is_meant and headers.get(needed.name) != needed.value:
                raise self.breach(
                    f"request to {needed.host} without the header {needed.name}: {needed.value}, "
                    "which selects the demo account"
                )

    def check_create(self, call: Call) -> None:
        """Raise EgressBlocked unless this create may leave now."""
        order = self._intents.get(call.client_id)
        if not self.is_open:
            raise self.refuse("the gate is closed")
        self._check_engine_heartbeat()
        if text := self._block_reason():
            raise self.refuse(text)
        if order is None:
            raise self.breach(f"no approved order has the client id {call.client_id or 'none'}")
        if call.create_sent:
            raise self.breach(f"{call.client_id} was sent before")
        if self.reduces_only and not order.reduces:
            raise self.refuse(f"{call.client_id} was approved before the state was REDUCE_ONLY")
        if self._is_withdrawn(order):
            raise self.refuse(f"{call.client_id} was approved under the market's former rules")
        age_ns = self._now_ns() - order.decided_ns
        if not age_ns <= self._age_ns_max:
            raise self.refuse(
                f"order {call.client_id} is too old: decided {age_ns / 1e6:.0f} ms ago, "
                f"limit {self._age_ns_max / 1e6:.0f} ms"
            )

    def _is_withdrawn(self, order: PlaceOrder) -> bool:
        """Whether the order breaks new rules that the engine may not have known when it decided."""
        changed_ns, rules = self._new_rules_ns, self._new_rules
        if changed_ns is None or order.decided_ns > changed_ns + RULES_KNOWN_NS:
            return False
        return rules is None or not rules.accepts(price=order.price, size=order.size)

    def _check_engine_heartbeat(self) -> None:
        """Raise EgressBlocked if the engine has not processed a tick for more than 1 s.

        After a hang of this process the engine processes queued fills and answers before the next
        tick. Its decisions then use an old book, so creates wait for a tick from after the hang.
        """
        if self.engine_heartbeat_ns is None:
            return
        silent_ns = self._now_ns() - self.engine_heartbeat_ns
        if not silent_ns <= ENGINE_HEARTBEAT_NS_MAX:
            raise self.refuse(
                f"order not sent: the engine has processed no tick for {silent_ns / 1e6:.0f} ms "
                f"(limit {ENGINE_HEARTBEAT_NS_MAX / 1e6:.0f} ms)"
            )

    def check_write(self, url: str, call: Call | None) -> None:
        """Check again on an open connection, right before the write. Raises EgressBlocked."""
        self.check_host(url)
        if call is None:
            raise self.refuse(f"undeclared request: {url.partition('?')[0]}")
        if call.captured is not None:
            raise self.refuse("a trial request")
        # the pause may have begun while the request waited
        if text := self._pause_reason(call.purpose):
            raise self.refuse(text)
        if call.is_create_request:
            self.pass_create(call)
        call.requests_sent += 1
        self.requests_sent += 1

    def pass_create(self, call: Call) -> None:
        """Check a create and record that it leaves now. Raises EgressBlocked."""
        self.check_create(call)
        call.create_sent = True
        self.creates_sent += 1
        self._wire_ns[call.client_id] = self._now_ns()
        if len(self._wire_ns) > WIRE_TIMES_MAX:
            del self._wire_ns[next(iter(self._wire_ns))]

    def refuse(self, text: str) -> EgressBlocked:
        """Count a refusal and return it as an error for the caller to raise."""
        self.refused += 1
        return EgressBlocked(text)

    def breach(self, text: str) -> EgressBlocked:
        """Close the gate for creates, report the breach, and return an error for the caller.

        A breach is not a transient fault: our code, a dependency or an endpoint is not what we
        expect.
        """
        self.is_open = False
        if self._on_breach is _no_listener:
            self.breach_text = text
        else:
            self._on_breach(text)
        return self.refuse(text)


@cache
def tls_context() -> ssl.SSLContext:
    """Return the TLS requirements: a trusted certificate for the host name, TLS 1.2 or later."""
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


class SealedGate(EgressGate):
    """The gate of a process that only cancels: it can never be opened for creates."""

    def check_create(self, call: Call) -> None:
        """Raise EgressBlocked, always."""
        raise self.refuse(f"this process creates no order (got {call.client_id})")


class GatedConnector(aiohttp.TCPConnector):
    """A connector that returns a connection only if the request may be written at that moment."""

    def __init__(self, gate: EgressGate) -> None:
        super().__init__(limit=CONNECTIONS_MAX, keepalive_timeout=KEEP_ALIVE_S, ssl=tls_context())
        self._gate = gate

    async def connect(
        self, req: ClientRequest, traces: list[Trace], timeout: ClientTimeout
    ) -> Connection:
        """Return a connection if the request may leave now. Raises EgressBlocked.

        aiohttp calls this before each write.
        """
        self._gate.check_host(str(req.url))
        self._gate.check_headers(str(req.url), req.headers)
        if req.proxy is not None:
            raise self._gate.breach(f"a request through the proxy {req.proxy.host!r}")
        connection = await super().connect(req, traces, timeout)
        try:
            self._gate.check_write(str(req.url), current_call())
        except EgressBlocked:
            connection.release()
            raise
        return connection


class UnusableAnswer(aiohttp.ClientConnectionError):
    """An answer that is not read, and proves nothing about the request."""


class AnswerTooLarge(UnusableAnswer):
    """An answer with more bytes than the limit."""


class Redirected(UnusableAnswer):
    """An answer with a redirect, e.g. to a maintenance page or the login page of a network."""


async def bounded_body(response: aiohttp.ClientResponse, most: int) -> bytes:
    """Return the body of an answer. Raises AnswerTooLarge beyond `most` bytes."""
    body = bytearray()
    try:
        async for block in response.content.iter_any():
            body += block
            if len(body) > most:
                host = response.url.host
                raise AnswerTooLarge(f"the answer of {host} is larger than {most} bytes")
        return bytes(body)
    finally:
        body.clear()  # the traceback of an error would keep the body with this frame


class BoundedResponse(aiohttp.ClientResponse):
    """A response whose body is read up to the limit of its call; beyond it the socket is closed.

    A redirect is refused: following it would send our key elsewhere, and a create twice.
    """

    async def start(self, connection: Connection) -> aiohttp.ClientResponse:
        """Read the headers. Raises Redirected for a redirect: none is followed."""
        await super().start(connection)
        if self.status in REDIRECTS:
            if (call := current_call()) is not None:
                call.status = self.status
            target = urlsplit(self.headers.get("Location", "")).hostname or "the same host"
            self.close()
            raise Redirected(f"HTTP {self.status}: a redirect to {target[:HOST_CHARS_MAX]}")
        return self

    async def read(self) -> bytes:
        """Return the body. Raises AnswerTooLarge."""
        if self._body is None:
            try:
                self._body = await self._read_bounded()
            except BaseException:  # as aiohttp: a cancelled read closes the socket too
                self.close()
                raise
        return await super().read()

    async def _read_bounded(self) -> bytes:
        call = current_call()
        most = (call.answer_bytes_max if call is not None else 0) or ANSWER_BYTES_MAX
        return await bounded_body(self, most)


def gated_session(gate: EgressGate) -> aiohttp.ClientSession:
    """Return a session that writes each request at most once, and limits the size of answers.

    By default aiohttp repeats GET, PUT and DELETE when a kept-alive connection is dead. Raises
    VenueError if that can't be switched off.
    """
    session = aiohttp.ClientSession(
        connector=GatedConnector(gate), trust_env=False, response_class=BoundedResponse
    )
    if getattr(session, "_retry_connection", None) is not True:
        raise VenueError(
            "this version of aiohttp may repeat requests: its retry switch was not found"
        )
    session._retry_connection = False  # noqa: SLF001 - there is no public switch
    return session


def check_session(session: object) -> None:
    """Raise VenueError unless this session uses the gate and repeats no request."""
    connector = session.connector if isinstance(session, aiohttp.ClientSession) else None
    is_ours = isinstance(connector, GatedConnector)
    if not is_ours or getattr(session, "_retry_connection", None) is not False:
        raise VenueError(
            "the HTTP session is unsafe: it may send a request twice, or bypass the egress gate"
        )
