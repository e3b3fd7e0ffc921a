"""Signed read requests: one order, open orders, all orders, trades, balances, key rights.

Each function answers a request, or raises ApiError if the exchange refuses it.
"""

from quoter.domain.units import NS_PER_MS, NS_PER_S
from quoter.sandbox.api.operation import Request, limited
from quoter.sandbox.api.trading import order_reference
from quoter.sandbox.exchange.faults import Endpoint, FaultKind
from quoter.sandbox.protocol import payloads
from quoter.sandbox.protocol.answers import bad_request, query_error
from quoter.sandbox.protocol.parameters import Parameters
from quoter.sandbox.protocol.payloads import Json, number
from quoter.sim.messages import MarketSpec, Refused, SimTrade

TRADES_KEPT_MAX = 1_000_000
DAY_MS = 86_400_000
DAY_NS = 86_400 * NS_PER_S


def query(request: Request) -> Json:
    """Answer GET order. Raises ApiError(-2013) for an unknown order.

    The ORDER_NOT_FOUND fault hides orders younger than its `lag_s`.
    """
    symbol = request.market().symbol
    order_id, client_id = order_reference(request.parameters)
    exchange = request.venue.exchange
    try:
        order = exchange.order(request.api_key, symbol, order_id=order_id, client_id=client_id)
    except Refused:
        raise query_error() from None
    armed = request.venue.faults.take(
        FaultKind.ORDER_NOT_FOUND,
        endpoint=Endpoint.QUERY,
        symbol=symbol,
        api_key=request.api_key,
    )
    if armed and request.now_ns - order.created_ns < armed.fault.lag_s * NS_PER_S:
        raise query_error()
    return payloads.order_row(order)


def open_orders(request: Request) -> list[Json]:
    """Answer GET openOrders: the open orders of one symbol, or of all."""
    symbol = request.market().symbol if "symbol" in request.parameters else ""
    orders = request.venue.exchange.open_orders(request.api_key, symbol)
    return [payloads.order_row(order) for order in orders]


def open_orders_weight(parameters: Parameters) -> int:
    """Return the request weight; without a symbol it is much higher."""
    return 6 if "symbol" in parameters else 80


def all_orders(request: Request) -> list[Json]:
    """Answer GET allOrders: open and closed orders, by order id."""
    symbol, parameters = request.market().symbol, request.parameters
    limit = limited(parameters)
    start_ms, end_ms = _period(request)
    first_id = parameters.integer("orderId")
    orders = [
        order
        for order in request.venue.history.orders(request.api_key, symbol)
        if order.order_id >= first_id and start_ms <= order.created_ns // NS_PER_MS <= end_ms
    ]
    chosen = orders[:limit] if first_id or start_ms else orders[-limit:]
    return [payloads.order_row(order) for order in chosen]


def own_trades(request: Request) -> list[Json]:
    """Answer GET myTrades: oldest first from `fromId` or `startTime`, else the newest ones."""
    symbol, parameters = request.market().symbol, request.parameters
    limit = limited(parameters)
    from_id, order_id = parameters.integer("fromId"), parameters.integer("orderId")
    start_ms, end_ms = _period(request)
    if "fromId" in parameters and ("startTime" in parameters or "endTime" in parameters):
        raise bad_request(-1128, "Combination of optional parameters invalid.")
    trades = [
        trade
        for trade in _visible_trades(request, symbol, from_id)
        if order_id in (0, trade.order_id) and start_ms <= trade.ts_ns // NS_PER_MS <= end_ms
    ]
    is_forward = "fromId" in parameters or start_ms > 0
    chosen = trades[:limit] if is_forward else trades[-limit:]
    return [payloads.own_trade(trade) for trade in chosen]


def trades_weight(parameters: Parameters) -> int:
    """Return the rate-limit weight of a request for trades; it is lower with an order id."""
    return 5 if "orderId" in parameters else 20


def balances(request: Request) -> Json:
    """Answer GET account: rights, fees and balances."""
    held = request.venue.exchange.balances(request.api_key)
    skip_zero = request.parameters.text("omitZeroBalances", "false") == "true"
    rows = [
        {"asset": asset, "free": number(free), "locked": number(locked)}
        for asset, (free, locked) in held.items()
        if not (skip_zero and free == 0 and locked == 0)
    ]
    market = next(iter(request.venue.markets.values()))
    return _rights(market) | {
        "updateTime": request.now_ns // NS_PER_MS,
        "accountType": "SPOT",
        "balances": rows,
        "permissions": ["SPOT"],
        "uid": list(request.venue.accounts).index(request.api_key) + 1,
    }


def key_rights(request: Request) -> Json:
    """Answer GET sapi/v1/account/apiRestrictions: the rights of the key."""
    rights = request.venue.accounts[request.api_key].rights
    return {
        "ipRestrict": rights.ip_restrict,
        "createTime": request.venue.started_ns // NS_PER_MS,
        "enableReading": True,
        "enableWithdrawals": rights.withdraw,
        "enableInternalTransfer": rights.internal_transfer,
        "enableMargin": False,
        "enableFutures": False,
        "permitsUniversalTransfer": rights.universal_transfer,
        "enableVanillaOptions": False,
        "enableFixApiTrade": False,
        "enableFixReadOnly": False,
        "enableSpotAndMarginTrading": True,
        "enablePortfolioMarginTrading": False,
    }


def _rights(market: MarketSpec) -> Json:
    return {
        "makerCommission": int(market.fee_maker * 10_000),
        "takerCommission": int(market.fee_taker * 10_000),
        "buyerCommission": 0,
        "sellerCommission": 0,
        "commissionRates": {
            "maker": number(market.fee_maker),
            "taker": number(market.fee_taker),
            "buyer": payloads.ZERO,
            "seller": payloads.ZERO,
        },
        "canTrade": True,
        "canWithdraw": False,
        "canDeposit": False,
        "brokered": False,
        "requireSelfTradePrevention": False,
        "preventSor": False,
    }


def _visible_trades(request: Request, symbol: str, from_id: int) -> list[SimTrade]:
    trades = request.venue.exchange.trades(
        request.api_key, symbol, from_id=max(1, from_id), limit=TRADES_KEPT_MAX
    )
    armed = request.venue.faults.take(
        FaultKind.TRADES_LAG, endpoint=Endpoint.TRADES, symbol=symbol, api_key=request.api_key
    )
    if armed is None:
        return trades
    newest_ns = request.now_ns - int(armed.fault.lag_s * NS_PER_S)
    return [trade for trade in trades if trade.ts_ns <= newest_ns]


def _period(request: Request) -> tuple[int, int]:
    parameters = request.parameters
    start_ms = parameters.integer("startTime")
    end_ms = parameters.integer("endTime", (request.now_ns + DAY_NS) // NS_PER_MS)
    is_both = "startTime" in parameters and "endTime" in parameters
    if is_both and not 0 <= end_ms - start_ms <= DAY_MS:
        raise bad_request(-1127, "More than 24 hours between startTime and endTime.")
    return start_ms, end_ms
