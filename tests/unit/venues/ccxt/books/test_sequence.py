"""Numbers of book messages, with values that the venues sent (August 2026) or document."""

import pytest

from quoter.venues.ccxt.books.sequence import BookChain
from quoter.venues.ccxt.types import JsonDict
from quoter.venues.profiles import profile_of


def chain_of(exchange: str) -> BookChain:
    sequence = profile_of(exchange).book
    assert sequence is not None
    return BookChain(sequence)


def gate(**result: object) -> JsonDict:
    return {"channel": "spot.obu", "result": {"s": "ob.BTC_USDT.50", **result}}


def bybit(kind: str, **data: object) -> JsonDict:
    return {"topic": "orderbook.50.BTCUSDT", "type": kind, "data": {"s": "BTCUSDT", **data}}


def okx(action: str, **row: object) -> JsonDict:
    argument = {"channel": "books", "instId": "BTC-USDT"}
    return {"arg": argument, "action": action, "data": [{"checksum": 0, **row}]}


def bitget(action: str, **row: object) -> JsonDict:
    argument = {"instType": "SPOT", "channel": "books", "instId": "BTCUSDT"}
    return {"action": action, "arg": argument, "data": [row]}


def deribit(**data: object) -> JsonDict:
    params = {"channel": "book.BTC-PERPETUAL.100ms", "data": data}
    return {"jsonrpc": "2.0", "method": "subscription", "params": params}


FOLLOWING = {
    "gate": [
        gate(t=1786541318124, full=True, u=39106162812),
        gate(t=1786541318151, U=39106162813, u=39106162816),
        gate(t=1786541318171, U=39106162817, u=39106162817),
    ],
    "bybit": [
        bybit("snapshot", u=53935309, seq=760578520138),
        bybit("delta", u=53935310, seq=760578520655),
        bybit("snapshot", u=1, seq=760578521000),  # the venue's service restarted
        bybit("delta", u=2, seq=760578521001),
    ],
    "okx": [
        okx("snapshot", seqId=79706756139, prevSeqId=-1),
        okx("update", seqId=79706756151, prevSeqId=79706756139),
        okx("update", seqId=79706756151, prevSeqId=79706756151),  # a keep-alive without levels
        okx("update", seqId=3, prevSeqId=79706756151),  # after a maintenance
    ],
    "bitget": [
        bitget("snapshot", seq="1343064377779269632", pseq=0),
        bitget("update", seq="1343064377779269640", pseq="1343064377779269632"),
    ],
    "deribit": [
        deribit(type="snapshot", change_id=169600103289),
        deribit(type="change", change_id=169600103676, prev_change_id=169600103289),
    ],
}


@pytest.mark.parametrize("exchange", FOLLOWING)
def test_messages_that_follow_one_another_are_accepted(exchange: str) -> None:
    chain = chain_of(exchange)
    for message in FOLLOWING[exchange]:
        chain.starts("socket", message)


@pytest.mark.parametrize("exchange", FOLLOWING)
def test_an_update_is_refused_without_the_one_before_it(exchange: str) -> None:
    chain, (whole, *updates) = chain_of(exchange), FOLLOWING[exchange]
    with pytest.raises(ValueError, match="before any whole book"):
        chain.starts("socket", updates[0])
    assert chain.starts("socket", whole)
    with pytest.raises(ValueError, match="before any whole book"):
        chain.starts("the next socket", updates[0])


@pytest.mark.parametrize("exchange", FOLLOWING)
def test_an_update_twice_is_refused_and_so_is_all_after_it(exchange: str) -> None:
    chain, (whole, update, *_) = chain_of(exchange), FOLLOWING[exchange]
    chain.starts("socket", whole)
    chain.starts("socket", update)
    for _ in range(2):
        with pytest.raises(ValueError, match="was lost"):
            chain.starts("socket", update)
    assert chain.starts("socket", whole)


@pytest.mark.parametrize(
    ("exchange", "whole", "update"),
    [
        ("gate", gate(full=True, u=1), gate(u=2)),
        ("gate", gate(full=True), gate(U=1, u=1)),
        ("bybit", bybit("snapshot", u=1), bybit("delta")),
        ("bybit", bybit("snapshot", u=1), bybit("delta", u=None)),
        ("okx", okx("snapshot", seqId=1, prevSeqId=-1), okx("update", seqId=2)),
        ("okx", okx("snapshot", prevSeqId=-1), okx("update", seqId=2, prevSeqId=-1)),
        ("bitget", bitget("snapshot", seq=1), bitget("update", seq=2)),
        ("bitget", bitget("snapshot", seq=1), bitget("update", seq=2, checksum=0)),
        ("deribit", deribit(type="snapshot", change_id=1), deribit(type="change", change_id=2)),
    ],
)
def test_an_update_without_a_number_is_refused(
    exchange: str, whole: JsonDict, update: JsonDict
) -> None:
    chain = chain_of(exchange)
    chain.starts("socket", whole)
    with pytest.raises(ValueError, match="was lost"):
        chain.starts("socket", update)


def test_bitgets_checksum_which_ccxt_verifies_is_enough_without_a_number() -> None:
    chain = chain_of("bitget")
    chain.starts("socket", bitget("snapshot", checksum=-1367582038))
    assert not chain.starts("socket", bitget("update", checksum=1732241839))
