"""Forms of Kraken spot: REST, and websocket v2 with the channel `executions`.

Documentation: docs.kraken.com. REST answers with numbers as text, the stream with JSON numbers. A
create refused by `oflags=post` is an error; one order can be queried by the venue's id only; after
its first message, an order has no symbol in the stream. Fees are in quote currency.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from zlib import crc32

from quoter.domain.market import Side
from tests.integration.paper import encoding
from tests.integration.paper.exchange import (
    BASE,
    QUOTE,
    SIZE_MIN,
    TICK,
    BookChange,
    News,
    Order,
    PaperExchange,
    Print,
    Refusal,
    Refused,
    Status,
    Trade,
    now_ms,
    plain,
)
from tests.integration.paper.forms import (
    KEY,
    SECRET,
    Form,
    Json,
    Op,
    Request,
    Route,
    Socket,
    Table,
    encode,
)

MARKET, WS_MARKET = "XBTUSDT", "BTC/USDT"
COINS = {BASE: "XXBT", QUOTE: "USDT"}
PRICE_DECIMALS, SIZE_DECIMALS = 1, 8
DEPTH = 10  # of the book that ccxt subscribes to
PAGE = 50  # rows of a page of closed orders and of trades
TOKEN = "paper-token"  # noqa: S105 - opens nothing
STATES = {
    Status.OPEN: "open",
    Status.FILLED: "closed",
    Status.CANCELED: "canceled",
    Status.REJECTED: "canceled",
}
ERRORS = {
    Refusal.BALANCE: "EOrder:Insufficient funds",
    Refusal.DUPLICATE: "EOrder:Duplicate cl_ord_id",
    Refusal.POST_ONLY: "EOrder:Post only order",
    Refusal.NOT_FOUND: "EOrder:Unknown order",
    Refusal.SIGNATURE: "EAPI:Invalid signature",
    Refusal.BAD_REQUEST: "EGeneral:Invalid arguments",
    Refusal.BUSY: "EService:Busy",
}
PAIR: Json = {
    "altname": MARKET, "wsname": "XBT/USDT", "aclass_base": "currency", "base": "XXBT",
    "aclass_quote": "currency", "quote": "USDT", "lot": "unit", "cost_decimals": 6,
    "pair_decimals": PRICE_DECIMALS, "lot_decimals": SIZE_DECIMALS, "lot_multiplier": 1,
    "leverage_buy": [2, 3], "leverage_sell": [2, 3], "fees": [[0, 0.4]],
    "fees_maker": [[0, 0.1]], "fee_volume_currency": "ZUSD", "margin_call": 80,
    "margin_stop": 40, "ordermin": plain(SIZE_MIN), "costmin": "0.5", "tick_size": plain(TICK),
    "status": "online", "long_position_limit": 250, "short_position_limit": 250,
}  # fmt: skip


def seconds(at_ms: int) -> str:
    return f"{at_ms / 1000:.6f}"


def stamp(at_ms: int) -> str:
    """Return a time as the stream writes it."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def number(amount: Decimal) -> float:
    """Return a JSON number with the same digits."""
    found = float(amount)
    assert Decimal(repr(found)) == amount, f"{amount} is no JSON number"
    return found


def trade_id(trade: Trade) -> str:
    return f"TPAPER-{trade.number:05d}-QUOTER"


def described(order: Order) -> Json:
    """Return the object `descr` of an order."""
    side, price = order.side.lower(), f"{order.price:.5f}"
    text = f"{side} {order.size:.8f} {MARKET} @ limit {price}"
    return {"pair": MARKET, "type": side, "ordertype": "limit", "price": price, "price2": "0",
            "leverage": "none", "order": text, "close": ""}  # fmt: skip


