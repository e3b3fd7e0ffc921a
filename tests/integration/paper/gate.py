"""Forms of Gate v4: spot of a classic account.

Documentation: gate.com/docs/developers/apiv4. Our order id is `t-…` in both directions; it may
stand for the venue's id in a path. Lists are newest first and numbered by page; errors have an HTTP
status and a label.
"""

import hashlib
import hmac
import json
from collections.abc import Sequence

from quoter.domain.market import Side
from tests.integration.paper import encoding
from tests.integration.paper.exchange import (
    BASE,
    QUOTE,
    SIZE_MIN,
    BookChange,
    News,
    Order,
    PaperExchange,
    Print,
    Refusal,
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

MARKET = "BTC_USDT"
DEPTH = 50
BOOK = f"ob.{MARKET}.{DEPTH}"
PREFIX = "t-"  # required before a client's id
STATES = {Status.OPEN: "open", Status.FILLED: "closed"}  # else cancelled
FINISHES = {Status.OPEN: "open", Status.FILLED: "filled"}
ERRORS = {
    Refusal.BALANCE: (400, "BALANCE_NOT_ENOUGH", "Not enough balance"),
    Refusal.DUPLICATE: (400, "INVALID_PARAM_VALUE", "duplicate text"),
    Refusal.POST_ONLY: (
        400,
        "POC_FILL_IMMEDIATELY",
        "Order would match and take immediately so its cancelled",
    ),
    Refusal.NOT_FOUND: (404, "ORDER_NOT_FOUND", "Order not found"),
    Refusal.SIGNATURE: (401, "INVALID_SIGNATURE", "Signature mismatch"),
    Refusal.BAD_REQUEST: (400, "INVALID_PARAM_VALUE", "invalid argument"),
    Refusal.BUSY: (503, "TOO_BUSY", "Server is too busy"),
}
PAIR: Json = {
    "id": MARKET, "base": BASE, "base_name": "Bitcoin", "quote": QUOTE, "quote_name": "Tether",
    "fee": "0.1", "min_base_amount": plain(SIZE_MIN), "min_quote_amount": "3",
    "max_quote_amount": "5000000", "amount_precision": 6, "precision": 1,
    "trade_status": "tradable", "sell_start": 0, "buy_start": 0, "delisting_time": 0,
    "type": "normal", "trade_url": "", "st_tag": False,
}  # fmt: skip


def seconds(at_ms: int) -> str:
    return str(at_ms // 1000)


def name(order: Order) -> str:
    """Return a client's id as the venue stores it."""
    return f"{PREFIX}{order.client_id}"


COMMON: Table[Order] = {  # of lists and stream
    "id": lambda o: o.venue_id,
    "text": name,
    "amend_text": "-",
    "create_time": lambda o: seconds(o.created_ms),
    "update_time": lambda o: seconds(o.updated_ms),
    "create_time_ms": lambda o: str(o.created_ms),
    "update_time_ms": lambda o: str(o.updated_ms),
    "currency_pair": MARKET,
    "type": "limit",
    "account": "spot",
    "side": lambda o: o.side.lower(),
    "amount": lambda o: plain(o.size),
    "price": lambda o: plain(o.price),
    "time_in_force": lambda o: "poc" if o.is_post_only else "ioc",
    "left": lambda o: plain(o.size - o.filled),
    "filled_amount": lambda o: plain(o.filled),
    "filled_total": lambda o: plain(o.value),
    "fee": lambda o: plain(o.fee),
    "fee_currency": lambda o: o.fee_asset,
    "point_fee": "0",
    "gt_fee": "0",
    "rebated_fee": "0",
    "rebated_fee_currency": lambda o: QUOTE if o.fee_asset == BASE else BASE,
    "finish_as": lambda o: FINISHES.get(o.status, "cancelled"),
}
ORDER: Table[Order] = {
    **COMMON,
    "status": lambda o: STATES.get(o.status, "cancelled"),
    "iceberg": "0",
    "fill_price": lambda o: plain(o.value),
    "gt_maker_fee": "0",
    "gt_taker_fee": "0",
    "gt_discount": False,
}
STREAM_ORDER: Table[Order] = {
    **COMMON,
    "avg_deal_price": lambda o: o.average or "0",
    "user": 10406147,
    "event": lambda o: ("update" if o.filled else "put") if o.is_open else "finish",
    "stp_id": 0,
    "stp_act": "-",
    "biz_info": "ch:ccxt",
}
TRADE: Table[Trade] = {
    "id": lambda t: str(7_342_180_000 + t.number),
    "create_time": lambda t: seconds(t.at_ms),
    "create_time_ms": lambda t: f"{t.at_ms}.325000",
    "currency_pair": MARKET,
    "side": lambda t: t.order.side.lower(),
    "role": lambda t: "maker" if t.is_maker else "taker",
    "amount": lambda t: plain(t.size),
    "price": lambda t: plain(t.price),
    "order_id": lambda t: t.order.venue_id,
    "fee": lambda t: plain(t.fee),
    "fee_currency": lambda t: t.fee_asset,
    "point_fee": "0.0",
    "gt_fee": "0.0",
    "amend_text": "-",
    "sequence_id": lambda t: str(1_388_000 + t.number),
    "text": lambda t: name(t.order),
}
LISTS_ONLY = ("amend_text", "sequence_id")
STREAM_TRADE: Table[Trade] = {
    **{name: value for name, value in TRADE.items() if name not in LISTS_ONLY},
    "id": lambda t: 7_342_180_000 + t.number,
    "id_market": lambda t: 917_000 + t.number,
    "user_id": 10406147,
    "create_time": lambda t: t.at_ms // 1000,
}
PRINT: Table[Print] = {
    "id": lambda p: 214_976_000 + p.number,
    "id_market": lambda p: 214_976_000 + p.number,
    "create_time": lambda p: p.at_ms // 1000,
    "create_time_ms": lambda p: f"{p.at_ms}.901000",
    "side": lambda p: p.taker.lower(),
    "currency_pair": MARKET,
    "amount": lambda p: plain(p.size),
    "price": lambda p: plain(p.price),
    "range": lambda p: f"{214_976_000 + p.number}-{214_976_000 + p.number}",
}


def _signature(text: str) -> str:
    return hmac.new(SECRET.encode(), text.encode(), hashlib.sha512).hexdigest()


def update(channel: str, result: object) -> Json:
    at_ms = now_ms()
    return {"time": at_ms // 1000, "time_ms": at_ms, "channel": channel, "event": "update",
            "result": result}  # fmt: skip


class Gate(Form):
    """See the module."""

    exchange = "gate"
    market_id = MARKET
    page_orders_max, page_trades_max = 100, 1000
    is_unified = False  # its requests are answered all the same

    def __init__(self, market: PaperExchange) -> None:
        super().__init__(market)
        root = "/api/v4"
        self.routes = {
            f"GET {root}/spot/time": Route(self._time, is_public=True),
            f"GET {root}/spot/currency_pairs": Route(lambda _: [PAIR], is_public=True),
            f"GET {root}/margin/currency_pairs": Route(lambda _: [], is_public=True),
            f"GET {root}/spot/order_book": Route(self._book, is_public=True),
            f"GET {root}/spot/trades": Route(self._prints, is_public=True),
            f"GET {root}/spot/candlesticks": Route(lambda _: [], is_public=True),
            f"GET {root}/account/detail": Route(self._account),
            f"GET {root}/wallet/fee": Route(self._fee),
            f"GET {root}/spot/accounts": Route(self._balances, Op.BALANCES),
            f"GET {root}/spot/open_orders": Route(self._open_orders, Op.OPEN_ORDERS),
            f"GET {root}/spot/my_trades": Route(self._trades, Op.TRADES),
            f"POST {root}/spot/orders": Route(self._create, Op.CREATE),
            f"GET {root}/spot/orders/*": Route(self._order, Op.QUERY),
            f"DELETE {root}/spot/orders/*": Route(self._cancel, Op.CANCEL),
        }

    @staticmethod
    def venue_id(number: int) -> str:
        """Return a number as the venue's ids have it."""
        return str(700_604_309_000 + number)

    def is_signed(self, request: Request) -> bool:
        """Check `SIGN`: method, path, query, hash of the body, time; on lines of their own."""
        sent = request.headers
        body = hashlib.sha512(request.body.encode()).hexdigest()
        parts = (request.method, request.path, request.query, body, sent.get("Timestamp", ""))
        return sent.get("KEY") == KEY and sent.get("SIGN") == _signature("\n".join(parts))

    def refusal(self, why: Refusal, request: Request) -> tuple[int, object]:
        """Return the HTTP status with a label."""
        del request
        status, label, text = ERRORS[why]
        return status, {"label": label, "message": text}

    def receive(self, socket: Socket, frame: str) -> list[object]:
        """Answer ping and subscribe; private channels carry their own signature."""
        asked = json.loads(frame)
        channel, at_ms = asked["channel"], now_ms()
        common = {"time": at_ms // 1000, "time_ms": at_ms, "conn_id": "65dc8eae3d01e458"}
        if channel == "spot.ping":
            return [common | {"channel": "spot.pong", "event": "", "result": None}]
        if asked["event"] != "subscribe":
            return []
        answer = common | {
            "id": asked["id"], "trace_id": "36d81a58", "channel": channel, "event": "subscribe",
            "payload": asked.get("payload"), "requestId": "36d81a58",
        }  # fmt: skip
        if channel in ("spot.orders", "spot.usertrades"):
            signed = f"channel={channel}&event=subscribe&time={asked['time']}"
            auth = asked.get("auth", {})
            if auth.get("KEY") != KEY or auth.get("SIGN") != _signature(signed):
                return [answer | {"error": {"code": 4, "message": "auth fail"}, "result": None}]
            socket.is_authenticated = True
        socket.topics.add(channel)
        answer |= {"result": {"status": "success"}}
        return [answer, *([self._books()] if channel == "spot.obu" else [])]

    def news(self, news: News, socket: Socket) -> list[object]:
        """Return the frames of `spot.orders`, `spot.usertrades`, `spot.obu` and `spot.trades`."""
        match news:
            case Order() if "spot.orders" in socket.topics:
                return [update("spot.orders", [encode(STREAM_ORDER, news)])]
            case Trade() if "spot.usertrades" in socket.topics:
                return [update("spot.usertrades", [encode(STREAM_TRADE, news)])]
            case BookChange() if "spot.obu" in socket.topics:
                return [self._books(news)]
            case Print() if "spot.trades" in socket.topics:
                return [update("spot.trades", encode(PRINT, news))]
            case _:
                return []

    def _sides(self, depth: int) -> tuple[list[list[str]], list[list[str]]]:
        bids, asks = (encoding.pairs(self.market.levels(side))[:depth] for side in Side)
        return bids, asks

    def _books(self, change: BookChange | None = None) -> Json:
        """Return the whole book, or a change of it; a side without a change is left out."""
        at_ms = now_ms()
        result: Json = {"t": at_ms, "s": BOOK, "u": self.market.sequence}
        if change is None:
            bids, asks = self._sides(DEPTH)
            result |= {"full": True, "b": bids, "a": asks}
        else:
            result |= {"u": change.last, "U": change.first}
            sides = {"b": encoding.pairs(change.bids), "a": encoding.pairs(change.asks)}
            result |= {side: levels for side, levels in sides.items() if levels}
        return {"channel": "spot.obu", "result": result, "time_ms": at_ms, "event": "update"}

    def _time(self, _: Request) -> object:
        return {"server_time": now_ms()}

    def _book(self, request: Request) -> object:
        bids, asks = self._sides(int(request.fields.get("limit", "10")))
        return {"id": self.market.sequence, "current": now_ms(), "update": now_ms(),
                "asks": asks, "bids": bids}  # fmt: skip

    def _prints(self, _: Request) -> object:
        rows = [encode(PRINT, p) | {"sequence_id": str(p.number)} for p in self.market.prints]
        return [row | {"id": str(row["id"])} for row in rows[::-1]]

    def _account(self, _: Request) -> object:
        return {"user_id": 10406147, "ip_whitelist": ["192.0.2.1"], "currency_pairs": [],
                "key": {"mode": 2 if self.is_unified else 1}, "tier": 0}  # fmt: skip

    def _fee(self, _: Request) -> object:
        rate = plain(self.market.fee_rate)
        return {"user_id": 10406147, "taker_fee": rate, "maker_fee": rate, "gt_discount": False}

    def _balances(self, _: Request) -> object:
        return [
            {"currency": coin, "available": plain(held.free), "locked": plain(held.locked),
             "update_id": 98}
            for coin, held in self.market.balances.items()
        ]  # fmt: skip

    def _numbered[T](self, request: Request, rows: Sequence[T], most: int) -> Sequence[T]:
        """Return one numbered page."""
        limit, number = (
            int(request.fields.get(each, default))
            for each, default in (("limit", "100"), ("page", "1"))
        )
        return self.page(rows, limit=limit, most=most, skip=(number - 1) * limit)

    def _open_orders(self, request: Request) -> object:
        orders = self.market.listed_orders()
        page = self._numbered(request, orders, self.page_orders_max)
        rows = [encode(ORDER, order) for order in page]
        return [{"currency_pair": MARKET, "total": len(orders), "orders": rows}] if rows else []

    def _trades(self, request: Request) -> object:
        asked = request.fields
        first, last = int(asked.get("from", "0")), int(asked.get("to") or now_ms() // 1000 + 1)
        rows = [t for t in self.market.trades[::-1] if first <= t.at_ms // 1000 <= last]
        page = self._numbered(request, rows, self.page_trades_max)
        return [encode(TRADE, trade) for trade in page]

    def _named(self, request: Request) -> Order | None:
        """Return the order of a path: by the venue's id, or by ours with its prefix."""
        found = request.path.rpartition("/")[2]
        if found.startswith(PREFIX):
            return self.market.find(client_id=found.removeprefix(PREFIX))
        return self.market.find(venue_id=found)

    def _order(self, request: Request) -> object:
        return encode(ORDER, self.found(self._named(request)))

    def _create(self, request: Request) -> object:
        asked = request.fields
        order = self.market.place(
            client_id=asked.get("text", "").removeprefix(PREFIX),
            side=Side(asked["side"].upper()),
            price=encoding.number(asked["price"]),
            size=encoding.number(asked["amount"]),
            is_post_only=asked["time_in_force"] == "poc",
        )
        return encode(ORDER, order)

    def _cancel(self, request: Request) -> object:
        return encode(ORDER, self.market.cancel(self._named(request)))
