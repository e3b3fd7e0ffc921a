"""Signed requests for an account's fees and limits: commissions, order counts, coins.

Each function answers a request, or raises ApiError if the exchange refuses it.
"""

from decimal import Decimal

from quoter.sandbox.api.operation import Request
from quoter.sandbox.protocol.payloads import ZERO, Json, number
from quoter.sim.messages import MarketSpec


def commission(request: Request) -> Json:
    """Answer GET account/commission: the rates of one symbol."""
    market = request.market()
    fee_coin = request.venue.accounts[request.api_key].fee_coin
    return {
        "symbol": market.symbol,
        "standardCommission": _rates(market.fee_maker, market.fee_taker),
        "specialCommission": _rates(Decimal(0), Decimal(0)),
        "taxCommission": _rates(Decimal(0), Decimal(0)),
        "discount": {
            "enabledForAccount": fee_coin is not None,
            "enabledForSymbol": True,
            "discountAsset": fee_coin.asset if fee_coin else "BNB",
            "discount": number(Decimal(1)),
        },
    }


def trade_fee(request: Request) -> list[Json]:
    """Answer GET sapi/v1/asset/tradeFee: the rates of one symbol, or of all."""
    venue = request.venue
    chosen = [request.market()] if "symbol" in request.parameters else venue.markets.values()
    return [_fee_row(market) for market in chosen]


def order_limits(request: Request) -> list[Json]:
    """Answer GET rateLimit/order: the order limits with their counts."""
    return request.venue.budgets.order_rows(request.api_key, request.now_ns)


def coins(request: Request) -> list[Json]:
    """Answer GET sapi/v1/capital/config/getall: every coin, without deposits and withdrawals."""
    held = request.venue.exchange.balances(request.api_key)
    return [
        {
            "coin": asset,
            "depositAllEnable": False,
            "withdrawAllEnable": False,
            "name": asset,
            "free": number(free),
            "locked": number(locked),
            "freeze": ZERO,
            "withdrawing": ZERO,
            "ipoing": ZERO,
            "ipoable": ZERO,
            "storage": ZERO,
            "isLegalMoney": False,
            "trading": True,
            "networkList": [],
        }
        for asset, (free, locked) in held.items()
    ]


def _rates(maker: Decimal, taker: Decimal) -> Json:
    return {"maker": number(maker), "taker": number(taker), "buyer": ZERO, "seller": ZERO}


def _fee_row(market: MarketSpec) -> Json:
    return {
        "symbol": market.symbol,
        "makerCommission": f"{market.fee_maker.normalize():f}",
        "takerCommission": f"{market.fee_taker.normalize():f}",
    }
