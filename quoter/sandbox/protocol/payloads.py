"""JSON-ready payloads of REST answers and stream events."""

from collections.abc import Sequence
from decimal import Decimal

from quoter.domain.market import Side
from quoter.domain.units import NS_PER_MS
from quoter.sim.grid import MONEY_STEP
from quoter.sim.messages import (
    BalanceNews,
    BestNews,
    DepthBook,
    DepthNews,
    ExecutionReport,
    PrintNews,
    ReportType,
    SimOrder,
    SimTrade,
)

type Json = dict[str, object]

ZERO = "0.00000000"


def number(value: Decimal) -> str:
    """Format a price, size or amount with at least eight decimals, as Binance does."""
    return f"{value:.8f}" if not value % MONEY_STEP else f"{value:f}"


def levels(side: Sequence[tuple[Decimal, Decimal]]) -> list[tuple[str, str]]:
    """Return price and size pairs of a book side."""
    return [(number(price), number(size)) for price, size in side]


def depth(book: DepthBook) -> Json:
    """Answer to GET depth."""
    return {"lastUpdateId": book.last, "bids": levels(book.bids), "asks": levels(book.asks)}


def depth_event(news: DepthNews) -> Json:
    """Event `depthUpdate`: absolute sizes of the levels that changed in U..u."""
    return {
        "e": "depthUpdate",
        "E": news.ts_ns // NS_PER_MS,
        "s": news.symbol,
        "U": news.first,
        "u": news.last,
        "b": levels(news.bids),
        "a": levels(news.asks),
    }


def best_event(news: BestNews) -> Json:
    """Event `bookTicker`: best bid and ask; as at Binance without event type and time."""
    return {
        "u": news.update_id,
        "s": news.symbol,
        "b": number(news.bid[0]),
        "B": number(news.bid[1]),
        "a": number(news.ask[0]),
        "A": number(news.ask[1]),
    }


def trade_event(news: PrintNews) -> Json:
    """Event `trade`: one public trade; `m` is true if the buyer was the maker."""
    time_ms = news.ts_ns // NS_PER_MS
    return {
        "e": "trade",
        "E": time_ms,
        "s": news.symbol,
        "t": news.trade_id,
        "p": number(news.price),
        "q": number(news.size),
        "T": time_ms,
        "m": news.taker is Side.SELL,
        "M": True,
    }


def aggregate_event(news: PrintNews) -> Json:
    """Event `aggTrade`; each aggregate consists of a single trade here."""
    event = trade_event(news)
    trade_id = event.pop("t")
    return event | {"e": "aggTrade", "a": trade_id, "f": trade_id, "l": trade_id}


def aggregate_trade(news: PrintNews) -> Json:
    """One row of GET aggTrades."""
    event = aggregate_event(news)
    return {key: event[key] for key in ("a", "p", "q", "f", "l", "T", "m", "M")}


def public_trade(news: PrintNews) -> Json:
    """One row of GET trades."""
    return {
        "id": news.trade_id,
        "price": number(news.price),
        "qty": number(news.size),
        "quoteQty": number(news.price * news.size),
        "time": news.ts_ns // NS_PER_MS,
        "isBuyerMaker": news.taker is Side.SELL,
        "isBestMatch": True,
    }


def _identity(order: SimOrder) -> Json:
    return {
        "symbol": order.symbol,
        "orderId": order.order_id,
        "orderListId": -1,
        "clientOrderId": order.client_id,
    }


def _terms(order: SimOrder) -> Json:
    return {
        "price": number(order.price),
        "origQty": number(order.size),
        "executedQty": number(order.filled),
        "origQuoteOrderQty": number(order.quote_size),
        "cummulativeQuoteQty": number(order.filled_quote),
        "status": order.state.value,
        "timeInForce": order.time_in_force.value,
        "type": order.kind.value,
        "side": order.side.value,
    }


def order_row(order: SimOrder) -> Json:
    """One order as GET order, openOrders and allOrders list it."""
    return (
        _identity(order)
        | _terms(order)
        | {
            "stopPrice": ZERO,
            "icebergQty": ZERO,
            "time": order.created_ns // NS_PER_MS,
            "updateTime": order.updated_ns // NS_PER_MS,
            "isWorking": True,
            "workingTime": order.created_ns // NS_PER_MS,
            "selfTradePreventionMode": order.self_trade.value,
        }
    )


