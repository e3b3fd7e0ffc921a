"""One account at a venue that answers ccxt's requests with the venue's documented forms.

Replaces ccxt's HTTP call only: requests are built and answers are parsed by unmodified ccxt, and
our gateway is in front of it. Lists are newest first and cut to the venue's page, as documented.
"""

import json
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from random import Random
from urllib.parse import parse_qs, urlsplit

import pytest
from ccxt.async_support.base.exchange import Exchange

from quoter.venues.ccxt.gateway import CcxtGateway
from quoter.venues.config import VenueConfig
from quoter.venues.egress.gate import current_call
from quoter.venues.egress.request_verification import create_check
from quoter.venues.profiles import profile_of

type Row = dict[str, object]
type Query = Mapping[str, str]

PREFIX = "q00"
KEY = "c2VjcmV0c2VjcmV0c2VjcmV0"
MARKET_IDS = {"okx": "BTC-USDT", "gate": "BTC_USDT", "kraken": "XBTUSDT", "deribit": "BTC_USDT"}
START_MS = time.time_ns() // 1_000_000 - 600_000


def market(exchange: str) -> Row:
    """Return ccxt's market of BTC/USDT at this venue."""
    return {
        "id": MARKET_IDS.get(exchange, "BTCUSDT"), "symbol": "BTC/USDT", "base": "BTC",
        "quote": "USDT", "baseId": "BTC", "quoteId": "USDT", "active": True, "type": "spot",
        "spot": True, "margin": False, "swap": False, "future": False, "option": False,
        "contract": False, "inverse": False, "maker": 0.001, "taker": 0.001,
        "limits": {"amount": {"min": 0.0001}, "price": {}, "cost": {}},
        "precision": {"price": 0.01, "amount": 0.0001},
        "info": {"wsname": "BTC/USDT", "orderTypes": ["LIMIT", "LIMIT_MAKER"]},
    }  # fmt: skip


