"""Admin API for tests, under /sandbox/v1, without authentication: serve it on loopback only.

GET    truth?api_key=K   opening, balances {asset: {free, locked}}, totals {asset: total as the
                         truth ledger recomputes it}, trades (myTrades rows of all symbols, oldest
                         first), open_orders; exact decimals as texts
GET    wire-log?since=N  entries with seq > N: every create, cancel, cancel-all, replace, amend with
                         seq, received_ns, transport, operation, api_key, client_id, symbol, side,
                         type, price, size, outcome (accepted, rejected, pending), code, faults
GET    faults            every armed fault with id, matched, fired, active
POST   faults            arm one: a JSON object with the fields of `faults.Fault`; returns its row
DELETE faults[?id=N]     clear one or all; returns {"cleared": n}
POST   script            {"symbol", "kind": "burst" | "informed" | "crash", "in_s": 0, and the
                         fields of sim.scripts.Burst, InformedTrader or Crash}: scripted flow
POST   halt              {"symbol", "halted": true | false}: maintenance; status BREAK, no orders
POST   filters           {"symbol", and any of "tick", "lot", "size_min", "size_max",
                         "notional_min" as texts}: change the filters for new orders (F-29)
POST   key-rights        {"api_key", "withdraw", "internal_transfer", "universal_transfer",
                         "ip_restrict"}: set what apiRestrictions returns; returns the rights
POST   reset             reset the exchange as a testnet does: orders, trades and ids are lost,
                         balances are as at the start, all sockets close; {"closed": n}
POST   streams/close     {"socket": "market" | "user" | null, "count": n | null}; {"closed": n}
POST   streams/shutdown  {"in_s": 10, "socket": "market" | "user" | null}: send serverShutdown now,
                         close after in_s; {"notified": n}
GET    stats             counters, open sockets, uptime

A wrong request is answered with HTTP 400 and {"error": text}.
"""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from decimal import Decimal

import msgspec
from aiohttp import web

from quoter.domain.number_text import plain
from quoter.domain.units import NS_PER_S
from quoter.sandbox.config import SHUTDOWN_NOTICE_S, KeyPermissions
from quoter.sandbox.exchange.faults import Armed, Fault, FaultKind, Seconds, SocketKind
from quoter.sandbox.exchange.venue import Venue
from quoter.sandbox.protocol import payloads
from quoter.sandbox.protocol.filters import filter_rows
from quoter.sandbox.protocol.payloads import Json
from quoter.sandbox.streams.sockets import Sockets
from quoter.sim.scripts import Burst, Crash, InformedTrader, Script

PREFIX = "/sandbox/v1"
SCRIPTS: dict[str, type[Burst | InformedTrader | Crash]] = {
    "burst": Burst,
    "informed": InformedTrader,
    "crash": Crash,
}

type Handler = Callable[[web.Request], Awaitable[object]]


class CloseStreams(msgspec.Struct, forbid_unknown_fields=True):
    """Body of POST streams/close."""

    socket: SocketKind | None = None
    count: int | None = None


class ShutDownStreams(msgspec.Struct, forbid_unknown_fields=True):
    """Body of POST streams/shutdown."""

    in_s: Seconds = SHUTDOWN_NOTICE_S
    socket: SocketKind | None = None


class Halt(msgspec.Struct, forbid_unknown_fields=True):
    """Body of POST halt."""

    symbol: str
    halted: bool


