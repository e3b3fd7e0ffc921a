"""The last inch before the socket: what may leave this machine, checked once no queue is left.

ccxt and aiohttp both hold requests back (throttle, connection pool, TLS handshake). So the gate is
asked twice: when ccxt hands a request over, and again when the connection is there and the next
thing is the write.
"""

import ssl
from collections.abc import Callable, Iterator
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
from quoter.venues.config import NowNs

WIRE_TIMES_MAX = 1000
KEEP_ALIVE_S = 75.0  # aiohttp's 15 s would cost a TLS handshake after every quiet stretch
CONNECTIONS_MAX = 64  # every call that may hang at once, and a kill's cancels beside them
PULSE_NS_MAX = 1_000_000_000  # an engine that has not heard its clock for longer decides blindly
HOST_CHARS_MAX = 100  # shown of a foreign one
TLS_SCHEMES = frozenset({"https", "wss"})
PLAIN_SCHEMES = frozenset({"http", "ws"})  # to the sandbox only
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})  # what goes there stays on this machine


class Purpose(StrEnum):
    """What a call is for; a request without one does not leave."""

    CREATE = "create"
    CANCEL = "cancel"
    READ = "read"
    DEAD_MAN = "dead_man"  # the venue's own switch: a POST that creates nothing


@dataclass(slots=True)
class Call:
    """One call through ccxt, from our decision to the write."""

    purpose: Purpose
    client_id: str = ""
    is_create_request: bool = False  # the request under way is the create itself
    requests_sent: int = 0
    create_sent: bool = False
    status: int = 0  # of the last HTTP answer; 0 without one

    @property
    def was_sent(self) -> bool:
        """May bytes of what the call is for have left this machine?"""
        return self.create_sent if self.purpose is Purpose.CREATE else self.requests_sent > 0


_call: ContextVar[Call | None] = ContextVar("venue_call", default=None)


@contextmanager
def calling(purpose: Purpose, client_id: str = "") -> Iterator[Call]:
    """Declare what the requests inside are for."""
    call = Call(purpose, client_id)
    token = _call.set(call)
    try:
        yield call
    finally:
        _call.reset(token)


def current_call() -> Call | None:
    return _call.get()


def _never_hushed(_: Purpose) -> str:
    return ""


def _unheard(_: str) -> None:
    """Nobody runs yet: `LastInch.breach_text` keeps it."""


type BlockReason = Callable[[], str]  # what forbids a create just now; empty: nothing


def never_blocked() -> str:
    return ""