def placed_ack(order: SimOrder) -> Json:
    """Answer to a new order with newOrderRespType=ACK."""
    return _identity(order) | {"transactTime": order.updated_ns // NS_PER_MS}


def placed_result(order: SimOrder) -> Json:
    """Answer to a new order with newOrderRespType=RESULT."""
    return (
        placed_ack(order)
        | _terms(order)
        | {
            "workingTime": order.created_ns // NS_PER_MS,
            "selfTradePreventionMode": order.self_trade.value,
        }
    )


def placed_full(order: SimOrder, trades: Sequence[SimTrade]) -> Json:
    """Answer to a new order with newOrderRespType=FULL, which has its immediate fills."""
    fills = [
        {
            "price": number(trade.price),
            "qty": number(trade.size),
            "commission": number(trade.fee),
            "commissionAsset": trade.fee_asset,
            "tradeId": trade.trade_id,
        }
        for trade in trades
    ]
    return placed_result(order) | {"fills": fills}


def cancel_id(order: SimOrder, given: str) -> str:
    """Return the client id of a cancel; a generated one if none was given."""
    return given or f"cancel{order.order_id}"


def canceled(order: SimOrder, cancel_client_id: str = "") -> Json:
    """Answer to a cancel: `clientOrderId` is the cancel's id, `origClientOrderId` the order's."""
    return (
        _identity(order)
        | {
            "origClientOrderId": order.client_id,
            "clientOrderId": cancel_id(order, cancel_client_id),
            "transactTime": order.updated_ns // NS_PER_MS,
        }
        | _terms(order)
        | {"selfTradePreventionMode": order.self_trade.value}
    )


def amended(order: SimOrder, former_client_id: str, execution_id: int) -> Json:
    """Answer to amend/keepPriority; three of its field names differ from those of other answers."""
    row = _identity(order) | {
        "origClientOrderId": former_client_id,
        "price": number(order.price),
        "qty": number(order.size),
        "executedQty": number(order.filled),
        "preventedQty": ZERO,
        "quoteOrderQty": number(order.quote_size),
        "cumulativeQuoteQty": number(order.filled_quote),
        "status": order.state.value,
        "timeInForce": order.time_in_force.value,
        "type": order.kind.value,
        "side": order.side.value,
        "workingTime": order.created_ns // NS_PER_MS,
        "selfTradePreventionMode": order.self_trade.value,
    }
    return {
        "transactTime": order.updated_ns // NS_PER_MS,
        "executionId": execution_id,
        "amendedOrder": row,
    }


def shutdown_event(now_ns: int) -> Json:
    """Event `serverShutdown`: the connection will be closed soon."""
    return {"e": "serverShutdown", "E": now_ns // NS_PER_MS}


def own_trade(trade: SimTrade) -> Json:
    """One row of myTrades."""
    return {
        "symbol": trade.symbol,
        "id": trade.trade_id,
        "orderId": trade.order_id,
        "orderListId": -1,
        "price": number(trade.price),
        "qty": number(trade.size),
        "quoteQty": number(trade.price * trade.size),
        "commission": number(trade.fee),
        "commissionAsset": trade.fee_asset,
        "time": trade.ts_ns // NS_PER_MS,
        "isBuyer": trade.side is Side.BUY,
        "isMaker": trade.is_maker,
        "isBestMatch": True,
    }


def execution_report(report: ExecutionReport, execution_id: int) -> Json:
    """Event `executionReport` of the user stream."""
    order, trade = report.order, report.trade
    time_ms = report.ts_ns // NS_PER_MS
    is_cancel = report.kind is ReportType.CANCELED
    return {
        "e": "executionReport",
        "E": time_ms,
        "s": order.symbol,
        "c": cancel_id(order, report.cancel_client_id) if is_cancel else order.client_id,
        "S": order.side.value,
        "o": order.kind.value,
        "f": order.time_in_force.value,
        "q": number(order.size),
        "p": number(order.price),
        "P": ZERO,
        "F": ZERO,
        "g": -1,
        "C": order.client_id if is_cancel else report.former_client_id,
        "x": report.kind.value,
        "X": order.state.value,
        "r": "NONE",
        "i": order.order_id,
        "l": number(trade.size) if trade else ZERO,
        "z": number(order.filled),
        "L": number(trade.price) if trade else ZERO,
        "n": number(trade.fee) if trade else "0",
        "N": trade.fee_asset if trade else None,
        "T": time_ms,
        "t": trade.trade_id if trade else -1,
        "I": execution_id,
        "w": order.is_open,
        "m": trade.is_maker if trade else False,
        "M": trade is not None,
        "O": order.created_ns // NS_PER_MS,
        "Z": number(order.filled_quote),
        "Y": number(trade.price * trade.size) if trade else ZERO,
        "Q": number(order.quote_size),
        "W": order.created_ns // NS_PER_MS,
        "V": order.self_trade.value,
    }


def account_position(news: BalanceNews) -> Json:
    """Event `outboundAccountPosition`: balances of the assets that may have changed."""
    time_ms = news.ts_ns // NS_PER_MS
    return {
        "e": "outboundAccountPosition",
        "E": time_ms,
        "u": time_ms,
        "B": [
            {"a": asset, "f": number(free), "l": number(locked)}
            for asset, (free, locked) in news.balances.items()
        ],
    }