class Filters(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """Body of POST filters; fields that are left out keep their value."""

    symbol: str
    tick: Decimal | None = None
    lot: Decimal | None = None
    size_min: Decimal | None = None
    size_max: Decimal | None = None
    notional_min: Decimal | None = None


class SetKeyRights(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Body of POST key-rights."""

    api_key: str
    withdraw: bool = False
    internal_transfer: bool = False
    universal_transfer: bool = False
    ip_restrict: bool = True


class Admin:
    """Handlers of the admin API: read the true state, arm faults, change the market."""

    def __init__(self, venue: Venue, sockets: Sockets) -> None:
        self._venue, self._sockets = venue, sockets

    def add_routes(self, app: web.Application) -> None:
        """Register every route that the module's docstring lists."""
        routes: tuple[tuple[str, str, Handler], ...] = (
            ("GET", "truth", self._truth),
            ("GET", "wire-log", self._wire_log),
            ("GET", "faults", self._list_faults),
            ("POST", "faults", self._arm),
            ("DELETE", "faults", self._clear),
            ("POST", "script", self._script),
            ("POST", "halt", self._halt),
            ("POST", "filters", self._filters),
            ("POST", "key-rights", self._set_key_rights),
            ("POST", "reset", self._reset),
            ("POST", "streams/close", self._close),
            ("POST", "streams/shutdown", self._shut_down),
            ("GET", "stats", self._stats),
        )
        for method, path, handler in routes:
            app.router.add_route(method, f"{PREFIX}/{path}", _answered(handler))

    async def _truth(self, request: web.Request) -> Json:
        venue = self._venue
        api_key = request.query.get("api_key", "")
        account = venue.account(api_key)
        if account is None:
            raise ValueError(f"no account has the api_key {api_key!r}")
        venue.catch_up()
        exchange = venue.exchange
        trades = [trade for trade in exchange.truth.trades if trade.account == api_key]
        return {
            "api_key": api_key,
            "opening": _texts(exchange.truth.opening(api_key)),
            "totals": _texts(exchange.truth.balances(api_key)),
            "balances": {
                asset: {"free": plain(free), "locked": plain(locked)}
                for asset, (free, locked) in exchange.balances(api_key).items()
            },
            "trades": [
                payloads.own_trade(trade) | {"clientOrderId": trade.client_id} for trade in trades
            ],
            "open_orders": [payloads.order_row(order) for order in exchange.open_orders(api_key)],
        }

    async def _wire_log(self, request: web.Request) -> list[Json]:
        return self._venue.wire_log.since(int(request.query.get("since", "0")))

    async def _list_faults(self, _request: web.Request) -> list[Json]:
        return self._venue.faults.rows()

    async def _arm(self, request: web.Request) -> Json:
        fault = msgspec.json.decode(await request.read(), type=Fault)
        armed = await self.arm(fault)
        return armed.row(self._venue.now_ns())

    async def arm(self, fault: Fault) -> Armed:
        """Arm a fault; one that concerns open sockets is applied to them immediately."""
        armed = self._venue.faults.arm(fault)
        if fault.kind is FaultKind.SILENT_SOCKET:
            self._sockets.silence(armed)
        if fault.kind is FaultKind.CLOSE_SOCKET:
            armed.fired += await self._sockets.close(fault.socket, most=fault.count)
        return armed

    async def _clear(self, request: web.Request) -> Json:
        chosen = request.query.get("id")
        return {"cleared": self._venue.faults.clear(None if chosen is None else int(chosen))}

    async def _script(self, request: web.Request) -> Json:
        body = msgspec.json.decode(await request.read(), type=dict[str, object])
        symbol, kind = str(body.pop("symbol", "")), str(body.pop("kind", ""))
        in_s = float(str(body.pop("in_s", 0)))
        if symbol not in self._venue.simulated:
            raise ValueError(f"no simulated market for the symbol {symbol!r}")
        if kind not in SCRIPTS:
            raise ValueError(f"kind must be one of {', '.join(SCRIPTS)}, not {kind!r}")
        script: Script = msgspec.convert(body, SCRIPTS[kind], strict=False)
        at_ns = self._venue.catch_up() + int(in_s * NS_PER_S)
        self._venue.exchange.script(symbol, script, at_ns)
        return {"symbol": symbol, "kind": kind, "at_ns": at_ns}

    async def _halt(self, request: web.Request) -> Json:
        body = msgspec.json.decode(await request.read(), type=Halt)
        if self._venue.market(body.symbol) is None:
            raise ValueError(f"the symbol {body.symbol!r} is not listed")
        self._venue.halt(body.symbol, is_halted=body.halted)
        return {"symbol": body.symbol, "halted": body.halted}

    async def _filters(self, request: web.Request) -> list[Json]:
        body = msgspec.json.decode(await request.read(), type=Filters)
        market = self._venue.market(body.symbol)
        if market is None:
            raise ValueError(f"the symbol {body.symbol!r} is not listed")
        changed = replace(market, **{k: v for k, v in msgspec.structs.asdict(body).items() if v})
        self._venue.announce(changed)
        return filter_rows(changed)

    async def _set_key_rights(self, request: web.Request) -> Json:
        body = msgspec.json.decode(await request.read(), type=SetKeyRights)
        account = self._venue.account(body.api_key)
        if account is None:
            raise ValueError(f"no account has the api_key {body.api_key!r}")
        fields = msgspec.structs.asdict(body)
        del fields["api_key"]
        self._venue.accounts[body.api_key] = replace(account, rights=KeyPermissions(**fields))
        return fields

    async def _reset(self, _request: web.Request) -> Json:
        self._venue.reset()
        return {"closed": await self._sockets.close(None)}

    async def _close(self, request: web.Request) -> Json:
        body = msgspec.json.decode(await request.read() or b"{}", type=CloseStreams)
        return {"closed": await self._sockets.close(body.socket, most=body.count)}

    async def _shut_down(self, request: web.Request) -> Json:
        body = msgspec.json.decode(await request.read() or b"{}", type=ShutDownStreams)
        return {"notified": self._sockets.shut_down(body.socket, notice_s=body.in_s)}

    async def _stats(self, _request: web.Request) -> Json:
        venue = self._venue
        sockets = {kind.value: len(list(self._sockets.of(kind))) for kind in SocketKind}
        return {
            "uptime_s": (venue.now_ns() - venue.started_ns) / NS_PER_S,
            "counts": dict(venue.counts),
            "open_sockets": sockets,
            "trades": venue.exchange.truth.count,
        }


def _answered(handler: Handler) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """Wrap a handler: JSON answers, and HTTP 400 with the reason for a wrong request."""

    async def handle(request: web.Request) -> web.StreamResponse:
        try:
            status, body = 200, await handler(request)
        except (ValueError, msgspec.MsgspecError) as error:
            status, body = 400, {"error": str(error)}
        return web.Response(
            status=status, body=msgspec.json.encode(body), content_type="application/json"
        )

    return handle


def _texts(amounts: dict[str, Decimal]) -> dict[str, str]:
    return {asset: plain(amount) for asset, amount in amounts.items()}
