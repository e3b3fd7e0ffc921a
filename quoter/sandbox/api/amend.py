"""PUT order/amend/keepPriority: reduce an order's quantity and keep its queue position."""

from quoter.sandbox.api.operation import Request
from quoter.sandbox.api.trading import order_reference, random_id
from quoter.sandbox.protocol import payloads
from quoter.sandbox.protocol.answers import amend_error, bad_request
from quoter.sandbox.protocol.filters import ORDER_AMENDMENTS_MAX, check_filters
from quoter.sandbox.protocol.payloads import Json
from quoter.sim.messages import Refused


def amend(request: Request) -> Json:
    """Reduce an open order; it gets a random client id unless the request names one.

    Raises ApiError(-1013) if a filter forbids the new size, ApiError(-2038) if the order does not
    exist, was amended too often, or the new size is not between the traded and the present size.
    """
    market, exchange = request.market(), request.venue.exchange
    order_id, client_id = order_reference(request.parameters)
    size = request.parameters.decimal("newQty", step=market.lot)
    new_client_id = request.parameters.client_id("newClientOrderId") or random_id()
    try:
        order = exchange.order(
            request.api_key, market.symbol, order_id=order_id, client_id=client_id
        )
        if order.is_open:
            check_filters(market, order.kind, order.price, size)
            if order.amendments >= ORDER_AMENDMENTS_MAX:
                raise bad_request(-2038, "Filter failure: MAX_NUM_ORDER_AMENDS")
        amended, news = exchange.reduce(
            request.api_key,
            market.symbol,
            order_id=order.order_id,
            size=size,
            now_ns=request.now_ns,
            new_client_id=new_client_id,
        )
    except Refused as refused:
        raise amend_error(refused) from None
    answer = payloads.amended(amended, order.client_id, request.venue.next_execution_id())
    request.venue.publish(news)
    return answer
