"""Fees with one sign on both paths, and exact numbers, from the documented forms of each venue.

Rows and answers go through ccxt 4.5.90, unmodified. Kraken's stream sends JSON numbers, which are
exact up to 15 digits; all other numbers are texts of 18 digits and more.
"""

import json
from collections.abc import Mapping
from decimal import Decimal

import pytest

from quoter.domain.errors import BadAnswer
from quoter.domain.events import Fill
from quoter.venues.answers import check_body
from quoter.venues.ccxt.payloads import balances, exact, fill
from quoter.venues.egress.gate import Purpose, declare_call
from quoter.venues.json_values import Json, as_map, at_path
from quoter.venues.profiles import profile_of
from tests.unit.venues.ccxt.test_private_events_own_orders import (
    TRADES,
    Row,
    client_of,
    kraken_execution,
    okx_order,
    parsed,
)
from tests.unit.venues.paper_account import KEY

VENUES = ("bybit", "okx", "gate", "kraken", "bitget")
PRICE, SIZE, FEE = "59000.100000000000001", "0.012300000000000001", "0.000012300000000001"
SHORT_FEE = "0.0000123"  # of Kraken, whose fees are cut
URLS = {
    "bybit": "wss://stream.bybit.com/v5/private",
    "okx": "wss://ws.okx.com:8443/ws/v5/private",
    "gate": "wss://api.gateio.ws/ws/v4/",
    "kraken": "wss://ws-auth.kraken.com/v2",
    "bitget": "wss://ws.bitget.com/v2/ws/private",
}


def negated(fee: str) -> str:
    return fee.removeprefix("-") if fee.startswith("-") else f"-{fee}"


def listed(exchange: str, fee: str) -> Row:
    """Return a trade as the venue lists it; `fee` is what we pay."""
    numbers: dict[str, Row] = {
        "bybit": {"execPrice": PRICE, "execQty": SIZE, "execFee": fee},
        "okx": {"fillPx": PRICE, "fillSz": SIZE, "fee": negated(fee)},
        "gate": {"price": PRICE, "amount": SIZE, "fee": fee},
    }
    if exchange in numbers:
        return TRADES[exchange] | {"execId": "7"} | numbers[exchange]
    if exchange == "kraken":
        return {
            "id": "7", "ordertxid": "1972", "postxid": "T1", "pair": "XBTUSDT", "time": 1.5,
            "type": "buy", "ordertype": "limit", "price": PRICE, "cost": "725.70", "fee": fee,
            "vol": SIZE, "margin": "0.00000", "misc": "", "trade_id": 398, "maker": True,
        }  # fmt: skip
    detail = {
        "deduction": "no",
        "feeCoin": "BTC",
        "totalDeductionFee": "",
        "totalFee": negated(fee),
    }
    return bitget_trade() | {"feeDetail": detail}


def bitget_trade() -> Row:
    return {
        "userId": "1", "symbol": "BTCUSDT", "orderId": "1972", "tradeId": "7",
        "orderType": "limit", "side": "buy", "priceAvg": PRICE, "size": SIZE, "amount": "725.7",
        "tradeScope": "maker", "cTime": "1697603539699", "uTime": "1697603539754",
    }  # fmt: skip


def pushed(exchange: str, fee: str) -> Row:
    """Return the frame in which the venue's stream has the same trade."""
    if exchange == "bybit":
        row = listed(exchange, fee) | {"category": "spot", "feeCoin": "BTC"}
        return {"id": "5", "topic": "execution", "creationTime": 1746270400355, "data": [row]}
    if exchange == "okx":
        frame = okx_order("partially_filled", SIZE)
        # `fee` is the sum over all fills of the order
        more = {"tradeId": "7", "fillPx": PRICE, "fillFee": negated(fee), "fee": "-7"}
        return frame | {"data": [{**as_map(at_path(frame, "data.0")), **more}]}
    if exchange == "gate":
        row = listed(exchange, fee) | {"user_id": 1, "create_time_ms": "1605176741123.456"}
        return {"time": 1, "channel": "spot.usertrades", "event": "update", "result": [row]}
    if exchange == "kraken":
        return kraken_execution(
            "trade",
            "partially_filled",
            exec_id="7",
            trade_id=398,
            liquidity_ind="m",
            last_qty=float(SIZE),
            last_price=float(PRICE),
            cost=725.7,
            fees=[{"asset": "USDT", "qty": float(fee)}],
        )
    detail = {"feeCoin": "BTC", "deduction": "no", "totalDeductionFee": "0", "totalFee": fee}
    argument = {"instType": "SPOT", "channel": "fill", "instId": "default"}
    row = bitget_trade() | {"feeDetail": [detail]}
    return {"action": "snapshot", "arg": argument, "data": [row], "ts": 1703580202416}


