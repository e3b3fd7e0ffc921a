"""Worth of one order."""

from quoter.domain.commands import OrderIntent
from quoter.risk.view import Limits, RiskView


def check(intent: OrderIntent, _: RiskView, limits: Limits) -> str | None:
    """Denied if it is no number, not positive, or above the limit."""
    notional = intent.size * intent.price
    if not 0 < notional <= limits.notional_max:
        return f"notional {notional} not within 0 .. {limits.notional_max}"
    return None
