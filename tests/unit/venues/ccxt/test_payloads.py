"""Conversion of ccxt's dictionaries into events with exact numbers."""

from decimal import Decimal

import pytest

from quoter.domain.errors import BadAnswer
from quoter.domain.events import Fill, OrderDone, OrderOpen
from quoter.domain.market import Side
from quoter.domain.reasons import DoneReason
from quoter.venues.ccxt.payloads import (
    acknowledged_id,
    balances,
    fill,
    order_event,
    venue_order,
)
from quoter.venues.ccxt.types import JsonDict
from quoter.venues.profiles import BINANCE, GENERIC, VenueProfile

ORDER: JsonDict = {
    "id": "7",
    "clientOrderId": "q1",
    "side": "sell",
    "status": "open",
    "price": 61000.1,
    "amount": 0.003,
    "filled": 0.001,
    "info": {"price": "61000.10000000", "origQty": "0.00300000", "executedQty": "0.00100000"},
}
TRADE: JsonDict = {
    "id": "99",
    "order": "7",
    "side": "buy",
    "price": 0.1,
    "amount": 0.2,
    "takerOrMaker": "maker",
    "fee": {"cost": 1.23e-06, "currency": "BNB"},
    "info": {},
}


@pytest.mark.parametrize("profile", [BINANCE, GENERIC])
def test_an_open_order_keeps_its_exact_numbers(profile: VenueProfile) -> None:
    news = order_event(ORDER, profile, 5)
    assert isinstance(news, OrderOpen)
    order = news.order
    assert (order.client_id, order.venue_id, order.side) == ("q1", "7", Side.SELL)
    assert (order.price, order.size, order.filled) == (
        Decimal("61000.1"),
        Decimal("0.003"),
        Decimal("0.001"),
    )


@pytest.mark.parametrize(
    ("status", "filled", "reason"),
    [
        ("closed", 0.003, DoneReason.FILLED),
        ("closed", 0.001, DoneReason.CANCELED),
        ("canceled", 0.001, DoneReason.CANCELED),
        ("expired", 0.0, DoneReason.EXPIRED),
        ("rejected", 0.0, DoneReason.REJECTED),
    ],
)
def test_an_ended_order_carries_its_cumulative_fill(
    status: str, filled: float, reason: DoneReason
) -> None:
    news = order_event(ORDER | {"status": status, "filled": filled}, GENERIC, 5)
    assert news == OrderDone(
        ts_ns=5, client_id="q1", reason=reason, filled=Decimal(str(filled)), venue_id="7"
    )


def test_order_without_status_yields_no_event() -> None:
    assert order_event(ORDER | {"status": None}, GENERIC, 5) is None
    assert order_event(ORDER | {"status": "canceled", "filled": None}, GENERIC, 5) is None
    assert order_event(ORDER | {"price": float("nan")}, GENERIC, 5) is None
    assert order_event({}, GENERIC, 5) is None


def test_fill_uses_the_venues_own_strings_where_known() -> None:
    info = {
        "S": "BUY",
        "L": "60000.01",
        "l": "0.00012345",
        "n": "0.00000012",
        "N": "BNB",
        "c": "q1",
    }
    assert fill(TRADE | {"info": info}, BINANCE, 5) == Fill(
        ts_ns=5,
        trade_id="99",
        client_id="q1",
        venue_id="7",
        side=Side.BUY,
        price=Decimal("60000.01"),
        size=Decimal("0.00012345"),
        fee=Decimal("0.00000012"),
        fee_asset="BNB",
        is_maker=True,
    )


def test_fill_without_profile_uses_ccxts_numbers() -> None:
    news = fill(TRADE, GENERIC, 5)
    assert news is not None
    assert (news.price, news.size, news.fee) == (
        Decimal("0.1"),
        Decimal("0.2"),
        Decimal("0.00000123"),
    )
    assert (news.fee_asset, news.client_id) == ("BNB", "")


@pytest.mark.parametrize(
    "change",
    [
        {"id": None},
        {"id": "-1"},
        {"id": ""},
        {"side": None},
        {"price": None},
        {"amount": 0},
        {"amount": float("inf")},
    ],
)
def test_incomplete_fill_yields_none(change: JsonDict) -> None:
    assert fill(TRADE | change, GENERIC, 5) is None


