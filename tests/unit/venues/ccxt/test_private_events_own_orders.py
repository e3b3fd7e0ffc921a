"""Our own orders are found again in lists, streams and trades of each venue with a profile.

Rows and frames have the venues' documented field names (and those of ccxt's own comments); they go
through ccxt 4.5.90, unmodified, and then through our conversion.
"""

import time
from collections.abc import Mapping

import pytest

from quoter.domain.events import Event, Fill, OrderDone, OrderOpen
from quoter.venues.ccxt.client import make_client
from quoter.venues.ccxt.guarded_exchange import GuardedExchange
from quoter.venues.ccxt.payloads import client_id, fill, venue_order
from quoter.venues.ccxt.private_events import PrivateEvents
from quoter.venues.config import VenueConfig
from quoter.venues.profiles import PROVEN, profile_of

OURS = "q00mabcdefg0001"
KEY = "sesame"
NOW_MS = "1746270400353"
IDS = {"okx": "BTC-USDT", "gate": "BTC_USDT", "kraken": "XBTUSDT", "deribit": "BTC_USDT"}

type Row = dict[str, object]

ORDERS: dict[str, Row] = {
    "binance": {
        "symbol": "BTCUSDT", "orderId": 1972, "clientOrderId": OURS, "price": "59000.10",
        "origQty": "0.0123", "executedQty": "0.0000", "status": "NEW", "timeInForce": "GTC",
        "type": "LIMIT_MAKER", "side": "BUY", "time": 1, "updateTime": 1,
    },
    "bybit": {
        "orderId": "1972", "orderLinkId": OURS, "symbol": "BTCUSDT", "price": "59000.1",
        "qty": "0.0123", "side": "Buy", "orderStatus": "New", "orderType": "Limit",
        "timeInForce": "PostOnly", "cumExecQty": "0", "leavesQty": "0.0123", "createdTime": "1",
        "updatedTime": "1",
    },
    "okx": {
        "instType": "SPOT", "instId": "BTC-USDT", "ordId": "1972", "clOrdId": OURS,
        "px": "59000.1", "sz": "0.0123", "ordType": "post_only", "side": "buy", "accFillSz": "0",
        "state": "live", "cTime": "1", "uTime": "1", "fillSz": "0", "fee": "0", "feeCcy": "",
        "tdMode": "cash",
    },
    "gate": {
        "id": "1972", "text": f"t-{OURS}", "create_time": "1", "update_time": "1",
        "create_time_ms": 1, "update_time_ms": 1, "status": "open", "currency_pair": "BTC_USDT",
        "type": "limit", "account": "spot", "side": "buy", "amount": "0.0123",
        "price": "59000.1", "time_in_force": "poc", "left": "0.0123", "filled_total": "0",
        "fee": "0", "fee_currency": "BTC", "gt_fee": "0", "point_fee": "0",
    },
    "kraken": {
        "id": "1972", "cl_ord_id": OURS, "userref": 0, "status": "open", "opentm": 1.0,
        "descr": {"pair": "XBTUSDT", "type": "buy", "ordertype": "limit", "price": "59000.1"},
        "vol": "0.0123", "vol_exec": "0", "cost": "0", "fee": "0", "oflags": "post",
    },
    "bitget": {
        "userId": "1", "symbol": "BTCUSDT", "orderId": "1972", "clientOid": OURS,
        "priceAvg": "59000.1", "size": "0.0123", "orderType": "limit", "side": "buy",
        "status": "live", "basePrice": "0", "baseVolume": "0", "quoteVolume": "0", "cTime": "1",
        "uTime": "1",
    },
    "deribit": {
        "order_id": "1972", "label": OURS, "instrument_name": "BTC_USDT", "direction": "buy",
        "price": 59000.1, "amount": 0.0123, "filled_amount": 0, "order_type": "limit",
        "order_state": "open", "time_in_force": "good_til_cancelled", "post_only": True,
        "average_price": 0, "creation_timestamp": 1, "last_update_timestamp": 1, "api": True,
    },
}  # fmt: skip
TRADES: dict[str, Row] = {
    "bybit": {
        "symbol": "BTCUSDT", "orderId": "1972", "orderLinkId": OURS, "side": "Buy",
        "execId": "2", "execPrice": "59000.1", "execQty": "0.0123", "execFee": "0.0000123",
        "feeCurrency": "BTC", "execTime": "1", "isMaker": True, "execType": "Trade",
        "orderType": "Limit", "orderPrice": "59000.1", "orderQty": "0.0123",
    },
    "okx": {
        "instType": "SPOT", "instId": "BTC-USDT", "tradeId": "7", "ordId": "1972",
        "clOrdId": OURS, "fillPx": "59000.1", "fillSz": "0.0123", "side": "buy",
        "execType": "M", "feeCcy": "BTC", "fee": "-0.0000123", "ts": "1",
    },
    "gate": {
        "id": "7", "create_time": "1", "create_time_ms": "1.0", "currency_pair": "BTC_USDT",
        "side": "buy", "role": "maker", "amount": "0.0123", "price": "59000.1",
        "order_id": "1972", "fee": "0.0000123", "fee_currency": "BTC", "point_fee": "0",
        "gt_fee": "0", "text": f"t-{OURS}",
    },
    "deribit": {
        "trade_id": "BTC-7", "order_id": "1972", "label": OURS, "instrument_name": "BTC_USDT",
        "direction": "buy", "price": 59000.1, "amount": 0.0123, "fee": 0.0000123,
        "fee_currency": "BTC", "liquidity": "M", "timestamp": 1, "state": "filled",
        "order_type": "limit",
    },
}  # fmt: skip


