"""Permissions of API keys: the documented answers, and incomplete ones."""

from collections.abc import Callable

import pytest

from quoter.domain.errors import KeyRefused
from quoter.venues.ccxt.client import guarded_class
from quoter.venues.ccxt.connect.key_permissions import (
    SOURCES,
    KeyPermissions,
    Unverified,
    binance,
    bybit,
    check_permissions,
    okx,
    permission_warning,
)
from quoter.venues.config import Environment
from quoter.venues.json_values import as_map

BINANCE: dict[str, object] = {
    "ipRestrict": False,
    "createTime": 1698645219000,
    "enableReading": True,
    "enableWithdrawals": False,
    "enableInternalTransfer": False,
    "enableMargin": False,
    "enableFutures": False,
    "permitsUniversalTransfer": False,
    "enableVanillaOptions": False,
    "enableFixApiTrade": False,
    "enableFixReadOnly": True,
    "enableSpotAndMarginTrading": True,
    "enablePortfolioMarginTrading": True,
}
BYBIT: dict[str, object] = {
    "retCode": 0,
    "retMsg": "",
    "result": {
        "id": "13770661",
        "note": "XXXXXX",
        "apiKey": "XXXXXX",
        "readOnly": 0,
        "secret": "",
        "permissions": {
            "ContractTrade": ["Order", "Position"],
            "Spot": ["SpotTrade"],
            "Wallet": ["AccountTransfer", "SubMemberTransfer"],
            "Options": ["OptionsTrade"],
            "Derivatives": ["DerivativesTrade"],
            "CopyTrading": [],
            "BlockTrade": [],
            "Exchange": ["ExchangeHistory"],
            "NFT": ["NFTQueryProductList"],
        },
        "ips": ["*"],
        "type": 1,
        "deadlineDay": 83,
        "expiredAt": "2023-05-15T03:21:05Z",
        "createdAt": "2022-10-16T02:24:40Z",
        "unified": 0,
        "uta": 0,
        "isMaster": False,
    },
    "retExtInfo": {},
    "time": 1676891757649,
}
OKX: dict[str, object] = {
    "code": "0",
    "data": [
        {
            "acctLv": "2",
            "autoLoan": False,
            "ip": "",
            "kycLv": "3",
            "label": "v5 test",
            "level": "Lv1",
            "mainUid": "44705892343619584",
            "perm": "read_only,withdraw,trade",
            "posMode": "long_short_mode",
            "roleType": "0",
            "uid": "44705892343619584",
        }
    ],
    "msg": "",
}


def inner(answer: dict[str, object], **changed: object) -> dict[str, object]:
    return {**answer, "result": {**as_map(answer["result"]), **changed}}


def row(**changed: object) -> dict[str, object]:
    data = OKX["data"]
    assert isinstance(data, list)
    return {**OKX, "data": [{**data[0], **changed}]}


def test_binance_permissions_are_parsed_one_by_one() -> None:
    assert binance(BINANCE) == KeyPermissions(excess=(), is_bound=False)
    for name in ("enableWithdrawals", "enableInternalTransfer", "permitsUniversalTransfer"):
        found = binance({**BINANCE, name: True, "ipRestrict": True})
        assert found == KeyPermissions(excess=(name,), is_bound=True)


def test_bybit_wallet_permissions_and_addresses_are_parsed() -> None:
    assert bybit(BYBIT) == KeyPermissions(
        excess=("AccountTransfer", "SubMemberTransfer"), is_bound=False
    )
    trade_only = inner(BYBIT, permissions={"Wallet": []}, ips=["192.0.2.1"])
    assert bybit(trade_only) == KeyPermissions(excess=(), is_bound=True)


def test_okx_comma_separated_permissions_are_parsed() -> None:
    assert okx(OKX) == KeyPermissions(excess=("withdraw",), is_bound=False)
    assert okx(row(perm="trade, read_only", ip="192.0.2.1,192.0.2.2")) == KeyPermissions(
        excess=(), is_bound=True
    )
    found = okx(row(perm="read_only,trade,give_away"))
    assert found is not None
    assert found.excess == ("give_away",), "a right that nobody knew is one too many"


@pytest.mark.parametrize("parse", [binance, bybit, okx])
@pytest.mark.parametrize("answer", [None, [], {}, "x", {"result": 1}, {"data": []}, {"data": [1]}])
def test_incomplete_answer_is_unverified(
    parse: Callable[[object], KeyPermissions | None], answer: object
) -> None:
    assert parse(answer) is None


@pytest.mark.parametrize(
    ("parse", "answer"),
    [
        (binance, {name: value for name, value in BINANCE.items() if name != "enableWithdrawals"}),
        (binance, {**BINANCE, "enableWithdrawals": "false"}),
        (binance, {**BINANCE, "ipRestrict": None}),
        (bybit, inner(BYBIT, permissions={})),
        (bybit, inner(BYBIT, permissions={"Wallet": "Withdraw"})),
        (bybit, inner(BYBIT, ips=None)),
        (okx, row(perm="")),
        (okx, row(perm=None)),
        (okx, row(ip=None)),
    ],
)
def test_missing_field_is_not_taken_as_false(
    parse: Callable[[object], KeyPermissions | None], answer: object
) -> None:
    """A renamed field must not make a key that can withdraw acceptable."""
    assert parse(answer) is None


@pytest.mark.parametrize("exchange", SOURCES)
def test_ccxt_has_the_methods(exchange: str) -> None:
    assert hasattr(guarded_class(exchange), SOURCES[exchange].method)


GOOD = KeyPermissions(excess=(), is_bound=True)
UNBOUND = KeyPermissions(excess=(), is_bound=False)


@pytest.mark.parametrize("environment", ["sandbox", "testnet", "production"])
def test_permission_to_move_money_is_refused_in_every_environment(environment: Environment) -> None:
    with pytest.raises(KeyRefused, match="withdraw"):
        check_permissions(KeyPermissions(excess=("withdraw",), is_bound=True), environment)
    check_permissions(GOOD, environment)
    assert permission_warning(GOOD, environment) == ""


def test_key_for_any_address_is_refused_in_production_and_warned_about_elsewhere() -> None:
    with pytest.raises(KeyRefused, match="any IP address"):
        check_permissions(UNBOUND, "production")
    check_permissions(UNBOUND, "testnet")
    assert "any IP address" in permission_warning(UNBOUND, "testnet")


def test_unverified_permissions_pass_with_a_warning() -> None:
    for environment in ("testnet", "production"):
        check_permissions(Unverified("x"), environment)
        assert "not known: x" in permission_warning(Unverified("x"), environment)
    assert permission_warning(Unverified("x"), "sandbox") == ""
