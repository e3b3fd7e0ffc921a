"""Forms of Bitget v2: spot of a classic account.

Documentation: bitget.com/api-doc/spot. Lists are newest first and go on before an id; a fee that
was paid is negative in lists and positive in the stream. A post-only order that would trade is
accepted and then cancelled by the venue.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Sequence
from dataclasses import replace

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
    Refused,
    Status,
    Trade,
    now_ms,
    plain,
)
from tests.integration.paper.forms import (
    KEY,
    PASSWORD,
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

MARKET = "BTCUSDT"
DEPTH = 400
STATES = {Status.FILLED: "filled", Status.CANCELED: "cancelled", Status.REJECTED: "cancelled"}
ERRORS = {
    Refusal.BALANCE: (400, "43012", "Insufficient balance"),
    Refusal.DUPLICATE: (400, "40786", "Duplicate clientOid"),
    Refusal.NOT_FOUND: (400, "43001", "The order does not exist"),
    Refusal.SIGNATURE: (400, "40009", "sign signature error"),
    Refusal.BAD_REQUEST: (400, "40017", "Parameter verification failed"),
    Refusal.ACCOUNT: (
        400,
        "40085",
        "You are in Unified Account mode, and the Classic Account API is not supported at this"
        " time",
    ),
    Refusal.BUSY: (503, "40015", "System is abnormal, please try again later"),
}
SYMBOL: Json = {
    "symbol": MARKET, "baseCoin": BASE, "quoteCoin": QUOTE, "minTradeAmount": plain(SIZE_MIN),
    "maxTradeAmount": "10000000000", "takerFeeRate": "0.001", "makerFeeRate": "0.001",
    "pricePrecision": "1", "quantityPrecision": "6", "quotePrecision": "8", "status": "online",
    "minTradeUSDT": "1", "buyLimitPriceRatio": "0.05", "sellLimitPriceRatio": "0.05",
    "areaSymbol": "no", "orderQuantity": "200", "openTime": "1532454360000", "offTime": "",
}  # fmt: skip


def state(order: Order) -> str:
    return STATES.get(order.status) or ("partially_filled" if order.filled else "live")


def trade_id(trade: Trade) -> str:
    return str(1_169_142_000_000_000_000 + trade.number)


def order_id(order: Order) -> str:
    return order.venue_id


def fee_detail(trade: Trade, amount: str) -> Json:
    return {"deduction": "no", "feeCoin": trade.fee_asset, "totalDeductionFee": "0",
            "totalFee": amount}  # fmt: skip


ORDER: Table[Order] = {
    "userId": "7264631750",
    "symbol": MARKET,
    "orderId": lambda o: o.venue_id,
    "clientOid": lambda o: o.client_id,
    "price": lambda o: plain(o.price),
    "size": lambda o: f"{o.size:.16f}",
    "orderType": "limit",
    "side": lambda o: o.side.lower(),
    "status": state,
    "priceAvg": lambda o: o.average or "0",
    "baseVolume": lambda o: f"{o.filled:.16f}",
    "quoteVolume": lambda o: f"{o.value:.16f}",
    "enterPointSource": "API",
    "feeDetail": "",
    "orderSource": "normal",
    "tpslType": "normal",
    "triggerPrice": None,
    "baseCoin": BASE,
    "quoteCoin": QUOTE,
    "cancelReason": "",
    "cTime": lambda o: str(o.created_ms),
    "uTime": lambda o: str(o.updated_ms),
}
ONE_ONLY = ("price", "baseCoin", "quoteCoin", "cancelReason")  # not in lists
OPEN_ORDER: Table[Order] = {  # its price is called priceAvg, as in the documentation
    **{name: value for name, value in ORDER.items() if name not in ONE_ONLY},
    "basePrice": "0",
    "priceAvg": lambda o: f"{o.price:.16f}",
}
STREAM_ORDER: Table[Order] = {
    "instId": MARKET,
    "orderId": lambda o: o.venue_id,
    "clientOid": lambda o: o.client_id,
    "price": lambda o: plain(o.price),
    "size": lambda o: f"{o.size * o.price:.4f}",  # the cost
    "newSize": lambda o: plain(o.size),
    "notional": lambda o: plain(o.size * o.price),
    "orderType": "limit",
    "force": lambda o: "post_only" if o.is_post_only else "ioc",
    "side": lambda o: o.side.lower(),
    "accBaseVolume": lambda o: plain(o.filled),
    "priceAvg": lambda o: o.average or "0.00000",
    "status": state,
    "cTime": lambda o: str(o.created_ms),
    "uTime": lambda o: str(o.updated_ms),
    "stpMode": "none",
    "feeDetail": lambda o: [{"feeCoin": o.fee_asset, "fee": plain(-o.fee)}] if o.filled else [],
    "enterPointSource": "API",
}
FILL: Table[Trade] = {  # further fields of an order's row after a fill
    "fillPrice": lambda t: plain(t.price),
    "tradeId": trade_id,
    "baseVolume": lambda t: plain(t.size),
    "fillTime": lambda t: str(t.at_ms),
    "fillFee": lambda t: plain(-t.fee),
    "fillFeeCoin": lambda t: t.fee_asset,
    "tradeScope": lambda t: "M" if t.is_maker else "T",
}
TRADE: Table[Trade] = {
    "userId": "7264631750",
    "symbol": MARKET,
    "orderId": lambda t: t.order.venue_id,
    "tradeId": trade_id,
    "orderType": "limit",
    "side": lambda t: t.order.side.lower(),
    "priceAvg": lambda t: plain(t.price),
    "size": lambda t: plain(t.size),
    "amount": lambda t: plain(t.size * t.price),
    "feeDetail": lambda t: fee_detail(t, plain(-t.fee)),
    "tradeScope": lambda t: "maker" if t.is_maker else "taker",
    "cTime": lambda t: str(t.at_ms),
    "uTime": lambda t: str(t.at_ms),
}
STREAM_TRADE: Table[Trade] = {
    **{name: value for name, value in TRADE.items() if name != "userId"},
    "feeDetail": lambda t: [fee_detail(t, plain(t.fee))],
}
PRINT: Table[Print] = {
    "ts": lambda p: str(p.at_ms),
    "price": lambda p: plain(p.price),
    "size": lambda p: plain(p.size),
    "side": lambda p: p.taker.lower(),
    "tradeId": lambda p: str(1_240_000_000_000_000_000 + p.number),
}


def envelope(data: object) -> Json:
    return {"code": "00000", "msg": "success", "requestTime": now_ms(), "data": data}


def push(channel: str, instrument: str, rows: list[Json], action: str = "snapshot") -> Json:
    argument = {"instType": "SPOT", "channel": channel, "instId": instrument}
    return {"action": action, "arg": argument, "data": rows, "ts": now_ms()}


def _signature(text: str) -> str:
    code = hmac.new(SECRET.encode(), text.encode(), hashlib.sha256).digest()
    return base64.b64encode(code).decode()


class Bitget(Form):
    """See the module."""

    exchange = "bitget"
    market_id = MARKET
    page_orders_max = page_trades_max = 100
    post_only_ends_later = True
    is_unified = False

    def __init__(self, market: PaperExchange) -> None:
        super().__init__(market)
        spot = "/api/v2/spot"
        self.routes = {
            "GET /api/v2/public/time": Route(self._time, is_public=True),
            f"GET {spot}/public/symbols": Route(lambda _: envelope([SYMBOL]), is_public=True),
            "GET /api/v2/margin/currencies": Route(lambda _: envelope([]), is_public=True),
            f"GET {spot}/market/orderbook": Route(self._book, is_public=True),
            f"GET {spot}/market/fills": Route(self._prints, is_public=True),
            f"GET {spot}/market/fills-history": Route(self._prints, is_public=True),
            f"GET {spot}/market/candles": Route(lambda _: envelope([]), is_public=True),
            f"GET {spot}/market/history-candles": Route(lambda _: envelope([]), is_public=True),
            "GET /api/v2/common/trade-rate": Route(self._fee),
            f"GET {spot}/account/assets": Route(self._balances, Op.BALANCES),
            f"GET {spot}/trade/unfilled-orders": Route(self._open_orders, Op.OPEN_ORDERS),
            f"GET {spot}/trade/orderInfo": Route(self._order, Op.QUERY),
            f"GET {spot}/trade/fills": Route(self._trades, Op.TRADES),
            f"POST {spot}/trade/place-order": Route(self._create, Op.CREATE),
            f"POST {spot}/trade/cancel-order": Route(self._cancel, Op.CANCEL),
        }

    def route(self, request: Request) -> Route | None:
        """Return the route of a request; a unified account has none of the signed ones."""
        found = super().route(request)
        if self.is_unified and found is not None and not found.is_public:
            return replace(found, answer=self._classic_only)
        return found

    def _classic_only(self, _: Request) -> object:
        raise Refused(Refusal.ACCOUNT)

    def is_signed(self, request: Request) -> bool:
        """Check `ACCESS-SIGN`: time, method, path with query, body; and the passphrase."""
        sent = request.headers
        query = f"?{request.query}" if request.query else ""
        signed = f"{sent.get('ACCESS-TIMESTAMP', '')}{request.method}{request.path}{query}"
        return (
            sent.get("ACCESS-KEY") == KEY
            and sent.get("ACCESS-PASSPHRASE") == PASSWORD
            and sent.get("ACCESS-SIGN") == _signature(signed + request.body)
        )

    def refusal(self, why: Refusal, request: Request) -> tuple[int, object]:
        """Return the HTTP status with a code."""
        del request
        status, code, text = ERRORS[why]
        return status, {"code": code, "msg": text, "requestTime": now_ms(), "data": None}

    def receive(self, socket: Socket, frame: str) -> list[object]:
        """Answer ping, login and subscribe; a book begins with a snapshot."""
        if frame == "ping":
            return ["pong"]
        asked = json.loads(frame)
        if asked["op"] == "login":
            (sent,) = asked["args"]
            signed = _signature(f"{sent['timestamp']}GET/user/verify")
            socket.is_authenticated = sent["apiKey"] == KEY and sent["sign"] == signed
            is_right = socket.is_authenticated
            code = 0 if is_right else 30005
            return [{"event": "login" if is_right else "error", "code": code, "msg": ""}]
        answers: list[object] = []
        for argument in asked["args"] if asked["op"] == "subscribe" else []:
            channel = argument["channel"]
            if channel in ("orders", "fill") and not socket.is_authenticated:
                answers.append({"event": "error", "code": 30004, "msg": "User needs to log in"})
                continue
            socket.topics.add(channel)
            answers.append({"event": "subscribe", "arg": argument})
            if channel == "books":
                answers.append(self._books())
        return answers

    def news(self, news: News, socket: Socket) -> list[object]:
        """Return the frames of the channels `orders`, `fill`, `books` and `trade`."""
        match news:
            case Order() if "orders" in socket.topics:
                if news.status is Status.FILLED or (news.is_open and news.filled):
                    return []  # part of the frame of its fill
                return [push("orders", MARKET, [encode(STREAM_ORDER, news)])]
            case Trade():
                row = encode(STREAM_ORDER, news.order) | encode(FILL, news)
                found = {"orders": push("orders", MARKET, [row])}
                found["fill"] = push("fill", "default", [encode(STREAM_TRADE, news)])
                return [found[name] for name in found if name in socket.topics]
            case BookChange() if "books" in socket.topics:
                return [self._books(news)]
            case Print() if "trade" in socket.topics:
                return [push("trade", MARKET, [encode(PRINT, news)], "update")]
            case _:
                return []

    def _sides(self, depth: int) -> tuple[list[list[str]], list[list[str]]]:
        bids, asks = (encoding.pairs(self.market.levels(side))[:depth] for side in Side)
        return bids, asks

    def _books(self, change: BookChange | None = None) -> Json:
        """Return the whole book, which has no checksum, or a change of it."""
        bids, asks = self._sides(DEPTH)
        data: Json = {"asks": asks, "bids": bids, "checksum": 0, "seq": self.market.sequence,
                      "ts": str(now_ms())}  # fmt: skip
        if change is not None:
            data |= {
                "checksum": encoding.checksum(bids, asks),
                "seq": change.last,
                "asks": encoding.pairs(change.asks),
                "bids": encoding.pairs(change.bids),
            }
        return push("books", MARKET, [data], "snapshot" if change is None else "update")

    def _time(self, _: Request) -> object:
        return envelope({"serverTime": str(now_ms())})

    def _book(self, request: Request) -> object:
        bids, asks = self._sides(int(request.fields.get("limit", "150")))
        return envelope({"asks": asks, "bids": bids, "ts": str(now_ms())})

    def _prints(self, _: Request) -> object:
        return envelope([{"symbol": MARKET} | encode(PRINT, p) for p in self.market.prints[::-1]])

    def _fee(self, _: Request) -> object:
        rate = plain(self.market.fee_rate)
        return envelope({"makerFeeRate": rate, "takerFeeRate": rate})

    def _balances(self, _: Request) -> object:
        return envelope(
            [
                {"coin": coin, "available": plain(held.free), "limitAvailable": "0",
                 "frozen": plain(held.locked), "locked": "0", "uTime": str(now_ms())}
                for coin, held in self.market.balances.items()
            ]
        )  # fmt: skip

    def _open_orders(self, request: Request) -> object:
        rows = self.market.listed_orders()
        return self._older(request, rows, order_id, OPEN_ORDER, self.page_orders_max)

    def _order(self, request: Request) -> object:
        """Return a list of one, or an empty one."""
        order = self._named(request)
        return envelope([encode(ORDER, order)] if order else [])

    def _trades(self, request: Request) -> object:
        first, last = (int(request.fields.get(name) or 0) for name in ("startTime", "endTime"))
        rows = [
            trade
            for trade in self.market.trades[::-1]
            if first <= trade.at_ms and (not last or trade.at_ms <= last)
        ]
        return self._older(request, rows, trade_id, TRADE, self.page_trades_max)

    def _older[T](
        self,
        request: Request,
        rows: Sequence[T],
        id_of: Callable[[T], str],
        table: Table[T],
        most: int,
    ) -> object:
        page = encoding.older(request.fields, "idLessThan", rows, id_of)
        limit = int(request.fields.get("limit", "100"))
        return envelope([encode(table, row) for row in self.page(page, limit=limit, most=most)])

    def _named(self, request: Request) -> Order | None:
        asked = request.fields
        return self.market.find(
            venue_id=asked.get("orderId", ""), client_id=asked.get("clientOid", "")
        )

    def _create(self, request: Request) -> object:
        asked = request.fields
        order = self.market.place(
            client_id=asked.get("clientOid", ""),
            side=Side(asked["side"].upper()),
            price=encoding.number(asked["price"]),
            size=encoding.number(asked["size"]),
            is_post_only=asked["force"] == "post_only",
        )
        return envelope({"orderId": order.venue_id, "clientOid": order.client_id})

    def _cancel(self, request: Request) -> object:
        order = self.market.cancel(self._named(request))
        return envelope({"orderId": order.venue_id, "clientOid": order.client_id})
