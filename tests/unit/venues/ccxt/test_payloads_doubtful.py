"""Rows of trades and orders that leave something open: nothing is guessed.

Forms: the venues' documentation (Bybit v5 "Get Trade History", Bitget "Get Fills", Kraken websocket
v2 "executions", Gate "Order details"), through ccxt 4.5.90, unmodified.
"""

import json
from decimal import Decimal

import pytest

from quoter.domain.events import OrderDone
from quoter.domain.reasons import DoneReason
from quoter.venues.ccxt.payloads import order_event
from quoter.venues.json_values import as_list, as_map, at_path
from quoter.venues.profiles import QUOTED, profile_of
from tests.unit.venues.ccxt.test_payloads_venues import (
    FEE,
    SHORT_FEE,
    VENUES,
    fill_of_list,
    fill_of_stream,
    listed,
    pushed,
)
from tests.unit.venues.ccxt.test_private_events_own_orders import ORDERS, Row, client_of, parsed


def with_row(frame: Row, path: str, **changed: object) -> Row:
    """Return a frame whose only row has other fields."""
    row = as_map(as_list(frame[path])[0])
    return frame | {path: [{**row, **changed}]}


@pytest.mark.parametrize("exchange", VENUES)
async def test_a_trade_without_a_side_is_no_fill(exchange: str) -> None:
    """Ccxt takes it for a purchase at Gate."""
    assert exchange in QUOTED or exchange == "kraken"
    row = listed(exchange, FEE)
    name = "type" if exchange == "kraken" else "side"
    assert await fill_of_list(exchange, row) is not None
    for absent in ("", None):
        assert await fill_of_list(exchange, row | {name: absent}) is None


@pytest.mark.parametrize(
    ("exchange", "field", "fees"),
    [
        ("kraken", "fees", [{"asset": "USDT", "qty": 0.4}, {"asset": "BTC", "qty": 0.001}]),
        (
            "bitget",
            "feeDetail",
            [{"feeCoin": "BTC", "totalFee": "0.1"}, {"feeCoin": "BGB", "totalFee": "0.2"}],
        ),
    ],
)
async def test_a_fee_in_two_coins_is_not_booked_as_the_first_of_them(
    exchange: str, field: str, fees: object
) -> None:
    frame = pushed(exchange, SHORT_FEE)
    assert await fill_of_stream(exchange, frame) is not None
    assert await fill_of_stream(exchange, with_row(frame, "data", **{field: fees})) is None


@pytest.mark.parametrize(
    ("total", "discounted", "booked"),
    [
        ("-0.0017", "-0.0017", Decimal("0.0017")),  # as in the example of the documentation
        ("-0.0017", "", Decimal("0.0017")),
        ("-0.0017", "0", Decimal("0.0017")),
        ("0", "-0.0017", None),
        ("-0.0017", "-0.0009", None),
    ],
)
async def test_bitgets_two_amounts_of_a_fee_must_agree(
    total: str, discounted: str, booked: Decimal | None
) -> None:
    detail = {
        "deduction": "yes",
        "feeCoin": "BGB",
        "totalDeductionFee": discounted,
        "totalFee": total,
    }
    found = await fill_of_list("bitget", listed("bitget", FEE) | {"feeDetail": detail})
    assert (None if found is None else found.fee) == booked
    assert found is None or found.fee_asset == "BGB"


@pytest.mark.parametrize("coin", ["", None])
async def test_the_coin_of_bybits_fee_is_never_guessed(coin: str | None) -> None:
    """Ccxt derives it from side and sign, also where the account pays in MNT."""
    unnamed = listed("bybit", FEE) | {"feeCurrency": coin}
    assert await fill_of_list("bybit", unnamed) is None
    found = await fill_of_list("bybit", unnamed | {"feeCoin": "MNT"})
    assert found is not None
    assert (found.fee, found.fee_asset) == (Decimal(FEE), "MNT")


TAX = {"feeCoin": "USDT", "feeType": "WITHHOLDING_TAX", "subFeeType": "IND_TDS", "fee": "0.1"}


