"""The only door from an intent to an order: every rule must agree, and any may say why not.

A rule that can't be evaluated denies.
"""

from collections.abc import Callable

from quoter.domain.commands import Denied, OrderIntent, PlaceOrder, Verdict
from quoter.domain.trading import TradingState
from quoter.risk import (
    aggressive_price,
    balance,
    duplicate_intent,
    market_data,
    order_notional,
    order_size,
    position_notional,
    price_collar,
    trading_state,
    worst_case_exposure,
)
from quoter.risk.view import Limits, RiskView

type Rule = Callable[[OrderIntent, RiskView, Limits], str | None]

RULES: tuple[tuple[str, Rule], ...] = (
    ("trading_state", trading_state.check),
    ("market_data", market_data.check),
    ("order_size", order_size.check),
    ("order_notional", order_notional.check),
    ("price_collar", price_collar.check),
    ("aggressive_price", aggressive_price.check),
    ("worst_case_exposure", worst_case_exposure.check),
    ("position_notional", position_notional.check),
    ("balance", balance.check),
    ("duplicate_intent", duplicate_intent.check),
)


def judge(intent: OrderIntent, view: RiskView, limits: Limits) -> Verdict:
    """An approved order, or the first rule that refuses and its figures."""
    for name, rule in RULES:
        try:
            text = rule(intent, view, limits)
        except Exception as error:  # noqa: BLE001 - a NaN, a None: what can't be judged is denied
            text = f"can't be evaluated: {error!r}"
        if text is not None:
            return Denied(intent=intent, rule=name, text=text)
    return PlaceOrder(
        client_id=intent.client_id,
        side=intent.side,
        price=intent.price,
        size=intent.size,
        decided_ns=view.ts_ns,
        time_in_force=intent.time_in_force,
        book_seq=intent.book_seq,
        # Where both sides are allowed, an order that comes later may take the room of this one.
        reduces=view.state is TradingState.REDUCE_ONLY,
    )
