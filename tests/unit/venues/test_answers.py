"""An answer of the wrong type, or without what was requested, is no answer."""

import pytest

from quoter.domain.errors import BadAnswer
from quoter.venues import answers
from quoter.venues.egress.gate import Purpose, declare_call
from quoter.venues.json_values import as_map

ORDER = {
    "symbol": "BTCUSDT",
    "orderId": 7,
    "clientOrderId": "q1",
    "price": "60000.00",
    "origQty": "0.00100",
    "executedQty": "0.00000",
    "status": "NEW",
    "side": "BUY",
}
TRADE = {
    "symbol": "BTCUSDT",
    "id": 1,
    "orderId": 7,
    "price": "60000",
    "qty": "0.001",
    "commission": "-0.00000001",
    "commissionAsset": "BTC",
    "isBuyer": True,
    "isMaker": True,
}
BALANCE = {"asset": "BTC", "free": "1.0", "locked": "0.0"}
SYMBOL = {
    "symbol": "BTCUSDT",
    "status": "TRADING",
    "baseAsset": "BTC",
    "quoteAsset": "USDT",
    "filters": [{"filterType": "LOT_SIZE"}],
}
GOOD: list[tuple[str, str, object]] = [
    ("POST", "order", {"symbol": "BTCUSDT", "orderId": 7, "clientOrderId": "q1"}),
    ("GET", "order", ORDER),
    ("DELETE", "order", ORDER),
    ("GET", "openOrders", [ORDER]),
    ("GET", "myTrades", [TRADE]),
    ("GET", "account", {"balances": [BALANCE]}),
    ("GET", "exchangeInfo", {"symbols": [SYMBOL]}),
    ("GET", "time", {"serverTime": 1}),
    ("GET", "depth", {"lastUpdateId": 1, "bids": [], "asks": [["1", "2"]]}),
]
URL = "https://api.binance.com/api/v3/"


def check(method: str, name: str, answer: object, exchange: str = "binance") -> None:
    answers.check_body(exchange, method, f"{URL}{name}?symbol=BTCUSDT&signature=x", answer)


@pytest.mark.parametrize(("method", "name", "answer"), GOOD)
def test_documented_form_passes(method: str, name: str, answer: object) -> None:
    check(method, name, answer)


@pytest.mark.parametrize("answer", ["<html>Maintenance</html>", "", None, b"\x00", 1, True])
@pytest.mark.parametrize("exchange", ["binance", "bybit", "kraken"])
def test_anything_but_an_object_or_a_list_is_refused(exchange: str, answer: object) -> None:
    with pytest.raises(BadAnswer, match="instead of JSON"):
        check("GET", "account", answer, exchange)


OTHERS: list[tuple[str, str, object]] = [
    ("bybit", "/v5/order/realtime", {"retCode": 0, "result": {"list": []}}),
    ("bybit", "/v5/execution/list", {"retCode": 0, "result": {"list": [{"execId": "1"}]}}),
    ("bybit", "/v5/market/time", {"retCode": 0, "result": {"timeSecond": "1"}}),
    ("okx", "/api/v5/trade/orders-pending", {"code": "0", "msg": "", "data": []}),
    ("okx", "/api/v5/account/balance", {"code": "0", "msg": "", "data": [{"details": []}]}),
    ("kraken", "/0/private/OpenOrders", {"error": [], "result": {"open": {}}}),
    ("kraken", "/0/private/TradesHistory", {"error": [], "result": {"trades": {}, "count": 0}}),
    ("kraken", "/0/private/BalanceEx", {"error": [], "result": {}}),
    ("gate", "/api/v4/spot/open_orders", []),
    ("gate", "/api/v4/spot/my_trades", [{"id": "1"}]),
    ("bitget", "/api/v2/spot/trade/unfilled-orders", {"code": "00000", "data": []}),
]


@pytest.mark.parametrize(("exchange", "path", "answer"), OTHERS)
def test_documented_envelope_of_another_venue_passes(
    exchange: str, path: str, answer: object
) -> None:
    answers.check_body(exchange, "GET", f"https://venue{path}?a=b", answer)


@pytest.mark.parametrize(("exchange", "path", "answer"), OTHERS)
def test_an_absent_code_or_list_of_another_venue_is_no_answer(
    exchange: str, path: str, answer: object
) -> None:
    spoiled: list[object] = ["", None] if exchange == "gate" else [{}, {"msg": "too busy"}]
    if isinstance(answer, dict):
        is_list = "timeSecond" not in str(answer)
        for name in answer.keys() - {"msg"}:
            spoiled += [{k: v for k, v in answer.items() if k != name}, answer | {name: None}]
        if exchange in ("bybit", "kraken") and answer["result"] and is_list:
            spoiled.append(answer | {"result": {}})
    for wrong in spoiled:
        with pytest.raises(BadAnswer, match=path):
            answers.check_body(exchange, "GET", f"https://venue{path}", wrong)


