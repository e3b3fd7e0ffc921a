"""Kraken's execution rows as documented (websocket v2, executions), most of them partial."""

import time
import tracemalloc
from collections.abc import AsyncIterator
from decimal import Decimal

import pytest

from quoter.domain.events import Event, Fill, OrderDone, OrderOpen
from quoter.domain.reasons import DoneReason
from quoter.venues.ccxt.client import make_client
from quoter.venues.ccxt.guarded_exchange import GuardedExchange
from quoter.venues.ccxt.private_events import PrivateEvents
from quoter.venues.config import VenueConfig
from quoter.venues.profiles import KRAKEN
from tests.unit.venues.ccxt.test_private_events_own_orders import market_of

OURS = "q00mabcdefg0001"
SYMBOL = "BTC/USDT"
URL = "wss://ws-auth.kraken.com/v2"

type Row = dict[str, object]

PENDING: Row = {
    "order_id": "OK4GJX-KSTLS-7DZZO5", "order_userref": 0, "cl_ord_id": OURS, "symbol": SYMBOL,
    "order_qty": 0.0123, "cum_cost": 0.0, "time_in_force": "GTC", "exec_type": "pending_new",
    "side": "buy", "order_type": "limit", "limit_price_type": "static", "limit_price": 59000.1,
    "stop_price": 0.0, "order_status": "pending_new", "fee_usd_equiv": 0.0,
    "fee_ccy_pref": "fciq", "timestamp": "2023-09-22T10:33:05.709950Z",
}  # fmt: skip
NEW: Row = {
    "timestamp": "2023-09-22T10:33:05.709982Z", "order_status": "new", "exec_type": "new",
    "order_userref": 0, "order_id": "OK4GJX-KSTLS-7DZZO5",
}  # fmt: skip
TRADE: Row = {
    "order_id": "OK4GJX-KSTLS-7DZZO5", "exec_id": "T5DIUI-5N4KO-Z5BPXK", "exec_type": "trade",
    "trade_id": 8253473, "symbol": SYMBOL, "side": "buy", "last_qty": 0.005,
    "last_price": 59000.1, "liquidity_ind": "m", "cost": 295.0005, "order_userref": 0,
    "order_status": "partially_filled", "order_type": "limit", "fee_usd_equiv": 0.0767,
    "fees": [{"asset": "USDT", "qty": 0.0767}], "cum_qty": 0.005,
    "timestamp": "2023-09-22T10:33:06.709950Z",
}  # fmt: skip
CANCELED: Row = {
    "timestamp": "2025-10-11T15:11:47.695226Z", "order_status": "canceled",
    "exec_type": "canceled", "order_userref": 0, "order_id": "OK4GJX-KSTLS-7DZZO5",
    "cum_qty": 0.005, "cum_cost": 295.0005, "fee_usd_equiv": 0.0767, "avg_price": 59000.1,
    "cancel_reason": "User requested", "reason": "User requested",
}  # fmt: skip
FILLED: Row = {
    "timestamp": "2023-09-22T10:33:07.709950Z", "order_status": "filled", "exec_type": "filled",
    "order_userref": 0, "order_id": "OK4GJX-KSTLS-7DZZO5", "cum_qty": 0.0123,
}  # fmt: skip


@pytest.fixture
async def kraken() -> AsyncIterator[GuardedExchange]:
    config = VenueConfig(
        exchange="kraken", symbol=SYMBOL, environment="production", order_prefix="q00"
    )
    client = make_client(config, time.time_ns)
    client.set_markets([market_of("kraken")])
    yield client
    await client.close()


async def events_of(
    kraken: GuardedExchange, *messages: list[Row], kind: str = "update"
) -> list[Event]:
    """Return the events of messages, read as ccxt hands rows to a watch of the symbol."""
    emitted: list[Event] = []
    events = PrivateEvents(
        profile=KRAKEN, is_own=lambda name: name.startswith("q00"), now_ns=lambda: 1
    )
    for rows in messages:
        kraken.orders = kraken.myTrades = None
        frame = {"channel": "executions", "type": kind, "data": rows, "sequence": 8}
        kraken.handle_message(kraken.client(URL), frame)
        for name, handle in (("orders", events.orders), ("myTrades", events.trades)):
            cached = list(getattr(kraken, name) or [])
            handle([row for row in cached if row["symbol"] == SYMBOL], emitted.append)
    assert events.unreadable == 0
    return emitted


async def test_a_cancel_without_symbol_ends_our_order(kraken: GuardedExchange) -> None:
    *_, ended = await events_of(kraken, [PENDING], [NEW], [CANCELED])
    assert ended == OrderDone(
        ts_ns=1,
        client_id=OURS,
        reason=DoneReason.CANCELED,
        filled=Decimal("0.005"),
        venue_id="OK4GJX-KSTLS-7DZZO5",
    )


async def test_a_partial_row_keeps_what_earlier_rows_said(kraken: GuardedExchange) -> None:
    _, opened = await events_of(kraken, [PENDING], [NEW])
    assert isinstance(opened, OrderOpen)
    order = opened.order
    assert (order.client_id, order.price, order.size, order.filled) == (
        OURS,
        Decimal("59000.1"),
        Decimal("0.0123"),
        Decimal(0),
    )


@pytest.mark.parametrize("rows", [[TRADE, FILLED], [FILLED, TRADE]])
async def test_fills_and_orders_in_one_message_are_both_read(
    kraken: GuardedExchange, rows: list[Row]
) -> None:
    _, *found = await events_of(kraken, [PENDING], rows)
    assert {type(event) for event in found} == {Fill, OrderDone}
    fill = next(event for event in found if isinstance(event, Fill))
    assert (fill.size, fill.fee, fill.fee_asset) == (Decimal("0.005"), Decimal("0.0767"), "USDT")


async def test_fills_of_a_snapshot_are_old_and_its_orders_are_not(kraken: GuardedExchange) -> None:
    (opened,) = await events_of(kraken, [TRADE, PENDING | {"order_status": "new"}], kind="snapshot")
    assert isinstance(opened, OrderOpen)
    (ended,) = await events_of(kraken, [CANCELED])
    assert isinstance(ended, OrderDone)
    assert ended.client_id == OURS


async def test_a_cancel_of_an_order_that_was_never_seen_is_nobodys(kraken: GuardedExchange) -> None:
    assert await events_of(kraken, [CANCELED]) == []


@pytest.mark.slow
@pytest.mark.parametrize("end", [CANCELED, FILLED], ids=["canceled", "filled"])
async def test_an_ended_order_is_forgotten(kraken: GuardedExchange, end: Row) -> None:
    """Memory must not grow with every order."""
    rows = [
        {**row, "order_id": f"OK4GJX-KSTLS-{number:06d}"}
        for number in range(500)
        for row in (PENDING, NEW, end)
    ]
    tracemalloc.start()
    try:
        emitted = await events_of(kraken, rows)
        found = tracemalloc.take_snapshot()
    finally:
        tracemalloc.stop()
    assert len(emitted) == 500
    kept = found.filter_traces([tracemalloc.Filter(True, "*kraken_executions.py")])
    assert sum(each.size for each in kept.statistics("filename")) < 50_000