def test_balances_come_from_exact_strings_or_from_ccxt() -> None:
    row = {"asset": "BTC", "free": "1.50000000", "locked": "0.10000000"}
    empty = {"asset": "XRP", "free": "0.00", "locked": "0.00"}
    assert balances({"info": {"balances": [row, empty]}}, BINANCE) == (
        {"BTC": Decimal("1.5"), "XRP": Decimal(0)},
        {"BTC": Decimal("0.1"), "XRP": Decimal(0)},
    )
    unified: JsonDict = {"free": {"ETH": 0.1}, "used": {"ETH": 0.2}}
    assert balances(unified, GENERIC) == ({"ETH": Decimal("0.1")}, {"ETH": Decimal("0.2")})


@pytest.mark.parametrize(
    ("profile", "answer"),
    [
        (BINANCE, {"info": {}}),
        (BINANCE, {"info": "<html>"}),
        (BINANCE, {"info": {"balances": []}}),
        (BINANCE, {"info": {"balances": [{"asset": "BTC", "free": None, "locked": "0"}]}}),
        (BINANCE, {"info": {"balances": [{"asset": "BTC", "free": "NaN", "locked": "0"}]}}),
        (BINANCE, {"info": {"balances": [{"asset": "BTC", "free": "1"}]}}),
        (BINANCE, {"info": {"balances": [{"free": "1", "locked": "0"}]}}),
        (GENERIC, {"info": {}}),
        (GENERIC, {"free": {}, "used": {}}),  # and no answer with an empty list behind it
        (GENERIC, {"free": {"BTC": None}, "used": {"BTC": 0.0}}),
        (GENERIC, {"free": {"BTC": 1.0}, "used": {}}),
    ],
)
def test_absent_or_unreadable_balances_are_no_answer(
    profile: VenueProfile, answer: JsonDict
) -> None:
    with pytest.raises(BadAnswer):
        balances(answer, profile)


@pytest.mark.parametrize("fee", [None, {}, {"cost": None, "currency": "BNB"}, {"cost": 0.1}])
def test_fill_without_its_fee_yields_none(fee: object) -> None:
    assert fill(TRADE | {"fee": fee}, GENERIC, 5) is None
    info = {"S": "BUY", "L": "60000", "l": "0.001", "n": None, "N": None}
    assert fill(TRADE | {"fee": fee, "info": info}, BINANCE, 5) is None


@pytest.mark.parametrize(
    ("form", "side", "expected"),
    [
        ({"S": "BUY"}, "buy", Side.BUY),
        ({"S": "SELL"}, "sell", Side.SELL),
        ({"isBuyer": False}, "sell", Side.SELL),
        ({}, "sell", None),
        ({"S": None}, "sell", None),
        ({"S": ""}, "sell", None),
        ({"isBuyer": None}, "sell", None),
    ],
)
def test_fill_whose_side_the_venue_does_not_name_yields_none(
    form: JsonDict, side: str, expected: Side | None
) -> None:
    """From `m` ccxt derives the side of a public trade: each maker fill would be a sell."""
    info = {"L": "60000", "l": "0.001", "n": "0.1", "N": "USDT", "m": True} | form
    found = fill(TRADE | {"side": side, "info": info}, BINANCE, 5)
    assert (found.side if found is not None else None) is expected


def test_fill_with_a_fee_of_zero_needs_no_fee_coin() -> None:
    found = fill(TRADE | {"fee": {"cost": 0.0, "currency": None}}, GENERIC, 5)
    assert found is not None
    assert (found.fee, found.fee_asset) == (Decimal(0), "")


def test_order_without_its_filled_size_yields_none() -> None:
    assert venue_order(ORDER | {"filled": None, "info": {}}, BINANCE) is None


@pytest.mark.parametrize("answer", ["<html>", None, [], {}, {"id": None}, {"id": ""}])
def test_create_answer_without_an_order_id_acknowledges_nothing(answer: object) -> None:
    with pytest.raises(BadAnswer):
        acknowledged_id(answer, "q1", GENERIC)


def test_create_answer_with_another_client_id_acknowledges_nothing() -> None:
    with pytest.raises(BadAnswer, match="names q2"):
        acknowledged_id({"id": "7", "clientOrderId": "q2"}, "q1", GENERIC)
    assert acknowledged_id({"id": "7", "clientOrderId": "t-q1"}, "q1", GENERIC) == "7"
    assert acknowledged_id({"id": 7, "clientOrderId": None}, "q1", GENERIC) == "7"