async def fill_of_list(exchange: str, row: Row) -> Fill | None:
    return fill(await parsed(exchange, "parse_trade", row), profile_of(exchange), 1)


async def fill_of_stream(exchange: str, frame: Row) -> Fill | None:
    client = client_of(exchange)
    try:
        client.handle_message(client.client(URLS[exchange]), frame)
        assert client.myTrades is not None
        (row,) = client.myTrades
    finally:
        await client.close()
    return fill(row, profile_of(exchange), 1)


@pytest.mark.parametrize("sign", ["", "-"], ids=["charge", "rebate"])
@pytest.mark.parametrize("exchange", VENUES)
async def test_the_fee_of_a_trade_is_the_same_in_list_and_stream(exchange: str, sign: str) -> None:
    fee = sign + (SHORT_FEE if exchange == "kraken" else FEE)
    rest = await fill_of_list(exchange, listed(exchange, fee))
    stream = await fill_of_stream(exchange, pushed(exchange, fee))
    assert rest is not None
    assert stream is not None
    assert rest.fee == stream.fee == Decimal(fee)
    assert rest.fee_asset == stream.fee_asset == ("USDT" if exchange == "kraken" else "BTC")
    assert (rest.trade_id, rest.venue_id) == (stream.trade_id, stream.venue_id) == ("7", "1972")


@pytest.mark.parametrize("exchange", VENUES)
async def test_price_and_size_of_a_trade_are_exact(exchange: str) -> None:
    rest = await fill_of_list(exchange, listed(exchange, FEE))
    assert rest is not None
    assert (rest.price, rest.size) == (Decimal(PRICE), Decimal(SIZE))
    if exchange != "kraken":
        assert await fill_of_stream(exchange, pushed(exchange, FEE)) is not None


@pytest.mark.parametrize("exchange", VENUES)
@pytest.mark.parametrize("fee", [None, "", "NaN"])
async def test_a_trade_without_a_fee_is_no_fill(exchange: str, fee: str | None) -> None:
    row = await parsed(exchange, "parse_trade", listed(exchange, FEE))
    info = dict(as_map(row["info"]))
    for name in ("execFee", "fee"):
        if name in info:
            info[name] = fee
    if "feeDetail" in info:
        info["feeDetail"] = dict(as_map(info["feeDetail"])) | {"totalFee": fee}
    assert fill(row | {"info": info}, profile_of(exchange), 1) is None


async def test_an_unreadable_fee_of_okx_is_not_replaced_by_the_orders_sum() -> None:
    frame = pushed("okx", FEE)
    row = as_map(at_path(frame, "data.0"))
    unread = {**row, "fillFee": "", "feeCcy": "BTC"}
    assert await fill_of_stream("okx", frame | {"data": [unread]}) is None


@pytest.mark.parametrize(
    ("fees", "expected"),
    [
        ({"fee": "0", "gt_fee": "0.02", "point_fee": "0"}, (Decimal("0.02"), "GT")),
        ({"fee": "0", "gt_fee": "0", "point_fee": "1.1"}, (Decimal("1.1"), "POINT")),
        ({"fee": "0", "gt_fee": "0", "point_fee": "0"}, (Decimal(0), "BTC")),
        ({"fee": "0.1", "gt_fee": "0.02", "point_fee": "0"}, None),
        ({"fee": "0", "gt_fee": "0.02", "point_fee": "1.1"}, None),
    ],
)
async def test_a_fee_that_gate_takes_in_another_coin_is_booked_there(
    fees: Row, expected: tuple[Decimal, str] | None
) -> None:
    found = await fill_of_list("gate", TRADES["gate"] | fees)
    assert (None if found is None else (found.fee, found.fee_asset)) == expected


