"""Table of all operations, with their names over REST and over the websocket API."""

from dataclasses import replace

from quoter.sandbox.api import account, amend, reference, trading
from quoter.sandbox.api.operation import Operation
from quoter.sandbox.exchange.faults import Endpoint

_REFERENCE = ("orderId", "origClientOrderId")

PING = Operation(name="ping", endpoint=Endpoint.MARKET, handler=reference.ping)
TIME = Operation(name="time", endpoint=Endpoint.MARKET, handler=reference.server_time)
EXCHANGE_INFO = Operation(
    name="exchangeInfo",
    endpoint=Endpoint.MARKET,
    handler=reference.exchange_info,
    weight=20,
    optional=("symbol", "symbols", "permissions", "showPermissionSets", "symbolStatus"),
)
DEPTH = Operation(
    name="depth",
    endpoint=Endpoint.DEPTH,
    handler=reference.depth,
    weigh=reference.depth_weight,
    mandatory=("symbol",),
    optional=("limit",),
)
RECENT_TRADES = Operation(
    name="trades",
    endpoint=Endpoint.MARKET,
    handler=reference.recent_trades,
    weight=25,
    mandatory=("symbol",),
    optional=("limit",),
)
AGGREGATE_TRADES = Operation(
    name="aggTrades",
    endpoint=Endpoint.MARKET,
    handler=reference.aggregate_trades,
    weight=4,
    mandatory=("symbol",),
    optional=("fromId", "startTime", "endTime", "limit"),
)
KLINES = Operation(
    name="klines",
    endpoint=Endpoint.MARKET,
    handler=reference.klines,
    weight=2,
    mandatory=("symbol", "interval"),
    optional=("startTime", "endTime", "limit"),
)
BOOK_TICKER = Operation(
    name="ticker/bookTicker",
    endpoint=Endpoint.MARKET,
    handler=reference.book_ticker,
    weigh=reference.ticker_weight,
    optional=("symbol", "symbols"),
)
PRICE_TICKER = replace(BOOK_TICKER, name="ticker/price", handler=reference.price_ticker)
PLACE = Operation(
    name="order.place",
    endpoint=Endpoint.CREATE,
    handler=trading.place,
    signed=True,
    mandatory=("symbol", "side", "type"),
    optional=trading.ORDER_OPTIONAL,
    new_orders=True,
    logged=True,
)
TEST = replace(PLACE, name="order.test", handler=trading.check_only, new_orders=False, logged=False)
CANCEL = Operation(
    name="order.cancel",
    endpoint=Endpoint.CANCEL,
    handler=trading.cancel,
    signed=True,
    mandatory=("symbol",),
    optional=(*_REFERENCE, "newClientOrderId"),
    logged=True,
)
CANCEL_ALL = Operation(
    name="openOrders.cancelAll",
    endpoint=Endpoint.CANCEL_ALL,
    handler=trading.cancel_all,
    signed=True,
    mandatory=("symbol",),
    logged=True,
)
REPLACE = Operation(
    name="order.cancelReplace",
    endpoint=Endpoint.REPLACE,
    handler=trading.replace,
    signed=True,
    mandatory=("symbol", "side", "type", "cancelReplaceMode"),
    optional=(
        *trading.ORDER_OPTIONAL,
        "cancelOrderId",
        "cancelOrigClientOrderId",
        "cancelNewClientOrderId",
    ),
    new_orders=True,
    logged=True,
)
AMEND = Operation(
    name="order.amend.keepPriority",
    endpoint=Endpoint.AMEND,
    handler=amend.amend,
    weight=4,
    signed=True,
    mandatory=("symbol", "newQty"),
    optional=(*_REFERENCE, "newClientOrderId"),
    logged=True,
)
QUERY = Operation(
    name="order.status",
    endpoint=Endpoint.QUERY,
    handler=account.query,
    weight=4,
    signed=True,
    mandatory=("symbol",),
    optional=_REFERENCE,
)
OPEN_ORDERS = Operation(
    name="openOrders.status",
    endpoint=Endpoint.OPEN_ORDERS,
    handler=account.open_orders,
    weigh=account.open_orders_weight,
    signed=True,
    optional=("symbol",),
)
ALL_ORDERS = Operation(
    name="allOrders",
    endpoint=Endpoint.ALL_ORDERS,
    handler=account.all_orders,
    weight=20,
    signed=True,
    mandatory=("symbol",),
    optional=("orderId", "startTime", "endTime", "limit"),
)
TRADES = Operation(
    name="myTrades",
    endpoint=Endpoint.TRADES,
    handler=account.own_trades,
    weigh=account.trades_weight,
    signed=True,
    mandatory=("symbol",),
    optional=("orderId", "startTime", "endTime", "fromId", "limit"),
)
ACCOUNT = Operation(
    name="account.status",
    endpoint=Endpoint.ACCOUNT,
    handler=account.balances,
    weight=20,
    signed=True,
    optional=("omitZeroBalances",),
)
KEY_RIGHTS = Operation(
    name="account.apiRestrictions",
    endpoint=Endpoint.KEY_RIGHTS,
    handler=account.key_rights,
    signed=True,
)

REST: dict[tuple[str, str], Operation] = {
    ("GET", "ping"): PING,
    ("GET", "time"): TIME,
    ("GET", "exchangeInfo"): EXCHANGE_INFO,
    ("GET", "depth"): DEPTH,
    ("GET", "trades"): RECENT_TRADES,
    ("GET", "aggTrades"): AGGREGATE_TRADES,
    ("GET", "klines"): KLINES,
    ("GET", "ticker/bookTicker"): BOOK_TICKER,
    ("GET", "ticker/price"): PRICE_TICKER,
    ("POST", "order"): PLACE,
    ("POST", "order/test"): TEST,
    ("DELETE", "order"): CANCEL,
    ("GET", "order"): QUERY,
    ("POST", "order/cancelReplace"): REPLACE,
    ("PUT", "order/amend/keepPriority"): AMEND,
    ("GET", "openOrders"): OPEN_ORDERS,
    ("DELETE", "openOrders"): CANCEL_ALL,
    ("GET", "allOrders"): ALL_ORDERS,
    ("GET", "myTrades"): TRADES,
    ("GET", "account"): ACCOUNT,
}
WALLET: dict[tuple[str, str], Operation] = {("GET", "account/apiRestrictions"): KEY_RIGHTS}
SOCKET: dict[str, Operation] = {
    operation.name: operation
    for operation in (
        PING,
        TIME,
        EXCHANGE_INFO,
        DEPTH,
        KLINES,
        PLACE,
        TEST,
        CANCEL,
        CANCEL_ALL,
        REPLACE,
        AMEND,
        QUERY,
        OPEN_ORDERS,
        ALL_ORDERS,
        TRADES,
        ACCOUNT,
    )
} | {
    "trades.recent": RECENT_TRADES,
    "trades.aggregate": AGGREGATE_TRADES,
    "ticker.book": BOOK_TICKER,
    "ticker.price": PRICE_TICKER,
}
