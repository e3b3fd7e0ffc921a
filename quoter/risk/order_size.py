"""Size of one order."""

from quoter.domain.commands import OrderIntent
from quoter.risk.view import Limits, RiskView


def check(intent: OrderIntent, _: RiskView, limits: Limits) -> str | None:
    """Denied if not finite, not positive, or above the limit."""
    if not (intent.size.is_finite() and intent.size > 0):
        return f"size {intent.size} is not above zero"
    if not intent.size <= limits.size_max:
        return f"size {intent.size} above {limits.size_max}"
    return None