HELD, LOCKED = "4834.317093622894000001", "0.000000000000000001"
FREE = "4834.317093622894"
WALLETS: dict[str, object] = {
    "bybit": {
        "retCode": 0, "retMsg": "OK", "time": 1672125441042, "result": {"list": [{
            "accountType": "UNIFIED", "totalEquity": "18070.32797922", "coin": [
                {"coin": "USDT", "walletBalance": HELD, "locked": LOCKED, "equity": HELD,
                 "availableToWithdraw": "", "usdValue": "1", "borrowAmount": "0"},
            ]}]},
    },
    "okx": {
        "code": "0", "msg": "", "data": [{"uTime": "1705474164160", "totalEq": "1", "details": [
            {"ccy": "USDT", "cashBal": HELD, "eq": HELD, "availBal": FREE, "availEq": FREE,
             "frozenBal": LOCKED, "ordFrozen": LOCKED, "uTime": "1705449605015"},
        ]}],
    },
    "gate": [{"currency": "USDT", "available": FREE, "locked": LOCKED, "update_id": 98}],
    "kraken": {
        "error": [], "result": {"USDT": {"balance": HELD, "hold_trade": LOCKED}},
    },
    "bitget": {
        "code": "00000", "msg": "success", "requestTime": 1695808949356, "data": [
            {"coin": "USDT", "available": FREE, "frozen": "0", "limitAvailable": "0",
             "locked": LOCKED, "uTime": "1622697148"},
        ],
    },
}  # fmt: skip
EMPTY: dict[str, object] = {
    "bybit": {"retCode": 0, "result": {"list": [{"accountType": "UNIFIED", "coin": []}]}},
    "okx": {"code": "0", "data": [{"uTime": "1", "details": []}]},
    "gate": [],
    "kraken": {"error": [], "result": {}},
    "bitget": {"code": "00000", "data": []},
}
ABSENT: dict[str, object] = {
    "bybit": {"retCode": 0, "result": {"list": []}},
    "okx": {"code": "0", "data": []},
    "gate": {},
    "kraken": {"error": []},
    "bitget": {"code": "00000"},
}


async def account(exchange: str, answer: object) -> tuple[Json, Json]:
    """Return the balances that the venue's answer to ccxt's request gives."""
    client = client_of(exchange)

    async def fetch(url: str, *_: object) -> object:
        found = json.loads(json.dumps(answer))
        check_body(exchange, "GET", url, found)
        return found

    client.secret = KEY  # type: ignore[attr-defined]
    client.fetch = fetch  # type: ignore[method-assign, assignment]
    client.options |= {"enableUnifiedMargin": False, "enableUnifiedAccount": True, "uta": False}
    client.options["unifiedAccount"] = False  # Gate's; known, so that it is not asked for
    try:
        with declare_call(Purpose.READ):
            raw = await client.fetch_balance()
        return balances(raw, profile_of(exchange), client.safe_currency_code)
    finally:
        await client.close()


@pytest.mark.parametrize("exchange", VENUES)
async def test_balances_keep_every_digit(exchange: str) -> None:
    free, locked = await account(exchange, WALLETS[exchange])
    assert (free, locked) == ({"USDT": Decimal(FREE)}, {"USDT": Decimal(LOCKED)})


@pytest.mark.parametrize("exchange", VENUES)
async def test_only_a_list_without_coins_is_an_empty_account(exchange: str) -> None:
    assert await account(exchange, EMPTY[exchange]) == ({}, {})
    with pytest.raises(BadAnswer):
        await account(exchange, ABSENT[exchange])


async def test_kraken_names_a_coin_its_own_way_and_never_twice() -> None:
    result = {"XXBT": {"balance": "1", "hold_trade": "0"}}
    assert (await account("kraken", {"error": [], "result": result}))[0] == {"BTC": Decimal(1)}
    twice = result | {"XBT": {"balance": "2", "hold_trade": "0"}}
    with pytest.raises(BadAnswer, match="BTC twice"):
        await account("kraken", {"error": [], "result": twice})


ORDER_ROWS: Mapping[str, Row] = {
    "bybit": {"price": PRICE, "qty": SIZE, "cumExecQty": LOCKED},
    "okx": {"px": PRICE, "sz": SIZE, "accFillSz": LOCKED},
    "gate": {"price": PRICE, "amount": SIZE, "left": "0.012300000000000000"},
    "kraken": {"descr": {"price": PRICE}, "vol": SIZE, "vol_exec": LOCKED},
    "bitget": {"price": PRICE, "size": SIZE, "baseVolume": LOCKED},
}


@pytest.mark.parametrize("exchange", VENUES)
def test_numbers_of_an_order_are_exact_and_never_filled_in(exchange: str) -> None:
    fields = profile_of(exchange).order_fields
    row = {"price": 59000.1, "amount": 0.0123, "filled": 0.0, "info": ORDER_ROWS[exchange]}
    found = [exact(row, name, fields) for name in ("price", "amount", "filled")]
    assert found == [Decimal(PRICE), Decimal(SIZE), Decimal(LOCKED)]
    assert exact(row | {"info": {}}, "filled", fields) is None


def test_filled_of_bitgets_stream_is_the_cumulative_size() -> None:
    fields = profile_of("bitget").order_fields
    info = {"newSize": SIZE, "size": "725.7", "accBaseVolume": "0.01", "baseVolume": "0.002"}
    found = [exact({"info": info}, name, fields) for name in ("amount", "filled")]
    assert found == [Decimal(SIZE), Decimal("0.01")]