class EgressGate:
    """Who may leave: open or shut, registered intents, allowed hosts. Starts shut.

    `hushed` says why the venue wants to hear nothing of a purpose now; empty: it does not mind.
    `on_breach` hears of every request that must never have been built: the gate is shut by then.
    `block_reason` returns why something outside this process forbids a create now, or an empty
    text. It is called for every create, so that a process that was frozen can't send on old
    knowledge.
    """

    def __init__(
        self,
        *,
        hosts: frozenset[str],
        age_ns_max: int,
        now_ns: NowNs,
        hushed: Callable[[Purpose], str] = _never_hushed,
        needs_tls: bool = False,
        block_reason: BlockReason = never_blocked,
    ) -> None:
        self._hosts, self._age_ns_max, self._now_ns = hosts, age_ns_max, now_ns
        self._schemes = TLS_SCHEMES if needs_tls else TLS_SCHEMES | PLAIN_SCHEMES
        self._hushed, self._barred = hushed, block_reason
        self._intents: dict[str, PlaceOrder] = {}
        self._wire_ns: dict[str, int] = {}
        self.is_open = False
        self.reduces_only = False  # REDUCE_ONLY: what was approved before that stays here
        self.pulse_ns: int | None = None  # the last tick that the engine handled; None: no engine
        self.requests_sent = 0
        self.creates_sent = 0
        self.refused = 0
        self.breach_text = ""  # of the newest breach that nobody has been told of
        self._on_breach: Callable[[str], None] = _unheard

    def report_breaches(self, on_breach: Callable[[str], None]) -> None:
        """From now on `on_breach` is told, at once of one that nobody has heard of yet."""
        self._on_breach = on_breach
        if self.breach_text:
            text, self.breach_text = self.breach_text, ""
            on_breach(text)

    def register(self, order: PlaceOrder) -> None:
        """From now on this order may be sent once."""
        self._intents[order.client_id] = order

    def forget(self, client_id: str) -> None:
        """The call is over: nothing may be sent for this order any more."""
        self._intents.pop(client_id, None)

    def intent(self, client_id: str) -> PlaceOrder | None:
        return self._intents.get(client_id)

    def wire_ns(self, client_id: str) -> int | None:
        """When the write of this create began; the last WIRE_TIMES_MAX creates are known."""
        return self._wire_ns.get(client_id)

    def check_host(self, url: str) -> None:
        """Raise GateShut unless host, or host:port, is on the list, and the way there is safe."""
        parts = urlsplit(url)
        if parts.hostname not in self._hosts and parts.netloc not in self._hosts:
            host = parts.netloc.rpartition("@")[2][:HOST_CHARS_MAX]
            raise self.breach(f"host {host!r} is not one of {sorted(self._hosts)}")
        if parts.scheme not in self._schemes and parts.hostname not in LOOPBACK:
            raise self.breach(f"{parts.scheme!r} to {parts.hostname}, which must be reached by TLS")

    def check_create(self, call: Call) -> None:
        """Raise GateShut unless this create may leave now."""
        order = self._intents.get(call.client_id)
        if not self.is_open:
            raise self.refuse("the gate is shut")
        self._check_pulse()
        if text := self._barred():
            raise self.refuse(text)
        if order is None:
            raise self.breach(f"no intent is registered for {call.client_id!r}")
        if call.create_sent:
            raise self.breach(f"{call.client_id} was sent before")
        if self.reduces_only and not order.reduces:
            raise self.refuse(f"{call.client_id} was approved before the state was REDUCE_ONLY")
        age_ns = self._now_ns() - order.decided_ns
        if not age_ns <= self._age_ns_max:
            raise self.refuse(f"{call.client_id} was decided {age_ns / 1e6:.0f} ms ago")

    def _check_pulse(self) -> None:
        """After a hang of ours the engine hears fills and answers before it hears how late it is.

        What it decides then rests on a book of before: it stays here until a tick of after the
        hang was handled. Raises GateShut.
        """
        if self.pulse_ns is None:
            return
        silent_ns = self._now_ns() - self.pulse_ns
        if not silent_ns <= PULSE_NS_MAX:
            raise self.refuse(f"our clock was last heard {silent_ns / 1e6:.0f} ms ago")

    def leave(self, url: str, call: Call | None) -> None:
        """The connection is there, the write is next: last look. Raises GateShut."""
        self.check_host(url)
        if call is None:
            raise self.refuse("a request that nobody declared")
        if text := self._hushed(call.purpose):  # it may have waited here since it was admitted
            raise self.refuse(text)
        if call.is_create_request:
            self.check_create(call)
            call.create_sent = True
            self.creates_sent += 1
            self._wire_ns[call.client_id] = self._now_ns()
            if len(self._wire_ns) > WIRE_TIMES_MAX:
                del self._wire_ns[next(iter(self._wire_ns))]
        call.requests_sent += 1
        self.requests_sent += 1

    def refuse(self, text: str) -> EgressBlocked:
        """Count a refusal; the caller raises it."""
        self.refused += 1
        return EgressBlocked(text)

    def breach(self, text: str) -> EgressBlocked:
        """Count a refusal of what nobody approved, shut for creates, and tell; the caller raises.

        It is no weather: our code, a library or an address is not what we took it for.
        """
        self.is_open = False
        if self._on_breach is _unheard:
            self.breach_text = text
        else:
            self._on_breach(text)
        return self.refuse(text)


@cache
def tls_context() -> ssl.SSLContext:
    """How a venue must prove who it is: a trusted certificate for its name, TLS 1.2 or later."""
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


class SealedGate(EgressGate):
    """Of a process that cancels and never creates: no way leads to an open gate."""

    def check_create(self, call: Call) -> None:
        """Raise GateShut, always."""
        raise self.refuse(f"this process creates no order: {call.client_id!r}")


class GatedConnector(aiohttp.TCPConnector):
    """Hands out a connection only to a request that may leave at this very moment."""

    def __init__(self, gate: EgressGate) -> None:
        super().__init__(limit=CONNECTIONS_MAX, keepalive_timeout=KEEP_ALIVE_S, ssl=tls_context())
        self._gate = gate

    async def connect(
        self, req: ClientRequest, traces: list[Trace], timeout: ClientTimeout
    ) -> Connection:
        """Aiohttp calls this right before it writes the request; redirects come here too."""
        self._gate.check_host(str(req.url))
        if req.proxy is not None:
            raise self._gate.breach(f"a request by way of the proxy {req.proxy.host!r}")
        connection = await super().connect(req, traces, timeout)
        try:
            self._gate.leave(str(req.url), current_call())
        except EgressBlocked:
            connection.release()
            raise
        return connection


def gated_session(gate: EgressGate) -> aiohttp.ClientSession:
    """A session that writes every request at most once. Raises VenueError if it can't promise it.

    aiohttp sends GET, PUT and DELETE again when a kept-alive connection turns out to be dead.
    """
    session = aiohttp.ClientSession(connector=GatedConnector(gate), trust_env=False)
    if getattr(session, "_retry_connection", None) is not True:
        raise VenueError("this aiohttp repeats requests by a switch that we do not know")
    session._retry_connection = False  # noqa: SLF001 - there is no public switch
    return session


def check_session(session: object) -> None:
    """Raise VenueError unless this session goes through the gate and repeats nothing."""
    connector = session.connector if isinstance(session, aiohttp.ClientSession) else None
    is_ours = isinstance(connector, GatedConnector)
    if not is_ours or getattr(session, "_retry_connection", None) is not False:
        raise VenueError("unsafe session: it may send a request twice, or past the gate")