ORDER: Table[Order] = {
    "refid": None,
    "userref": "0",
    "cl_ord_id": lambda o: o.client_id,
    "status": lambda o: STATES[o.status],
    "opentm": lambda o: seconds(o.created_ms),
    "starttm": "0",
    "expiretm": "0",
    "descr": described,
    "vol": lambda o: f"{o.size:.8f}",
    "vol_exec": lambda o: f"{o.filled:.8f}",
    "cost": lambda o: plain(o.value),
    "fee": lambda o: plain(o.fee),
    "price": lambda o: o.average or "0.000000",
    "stopprice": "0.000000",
    "limitprice": "0.000000",
    "misc": "",
    "oflags": lambda o: "post,fciq" if o.is_post_only else "fciq",
}
ENDED: Table[Order] = {
    **ORDER,
    "reason": lambda o: "User requested" if o.status is Status.CANCELED else None,
    "closetm": lambda o: seconds(o.updated_ms),
}
TRADE: Table[Trade] = {
    "ordertxid": lambda t: t.order.venue_id,
    "postxid": "TKH2SE-M7IF5-CFI7LT",
    "pair": MARKET,
    "aclass": "forex",
    "time": lambda t: t.at_ms / 1000,
    "type": lambda t: t.order.side.lower(),
    "ordertype": "limit",
    "price": lambda t: f"{t.price:.5f}",
    "cost": lambda t: plain(t.size * t.price),
    "fee": lambda t: plain(t.fee),
    "vol": lambda t: f"{t.size:.8f}",
    "margin": "0.00000",
    "leverage": "0",
    "misc": "",
    "trade_id": lambda t: 93_748_276 + t.number,
    "maker": lambda t: t.is_maker,
    "ledgers": [],
}
PENDING_NEW: Table[Order] = {
    "order_id": lambda o: o.venue_id,
    "symbol": WS_MARKET,
    "order_qty": lambda o: number(o.size),
    "cum_cost": 0.0,
    "time_in_force": "GTC",
    "exec_type": "pending_new",
    "side": lambda o: o.side.lower(),
    "order_type": "limit",
    "cl_ord_id": lambda o: o.client_id,
    "limit_price_type": "static",
    "limit_price": lambda o: number(o.price),
    "stop_price": 0.0,
    "post_only": lambda o: o.is_post_only,
    "order_status": "pending_new",
    "fee_usd_equiv": 0.0,
    "fee_ccy_pref": "fciq",
    "timestamp": lambda o: stamp(o.created_ms),
}
NEW: Table[Order] = {
    "timestamp": lambda o: stamp(o.created_ms),
    "order_status": "new",
    "exec_type": "new",
    "cl_ord_id": lambda o: o.client_id,
    "post_only": lambda o: o.is_post_only,
    "order_id": lambda o: o.venue_id,
}
EXECUTED: Table[Order] = {  # common to the end of an order and to its trades
    "timestamp": lambda o: stamp(o.updated_ms),
    "cum_qty": lambda o: number(o.filled),
    "cum_cost": lambda o: number(o.value),
    "fee_usd_equiv": lambda o: number(o.fee),
    "avg_price": lambda o: float(o.average or 0),
    "cl_ord_id": lambda o: o.client_id,
    "order_id": lambda o: o.venue_id,
}
CANCELED: Table[Order] = {
    **EXECUTED,
    "order_status": "canceled",
    "exec_type": "canceled",
    "cancel_reason": "User requested",
    "reason": "User requested",
}
FILLED: Table[Order] = {**EXECUTED, "order_status": "filled", "exec_type": "filled"}
EXECUTION: Table[Trade] = {
    "exec_type": "trade",
    "exec_id": trade_id,
    "trade_id": lambda t: 93_748_276 + t.number,
    "symbol": WS_MARKET,
    "side": lambda t: t.order.side.lower(),
    "last_qty": lambda t: number(t.size),
    "last_price": lambda t: number(t.price),
    "liquidity_ind": lambda t: "m" if t.is_maker else "t",
    "cost": lambda t: number(t.size * t.price),
    "order_type": "limit",
    "order_status": "partially_filled",  # also of the last one: `filled` follows
    "fees": lambda t: [{"asset": t.fee_asset, "qty": number(t.fee)}],
    "ext_ord_id": "",
}
SNAPSHOT_ORDER: Table[Order] = {
    **PENDING_NEW,
    "exec_type": "new",
    "order_status": lambda o: "partially_filled" if o.filled else "new",
    "cum_qty": lambda o: number(o.filled),
    "cum_cost": lambda o: number(o.value),
    "avg_price": lambda o: float(o.average or 0),
}
PRINT: Table[Print] = {
    "symbol": WS_MARKET,
    "side": lambda p: p.taker.lower(),
    "price": lambda p: number(p.price),
    "qty": lambda p: number(p.size),
    "ord_type": "market",
    "trade_id": lambda p: 4_665_846 + p.number,
    "timestamp": lambda p: stamp(p.at_ms),
}


