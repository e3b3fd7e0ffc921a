"""An order needs a market that looks like one, and must have been priced from it (PT-12)."""

from quoter.domain.commands import OrderIntent
from quoter.risk.view import Limits, RiskView


def check(intent: OrderIntent, view: RiskView, limits: Limits) -> str | None:
    """Denied without a trusted, living book that is neither too wide nor too thin nor another."""
    if not view.book_ready:
        return "no trustworthy book"
    if not view.is_fresh:
        return "nothing heard of the market for too long"
    spread, mid = view.best_ask - view.best_bid, (view.best_ask + view.best_bid) / 2
    if not (spread.is_finite() and 0 < spread <= limits.book_spread_max * mid):
        return f"spread {spread} at {mid}, limit {limits.book_spread_max}"
    depth = min(view.depth_bid, view.depth_ask)
    least = intent.size if limits.depth_min is None else limits.depth_min
    if not depth >= least:
        return f"{depth} in the best levels, less than {least}"
    if intent.book_seq != view.book_seq:
        return f"priced from book {intent.book_seq}, which is at {view.book_seq} now"
    return None