def gate_order(event: str) -> Row:
    row = ORDERS["gate"] | {"left": "0.0073", "user": 1, "event": event, "finish_as": "cancelled"}
    row |= {"create_time_ms": "1605175506123.1", "update_time_ms": "1605175506123.2"}
    return {"time": 1, "channel": "spot.orders", "event": "update", "result": [row]}


def kraken_execution(kind: str, status: str, **more: object) -> Row:
    row: Row = {
        "order_id": "1972", "cl_ord_id": OURS, "order_userref": 0, "exec_type": kind,
        "order_status": status, "symbol": "BTC/USDT", "side": "buy", "order_type": "limit",
        "order_qty": 0.0123, "limit_price": 59000.1, "time_in_force": "GTC", "post_only": True,
        "timestamp": "2023-09-22T10:33:05.709950Z", "cum_qty": 0.005, "cum_cost": 295,
        "avg_price": 59000.1,
    }  # fmt: skip
    return {"channel": "executions", "type": "update", "sequence": 7, "data": [row | more]}


def okx_order(state: str, filled: str = "0") -> Row:
    row = ORDERS["okx"] | {
        "state": state, "accFillSz": filled, "fillSz": filled, "avgPx": "59000.1",
        "fillPx": "59000.1" if filled != "0" else "", "tradeId": "9" if filled != "0" else "",
        "fillFee": "-0.000005", "fillFeeCcy": "BTC", "fillTime": NOW_MS, "execType": "M",
        "uTime": NOW_MS, "cTime": NOW_MS,
    }  # fmt: skip
    return {"arg": {"channel": "orders", "instType": "ANY", "uid": "1"}, "data": [row]}


def bitget_order(status: str, **more: object) -> Row:
    row: Row = {
        "instId": "BTCUSDT", "orderId": "1972", "clientOid": OURS, "price": "59000.1",
        "notional": "725.7", "newSize": "0.0123", "size": "725.7", "orderType": "limit",
        "force": "post_only", "side": "buy", "accBaseVolume": "0.0000", "priceAvg": "0.00000",
        "status": status, "cTime": NOW_MS, "uTime": NOW_MS, "feeDetail": [],
        "enterPointSource": "API",
    }  # fmt: skip
    argument = {"instType": "SPOT", "channel": "orders", "instId": "BTCUSDT"}
    return {"action": "snapshot", "arg": argument, "data": [row | more], "ts": 1701923297285}


