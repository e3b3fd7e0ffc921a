"""Signed trading requests: place, test, cancel, cancel all, cancel and replace.

Each function answers a request, or raises ApiError if the exchange refuses it.
"""

import secrets
import string
from collections.abc import Sequence
from decimal import Decimal
from enum import StrEnum

from quoter.domain.market import Side
from quoter.sandbox.api.operation import Request
from quoter.sandbox.api.reference import SELF_TRADE_DEFAULT
from quoter.sandbox.exchange.statistics import average
from quoter.sandbox.protocol import payloads
from quoter.sandbox.protocol.answers import (
    ApiError,
    bad_request,
    cancel_error,
    missing,
    missing_either,
    not_required,
    place_error,
)
from quoter.sandbox.protocol.filters import (
    check_filters,
    check_open_orders,
    check_percent_price,
    check_quote_filters,
)
from quoter.sandbox.protocol.parameters import Parameters
from quoter.sandbox.protocol.payloads import Json
from quoter.sim.messages import (
    ExecutionReport,
    MarketSpec,
    NewOrder,
    News,
    OrderKind,
    Refused,
    SelfTrade,
    SimOrder,
    TimeInForce,
)

ORDER_OPTIONAL = (
    "timeInForce",
    "quantity",
    "quoteOrderQty",
    "price",
    "newClientOrderId",
    "strategyId",
    "strategyType",
    "stopPrice",
    "trailingDelta",
    "icebergQty",
    "newOrderRespType",
    "selfTradePreventionMode",
)
UNSUPPORTED = ("stopPrice", "trailingDelta", "icebergQty")
CLIENT_ID_LENGTH = 22


class ResponseType(StrEnum):
    """Level of detail in the answer to a new order."""

    ACK = "ACK"
    RESULT = "RESULT"
    FULL = "FULL"


class CancelRestriction(StrEnum):
    """State that an order must have to be cancelled."""

    ONLY_NEW = "ONLY_NEW"
    ONLY_PARTIALLY_FILLED = "ONLY_PARTIALLY_FILLED"


class ReplaceMode(StrEnum):
    """Whether the new order is placed after a failed cancel."""

    STOP_ON_FAILURE = "STOP_ON_FAILURE"
    ALLOW_FAILURE = "ALLOW_FAILURE"


def place(request: Request) -> Json:
    """Answer POST order: place an order."""
    order = checked_order(request)
    answer, _ = _submit(request, order)
    return answer


def check_only(request: Request) -> Json:
    """Answer POST order/test: make all checks, place no order."""
    checked_order(request)
    return {}


def cancel(request: Request) -> Json:
    """Answer DELETE order: cancel one order."""
    symbol = request.market().symbol
    order_id, client_id = order_reference(request.parameters)
    return _cancel(request, symbol, order_id=order_id, client_id=client_id)


def cancel_all(request: Request) -> list[Json]:
    """Answer DELETE openOrders: cancel every open order of the account on one symbol."""
    symbol = request.market().symbol
    try:
        orders, news = request.venue.exchange.cancel_all(request.api_key, symbol, request.now_ns)
    except Refused as refused:
        raise cancel_error(refused) from None
    request.venue.publish(news)
    return [payloads.canceled(order) for order in orders]


