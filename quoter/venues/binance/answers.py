"""Documented forms of Binance's REST answers, by request.

ccxt reads a missing list as an empty one and a missing number as None. So each answer is compared
with its form before ccxt sees it. Only what quoter reads is listed; further fields are ignored.
Source: "REST API" of binance-spot-api-docs.
"""

from collections.abc import Mapping
from typing import Annotated

import msgspec

type Amount = Annotated[str, msgspec.Meta(pattern=r"^[0-9]+(\.[0-9]+)?$")]
type Fee = Annotated[str, msgspec.Meta(pattern=r"^-?[0-9]+(\.[0-9]+)?$")]
type Id = Annotated[int, msgspec.Meta(ge=0)]
type Name = Annotated[str, msgspec.Meta(min_length=1)]


class _Order(msgspec.Struct):
    """An order in a list, and the answer to a query or a cancel."""

    symbol: Name
    orderId: Id  # noqa: N815 - the venue's name
    clientOrderId: str  # noqa: N815 - the venue's name
    price: Amount
    origQty: Amount  # noqa: N815 - the venue's name
    executedQty: Amount  # noqa: N815 - the venue's name
    status: Name
    side: Name


class _Ack(msgspec.Struct):
    """The answer to a create with `newOrderRespType=ACK`."""

    symbol: Name
    orderId: Id  # noqa: N815 - the venue's name
    clientOrderId: Name  # noqa: N815 - the venue's name


class _Trade(msgspec.Struct):
    """One of our trades; the fee is negative for a rebate."""

    symbol: Name
    id: Id
    orderId: Id  # noqa: N815 - the venue's name
    price: Amount
    qty: Amount
    commission: Fee
    commissionAsset: Name  # noqa: N815 - the venue's name
    isBuyer: bool  # noqa: N815 - the venue's name
    isMaker: bool  # noqa: N815 - the venue's name


class _Balance(msgspec.Struct):
    asset: Name
    free: Amount
    locked: Amount


class _Account(msgspec.Struct):
    """The account: Binance lists every coin, those without a balance too."""

    balances: Annotated[list[_Balance], msgspec.Meta(min_length=1)]


class _Filter(msgspec.Struct):
    filterType: Name  # noqa: N815 - the venue's name


class _Symbol(msgspec.Struct):
    symbol: Name
    status: Name
    baseAsset: Name  # noqa: N815 - the venue's name
    quoteAsset: Name  # noqa: N815 - the venue's name
    filters: list[_Filter]


class _Info(msgspec.Struct):
    symbols: Annotated[list[_Symbol], msgspec.Meta(min_length=1)]


class _Time(msgspec.Struct):
    serverTime: Annotated[int, msgspec.Meta(gt=0)]  # noqa: N815 - the venue's name


class _Depth(msgspec.Struct):
    lastUpdateId: Id  # noqa: N815 - the venue's name
    bids: list[list[str]]
    asks: list[list[str]]


# The form by method and last part of the path.
_FORMS: Mapping[tuple[str, str], object] = {
    ("POST", "order"): _Ack,
    ("GET", "order"): _Order,
    ("DELETE", "order"): _Order,
    ("GET", "openOrders"): list[_Order],
    ("GET", "myTrades"): list[_Trade],
    ("GET", "account"): _Account,
    ("GET", "exchangeInfo"): _Info,
    ("GET", "time"): _Time,
    ("GET", "depth"): _Depth,
    ("GET", "klines"): list[list[object]],
    ("GET", "trades"): list[dict[str, object]],
    ("GET", "aggTrades"): list[dict[str, object]],
}


def form_error(method: str, path: str, answer: object) -> str:
    """Return how an answer differs from its documented form; empty if it does not."""
    form = _FORMS.get((method, path.rpartition("/")[2]))
    if form is None:
        return ""
    try:
        msgspec.convert(answer, type=form)
    except msgspec.ValidationError as error:
        return str(error)
    return ""
