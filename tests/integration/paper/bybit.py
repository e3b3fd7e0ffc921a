"""Forms of Bybit v5: spot of a unified account.

Documentation: bybit-exchange.github.io/docs/v5. Lists are newest first, pages follow a cursor; a
post-only order that would trade is accepted and then reported as rejected.
"""

import hashlib
import hmac
import json
from collections.abc import Sequence

from quoter.domain.market import Side
from tests.integration.paper import encoding
from tests.integration.paper.exchange import (
    BASE,
    LOT,
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

MARKET = "BTCUSDT"
DEPTH = 50  # of the topic that ccxt subscribes to for spot
SIDES = {Side.BUY: "Buy", Side.SELL: "Sell"}
STATUS = {Status.OPEN: "New", Status.FILLED: "Filled", Status.REJECTED: "Rejected"}
ERRORS = {
    Refusal.BALANCE: (170131, "Insufficient balance."),
    Refusal.DUPLICATE: (170141, "Duplicate clientOrderId"),
    Refusal.NOT_FOUND: (170213, "Order does not exist."),
    Refusal.SIGNATURE: (10004, "error sign! please check your signature generation algorithm."),
    Refusal.BAD_REQUEST: (10001, "Request parameter error."),
    Refusal.ACCOUNT: (10032, "Demo trading are not supported."),
    Refusal.BUSY: (10016, "Server error."),
}
INSTRUMENT: Json = {
    "symbol": MARKET,
    "baseCoin": BASE,
    "quoteCoin": QUOTE,
    "innovation": "0",
    "status": "Trading",
    "marginTrading": "utaOnly",
    "stTag": "0",
    "lotSizeFilter": {
        "basePrecision": plain(LOT),
        "quotePrecision": "0.0000001",
        "minOrderQty": plain(SIZE_MIN),
        "maxOrderQty": "83",
        "minOrderAmt": "5",
        "maxOrderAmt": "8000000",
        "maxLimitOrderQty": "83",
        "maxMarketOrderQty": "41.5",
        "postOnlyMaxLimitOrderSize": "60000",
    },
    "priceFilter": {"tickSize": plain(TICK)},
    "riskParameters": {"priceLimitRatioX": "0.01", "priceLimitRatioY": "0.02"},
}


def status(order: Order) -> str:
    """Return the venue's word for the state of an order."""
    if order.status is Status.CANCELED:
        return "PartiallyFilledCanceled" if order.filled else "Cancelled"
    if order.is_open and order.filled:
        return "PartiallyFilled"
    return STATUS[order.status]


ORDER: Table[Order] = {
    "symbol": MARKET,
    "orderType": "Limit",
    "orderLinkId": lambda o: o.client_id,
    "slLimitPrice": "0",
    "orderId": lambda o: o.venue_id,
    "cancelType": lambda o: "CancelByUser" if o.status is Status.CANCELED else "UNKNOWN",
    "avgPrice": lambda o: o.average,
    "stopOrderType": "",
    "lastPriceOnCreated": "",
    "orderStatus": status,
    "takeProfit": "",
    "cumExecValue": lambda o: plain(o.value),
    "tpslMode": "",
    "smpType": "None",
    "triggerDirection": 0,
    "blockTradeId": "",
    "isLeverage": "0",
    "rejectReason": lambda o: (
        "EC_PostOnlyWillTakeLiquidity" if o.status is Status.REJECTED else "EC_NoError"
    ),
    "price": lambda o: plain(o.price),
    "orderIv": "",
    "createdTime": lambda o: str(o.created_ms),
    "tpTriggerBy": "",
    "positionIdx": 0,
    "timeInForce": lambda o: "PostOnly" if o.is_post_only else "IOC",
    "leavesValue": lambda o: plain(o.leaves * o.price),
    "updatedTime": lambda o: str(o.updated_ms),
    "side": lambda o: SIDES[o.side],
    "smpGroup": 0,
    "triggerPrice": "0.0",
    "tpLimitPrice": "0",
    "cumExecFee": lambda o: plain(o.fee),
    "leavesQty": lambda o: plain(o.leaves),
    "slTriggerBy": "",
    "closeOnTrigger": False,
    "placeType": "",
    "cumExecQty": lambda o: plain(o.filled),
    "reduceOnly": False,
    "qty": lambda o: plain(o.size),
    "stopLoss": "",
    "smpOrderId": "",
    "triggerBy": "",
}
TRADE: Table[Trade] = {
    "symbol": MARKET,
    "orderType": "Limit",
    "underlyingPrice": "",
    "orderLinkId": lambda t: t.order.client_id,
    "orderId": lambda t: t.order.venue_id,
    "stopOrderType": "",
    "execTime": lambda t: str(t.at_ms),
    "feeCurrency": lambda t: t.fee_asset,
    "feeRate": "0.001",
    "tradeIv": "",
    "blockTradeId": "",
    "markPrice": "",
    "execPrice": lambda t: plain(t.price),
    "markIv": "",
    "orderQty": lambda t: plain(t.order.size),
    "orderPrice": lambda t: plain(t.order.price),
    "execValue": lambda t: plain(t.size * t.price),
    "closedSize": "",
    "execType": "Trade",
    "seq": lambda t: 5_000_000 + t.number,
    "side": lambda t: SIDES[t.order.side],
    "indexPrice": "",
    "leavesQty": lambda t: plain(t.order.size - t.order.filled),
    "isMaker": lambda t: t.is_maker,
    "execFee": lambda t: plain(t.fee),  # positive: paid
    "execId": lambda t: str(2_100_000_000_000_000_000 + t.number),
    "marketUnit": "",
    "execQty": lambda t: plain(t.size),
}
STREAM_TRADE: Table[Trade] = {
    "category": "spot",
    **{name: value for name, value in TRADE.items() if name != "marketUnit"},
}
PRINT: Table[Print] = {
    "i": lambda p: str(2_290_000_000_000_000_000 + p.number),
    "T": lambda p: p.at_ms,
    "p": lambda p: plain(p.price),
    "v": lambda p: plain(p.size),
    "S": lambda p: SIDES[p.taker],
    "seq": lambda p: 5_000_000 + p.number,
    "s": MARKET,
    "BT": False,
    "RPI": False,
}


NOT_ON_THE_DEMO = ("/v5/user/query-api", "/v5/account/fee-rate")
BOOK_TOPIC, PRINT_TOPIC = f"orderbook.{DEPTH}.{MARKET}", f"publicTrade.{MARKET}"
WEEK_MS = 7 * 86_400_000  # longest span of one question for trades
API_KEY: Json = {
    "id": "13770661",
    "note": "paper",
    "apiKey": KEY,
    "readOnly": 0,
    "secret": "",
    "permissions": {
        "ContractTrade": [], "Spot": ["SpotTrade"], "Wallet": [], "Options": [],
        "Derivatives": [], "CopyTrading": [], "BlockTrade": [], "Exchange": [], "NFT": [],
    },
    "ips": ["192.0.2.1"],
    "type": 1,
    "deadlineDay": 83,
    "expiredAt": "2030-05-15T03:21:05Z",
    "createdAt": "2026-10-16T02:24:40Z",
    "unified": 0,
    "uta": 1,
    "userID": 24600000,
    "inviterID": 0,
    "vipLevel": "No VIP",
    "mktMakerLevel": "0",
    "affiliateID": 0,
    "rsaPublicKey": "",
    "isMaster": False,
}  # fmt: skip
ACCOUNT: Json = {
    "marginMode": "REGULAR_MARGIN",
    "updatedTime": "1697078946000",
    "unifiedMarginStatus": 6,
    "dcpStatus": "OFF",
    "timeWindow": 10,
    "smpGroup": 0,
    "isMasterTrader": False,
    "spotHedgingStatus": "OFF",
}
WALLET: Json = {
    "accountType": "UNIFIED", "totalEquity": "160000", "accountIMRate": "0",
    "totalMarginBalance": "160000", "totalInitialMargin": "0", "accountMMRate": "0",
    "totalAvailableBalance": "160000", "totalPerpUPL": "0", "totalWalletBalance": "160000",
    "totalMaintenanceMargin": "0", "accountLTV": "0",
}  # fmt: skip
WALLET_COIN: Json = {
    "availableToBorrow": "", "bonus": "0", "accruedInterest": "0", "availableToWithdraw": "",
    "totalOrderIM": "0", "totalPositionMM": "0", "usdValue": "1", "unrealisedPnl": "0",
    "collateralSwitch": True, "spotHedgingQty": "0", "borrowAmount": "0", "totalPositionIM": "0",
    "cumRealisedPnl": "0", "marginCollateral": True,
}  # fmt: skip


def _signature(text: str) -> str:
    return hmac.new(SECRET.encode(), text.encode(), hashlib.sha256).hexdigest()


def _public(topic: str, kind: str, data: object) -> Json:
    return {"topic": topic, "type": kind, "ts": now_ms(), "data": data}


def _private(topic: str, rows: list[Json]) -> Json:
    return {"id": f"{topic}-{now_ms()}", "topic": topic, "creationTime": now_ms(), "data": rows}


def envelope(result: object) -> Json:
    return {"retCode": 0, "retMsg": "OK", "result": result, "retExtInfo": {}, "time": now_ms()}


class Bybit(Form):
    """See the module."""

    exchange = "bybit"
    market_id = MARKET
    page_orders_max, page_trades_max = 50, 100
    post_only_ends_later = True

    def __init__(self, market: PaperExchange) -> None:
        super().__init__(market)
        self.routes = {
            "GET /v5/market/time": Route(self._time, is_public=True),
            "GET /v5/market/instruments-info": Route(self._instruments, is_public=True),
            "GET /v5/market/orderbook": Route(self._book, is_public=True),
            "GET /v5/market/recent-trade": Route(self._prints, is_public=True),
            "GET /v5/market/kline": Route(lambda _: self._list([]), is_public=True),
            "GET /v5/system/status": Route(lambda _: envelope({"list": []}), is_public=True),
            "GET /v5/user/query-api": Route(lambda _: envelope(API_KEY)),
            "GET /v5/account/info": Route(lambda _: envelope(ACCOUNT)),
            "GET /v5/account/fee-rate": Route(self._fee),
            "GET /v5/account/wallet-balance": Route(self._balances, Op.BALANCES),
            "GET /v5/order/realtime": Route(self._open_orders, Op.OPEN_ORDERS),
            "GET /v5/order/history": Route(self._ended_orders, Op.QUERY),
            "GET /v5/execution/list": Route(self._trades, Op.TRADES),
            "POST /v5/order/create": Route(self._create, Op.CREATE),
            "POST /v5/order/cancel": Route(self._cancel, Op.CANCEL),
        }

    def route(self, request: Request) -> Route | None:
        """Return the route of a request; the demo serves a part of them (docs/v5/demo)."""
        found = super().route(request)
        if request.host.startswith("api-demo.") and request.path in NOT_ON_THE_DEMO:
            return Route(self._not_on_the_demo)
        return found

    def _not_on_the_demo(self, _: Request) -> object:
        raise Refused(Refusal.ACCOUNT)

    def is_signed(self, request: Request) -> bool:
        """Check `X-BAPI-SIGN`: time, key, window, then the query or the body."""
        sent = request.headers
        names = ("X-BAPI-TIMESTAMP", "X-BAPI-API-KEY", "X-BAPI-RECV-WINDOW")
        signed = "".join(sent.get(name, "") for name in names)
        signed += request.query if request.method == "GET" else request.body
        return sent.get("X-BAPI-API-KEY") == KEY and sent.get("X-BAPI-SIGN") == _signature(signed)

    def refusal(self, why: Refusal, request: Request) -> tuple[int, object]:
        """Return HTTP 200 with a code other than 0, as Bybit does."""
        del request
        code, text = ERRORS[why]
        return 200, {"retCode": code, "retMsg": text, "result": {}, "retExtInfo": {},
                     "time": now_ms()}  # fmt: skip

    def receive(self, socket: Socket, frame: str) -> list[object]:
        """Answer ping, auth and subscribe; a new book topic begins with a snapshot."""
        asked = json.loads(frame)
        operation = str(asked["op"])
        common = {"conn_id": "paper-1", "req_id": str(asked.get("req_id", "")), "op": operation}
        match operation:
            case "ping":
                return [{"success": True, "ret_msg": "pong", **common}]
            case "auth":
                key, expires, signature = asked["args"]
                is_right = key == KEY and signature == _signature(f"GET/realtime{expires}")
                socket.is_authenticated = is_right
                return [{"success": is_right, "ret_msg": "", **common}]
            case "subscribe":
                topics = set(asked["args"])
                if "private" in socket.path and not socket.is_authenticated:
                    return [{"success": False, "ret_msg": "Request not authorized", **common}]
                socket.topics |= topics
                books = [self._snapshot()] if BOOK_TOPIC in topics else []
                return [{"success": True, "ret_msg": "subscribe", **common}, *books]
            case _:
                return []

    def news(self, news: News, socket: Socket) -> list[object]:
        """Return the frames of the topics `order`, `execution`, `orderbook` and `publicTrade`."""
        match news:
            case Order() if "order" in socket.topics:
                return [_private("order", [{"category": "spot"} | encode(ORDER, news)])]
            case Trade() if "execution" in socket.topics:
                return [_private("execution", [encode(STREAM_TRADE, news)])]
            case BookChange() if BOOK_TOPIC in socket.topics:
                return [self._delta(news)]
            case Print() if PRINT_TOPIC in socket.topics:
                return [_public(PRINT_TOPIC, "snapshot", [encode(PRINT, news)])]
        return []

    def _snapshot(self) -> Json:
        return _public(BOOK_TOPIC, "snapshot", self._sides(DEPTH)) | {"cts": now_ms()}

    def _delta(self, change: BookChange) -> Json:
        data = {"s": MARKET, "b": encoding.pairs(change.bids), "a": encoding.pairs(change.asks)}
        frame = _public(BOOK_TOPIC, "delta", data | {"u": change.last, "seq": change.last})
        return frame | {"cts": now_ms()}

    def _sides(self, depth: int) -> Json:
        bids, asks = (encoding.pairs(self.market.levels(side))[:depth] for side in Side)
        return {"s": MARKET, "b": bids, "a": asks, "u": self.market.sequence,
                "seq": self.market.sequence}  # fmt: skip

    def _time(self, _: Request) -> object:
        at_ms = now_ms()
        return envelope({"timeSecond": str(at_ms // 1000), "timeNano": f"{at_ms}000000"})

    def _instruments(self, request: Request) -> object:
        return self._list([INSTRUMENT] if request.fields["category"] == "spot" else [])

    def _book(self, request: Request) -> object:
        return envelope(self._sides(int(request.fields.get("limit", "1"))) | {"ts": now_ms()})

    def _prints(self, _: Request) -> object:
        rows = [
            {"execId": str(p.number), "symbol": MARKET, "price": plain(p.price),
             "size": plain(p.size), "side": SIDES[p.taker], "time": str(p.at_ms),
             "isBlockTrade": False}
            for p in self.market.prints[::-1]
        ]  # fmt: skip
        return self._list(rows)

    def _fee(self, _: Request) -> object:
        rate = plain(self.market.fee_rate)
        return self._list([{"symbol": MARKET, "takerFeeRate": rate, "makerFeeRate": rate}])

    def _balances(self, _: Request) -> object:
        coins = [
            WALLET_COIN | {"coin": coin, "walletBalance": plain(held.free + held.locked),
             "equity": plain(held.free + held.locked), "locked": plain(held.locked)}
            for coin, held in self.market.balances.items()
        ]  # fmt: skip
        return envelope({"list": [WALLET | {"coin": coins}]})

    def _open_orders(self, request: Request) -> object:
        """Newest first; with an id also an order that has just ended, as documented."""
        asked = request.fields
        one = self._named(asked)
        found = [one] if one else []
        if not asked.keys() & {"orderId", "orderLinkId"}:
            found = self.market.listed_orders()
        return self._page(asked, found, ORDER, default=20, most=self.page_orders_max)

    def _ended_orders(self, request: Request) -> object:
        asked = request.fields
        found = [order for order in self.market.orders.values() if not order.is_open][::-1]
        if asked.keys() & {"orderId", "orderLinkId"}:
            one = self._named(asked)
            found = [order for order in found if order is one]
        return self._page(asked, found, ORDER, default=20, most=self.page_orders_max)

    def _trades(self, request: Request) -> object:
        asked = request.fields
        last = int(
            asked.get("endTime") or int(asked.get("startTime") or now_ms() - WEEK_MS) + WEEK_MS
        )
        first = int(asked.get("startTime") or last - WEEK_MS)
        if last - first > WEEK_MS:
            raise Refused(Refusal.BAD_REQUEST)
        found = [t for t in self.market.trades[::-1] if first <= t.at_ms <= last]
        return self._page(asked, found, TRADE, default=50, most=self.page_trades_max)

    def _page[T](
        self, asked: dict[str, str], rows: Sequence[T], table: Table[T], *, default: int, most: int
    ) -> object:
        """Return one page; the cursor is empty on the last one."""
        limit, skip = int(asked.get("limit", default)), int(asked.get("cursor") or 0)
        page = self.page(rows, limit=limit, most=most, skip=skip)
        more = skip + len(page)
        cursor = str(more) if more < len(rows) else ""
        return self._list([encode(table, row) for row in page], cursor)

    def _list(self, rows: Sequence[Json], cursor: str = "") -> object:
        return envelope({"category": "spot", "list": rows, "nextPageCursor": cursor})

    def _named(self, asked: dict[str, str]) -> Order | None:
        return self.market.find(
            venue_id=asked.get("orderId", ""), client_id=asked.get("orderLinkId", "")
        )

    def _create(self, request: Request) -> object:
        asked = request.fields
        order = self.market.place(
            client_id=asked.get("orderLinkId", ""),
            side=Side(asked["side"].upper()),
            price=encoding.number(asked["price"]),
            size=encoding.number(asked["qty"]),
            is_post_only=asked["timeInForce"] == "PostOnly",
        )
        return envelope({"orderId": order.venue_id, "orderLinkId": order.client_id})

    def _cancel(self, request: Request) -> object:
        order = self.market.cancel(self._named(request.fields))
        return envelope({"orderId": order.venue_id, "orderLinkId": order.client_id})