def replace(request: Request) -> Json:
    """Answer POST order/cancelReplace: cancel, then place; HTTP 409 if only one succeeds."""
    parameters = request.parameters
    mode = parameters.choice(
        "cancelReplaceMode",
        ReplaceMode,
        code=-1130,
        text="Data sent for parameter 'cancelReplaceMode' is not valid.",
    )
    order = checked_order(request)
    order_id = parameters.integer("cancelOrderId")
    client_id = parameters.client_id("cancelOrigClientOrderId")
    if not order_id and not client_id:
        raise missing_either("cancelOrigClientOrderId", "cancelOrderId")
    cancel_error_or_none: ApiError | None = None
    new_error: ApiError | None = None
    outcome: Json = {"cancelResult": "SUCCESS", "newOrderResult": "SUCCESS"}
    try:
        name = parameters.client_id("cancelNewClientOrderId")
        outcome["cancelResponse"] = _cancel(
            request, order.symbol, order_id=order_id, client_id=client_id, own_id=name
        )
    except ApiError as error:
        cancel_error_or_none = error
        outcome |= {"cancelResult": "FAILURE", "cancelResponse": error.body()}
    if cancel_error_or_none and mode is ReplaceMode.STOP_ON_FAILURE:
        outcome |= {"newOrderResult": "NOT_ATTEMPTED", "newOrderResponse": None}
        raise ApiError(400, -2022, "Order cancel-replace failed.", data=outcome)
    try:
        outcome["newOrderResponse"], _ = _submit(request, order)
    except ApiError as error:
        new_error = error
        outcome |= {"newOrderResult": "FAILURE", "newOrderResponse": error.body()}
    if cancel_error_or_none and new_error:
        raise ApiError(400, -2022, "Order cancel-replace failed.", data=outcome)
    if cancel_error_or_none or new_error:
        raise ApiError(409, -2021, "Order cancel-replace partially failed.", data=outcome)
    return outcome


def checked_order(request: Request) -> NewOrder:
    """Return the requested order after every check that precedes matching. Raises ApiError."""
    parameters, market = request.parameters, request.market()
    kind = parameters.choice("type", OrderKind, code=-1116, text="Invalid orderType.")
    side = parameters.choice("side", Side, code=-1117, text="Invalid side.")
    for name in UNSUPPORTED:
        if name in parameters:
            raise not_required(name)
    _check_combination(parameters, kind)
    _response_type(parameters, kind)
    price = parameters.decimal("price", Decimal(0), step=market.tick)
    quote = parameters.decimal("quoteOrderQty", Decimal(0))
    if "quoteOrderQty" in parameters:
        size = _size_for(request, market, side, quote)
        check_quote_filters(market, quote, size)
    else:
        size = parameters.decimal("quantity", step=market.lot)
        reference = _opposite(request, market, side) if kind is OrderKind.MARKET else price
        check_filters(market, kind, reference, size)
    if kind is not OrderKind.MARKET:
        if request.venue.history.is_priced(market.symbol):
            check_percent_price(price, average(request.venue, market, request.now_ns)[0])
        check_open_orders(len(request.venue.exchange.open_orders(request.api_key, market.symbol)))
    return NewOrder(
        symbol=market.symbol,
        client_id=parameters.client_id("newClientOrderId") or random_id(),
        side=side,
        kind=kind,
        price=price,
        size=size,
        time_in_force=_time_in_force(parameters, kind),
        self_trade=_self_trade(parameters),
        quote_size=quote,
    )


def order_reference(parameters: Parameters) -> tuple[int, str]:
    """Return order id and client id of the requested order; 0 and "" if not given.

    Raises ApiError(-1102) if neither is given.
    """
    order_id = parameters.integer("orderId")
    client_id = parameters.client_id("origClientOrderId")
    if not order_id and not client_id:
        raise missing_either("origClientOrderId", "orderId")
    return order_id, client_id


def _submit(request: Request, order: NewOrder) -> tuple[Json, SimOrder]:
    venue = request.venue
    venue.budgets.count_order(request.api_key, request.now_ns)
    try:
        placed, news = venue.exchange.place(request.api_key, order, request.now_ns)
    except Refused as refused:
        raise place_error(refused) from None
    answer = _placed(request, placed, news)
    venue.publish(news)
    return answer, placed


def _placed(request: Request, order: SimOrder, news: Sequence[News]) -> Json:
    match _response_type(request.parameters, order.kind):
        case ResponseType.ACK:
            return payloads.placed_ack(order)
        case ResponseType.RESULT:
            return payloads.placed_result(order)
        case ResponseType.FULL:
            trades = [
                item.trade
                for item in news
                if isinstance(item, ExecutionReport)
                and item.trade is not None
                and item.order.order_id == order.order_id
            ]
            return payloads.placed_full(order, trades)