def bybit_order(status: str) -> Row:
    row = ORDERS["bybit"] | {"orderStatus": status, "cumExecQty": "0.005", "category": "spot"}
    row |= {"createdTime": NOW_MS, "updatedTime": NOW_MS}
    return {"id": "5", "topic": "order", "creationTime": 1672364262474, "data": [row]}


STREAMS: dict[str, tuple[str, list[Row]]] = {
    "bybit": (
        "wss://stream-testnet.bybit.com/v5/private",
        [
            {
                "id": "5",
                "topic": "execution",
                "creationTime": 1746270400355,
                "data": [TRADES["bybit"] | {"category": "spot", "execTime": NOW_MS}],
            },
            bybit_order("New"),
            bybit_order("PartiallyFilled"),
            bybit_order("Cancelled"),
            bybit_order("PartiallyFilledCanceled"),
        ],
    ),
    "okx": (
        "wss://ws.okx.com:8443/ws/v5/private",
        [okx_order("live"), okx_order("partially_filled", "0.005"), okx_order("canceled")],
    ),
    "gate": (
        "wss://api.gateio.ws/ws/v4/",
        [
            {
                "time": 1605176741,
                "channel": "spot.usertrades",
                "event": "update",
                "result": [TRADES["gate"] | {"user_id": 1, "create_time_ms": "1605176741123.456"}],
            },
            gate_order("put"),
            gate_order("update"),
            gate_order("finish"),
        ],
    ),
    "bitget": (
        "wss://ws.bitget.com/v2/ws/private",
        [
            bitget_order("live"),
            bitget_order(
                "partially_filled",
                accBaseVolume="0.005",
                baseVolume="0.002",
                priceAvg="59000.1",
                fillPrice="59000.1",
                tradeId="8",
                fillFee="-0.000002",
                fillFeeCoin="BTC",
            ),
            {
                "action": "snapshot",
                "arg": {"instType": "SPOT", "channel": "fill", "instId": "default"},
                "data": [
                    {
                        "orderId": "1972",
                        "tradeId": "8",
                        "symbol": "BTCUSDT",
                        "orderType": "limit",
                        "side": "buy",
                        "priceAvg": "59000.1",
                        "size": "0.002",
                        "amount": "118",
                        "tradeScope": "maker",
                        "feeDetail": [
                            {
                                "feeCoin": "BTC",
                                "deduction": "no",
                                "totalDeductionFee": "0",
                                "totalFee": "0.000002",
                            }
                        ],
                        "cTime": NOW_MS,
                        "uTime": NOW_MS,
                    }
                ],
                "ts": 1703580202416,
            },
            bitget_order("cancelled", accBaseVolume="0.005"),
        ],
    ),
    "kraken": (
        "wss://ws-auth.kraken.com/v2",
        [
            kraken_execution("new", "new"),
            kraken_execution(
                "trade",
                "partially_filled",
                exec_id="TJTI37",
                trade_id=398,
                liquidity_ind="m",
                last_qty=0.005,
                last_price=59000.1,
                cost=295,
                fees=[{"asset": "BTC", "qty": 0.000005}],
            ),
            kraken_execution("canceled", "canceled", reason="User requested"),
        ],
    ),
}


def client_of(exchange: str) -> GuardedExchange:
    """Return ccxt's class of the venue, knowing one market."""
    config = VenueConfig(
        exchange=exchange,
        symbol="BTC/USDT",
        environment="production",
        order_prefix="q00",
        api_key=KEY,
        secret=KEY,
        password=KEY,
    )
    client = make_client(config, time.time_ns)
    client.set_markets([market_of(exchange)])
    return client


def market_of(exchange: str) -> Row:
    return {
        "id": IDS.get(exchange, "BTCUSDT"), "symbol": "BTC/USDT", "base": "BTC", "quote": "USDT",
        "baseId": "BTC", "quoteId": "USDT", "active": True, "type": "spot", "spot": True,
        "margin": False, "swap": False, "future": False, "option": False, "contract": False,
        "inverse": False, "limits": {"amount": {}, "price": {}, "cost": {}},
        "precision": {"price": 0.01, "amount": 0.0001}, "info": {"wsname": "BTC/USDT"},
    }  # fmt: skip


