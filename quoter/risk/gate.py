"""The only door from an intent to an order: every rule must agree, and any may say why not.

A rule that can't be evaluated denies.
"""

from collections.abc import Callable

from quoter.domain.commands import Denied, OrderIntent, PlaceOrder, Verdict
from quoter.risk import balance, order_size, price_collar, trading_state, worst_case_exposure
from quoter.risk.view import Limits, RiskView

type Rule = Callable[[OrderIntent, RiskView, Limits], str | None]

RULES: tuple[tuple[str, Rule], ...] = (
    ("trading_state", trading_state.check),
    ("order_size", order_size.check),
    ("price_collar", price_collar.check),
    ("worst_case_exposure", worst_case_exposure.check),
    ("balance", balance.check),
)


def judge(intent: OrderIntent, view: RiskView, limits: Limits) -> Verdict:
    """An approved order, or the first rule that refuses and its figures."""
    for name, rule in RULES:
        try:
            text = rule(intent, view, limits)
        except ArithmeticError as error:  # comparing with a NaN raises
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
    )