def _cancel(
    request: Request, symbol: str, *, order_id: int, client_id: str, own_id: str = ""
) -> Json:
    cancel_id = own_id or request.parameters.client_id("newClientOrderId") or random_id()
    try:
        _check_restriction(request, symbol, order_id=order_id, client_id=client_id)
        order, news = request.venue.exchange.cancel(
            request.api_key,
            symbol,
            now_ns=request.now_ns,
            order_id=order_id,
            client_id=client_id,
            cancel_client_id=cancel_id,
        )
    except Refused as refused:
        raise cancel_error(refused) from None
    answer = payloads.canceled(order, cancel_id)
    request.venue.publish(news)
    return answer


def _check_restriction(request: Request, symbol: str, *, order_id: int, client_id: str) -> None:
    if "cancelRestrictions" not in request.parameters:
        return
    text = "Data sent for parameter 'cancelRestrictions' is not valid."
    restriction = request.parameters.choice(
        "cancelRestrictions", CancelRestriction, code=-1130, text=text
    )
    exchange = request.venue.exchange
    order = exchange.order(request.api_key, symbol, order_id=order_id, client_id=client_id)
    if order.is_open and restriction.value != f"ONLY_{order.state.value}":
        raise bad_request(-2011, "Order was not canceled due to cancel restrictions.")


def _check_combination(parameters: Parameters, kind: OrderKind) -> None:
    if kind is OrderKind.MARKET and "quoteOrderQty" in parameters:
        if "quantity" in parameters:
            raise bad_request(-1128, "Combination of optional parameters invalid.")
    elif "quoteOrderQty" in parameters:
        raise not_required("quoteOrderQty")
    elif kind is OrderKind.MARKET and "quantity" not in parameters:
        raise missing_either("quantity", "quoteOrderQty")
    needs: tuple[str, ...] = {
        OrderKind.LIMIT: ("timeInForce", "quantity", "price"),
        OrderKind.LIMIT_MAKER: ("quantity", "price"),
        OrderKind.MARKET: (),
    }[kind]
    for name in needs:
        if name not in parameters:
            raise missing(name)
    for name in ("timeInForce", "price"):
        if name in parameters and name not in needs:
            raise not_required(name)


def _response_type(parameters: Parameters, kind: OrderKind) -> ResponseType:
    if "newOrderRespType" not in parameters:
        return ResponseType.ACK if kind is OrderKind.LIMIT_MAKER else ResponseType.FULL
    text = "Data sent for parameter 'newOrderRespType' is not valid."
    return parameters.choice("newOrderRespType", ResponseType, code=-1130, text=text)


def _time_in_force(parameters: Parameters, kind: OrderKind) -> TimeInForce:
    if kind is not OrderKind.LIMIT:
        return TimeInForce.GTC
    return parameters.choice("timeInForce", TimeInForce, code=-1115, text="Invalid timeInForce.")


def _self_trade(parameters: Parameters) -> SelfTrade:
    if "selfTradePreventionMode" not in parameters:
        return SELF_TRADE_DEFAULT
    text = "Data sent for parameter 'selfTradePreventionMode' is not valid."
    return parameters.choice("selfTradePreventionMode", SelfTrade, code=-1130, text=text)


def _size_for(request: Request, market: MarketSpec, side: Side, quote: Decimal) -> Decimal:
    """Return the size that the book trades for an amount of quote currency, in whole lots."""
    _opposite(request, market, side)
    size = request.venue.exchange.size_for(
        request.api_key, market.symbol, side, quote, _self_trade(request.parameters)
    )
    return size - size % market.lot


def _opposite(request: Request, market: MarketSpec, side: Side) -> Decimal:
    book = request.venue.exchange.depth(market.symbol, 1)
    levels = book.asks if side is Side.BUY else book.bids
    if not levels:
        raise bad_request(-2010, "Order book liquidity is less than symbol minimum quantity.")
    return levels[0][0]


def random_id() -> str:
    """Return a random client id, for requests that name none."""
    letters = string.ascii_letters + string.digits
    return "".join(secrets.choice(letters) for _ in range(CLIENT_ID_LENGTH))
