"""Forms of OKX v5: spot in cash mode.

Documentation: okx.com/docs-v5. Lists are newest first and go on before an id; a fee that was paid
is negative, in lists and in the stream; fills arrive in the channel of orders. A post-only order
that would trade is accepted and then cancelled by the venue.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Sequence

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

MARKET = "BTC-USDT"
DEPTH = 400
STATES = {Status.FILLED: "filled", Status.CANCELED: "canceled", Status.REJECTED: "canceled"}
ERRORS = {
    Refusal.BALANCE: ("51008", "Order failed. Insufficient USDT balance in account."),
    Refusal.DUPLICATE: ("51016", "Client order ID already exists."),
    Refusal.BAD_REQUEST: ("51000", "Parameter error"),
    Refusal.BUSY: ("50013", "Systems are busy. Please try again later."),
    Refusal.SIGNATURE: ("50113", "Invalid Sign"),
}
INSTRUMENT: Json = {
    "alias": "", "auctionEndTime": "", "baseCcy": BASE, "category": "1", "ctMult": "",
    "ctType": "", "ctVal": "", "ctValCcy": "", "contTdSwTime": "", "expTime": "",
    "instFamily": "", "instId": MARKET, "instIdCode": 10459, "instType": "SPOT", "lever": "10",
    "listTime": "1606468572000", "lotSz": plain(LOT), "maxIcebergSz": "9999999999",
    "maxLmtAmt": "20000000", "maxLmtSz": "9999999999", "maxMktAmt": "1000000", "maxMktSz": "",
    "maxStopSz": "", "maxTriggerSz": "9999999999", "maxTwapSz": "9999999999",
    "minSz": plain(SIZE_MIN), "optType": "", "openType": "fix_price", "quoteCcy": QUOTE,
    "tradeQuoteCcyList": [QUOTE], "settleCcy": "", "state": "live", "ruleType": "normal",
    "stk": "", "tickSz": plain(TICK), "uly": "",
}  # fmt: skip


def bill_id(trade: Trade) -> str:
    return str(900_000_000 + trade.number)


ORDER: Table[Order] = {
    "accFillSz": lambda o: plain(o.filled),
    "algoClOrdId": "",
    "algoId": "",
    "attachAlgoClOrdId": "",
    "attachAlgoOrds": [],
    "avgPx": lambda o: o.average,
    "cTime": lambda o: str(o.created_ms),
    "cancelSource": lambda o: {Status.CANCELED: "1", Status.REJECTED: "31"}.get(o.status, ""),
    "category": "normal",
    "ccy": "",
    "clOrdId": lambda o: o.client_id,
    "fee": lambda o: plain(-o.fee),
    "feeCcy": lambda o: o.fee_asset,
    "instId": MARKET,
    "instType": "SPOT",
    "isTpLimit": "false",
    "lever": "",
    "ordId": lambda o: o.venue_id,
    "ordType": lambda o: "post_only" if o.is_post_only else "ioc",
    "pnl": "0",
    "posSide": "net",
    "px": lambda o: plain(o.price),
    "pxType": "",
    "pxUsd": "",
    "pxVol": "",
    "quickMgnType": "",
    "rebate": "0",
    "rebateCcy": lambda o: QUOTE if o.side is Side.BUY else BASE,
    "reduceOnly": "false",
    "side": lambda o: o.side.lower(),
    "slOrdPx": "",
    "slTriggerPx": "",
    "slTriggerPxType": "",
    "source": "",
    "state": lambda o: STATES.get(o.status) or ("partially_filled" if o.filled else "live"),
    "stpId": "",
    "stpMode": "cancel_maker",
    "sz": lambda o: plain(o.size),
    "tag": "",
    "tdMode": "cash",
    "tgtCcy": "",
    "tpOrdPx": "",
    "tpTriggerPx": "",
    "tpTriggerPxType": "",
    "uTime": lambda o: str(o.updated_ms),
    "fillPx": "",
    "fillSz": "0",
    "fillTime": "",
    "tradeId": "",
}
STREAM_ORDER: Table[Order] = {
    **ORDER,
    "amendResult": "",
    "amendSource": "",
    "code": "0",
    "execType": "",
    "fillFee": "0",
    "fillFeeCcy": "",
    "fillFwdPx": "",
    "fillMarkPx": "",
    "fillMarkVol": "",
    "fillNotionalUsd": "",
    "fillPnl": "0",
    "fillPxUsd": "",
    "fillPxVol": "",
    "lastPx": lambda o: plain(o.price),
    "msg": "",
    "notionalUsd": lambda o: plain(o.size * o.price),
    "reqId": "",
}
FILL: Table[Trade] = {  # in place of the same fields of its order
    "execType": lambda t: "M" if t.is_maker else "T",
    "fillFee": lambda t: plain(-t.fee),  # negative: paid
    "fillFeeCcy": lambda t: t.fee_asset,
    "fillNotionalUsd": lambda t: plain(t.size * t.price),
    "fillPx": lambda t: plain(t.price),
    "fillSz": lambda t: plain(t.size),
    "fillTime": lambda t: str(t.at_ms),
    "tradeId": lambda t: str(700_000_000 + t.number),
}
TRADE: Table[Trade] = {
    "billId": bill_id,
    "clOrdId": lambda t: t.order.client_id,
    "execType": lambda t: "M" if t.is_maker else "T",
    "fee": lambda t: plain(-t.fee),
    "feeCcy": lambda t: t.fee_asset,
    "feeRate": "-0.001",
    "fillFwdPx": "",
    "fillIdxPx": lambda t: plain(t.price),
    "fillMarkPx": "",
    "fillMarkVol": "",
    "fillPnl": "0",
    "fillPx": lambda t: plain(t.price),
    "fillPxUsd": "",
    "fillPxVol": "",
    "fillSz": lambda t: plain(t.size),
    "fillTime": lambda t: str(t.at_ms),
    "instId": MARKET,
    "instType": "SPOT",
    "ordId": lambda t: t.order.venue_id,
    "posSide": "net",
    "side": lambda t: t.order.side.lower(),
    "subType": lambda t: "1" if t.order.side is Side.BUY else "2",
    "tag": "",
    "tradeId": lambda t: str(700_000_000 + t.number),
    "ts": lambda t: str(t.at_ms),
}
PRINT: Table[Print] = {
    "instId": MARKET,
    "tradeId": lambda p: str(1_040_000_000 + p.number),
    "px": lambda p: plain(p.price),
    "sz": lambda p: plain(p.size),
    "side": lambda p: p.taker.lower(),
    "ts": lambda p: str(p.at_ms),
    "count": "1",
    "source": "0",
    "seqId": lambda p: 79_000_000_000 + p.number,
}
CONFIG: Json = {
    "acctLv": "1", "acctStpMode": "cancel_maker", "autoLoan": False, "ctIsoMode": "automatic",
    "greeksType": "PA", "ip": "192.0.2.1", "kycLv": "3", "label": "paper", "level": "Lv1",
    "levelTmp": "", "liquidationGear": "-1", "mainUid": "44705892343619584",
    "mgnIsoMode": "automatic", "opAuth": "0", "perm": "read_only,trade",
    "posMode": "net_mode", "roleType": "0", "spotOffsetType": "", "spotRoleType": "0",
    "spotTraderInsts": [], "traderInsts": [], "type": "0", "uid": "44705892343619584",
}  # fmt: skip
BALANCE: Json = {
    "borrowFroz": "", "collateralEnabled": False, "crossLiab": "", "disEq": "1", "eqUsd": "1",
    "fixedBal": "0", "imr": "", "interest": "", "isoEq": "", "isoLiab": "", "isoUpl": "",
    "liab": "", "maxLoan": "", "mgnRatio": "", "mmr": "", "notionalLever": "",
    "spotInUseAmt": "", "stgyEq": "0", "twap": "0", "uTime": "1705474164160", "upl": "",
    "uplLiab": "",
}  # fmt: skip


def venue_id(order: Order) -> str:
    return order.venue_id


def envelope(rows: Sequence[object]) -> Json:
    return {"code": "0", "msg": "", "data": rows}


def _signature(text: str) -> str:
    code = hmac.new(SECRET.encode(), text.encode(), hashlib.sha256).digest()
    return base64.b64encode(code).decode()


class Okx(Form):
    """See the module."""

    exchange = "okx"
    market_id = MARKET
    page_orders_max = page_trades_max = 100
    post_only_ends_later = True

    def __init__(self, market: PaperExchange) -> None:
        super().__init__(market)
        self.routes = {
            "GET /api/v5/public/time": Route(self._time, is_public=True),
            "GET /api/v5/public/instruments": Route(self._instruments, is_public=True),
            "GET /api/v5/system/status": Route(lambda _: envelope([]), is_public=True),
            "GET /api/v5/market/books": Route(self._book, is_public=True),
            "GET /api/v5/market/trades": Route(self._prints, is_public=True),
            "GET /api/v5/market/candles": Route(lambda _: envelope([]), is_public=True),
            "GET /api/v5/account/config": Route(lambda _: envelope([CONFIG])),
            "GET /api/v5/account/trade-fee": Route(self._fee),
            "GET /api/v5/account/balance": Route(self._balances, Op.BALANCES),
            "GET /api/v5/trade/orders-pending": Route(self._open_orders, Op.OPEN_ORDERS),
            "GET /api/v5/trade/order": Route(self._order, Op.QUERY),
            "GET /api/v5/trade/fills-history": Route(self._trades, Op.TRADES),
            "POST /api/v5/trade/batch-orders": Route(self._create, Op.CREATE),
            "POST /api/v5/trade/cancel-order": Route(self._cancel, Op.CANCEL),
            "POST /api/v5/trade/cancel-all-after": Route(self._dead_man),
        }

    def is_signed(self, request: Request) -> bool:
        """Check `OK-ACCESS-SIGN`: time, method, path with query, body; and the passphrase."""
        sent = request.headers
        query = f"?{request.query}" if request.query else ""
        signed = f"{sent.get('OK-ACCESS-TIMESTAMP', '')}{request.method}{request.path}{query}"
        return (
            sent.get("OK-ACCESS-KEY") == KEY
            and sent.get("OK-ACCESS-PASSPHRASE") == PASSWORD
            and sent.get("OK-ACCESS-SIGN") == _signature(signed + request.body)
        )

    def refusal(self, why: Refusal, request: Request) -> tuple[int, object]:
        """Return code 1 with the order's own code, or the code of the whole request."""
        asked = request.fields
        if why is Refusal.NOT_FOUND and request.method == "GET":
            return 200, {"code": "51603", "data": [], "msg": "Order does not exist"}
        if why is Refusal.SIGNATURE:
            return 401, {"code": ERRORS[why][0], "data": [], "msg": ERRORS[why][1]}
        code, text = ERRORS.get(why, ("51400", "Cancellation failed as the order does not exist."))
        row = {"clOrdId": asked.get("clOrdId", ""), "ordId": "", "sCode": code, "sMsg": text}
        return 200, {"code": "1", "data": [row], "msg": "All operations failed"}

    def receive(self, socket: Socket, frame: str) -> list[object]:
        """Answer ping, login and subscribe; a book begins with a snapshot."""
        if frame == "ping":
            return ["pong"]
        asked = json.loads(frame)
        if asked["op"] == "login":
            (sent,) = asked["args"]
            signed = f"{sent['timestamp']}GET/users/self/verify"
            is_right = sent["apiKey"] == KEY and sent["sign"] == _signature(signed)
            socket.is_authenticated = is_right
            code = "0" if is_right else "60009"
            event = "login" if is_right else "error"
            return [{"event": event, "code": code, "msg": "", "connId": "a4d3ae55"}]
        answers: list[object] = []
        for argument in asked["args"] if asked["op"] == "subscribe" else []:
            if argument["channel"] == "orders" and not socket.is_authenticated:
                answers.append({"event": "error", "code": "60011", "msg": "Please log in"})
                continue
            socket.topics.add(argument["channel"])
            answers.append({"event": "subscribe", "arg": argument, "connId": "a4d3ae55"})
            if argument["channel"] == "books":
                answers.append(self._books("snapshot"))
        return answers

    def news(self, news: News, socket: Socket) -> list[object]:
        """Return the frames of the channels `orders`, `books` and `trades`."""
        match news:
            case Order() if "orders" in socket.topics:
                if (news.is_open and news.filled) or news.status is Status.FILLED:
                    return []  # part of the frame of its fill
                return [_orders(encode(STREAM_ORDER, news))]
            case Trade() if "orders" in socket.topics:
                return [_orders(encode(STREAM_ORDER, news.order) | encode(FILL, news))]
            case BookChange() if "books" in socket.topics:
                return [self._books("update", news)]
            case Print() if "trades" in socket.topics:
                argument = {"channel": "trades", "instId": MARKET}
                return [{"arg": argument, "data": [encode(PRINT, news)]}]
            case _:
                return []

    def _sides(self, depth: int) -> dict[str, list[list[str]]]:
        return {
            name: [[*pair, "0", "1"] for pair in encoding.pairs(self.market.levels(side))[:depth]]
            for side, name in ((Side.SELL, "asks"), (Side.BUY, "bids"))
        }

    def _books(self, action: str, change: BookChange | None = None) -> Json:
        whole = self._sides(DEPTH)
        data: Json = dict(whole)
        last, before = self.market.sequence, -1
        if change is not None:
            last, before = change.last, change.first - 1
            changed = (("asks", change.asks), ("bids", change.bids))
            for name, levels in changed:
                data[name] = [[*pair, "0", "1"] for pair in encoding.pairs(levels)]
        data |= {"ts": str(now_ms()), "checksum": encoding.checksum(whole["bids"], whole["asks"])}
        data |= {"seqId": last, "prevSeqId": before}
        argument = {"channel": "books", "instId": MARKET}
        return {"arg": argument, "action": action, "data": [data]}

    def _time(self, _: Request) -> object:
        return envelope([{"ts": str(now_ms())}])

    def _instruments(self, request: Request) -> object:
        return envelope([INSTRUMENT] if request.fields["instType"] == "SPOT" else [])

    def _book(self, request: Request) -> object:
        depth = int(request.fields.get("sz", "1"))
        stamp = {"ts": str(now_ms()), "seqId": self.market.sequence}
        return envelope([self._sides(depth) | stamp])

    def _prints(self, _: Request) -> object:
        return envelope([encode(PRINT, p) for p in self.market.prints[::-1]])

    def _fee(self, _: Request) -> object:
        rate = plain(-self.market.fee_rate)  # negative: paid
        return envelope([{"instType": "SPOT", "maker": rate, "taker": rate, "level": "Lv1"}])

    def _balances(self, _: Request) -> object:
        details = []
        for coin, held in self.market.balances.items():
            total, free, locked = plain(held.free + held.locked), plain(held.free), held.locked
            details.append(
                BALANCE | {"ccy": coin, "availBal": free, "availEq": free, "cashBal": total,
                           "eq": total, "frozenBal": plain(locked), "ordFrozen": plain(locked)}
            )  # fmt: skip
        account = {"adjEq": "", "borrowFroz": "", "imr": "", "isoEq": "", "mgnRatio": "",
                   "mmr": "", "notionalUsd": "", "ordFroz": "", "totalEq": "160000",
                   "uTime": str(now_ms()), "upl": ""}  # fmt: skip
        return envelope([account | {"details": details}])

    def _open_orders(self, request: Request) -> object:
        rows = self.market.listed_orders()
        return self._older(request, rows, venue_id, ORDER, self.page_orders_max)

    def _order(self, request: Request) -> object:
        return envelope([encode(ORDER, self.found(self._named(request)))])

    def _trades(self, request: Request) -> object:
        first, last = (int(request.fields.get(name) or 0) for name in ("begin", "end"))
        rows = [
            trade
            for trade in self.market.trades[::-1]
            if first <= trade.at_ms and (not last or trade.at_ms <= last)
        ]
        return self._older(request, rows, bill_id, TRADE, self.page_trades_max)

    def _older[T](
        self,
        request: Request,
        rows: Sequence[T],
        id_of: Callable[[T], str],
        table: Table[T],
        most: int,
    ) -> object:
        """Return the page of rows that are older than the id `after`."""
        limit = int(request.fields.get("limit", "100"))
        older = encoding.older(request.fields, "after", rows, id_of)
        return envelope([encode(table, row) for row in self.page(older, limit=limit, most=most)])

    def _named(self, request: Request) -> Order | None:
        asked = request.fields
        return self.market.find(venue_id=asked.get("ordId", ""), client_id=asked.get("clOrdId", ""))

    def _create(self, request: Request) -> object:
        asked = request.fields
        order = self.market.place(
            client_id=asked.get("clOrdId", ""),
            side=Side(asked["side"].upper()),
            price=encoding.number(asked["px"]),
            size=encoding.number(asked["sz"]),
            is_post_only=asked["ordType"] == "post_only",
        )
        return self._done(order)

    def _cancel(self, request: Request) -> object:
        return self._done(self.market.cancel(self._named(request)))

    def _dead_man(self, request: Request) -> object:
        seconds = int(request.fields["timeOut"])
        self.market.set_dead_man(seconds)
        trigger = str(now_ms() + seconds * 1000) if seconds else "0"
        return envelope([{"triggerTime": trigger, "tag": "", "ts": str(now_ms())}])

    @staticmethod
    def _done(order: Order) -> object:
        """Return the answer to an accepted request; it names the order and nothing more."""
        return envelope(
            [{"clOrdId": order.client_id, "ordId": order.venue_id, "tag": "", "ts": str(now_ms()),
              "sCode": "0", "sMsg": ""}]
        )  # fmt: skip


def _orders(row: Json) -> Json:
    argument = {"channel": "orders", "instType": "SPOT", "uid": "44705892343619584"}
    return {"arg": argument, "data": [row]}