@dataclass(slots=True)
class PaperAccount:
    """Open orders (venue id to client id) and trades (numbers), both oldest first."""

    exchange: str
    orders: dict[str, str] = field(default_factory=dict)
    trades: int = 0
    repeats_pages: bool = False  # further pages are the first one again
    page_rows_max: int = 10_000  # smaller pages than documented
    hides_ids: bool = False  # Gate's list of open orders lacks our ids
    ignores_ids: bool = False  # a filter by our id is not read
    seen: list[tuple[str, str, Query]] = field(default_factory=list)

    def own(self, count: int) -> None:
        """Open `count` orders of ours."""
        for number in range(count):
            self.orders[str(1000 + number)] = f"{PREFIX}mabcdefg{number:04d}"

    def answer(self, method: str, url: str, body: str | None) -> object:
        """Return the venue's answer. Raises ConnectionResetError for an unknown path."""
        parts = urlsplit(url)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if body:
            is_json = body[:1] in "{["
            query |= json.loads(body) if is_json else {k: v[0] for k, v in parse_qs(body).items()}
        self.seen.append((method, parts.path, query))
        answers: dict[str, Callable[[str, str, Query], object]] = {
            "bybit": self._bybit,
            "okx": self._okx,
            "gate": self._gate,
            "kraken": self._kraken,
            "bitget": self._bitget,
            "deribit": self._deribit,
            "mexc": self._mexc,
        }
        return answers[self.exchange](method, parts.path, query)

    def _rows(self, kind: str, limit: int, skip: int = 0) -> list[int]:
        """Return indices, newest first, of one page."""
        count = self.trades if kind == "trades" else len(self.orders)
        newest = list(range(count))[::-1]
        skip = 0 if self.repeats_pages else skip
        return newest[skip : skip + min(limit, self.page_rows_max)]

    def _older(self, kind: str, limit: int, before: str | None, first_id: int) -> list[int]:
        count = self.trades if kind == "trades" else len(self.orders)
        skip = count - (int(before) - first_id) if before else 0
        return self._rows(kind, limit, skip)

    def _order(self, index: int) -> tuple[str, str]:
        return list(self.orders.items())[index]

    def _bybit(self, _method: str, path: str, query: Query) -> object:
        def ok(rows: list[Row], cursor: str) -> object:
            return {"retCode": 0, "result": {"list": rows, "nextPageCursor": cursor}, "time": 1}

        skip = int(query.get("cursor", "0"))
        if path == "/v5/execution/list":
            rows = self._rows("trades", int(query.get("limit", "50")), skip)
            more = str(skip + len(rows)) if rows else ""
            return ok([self._bybit_trade(index) for index in rows], more)
        if path in ("/v5/order/realtime", "/v5/order/history"):
            if "orderLinkId" in query and not self.ignores_ids:
                named = {v: k for k, v in self.orders.items()}
                venue_id = named.get(query["orderLinkId"]) if path.endswith("realtime") else None
                one = [self._bybit_order(venue_id, query["orderLinkId"])] if venue_id else []
                return ok(one, "")
            rows = self._rows("orders", int(query.get("limit", "20")), skip)
            more = str(skip + len(rows)) if rows else ""
            return ok([self._bybit_order(*self._order(index)) for index in rows], more)
        if path == "/v5/order/cancel":
            named = {v: k for k, v in self.orders.items()}
            venue_id = query.get("orderId") or named.get(query.get("orderLinkId", ""), "")
            self.orders.pop(venue_id)
            return {"retCode": 0, "result": {"orderId": venue_id, "orderLinkId": ""}, "time": 1}
        raise ConnectionResetError(path)

    def _bybit_order(self, venue_id: str, client_id: str) -> Row:
        return {
            "orderId": venue_id, "orderLinkId": client_id, "symbol": "BTCUSDT",
            "price": "58000", "qty": "0.001", "side": "Buy", "orderStatus": "New",
            "orderType": "Limit", "timeInForce": "PostOnly", "cumExecQty": "0",
            "leavesQty": "0.001", "createdTime": str(START_MS), "updatedTime": str(START_MS),
        }  # fmt: skip

    def _bybit_trade(self, index: int) -> Row:
        return {
            "symbol": "BTCUSDT", "orderId": f"o{index}",
            "orderLinkId": f"{PREFIX}mtrade{index:04d}",
            "side": "Buy" if index % 2 else "Sell", "execId": f"25{index:010d}",
            "execPrice": "59000", "execQty": "0.001", "execFee": "0.000001",
            "feeCurrency": "BTC", "execTime": str(START_MS + index * 1000), "isMaker": True,
            "execType": "Trade", "orderType": "Limit", "orderPrice": "59000", "orderQty": "0.001",
        }  # fmt: skip

    def _okx(self, _method: str, path: str, query: Query) -> object:
        limit = int(query.get("limit", "100"))
        if path == "/api/v5/trade/orders-pending":
            rows = self._older("orders", limit, query.get("after"), 1000)
            return {"code": "0", "data": [self._okx_order(*self._order(i)) for i in rows]}
        if path == "/api/v5/trade/fills-history":
            rows = self._older("trades", limit, query.get("after"), 500_000)
            return {"code": "0", "data": [self._okx_trade(i) for i in rows]}
        if path == "/api/v5/trade/cancel-order":
            venue_id = query["ordId"]
            self.orders.pop(venue_id)
            return {"code": "0", "data": [{"ordId": venue_id, "clOrdId": "", "sCode": "0"}]}
        if path == "/api/v5/trade/order":
            row = self._okx_order(query["ordId"], "") | {"state": "canceled"}
            return {"code": "0", "data": [row]}
        raise ConnectionResetError(path)

    def _okx_order(self, venue_id: str, client_id: str) -> Row:
        return {
            "instType": "SPOT", "instId": "BTC-USDT", "ordId": venue_id, "clOrdId": client_id,
            "px": "58000", "sz": "0.001", "ordType": "post_only", "side": "buy",
            "accFillSz": "0", "state": "live", "cTime": str(START_MS), "uTime": str(START_MS),
            "fillSz": "0", "fee": "0", "feeCcy": "", "tdMode": "cash",
        }  # fmt: skip

    def _okx_trade(self, index: int) -> Row:
        return {
            "instType": "SPOT", "instId": "BTC-USDT", "tradeId": str(9_000 + index),
            "billId": str(500_000 + index), "ordId": f"7{index}",
            "clOrdId": f"{PREFIX}mtrade{index:04d}", "fillPx": "59000", "fillSz": "0.001",
            "side": "buy", "execType": "M", "feeCcy": "BTC", "fee": "-0.000001",
            "ts": str(START_MS + index * 1000),
        }  # fmt: skip

    def _gate(self, method: str, path: str, query: Query) -> object:
        skip_pages = int(query.get("page", "1")) - 1
        limit = int(query.get("limit", "100"))
        if path.endswith("/spot/open_orders"):
            rows = self._rows("orders", limit, skip_pages * limit)
            hidden: Row = {"text": "web"} if self.hides_ids else {}
            orders = [self._gate_order(*self._order(i)) | hidden for i in rows]
            return [{"currency_pair": "BTC_USDT", "total": len(self.orders), "orders": orders}]
        if path.endswith("/spot/my_trades"):
            rows = self._rows("trades", limit, skip_pages * limit)
            return [self._gate_trade(i) for i in rows]
        if "/spot/orders/" in path:
            name = path.rpartition("/")[2]
            named = {f"t-{v}": k for k, v in self.orders.items()}
            venue_id = named.get(name, name)
            row = self._gate_order(venue_id, self.orders[venue_id])
            if method == "DELETE":
                del self.orders[venue_id]
                row["status"] = "cancelled"
            return row
        raise ConnectionResetError(path)

    def _gate_order(self, venue_id: str, client_id: str) -> Row:
        return {
            "id": venue_id, "text": f"t-{client_id}", "create_time": "1605175506",
            "update_time": "1605175506", "create_time_ms": START_MS, "update_time_ms": START_MS,
            "status": "open", "currency_pair": "BTC_USDT", "type": "limit", "account": "spot",
            "side": "buy", "amount": "0.001", "price": "58000", "time_in_force": "poc",
            "iceberg": "0", "left": "0.001", "fill_price": "0", "filled_total": "0", "fee": "0",
            "fee_currency": "BTC", "point_fee": "0", "gt_fee": "0", "rebated_fee": "0",
            "rebated_fee_currency": "USDT",
        }  # fmt: skip

    def _gate_trade(self, index: int) -> Row:
        return {
            "id": str(70_000 + index), "create_time": str(START_MS // 1000 + index),
            "create_time_ms": f"{START_MS + index * 1000}.5", "currency_pair": "BTC_USDT",
            "side": "buy", "role": "maker", "amount": "0.001", "price": "59000",
            "order_id": f"7{index}", "fee": "0.000001", "fee_currency": "BTC", "point_fee": "0",
            "gt_fee": "0", "text": f"t-{PREFIX}mtrade{index:04d}",
        }  # fmt: skip

    def _kraken(self, _method: str, path: str, query: Query) -> object:
        result: object
        if path.endswith("/OpenOrders"):
            named = query.get("cl_ord_id")
            orders = {k: v for k, v in self.orders.items() if named in (None, v)}
            result = {"open": {k: self._kraken_order(v) for k, v in orders.items()}}
        elif path.endswith("/ClosedOrders"):
            result = {"closed": {}, "count": 0}
        elif path.endswith("/TradesHistory"):
            rows = self._rows("trades", 50, int(query.get("ofs", "0")))
            result = {"trades": {f"T{i:06d}": self._kraken_trade(i) for i in rows}, "count": 1}
        elif path.endswith("/CancelOrder"):
            named_ids = {v: k for k, v in self.orders.items()}
            self.orders.pop(query.get("txid") or named_ids[query["cl_ord_id"]])
            result = {"count": 1}
        elif path.endswith("/QueryOrders"):
            row = self._kraken_order("") | {"status": "canceled"}
            result = {query["txid"]: row}
        else:
            raise ConnectionResetError(path)
        return {"error": [], "result": result}

    def _kraken_order(self, client_id: str) -> Row:
        return {
            "cl_ord_id": client_id, "userref": 0, "status": "open", "opentm": START_MS / 1000,
            "descr": {"pair": "XBTUSDT", "type": "buy", "ordertype": "limit", "price": "58000"},
            "vol": "0.001", "vol_exec": "0", "cost": "0", "fee": "0", "oflags": "post",
        }  # fmt: skip

    def _kraken_trade(self, index: int) -> Row:
        pair = "XBTUSDT" if index % 5 else "ETHUSDT"  # the venue lists all pairs
        return {
            "ordertxid": f"O{index}", "pair": pair, "time": START_MS / 1000 + index,
            "type": "buy", "ordertype": "limit", "price": "59000", "cost": "59", "fee": "0.05",
            "vol": "0.001", "trade_id": index, "maker": True,
        }  # fmt: skip

    def _bitget(self, _method: str, path: str, query: Query) -> object:
        limit = int(query.get("limit", "100"))
        if path.endswith("/trade/unfilled-orders"):
            rows = self._older("orders", limit, query.get("idLessThan"), 1000)
            return {"code": "00000", "data": [self._bitget_order(*self._order(i)) for i in rows]}
        if path.endswith("/trade/fills"):
            rows = self._older("trades", limit, query.get("idLessThan"), 9000)
            return {"code": "00000", "data": [self._bitget_trade(i) for i in rows]}
        if path.endswith("/trade/cancel-order"):
            client_id = self.orders.pop(query["orderId"])
            return {"code": "00000", "data": {"orderId": query["orderId"], "clientOid": client_id}}
        if path.endswith("/trade/orderInfo"):
            row = self._bitget_order(query["orderId"], "") | {"status": "cancelled"}
            return {"code": "00000", "data": [row]}
        raise ConnectionResetError(path)

    def _bitget_order(self, venue_id: str, client_id: str) -> Row:
        return {
            "userId": "1", "symbol": "BTCUSDT", "orderId": venue_id, "clientOid": client_id,
            "priceAvg": "58000", "size": "0.001", "orderType": "limit", "side": "buy",
            "status": "live", "basePrice": "0", "baseVolume": "0", "quoteVolume": "0",
            "cTime": str(START_MS), "uTime": str(START_MS),
        }  # fmt: skip

    def _bitget_trade(self, index: int) -> Row:
        return {
            "userId": "1", "symbol": "BTCUSDT", "orderId": f"7{index}",
            "tradeId": str(9_000 + index), "orderType": "limit", "side": "buy",
            "priceAvg": "59000", "size": "0.001", "amount": "59", "tradeScope": "maker",
            "feeDetail": {
                "deduction": "no", "feeCoin": "BTC", "totalDeductionFee": "",
                "totalFee": "-0.000001",
            },
            "cTime": str(START_MS + index * 1000), "uTime": str(START_MS + index * 1000),
        }  # fmt: skip

    def _deribit(self, _method: str, path: str, query: Query) -> object:
        if path.endswith("/get_open_orders_by_instrument"):
            rows = [
                {
                    "order_id": venue_id, "label": client_id, "instrument_name": "BTC_USDT",
                    "direction": "buy", "price": 58000.0, "amount": 0.001, "filled_amount": 0,
                    "order_type": "limit", "order_state": "open", "post_only": True,
                    "average_price": 0, "creation_timestamp": 1, "last_update_timestamp": 1,
                }
                for venue_id, client_id in self.orders.items()
            ]  # fmt: skip
            return {"jsonrpc": "2.0", "result": rows}
        if path.endswith("/private/cancel"):
            label = self.orders.pop(query["order_id"])
            row: Row = {
                "order_id": query["order_id"], "label": label, "instrument_name": "BTC_USDT",
                "direction": "buy", "price": 58000.0, "amount": 0.001, "filled_amount": 0,
                "order_type": "limit", "order_state": "cancelled", "average_price": 0,
                "creation_timestamp": 1, "last_update_timestamp": 1,
            }  # fmt: skip
            return {"jsonrpc": "2.0", "result": row}
        raise ConnectionResetError(path)

    def _mexc(self, _method: str, path: str, query: Query) -> object:
        """Venue without proven paging; its lists are cut to what was asked for."""
        if path.endswith("/openOrders"):
            rows = self._rows("orders", 500)
            return [
                {
                    "symbol": "BTCUSDT", "orderId": self._order(i)[0],
                    "clientOrderId": self._order(i)[1], "price": "58000", "origQty": "0.001",
                    "executedQty": "0", "cummulativeQuoteQty": "0", "status": "NEW",
                    "type": "LIMIT_MAKER", "side": "BUY", "time": START_MS,
                }
                for i in rows
            ]  # fmt: skip
        raise ConnectionResetError(path)


@asynccontextmanager
async def gateway_of(
    account: PaperAccount, monkeypatch: pytest.MonkeyPatch, *, is_kill: bool = False
) -> AsyncIterator[CcxtGateway]:
    """Return the gateway in front of the account, with markets loaded and the gate open.

    `is_kill`: as `quoter kill` has it, which can only cancel, and without markets.
    """

    async def fetch(
        _self: object,
        url: str,
        method: str = "GET",
        headers: object = None,
        body: str | None = None,
    ) -> object:
        call = current_call()
        assert call is not None
        call.requests_sent += 1
        return account.answer(method, url, body)

    monkeypatch.setattr(Exchange, "fetch", fetch)
    config = VenueConfig(
        exchange=account.exchange,
        symbol="BTC/USDT",
        environment="production",
        order_prefix=PREFIX,
        api_key=KEY,
        secret=KEY,
        password=KEY,
        is_cancel_only=is_kill,
    )
    gateway = CcxtGateway(config, time.time_ns, Random(1))
    client = gateway._client
    client.options |= {
        "enableUnifiedAccount": True, "enableUnifiedMargin": False, "unifiedAccount": False,
        "uta": False,
    }  # fmt: skip
    if not is_kill:
        _load_markets(gateway, account.exchange)
    try:
        yield gateway
    finally:
        await gateway.close()


def _load_markets(gateway: CcxtGateway, exchange: str) -> None:
    client, ours = gateway._client, market(exchange)
    other = ours | {"id": "ETHUSDT", "symbol": "ETH/USDT", "base": "ETH"}
    client.set_markets([ours, other])
    client.verify_create = create_check(profile_of(exchange), str(ours["id"]))
    gateway.open_gate()
