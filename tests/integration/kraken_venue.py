"""The part of Kraken's REST API that quoter uses, with a dead man's switch that fires.

Times are real; requests are signed and the signatures are checked.
"""

import asyncio
import base64
import hashlib
import hmac
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

from aiohttp import web

from quoter.venues.ccxt.gateway import CcxtGateway
from quoter.venues.config import VenueConfig
from quoter.venues.egress.gate import BlockReason, never_blocked
from quoter.venues.egress.rate_limiter import RateLimiter
from quoter.venues.factory import make_gateway
from tests.integration.test_daemon_dialects import accept_unproven, redirected

KEY = "kraken-test-key"
SECRET = base64.b64encode(b"kraken-test-secret").decode()
PAIR = {
    "altname": "XBTUSD",
    "wsname": "XBT/USD",
    "base": "XXBT",
    "quote": "ZUSD",
    "pair_decimals": 1,
    "lot_decimals": 8,
    "fees": [[0, 0.26]],
    "fees_maker": [[0, 0.16]],
    "ordermin": "0.0001",
    "costmin": "0.5",
    "tick_size": "0.1",
    "status": "online",
}

type Form = dict[str, str]


@dataclass(slots=True)
class KrakenVenue:
    """One account. `orders` by venue id, as the form that created each."""

    url: str = ""
    orders: dict[str, Form] = field(default_factory=dict)
    timeouts: list[int] = field(default_factory=list)  # values the switch was set to, in order
    refusing: int = 0  # number of further requests to the switch that fail
    fired: int = 0
    _timer: asyncio.TimerHandle | None = None

    def set_switch(self, seconds: int) -> None:
        """Restart the countdown; after it has fired it stays off until it is set again."""
        self.timeouts.append(seconds)
        if self._timer is not None:
            self._timer.cancel()
        self._timer = (
            asyncio.get_running_loop().call_later(seconds, self._fire) if seconds else None
        )

    def _fire(self) -> None:
        self.fired += 1
        self._timer = None
        self.orders.clear()

    def answer(self, path: str, form: Form) -> object:
        """Return the `result` of one call. Raises KeyError (unknown path) or ValueError."""
        match path:
            case "/0/public/Time":
                return {"unixtime": int(time.time()), "rfc1123": ""}
            case "/0/public/Assets":
                return {
                    name: {"altname": name[1:], "decimals": 10, "status": "enabled"}
                    for name in ("XXBT", "ZUSD")
                }
            case "/0/public/AssetPairs":
                return {"XXBTZUSD": PAIR}
            case "/0/private/BalanceEx":
                return {"XXBT": {"balance": "1", "hold_trade": "0"}}
            case "/0/private/TradeVolume":
                fees = {"XXBTZUSD": {"fee": "0.1600", "minfee": "0.0000", "tiervolume": "0"}}
                return {"currency": "ZUSD", "volume": "0", "fees": fees, "fees_maker": fees}
            case "/0/private/OpenOrders":
                return {"open": {name: self._row(form) for name, form in self.orders.items()}}
            case "/0/private/AddOrder":
                name = f"O{len(self.orders)}-{time.time_ns()}"
                self.orders[name] = form
                text = f"{form['type']} {form['volume']} XBTUSD @ limit {form['price']}"
                return {"txid": [name], "descr": {"order": text}}
            case "/0/private/CancelOrder":
                del self.orders[form["txid"]]
                return {"count": 1}
            case "/0/private/CancelAllOrdersAfter":
                if self.refusing:
                    self.refusing -= 1
                    raise ValueError("EService:Unavailable")
                self.set_switch(int(form["timeout"]))
                return {"currentTime": "", "triggerTime": ""}
            case _:
                raise KeyError(path)

    def _row(self, form: Form) -> object:
        described = {"pair": "XBTUSD", "type": form["type"], "ordertype": "limit"}
        return {
            "cl_ord_id": form.get("cl_ord_id", ""),
            "status": "open",
            "opentm": time.time(),
            "descr": described | {"price": form["price"]},
            "vol": form["volume"],
            "vol_exec": "0",
        }

    async def handle(self, request: web.Request) -> web.Response:
        """Check the signature and answer."""
        raw = await request.text()
        form = {name: values[0] for name, values in parse_qs(raw).items()}
        if "/private/" in request.path and not _is_signed(request, form, raw):
            return web.json_response({"error": ["EAPI:Invalid signature"]})
        try:
            return web.json_response({"error": [], "result": self.answer(request.path, form)})
        except ValueError as error:
            return web.json_response({"error": [str(error)]})
        except KeyError:
            return web.json_response({"error": [f"EGeneral:Unknown method {request.path}"]})


def _is_signed(request: web.Request, form: Form, raw: str) -> bool:
    digest = hashlib.sha256((form["nonce"] + raw).encode()).digest()
    message = request.path.encode() + digest
    expected = hmac.new(base64.b64decode(SECRET), message, hashlib.sha512).digest()
    return request.headers["API-Sign"] == base64.b64encode(expected).decode()


@asynccontextmanager
async def kraken() -> AsyncIterator[KrakenVenue]:
    """Listen on loopback for the length of the block."""
    venue = KrakenVenue()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", venue.handle)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    venue.url = f"http://{host}:{port}"
    try:
        yield venue
    finally:
        venue.set_switch(0)
        await runner.cleanup()


@asynccontextmanager
async def kraken_gateway(
    venue: KrakenVenue, block_reason: BlockReason = never_blocked
) -> AsyncIterator[CcxtGateway]:
    """Return a connected gateway with ccxt's Kraken class, pointed at this server, gate open."""
    config = VenueConfig(
        exchange="kraken",
        symbol="BTC/USD",
        environment="production",
        order_prefix="q00",
        api_key=KEY,
        secret=SECRET,
        hosts=frozenset({urlsplit(venue.url).netloc}),
    )
    gateway = make_gateway(config, block_reason=block_reason)
    accept_unproven(gateway)
    gateway._client.urls["api"] = redirected(gateway._client.urls["api"], venue.url)
    gateway._client.limiter = RateLimiter(requests_per_s=1.0)  # more than an account's tier allows
    try:
        await gateway.connect()
        gateway.open_gate()
        yield gateway
    finally:
        await gateway.close()