async def parsed(exchange: str, method: str, row: Mapping[str, object]) -> Row:
    client = client_of(exchange)
    try:
        found = getattr(client, method)(dict(row), client.market("BTC/USDT"))
        assert isinstance(found, dict)
        return found
    finally:
        await client.close()


@pytest.mark.parametrize("exchange", ORDERS)
async def test_own_order_is_recognised_in_a_list(exchange: str) -> None:
    row = await parsed(exchange, "parse_order", ORDERS[exchange])
    order = venue_order(row | {"price": row["price"] or 59000.1}, profile_of(exchange))
    assert order is not None
    assert (order.client_id, order.venue_id) == (OURS, "1972")


@pytest.mark.parametrize("exchange", TRADES)
async def test_own_trade_is_recognised_in_a_list(exchange: str) -> None:
    found = fill(await parsed(exchange, "parse_trade", TRADES[exchange]), profile_of(exchange), 1)
    assert found is not None
    assert (found.client_id, found.venue_id) == (OURS, "1972")


@pytest.mark.parametrize("exchange", STREAMS)
async def test_own_order_is_recognised_in_every_frame_of_the_private_stream(exchange: str) -> None:
    emitted = await streamed(exchange)
    named = [e.order.client_id if isinstance(e, OrderOpen) else client(e) for e in emitted]
    assert set(named) == {OURS}
    assert {type(event) for event in emitted} == {OrderOpen, OrderDone, Fill}


def client(event: Event) -> str:
    assert isinstance(event, Fill | OrderDone)
    return event.client_id


async def streamed(exchange: str) -> list[Event]:
    """Return the events of the venue's frames; each frame must give at least one."""
    url, frames = STREAMS[exchange]
    exchange_client = client_of(exchange)
    emitted: list[Event] = []
    events = PrivateEvents(
        profile=profile_of(exchange), is_own=lambda name: name.startswith("q00"), now_ns=int
    )
    try:
        for frame in frames:
            before = len(emitted)
            exchange_client.orders = exchange_client.myTrades = None
            exchange_client.handle_message(exchange_client.client(url), frame)
            rows = exchange_client.myTrades, exchange_client.orders
            events.trades(list(rows[0] or []), emitted.append)
            events.orders(list(rows[1] or []), emitted.append)
            assert len(emitted) > before, frame
    finally:
        await exchange_client.close()
    assert events.unreadable == 0
    return emitted


async def test_order_known_by_the_venue_id_is_ours_whatever_the_row_calls_it() -> None:
    events = PrivateEvents(
        profile=profile_of("kraken"), is_own=lambda name: name.startswith("q00"), now_ns=int
    )
    events.remember("1972", OURS)
    row = await parsed("kraken", "parse_order", ORDERS["kraken"] | {"cl_ord_id": None})
    emitted: list[Event] = []
    events.orders([row], emitted.append)
    (opened,) = emitted
    assert isinstance(opened, OrderOpen)
    assert opened.order.client_id == OURS


def test_foreign_ids_stay_foreign() -> None:
    for exchange, info in (
        ("gate", {"text": "apiv4"}),
        ("gate", {"text": "t-"}),
        ("kraken", {"cl_ord_id": None, "userref": 7}),
        ("deribit", {"label": ""}),
        ("bybit", {"orderLinkId": ""}),
    ):
        row = {"clientOrderId": "q00x" if exchange == "kraken" else "7", "info": info}
        assert not client_id(row, profile_of(exchange)).startswith("q00")


def test_every_proven_venue_is_in_these_tests() -> None:
    """`binanceus` shares its protocol with Binance, whose stream the integration tests show."""
    assert {"binance"} | STREAMS.keys() | {"binanceus"} >= PROVEN
