"""Signatures and timestamps, checked with the examples of Binance's documentation."""

from decimal import Decimal

import pytest

from quoter.sandbox.protocol.answers import ApiError
from quoter.sandbox.protocol.signing import (
    check_key_format,
    check_window,
    rest_signature,
    socket_payload,
    unsigned,
)

SECRET = "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j"  # noqa: S105 - the documentation publishes it
NOW_NS = 1_700_000_000_000_000_000
NOW_MS = 1_700_000_000_000


def test_rest_signature_equals_the_documented_example() -> None:
    payload = (
        "symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1"
        "&recvWindow=5000&timestamp=1499827319559"
    )
    expected = "c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71"
    assert rest_signature(payload, SECRET) == expected


def test_socket_signature_equals_the_documented_example() -> None:
    """In any order of the parameters."""
    params = {
        "symbol": "BTCUSDT",
        "side": "SELL",
        "type": "LIMIT",
        "timeInForce": "GTC",
        "quantity": "0.01000000",
        "price": "52000.00",
        "newOrderRespType": "ACK",
        "recvWindow": "100",
        "timestamp": "1645423376532",
        "apiKey": "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A",
        "signature": "is left out",
    }
    expected = "cc15477742bd704c29492d96c7ead9414dfd8e0ec4a00f947bb5bb454ddbd08a"
    assert rest_signature(socket_payload(params), SECRET) == expected


@pytest.mark.parametrize(
    ("payload", "rest"),
    [
        ("a=1&signature=ff", "a=1"),
        ("signature=ff&a=1", "a=1"),
        ("a=1&signature=ff&b=2", "a=1&b=2"),
        ("signature=ff", ""),
        ("mysignature=1", "mysignature=1"),
    ],
)
def test_signature_parameter_is_not_signed(payload: str, rest: str) -> None:
    assert unsigned(payload) == rest


def window(offset_ms: int) -> None:
    """Check a request of a five-second window, sent `offset_ms` after our clock."""
    check_window(timestamp_ms=NOW_MS + offset_ms, window_ms=Decimal(5_000), now_ns=NOW_NS)


def test_request_may_be_one_second_early_and_one_window_late() -> None:
    window(999)
    window(-5_000)
    with pytest.raises(ApiError, match="1000ms ahead"):
        window(1_000)
    with pytest.raises(ApiError, match="outside of the recvWindow"):
        window(-5_001)


@pytest.mark.parametrize("key", ["", "with space", "x" * 129])
def test_key_of_invalid_form_is_refused(key: str) -> None:
    with pytest.raises(ApiError, match="API-key format invalid") as caught:
        check_key_format(key)
    assert (caught.value.status, caught.value.code) == (401, -2014)
