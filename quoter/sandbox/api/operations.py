"""Table of all operations, with their names over REST and over the websocket API."""

from dataclasses import replace

from quoter.sandbox.api import account, amend, fees, reference, tickers, trading
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
OLD_TRADES = replace(
    RECENT_TRADES,
    name="historicalTrades",
    handler=reference.historical_trades,
    optional=("limit", "fromId"),
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
    handler=tickers.klines,
    weight=2,
    mandatory=("symbol", "interval"),
    optional=("startTime", "endTime", "timeZone", "limit"),
)
UI_KLINES = replace(KLINES, name="uiKlines")
AVERAGE_PRICE = Operation(
    name="avgPrice",
    endpoint=Endpoint.MARKET,
    handler=tickers.average_price,
    weight=2,
    mandatory=("symbol",),
)
DAY_TICKER = Operation(
    name="ticker/24hr",
    endpoint=Endpoint.MARKET,
    handler=tickers.day,
    weigh=tickers.day_weight,
    optional=("symbol", "symbols", "type", "symbolStatus"),
)
TRADING_DAY = Operation(
    name="ticker/tradingDay",
    endpoint=Endpoint.MARKET,
    handler=tickers.trading_day,
    weigh=tickers.rolling_weight,
    optional=("symbol", "symbols", "timeZone", "type", "symbolStatus"),
)
ROLLING_TICKER = Operation(
    name="ticker",
    endpoint=Endpoint.MARKET,
    handler=tickers.rolling,
    weigh=tickers.rolling_weight,
    optional=("symbol", "symbols", "windowSize", "type", "symbolStatus"),
)
BOOK_TICKER = Operation(
    name="ticker/bookTicker",
    endpoint=Endpoint.MARKET,
    handler=tickers.book,
    weigh=tickers.book_weight,
    optional=("symbol", "symbols", "symbolStatus"),
)
PRICE_TICKER = replace(BOOK_TICKER, name="ticker/price", handler=tickers.price)
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
    optional=(*_REFERENCE, "newClientOrderId", "cancelRestrictions"),
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
        "cancelRestrictions",
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
COMMISSION = Operation(
    name="account.commission",
    endpoint=Endpoint.ACCOUNT,
    handler=fees.commission,
    weight=20,
    signed=True,
    mandatory=("symbol",),
)
ORDER_LIMITS = Operation(
    name="account.rateLimits.orders",
    endpoint=Endpoint.ACCOUNT,
    handler=fees.order_limits,
    weight=40,
    signed=True,
)
TRADE_FEE = Operation(
    name="asset.tradeFee",
    endpoint=Endpoint.ACCOUNT,
    handler=fees.trade_fee,
    signed=True,
    optional=("symbol",),
)
COINS = Operation(
    name="capital.config.getall",
    endpoint=Endpoint.ACCOUNT,
    handler=fees.coins,
    weight=10,
    signed=True,
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
    ("GET", "historicalTrades"): OLD_TRADES,
    ("GET", "klines"): KLINES,
    ("GET", "uiKlines"): UI_KLINES,
    ("GET", "avgPrice"): AVERAGE_PRICE,
    ("GET", "ticker"): ROLLING_TICKER,
    ("GET", "ticker/24hr"): DAY_TICKER,
    ("GET", "ticker/tradingDay"): TRADING_DAY,
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
    ("GET", "account/commission"): COMMISSION,
    ("GET", "rateLimit/order"): ORDER_LIMITS,
}
WALLET: dict[tuple[str, str], Operation] = {
    ("GET", "account/apiRestrictions"): KEY_RIGHTS,
    ("GET", "asset/tradeFee"): TRADE_FEE,
    ("GET", "capital/config/getall"): COINS,
}
SOCKET: dict[str, Operation] = {
    operation.name: operation
    for operation in (
        PING,
        TIME,
        EXCHANGE_INFO,
        DEPTH,
        KLINES,
        UI_KLINES,
        AVERAGE_PRICE,
        ROLLING_TICKER,
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
        COMMISSION,
        ORDER_LIMITS,
    )
} | {
    "trades.recent": RECENT_TRADES,
    "trades.historical": OLD_TRADES,
    "trades.aggregate": AGGREGATE_TRADES,
    "ticker.book": BOOK_TICKER,
    "ticker.price": PRICE_TICKER,
    "ticker.24hr": DAY_TICKER,
    "ticker.tradingDay": TRADING_DAY,
}