@pytest.mark.parametrize(
    "answer", [{"retCode": 10002, "result": {}}, {"retCode": "", "result": {}}]
)
def test_a_code_that_ccxt_lets_pass_is_no_answer(answer: object) -> None:
    with pytest.raises(BadAnswer, match="retCode"):
        answers.check_body("bybit", "GET", "https://venue/v5/market/time", answer)


@pytest.mark.parametrize(("method", "name", "answer"), GOOD)
@pytest.mark.parametrize("wrong", [{}, [{}], {"code": 0}])
def test_wrong_json_is_refused(method: str, name: str, answer: object, wrong: object) -> None:
    with pytest.raises(BadAnswer):
        check(method, name, wrong)


@pytest.mark.parametrize(("method", "name", "answer"), GOOD)
def test_each_missing_or_null_field_is_refused(method: str, name: str, answer: object) -> None:
    for changed in _spoiled(answer):
        with pytest.raises(BadAnswer, match=name):
            check(method, name, changed)


def _spoiled(answer: object) -> list[object]:
    """Return the answer without each of its fields, and with each of them null."""
    if isinstance(answer, list):
        return [[row] for each in answer for row in _spoiled(each)]
    if not isinstance(answer, dict):
        return []
    found: list[object] = []
    for name, value in answer.items():
        found.append({key: other for key, other in answer.items() if key != name})
        found.append(answer | {name: None})
        if isinstance(value, list) and value and isinstance(value[0], dict):
            found += [answer | {name: rows} for rows in _spoiled(value)]
    return found


def test_account_or_market_list_without_rows_is_refused() -> None:
    empty: tuple[tuple[str, object], ...] = (
        ("account", {"balances": []}),
        ("exchangeInfo", {"symbols": []}),
    )
    for name, answer in empty:
        with pytest.raises(BadAnswer, match=name):
            check("GET", name, answer)


def test_number_that_is_not_finite_is_refused() -> None:
    with pytest.raises(BadAnswer):
        check("GET", "account", {"balances": [BALANCE | {"free": "NaN"}]})


def read_rows(body: object, found: object) -> object:
    """Read rows that ccxt found in a venue's answer."""
    with declare_call(Purpose.READ) as call:
        call.answer = body
        return answers.rows(found)


@pytest.mark.parametrize(
    "body",
    [
        [],
        {"retCode": 0, "result": {"list": [], "nextPageCursor": ""}, "retExtInfo": {}},
        {"code": "0", "data": [], "msg": ""},
        {"error": [], "result": {"open": {}}},
        {"error": [], "result": {"trades": {}, "count": 0}},
        {"data": [{"symbol": "ETHUSDT"}]},
    ],
)
def test_empty_list_is_believed_where_the_venue_sent_a_list(body: object) -> None:
    assert read_rows(body, []) == []


@pytest.mark.parametrize(
    "body",
    [
        None,
        {},
        {"retCode": 0, "result": {}, "retExtInfo": []},
        {"code": "0", "data": None, "msg": ""},
        {"error": [], "result": {}},
        {"error": []},
    ],
)
def test_empty_list_is_refused_where_the_venue_sent_none(body: object) -> None:
    with pytest.raises(BadAnswer, match="no list"):
        read_rows(body, [])


@pytest.mark.parametrize("found", [None, {}, "x", [None], ["x"], [[]]])
def test_rows_of_another_type_are_refused(found: object) -> None:
    with pytest.raises(BadAnswer):
        read_rows([], found)


@pytest.mark.parametrize("found", [None, "1", 0, -1, 1.5, True, {}])
def test_time_of_another_type_is_refused(found: object) -> None:
    with pytest.raises(BadAnswer):
        answers.venue_ms(found)


@pytest.mark.parametrize("found", [None, [], {}, {"bids": []}, {"bids": [], "asks": None}])
def test_book_without_a_side_is_refused(found: object) -> None:
    with pytest.raises(BadAnswer):
        answers.book(found)


@pytest.mark.parametrize(
    ("answer", "cursor"),
    [
        ({"result": {"list": [{"orderId": "1"}], "nextPageCursor": ""}}, ""),
        ({"result": {"list": [{"orderId": "1"}]}}, None),
        ({"result": {"list": [{"orderId": "1", "nextPageCursor": ""}]}}, None),
    ],
)
def test_empty_cursor_of_the_last_page_is_kept(answer: object, cursor: str | None) -> None:
    """Left out by ccxt, so that a full last page looked like one without a cursor."""
    with declare_call(Purpose.READ) as call:
        call.answer = answer
        read = answers.rows_with_cursor("nextPageCursor")
        (row,) = read([{"id": "1", "info": {"orderId": "1"}}])
    assert as_map(row["info"]).get("nextPageCursor") == cursor