@pytest.mark.parametrize(
    ("fees", "is_booked"),
    [
        ("", True),
        ([], True),
        ("[]", True),
        (None, True),
        (json.dumps([TAX]), False),
        ([TAX], False),
    ],
)
async def test_a_fill_with_bybits_extra_fees_is_not_booked(fees: object, is_booked: bool) -> None:
    """Taxes of Indian, Indonesian and some European accounts: the fee alone is not all."""
    row = listed("bybit", FEE) | {"extraFees": fees}
    assert (await fill_of_list("bybit", row) is not None) == is_booked
    frame = with_row(pushed("bybit", FEE), "data", extraFees=fees)
    assert (await fill_of_stream("bybit", frame) is not None) == is_booked


GATE_ENDS = (
    "cancelled liquidate_cancelled small depth_not_enough trader_not_enough ioc poc fok stp unknown"
)


@pytest.mark.parametrize("word", GATE_ENDS.split())
async def test_each_end_of_an_order_at_gate_is_an_end(word: str) -> None:
    """Ccxt passes most of these words on: a query would never find the end."""
    row = ORDERS["gate"] | {"status": "cancelled", "finish_as": word, "left": "0.0120"}
    found = order_event(await parsed("gate", "parse_order", row), profile_of("gate"), 1)
    assert isinstance(found, OrderDone)
    assert (found.reason, found.filled) == (DoneReason.CANCELED, Decimal("0.0003"))


@pytest.mark.parametrize("word", GATE_ENDS.split())
async def test_each_end_of_an_order_in_gates_stream_is_an_end(word: str) -> None:
    row = {name: each for name, each in ORDERS["gate"].items() if name != "status"}
    row |= {"event": "finish", "finish_as": word, "user": 1}
    frame = {"time": 1, "time_ms": 1, "channel": "spot.orders", "event": "update", "result": [row]}
    client = client_of("gate")
    try:
        client.handle_message(client.client("wss://api.gateio.ws/ws/v4/"), frame)
        assert client.orders is not None
        (raw,) = client.orders
    finally:
        await client.close()
    assert isinstance(order_event(raw, profile_of("gate"), 1), OrderDone)


async def test_a_status_that_nobody_knows_stays_unread() -> None:
    row = ORDERS["gate"] | {"status": "parked", "finish_as": "parked"}
    raw = await parsed("gate", "parse_order", row)
    assert at_path(raw, "info.status") == "parked"
    assert order_event(raw, profile_of("gate"), 1) is None


SHORT = {  # filled whole by the venue's word, and 0.0003 of 0.0123 by its filled size
    "binance": {"status": "FILLED", "executedQty": "0.0003"},
    "bybit": {"orderStatus": "Filled", "cumExecQty": "0.0003"},
    "okx": {"state": "filled", "accFillSz": "0.0003"},
    "gate": {"status": "closed", "finish_as": "filled", "left": "0.0120"},
    "kraken": {"status": "closed", "vol_exec": "0.0003"},
    "bitget": {"status": "filled", "baseVolume": "0.0003"},
}


@pytest.mark.parametrize("exchange", SHORT)
async def test_an_order_that_was_filled_whole_is_no_cancelled_one(exchange: str) -> None:
    """Its filled size may be older than its status: the engine waits for the missing fills."""
    row = ORDERS[exchange] | SHORT[exchange]
    found = order_event(await parsed(exchange, "parse_order", row), profile_of(exchange), 1)
    assert isinstance(found, OrderDone)
    assert (found.reason, found.filled) == (DoneReason.FILLED, Decimal("0.0003"))


async def test_an_order_that_bybit_filled_partly_and_cancelled_is_cancelled() -> None:
    """Ccxt calls it closed, as one that was filled."""
    row = ORDERS["bybit"] | {"orderStatus": "PartiallyFilledCanceled", "cumExecQty": "0.0003"}
    found = order_event(await parsed("bybit", "parse_order", row), profile_of("bybit"), 1)
    assert isinstance(found, OrderDone)
    assert (found.reason, found.filled) == (DoneReason.CANCELED, Decimal("0.0003"))