def envelope(result: object) -> Json:
    return {"error": [], "result": result}


def checksum(bids: Mapping[Decimal, Decimal], asks: Mapping[Decimal, Decimal]) -> int:
    """Return the CRC32 of the best ten asks, then bids: digits without point and leading zeros."""
    rows = [row for side in (asks, bids) for row in list(side.items())[:DEPTH]]
    texts = (
        f"{amount:.{decimals}f}".replace(".", "").lstrip("0")
        for price, size in rows
        for amount, decimals in ((price, PRICE_DECIMALS), (size, SIZE_DECIMALS))
    )
    return crc32("".join(texts).encode())


class Kraken(Form):
    """See the module."""

    exchange = "kraken"
    market_id = MARKET
    page_orders_max, page_trades_max = 0, PAGE
    fee_in_quote = True
    lot = Decimal(1).scaleb(-SIZE_DECIMALS)

    def __init__(self, market: PaperExchange) -> None:
        super().__init__(market)
        self._nonce = 0
        self._sequence = 0
        self._top: dict[Side, dict[Decimal, Decimal]] = {}
        self.routes = {
            "GET /0/public/Time": Route(self._time, is_public=True),
            "GET /0/public/SystemStatus": Route(self._status, is_public=True),
            "GET /0/public/AssetPairs": Route(lambda _: envelope({MARKET: PAIR}), is_public=True),
            "GET /0/public/Depth": Route(self._book, is_public=True),
            "GET /0/public/Trades": Route(self._prints, is_public=True),
            "GET /0/public/OHLC": Route(self._bars, is_public=True),
            "POST /0/private/GetWebSocketsToken": Route(self._token),
            "POST /0/private/TradeVolume": Route(self._fee),
            "POST /0/private/BalanceEx": Route(self._balances, Op.BALANCES),
            "POST /0/private/OpenOrders": Route(self._open_orders, Op.OPEN_ORDERS),
            "POST /0/private/ClosedOrders": Route(self._ended_orders, Op.QUERY),
            "POST /0/private/QueryOrders": Route(self._order, Op.QUERY),
            "POST /0/private/TradesHistory": Route(self._trades, Op.TRADES),
            "POST /0/private/AddOrder": Route(self._create, Op.CREATE),
            "POST /0/private/CancelOrder": Route(self._cancel, Op.CANCEL),
            "POST /0/private/CancelAllOrdersAfter": Route(self._dead_man),
        }

    @staticmethod
    def venue_id(number: int) -> str:
        """Return an id such as OPAPER-00001-QUOTER."""
        return f"OPAPER-{number:05d}-QUOTER"

    def is_signed(self, request: Request) -> bool:
        """Check `API-Sign`: the path, then the hash of nonce and body."""
        digest = hashlib.sha256((request.fields["nonce"] + request.body).encode()).digest()
        code = hmac.new(base64.b64decode(SECRET), request.path.encode() + digest, hashlib.sha512)
        signature = base64.b64encode(code.digest()).decode()
        return request.headers["API-Key"] == KEY and request.headers["API-Sign"] == signature

    def refusal(self, why: Refusal, request: Request) -> tuple[int, object]:
        """Return HTTP 200 with a list of errors."""
        del request
        return 200, {"error": [ERRORS[why]]}

    def connected(self, socket: Socket) -> list[object]:
        """Return the message that opens every connection."""
        del socket
        status = {"version": "2.0.10", "system": "online", "api_version": "v2",
                  "connection_id": 8423536080466635000}  # fmt: skip
        return [{"channel": "status", "type": "update", "data": [status]}]

    def receive(self, socket: Socket, frame: str) -> list[object]:
        """Answer ping and subscribe; executions and books begin with a snapshot."""
        asked = json.loads(frame)
        times = {"time_in": stamp(now_ms()), "time_out": stamp(now_ms())}
        if asked["method"] == "ping":
            return [{"method": "pong", **times}]
        params = asked["params"]
        channel = params["channel"]
        common = {"method": "subscribe", "req_id": asked.get("req_id"), **times}
        if channel == "executions":
            if params.get("token") != TOKEN:
                return [common | {"success": False, "error": "EAccount:Invalid permissions"}]
            socket.is_authenticated = True
            socket.topics.add(channel)
            result = {"channel": channel, "maxratecount": 180, "snap_orders": True}
            rows = [encode(SNAPSHOT_ORDER, order) for order in self.market.open_orders()]
            return [common | {"success": True, "result": result}, self._executions(rows, True)]
        socket.topics.add(channel)
        result = {"channel": channel, "snapshot": True, "symbol": WS_MARKET}
        if channel == "book":
            result["depth"] = DEPTH
            self._top = self._best()
            book = self._books("snapshot", self._top[Side.BUY], self._top[Side.SELL])
            return [common | {"success": True, "result": result}, book]
        return [common | {"success": True, "result": result}]

    def news(self, news: News, socket: Socket) -> list[object]:
        """Return the frames of the channels `executions`, `book` and `trade`."""
        match news:
            case Order() if "executions" in socket.topics:
                return [self._executions([row]) for row in _transitions(news)]
            case Trade() if "executions" in socket.topics:
                row = encode(EXECUTED, news.order) | encode(EXECUTION, news)
                return [self._executions([row])]
            case BookChange() if "book" in socket.topics:
                return self._book_update()
            case Print() if "trade" in socket.topics:
                return [{"channel": "trade", "type": "update", "data": [encode(PRINT, news)]}]
            case _:
                return []

    def _executions(self, rows: list[Json], is_snapshot: bool = False) -> Json:
        self._sequence += 1
        kind = "snapshot" if is_snapshot else "update"
        return {"channel": "executions", "type": kind, "data": rows, "sequence": self._sequence}

    def _best(self) -> dict[Side, dict[Decimal, Decimal]]:
        return {side: dict(list(self.market.levels(side).items())[:DEPTH]) for side in Side}

    def _book_update(self) -> list[object]:
        """Return the changes within the best ten levels, without the levels pushed out."""
        changed: dict[Side, dict[Decimal, Decimal]] = {}
        best = self._best()
        for side in Side:
            before, after = self._top[side], best[side]
            worst = list(after)[-1] * side.sign
            gone = {p: Decimal(0) for p in before if p not in after and p * side.sign >= worst}
            new = {p: size for p, size in after.items() if before.get(p) != size}
            changed[side] = gone | new
        self._top = best
        if not any(changed.values()):
            return []
        return [self._books("update", changed[Side.BUY], changed[Side.SELL])]

    def _books(
        self, kind: str, bids: Mapping[Decimal, Decimal], asks: Mapping[Decimal, Decimal]
    ) -> Json:
        sides = {
            name: [{"price": number(price), "qty": number(size)} for price, size in levels.items()]
            for name, levels in (("bids", bids), ("asks", asks))
        }
        best = self._best()
        data = {"symbol": WS_MARKET, **sides, "timestamp": stamp(now_ms()),
                "checksum": checksum(best[Side.BUY], best[Side.SELL])}  # fmt: skip
        return {"channel": "book", "type": kind, "data": [data]}

    def _time(self, _: Request) -> object:
        at_s = now_ms() // 1000
        text = datetime.fromtimestamp(at_s, UTC).strftime("%a, %d %b %y %H:%M:%S +0000")
        return envelope({"unixtime": at_s, "rfc1123": text})

    def _status(self, _: Request) -> object:
        return envelope({"status": "online", "timestamp": stamp(now_ms())})

    def _book(self, _: Request) -> object:
        at_s = now_ms() // 1000
        bids, asks = (
            [[*pair, at_s] for pair in encoding.pairs(self.market.levels(side))] for side in Side
        )
        return envelope({MARKET: {"asks": asks, "bids": bids}})

    def _prints(self, _: Request) -> object:
        rows = [
            [f"{p.price:.5f}", f"{p.size:.8f}", p.at_ms / 1000, p.taker[0].lower(), "m", "",
             4_665_846 + p.number]
            for p in self.market.prints
        ]  # fmt: skip
        return envelope({MARKET: rows, "last": f"{now_ms()}000000"})

    def _bars(self, _: Request) -> object:
        return envelope({MARKET: [], "last": now_ms() // 1000})

    def _token(self, _: Request) -> object:
        return envelope({"token": TOKEN, "expires": 900})

    def _fee(self, _: Request) -> object:
        """Return the fees in percent."""
        rate = {"fee": f"{self.market.fee_rate * 100:.4f}", "minfee": "0.0000",
                "maxfee": "0.4000", "nextfee": "0.0800", "tiervolume": "0.0000",
                "nextvolume": "50000.0000"}  # fmt: skip
        fees = {"fees": {MARKET: rate}, "fees_maker": {MARKET: rate}}
        return envelope({"currency": "ZUSD", "volume": "0.0000", **fees})

    def _balances(self, _: Request) -> object:
        return envelope(
            {
                COINS[coin]: {
                    "balance": plain(held.free + held.locked),
                    "hold_trade": plain(held.locked),
                }
                for coin, held in self.market.balances.items()
            }
        )

    def _open_orders(self, request: Request) -> object:
        """All at once, or one by `cl_ord_id`."""
        asked = request.fields.get("cl_ord_id")
        rows = {
            order.venue_id: encode(ORDER, order)
            for order in self.market.listed_orders()
            if asked in (None, order.client_id)
        }
        return envelope({"open": rows})

    def _ended_orders(self, request: Request) -> object:
        asked = request.fields
        named = asked.get("cl_ord_id")
        ended = [
            order
            for order in list(self.market.orders.values())[::-1]
            if not order.is_open and named in (None, order.client_id)
        ]
        page = self.page(ended, limit=PAGE, most=PAGE, skip=int(asked.get("ofs", "0")))
        rows = {order.venue_id: encode(ENDED, order) for order in page}
        return envelope({"closed": rows, "count": len(ended)})

    def _order(self, request: Request) -> object:
        """By the venue's id only."""
        if "txid" not in request.fields:
            raise Refused(Refusal.BAD_REQUEST)
        order = self.found(self.market.find(venue_id=request.fields["txid"]))
        return envelope({order.venue_id: encode(ORDER if order.is_open else ENDED, order)})

    def _trades(self, request: Request) -> object:
        """Of all symbols, newest first, 50 at a time; the start is exclusive."""
        asked = request.fields
        start_ms = float(asked.get("start", "0")) * 1000
        rows = [trade for trade in self.market.trades[::-1] if trade.at_ms > start_ms]
        page = self.page(rows, limit=PAGE, most=PAGE, skip=int(asked.get("ofs", "0")))
        trades = {trade_id(trade): encode(TRADE, trade) for trade in page}
        return envelope({"trades": trades, "count": len(rows)})

    def _create(self, request: Request) -> object:
        asked = request.fields
        order = self.market.place(
            client_id=asked.get("cl_ord_id", ""),
            side=Side(asked["type"].upper()),
            price=encoding.number(asked["price"]),
            size=encoding.number(asked["volume"]),
            is_post_only="post" in asked.get("oflags", ""),
        )
        text = f"{asked['type']} {order.size:.8f} {MARKET} @ limit {asked['price']}"
        return envelope({"txid": [order.venue_id], "descr": {"order": text}})

    def _cancel(self, request: Request) -> object:
        asked = request.fields
        self.market.cancel(
            self.market.find(venue_id=asked.get("txid", ""), client_id=asked.get("cl_ord_id", ""))
        )
        return envelope({"count": 1})

    def _dead_man(self, request: Request) -> object:
        seconds = int(request.fields["timeout"])
        self.market.set_dead_man(seconds)
        trigger = stamp(now_ms() + seconds * 1000) if seconds else "0"
        return envelope({"currentTime": stamp(now_ms()), "triggerTime": trigger})


def _transitions(order: Order) -> list[Json]:
    """Return the rows that tell of an order's present state."""
    if order.status is Status.FILLED:
        return [encode(FILLED, order)]
    if not order.is_open:
        return [encode(CANCELED, order)]
    return [] if order.filled else [encode(PENDING_NEW, order), encode(NEW, order)]
