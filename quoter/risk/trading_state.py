"""Creates need a live phase and a state that allows them."""

from quoter.domain.commands import OrderIntent, TimeInForce
from quoter.domain.trading import Phase, TradingState
from quoter.risk.view import Limits, RiskView, reducing_room


def check(intent: OrderIntent, view: RiskView, _: Limits) -> str | None:
    """Denied unless RUNNING, or REDUCE_ONLY and the order can't grow or flip the inventory.

    An order that may take needs REDUCE_ONLY: nothing but `flatten` has a use for it.
    """
    if view.phase is not Phase.LIVE:
        return f"phase {view.phase}"
    if view.state is TradingState.RUNNING:
        takes = intent.time_in_force is TimeInForce.IOC
        return "a taking order outside of REDUCE_ONLY" if takes else None
    if view.state is not TradingState.REDUCE_ONLY:
        return f"state {view.state.name}"
    room = reducing_room(intent.side, view)
    if not intent.size <= room:
        return f"REDUCE_ONLY: {intent.side} {intent.size}, only {max(room, 0 * room)} reduces"
    return None
