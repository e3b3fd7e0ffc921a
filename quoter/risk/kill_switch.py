"""The kill switch: derives the trading state from the active halt causes (the most severe wins)."""

from collections.abc import Callable
from dataclasses import dataclass

from quoter.domain.events import Alarm, Event, Kill
from quoter.domain.trading import Cause, TradingState


@dataclass(frozen=True, slots=True)
class Severity:
    """The trading state that a cause leads to, and whether only an operator may clear it."""

    state: TradingState
    is_latched: bool = False


_KILL = Severity(TradingState.KILLED, is_latched=True)
_LATCHED_PAUSE = Severity(TradingState.PAUSED, is_latched=True)
_PAUSE = Severity(TradingState.PAUSED)
_REDUCE = Severity(TradingState.REDUCE_ONLY)

SEVERITY: dict[Cause, Severity] = {
    Cause.OPERATOR_KILL: _KILL,
    Cause.INVENTORY_BREACH: _KILL,
    Cause.LOSS_LIMIT: _KILL,
    Cause.INVARIANT_BROKEN: _KILL,
    Cause.ORDER_REAPPEARED: _KILL,
    Cause.LEDGER_CONFLICT: _KILL,
    Cause.LEDGER_FAILED: _KILL,
    Cause.DUPLICATE_INSTANCE: _KILL,
    Cause.FOREIGN_KILL: _KILL,
    Cause.KEY_REFUSED: _KILL,
    Cause.DRAWDOWN_LIMIT: _KILL,
    Cause.WIRE_MISMATCH: _KILL,
    Cause.SENTINEL_KILL: _KILL,
    Cause.OPERATOR_PAUSE: _LATCHED_PAUSE,
    Cause.REPEATED_EXECUTION: _LATCHED_PAUSE,
    Cause.CONNECT_BUDGET: _LATCHED_PAUSE,
    Cause.FLAPPING: _LATCHED_PAUSE,
    Cause.BOOK_DESYNC: _PAUSE,
    Cause.BOOK_STALE: _PAUSE,
    Cause.FEED_SLOW: _PAUSE,
    Cause.MARKET_FEED_DOWN: _PAUSE,
    Cause.VENUE_STATUS: _PAUSE,
    Cause.PRIVATE_STREAM_DOWN: _PAUSE,
    Cause.RECONCILIATION: _PAUSE,
    Cause.FOREIGN_ACTIVITY: _PAUSE,
    Cause.MARKET_RULES: _PAUSE,
    Cause.UNKNOWN_ORDERS: _PAUSE,
    Cause.FEE_UNPRICED: _PAUSE,
    Cause.RATE_LIMITED: _PAUSE,
    Cause.CLOCK: _PAUSE,
    Cause.LOOP_LAG: _PAUSE,
    Cause.LEDGER_SLOW: _PAUSE,
    Cause.MEMORY: _PAUSE,
    Cause.PRICE_JUMP: _PAUSE,
    Cause.MESSAGE_RATE: _PAUSE,
    Cause.CANCEL_UNVERIFIED: _PAUSE,
    Cause.CANCEL_REFUSED: _PAUSE,
    Cause.SENTINEL_LOST: _PAUSE,
    Cause.DEAD_MAN: _PAUSE,
    Cause.MARKOUT_LOSS: _PAUSE,
    Cause.OPERATOR_REDUCE: Severity(TradingState.REDUCE_ONLY, is_latched=True),
    Cause.OPERATOR_FLATTEN: Severity(TradingState.REDUCE_ONLY, is_latched=True),
    Cause.MARKET_REGIME: _REDUCE,
    Cause.MARK_MISSING: _REDUCE,
    Cause.NOTIONAL_LIMIT: _REDUCE,
}


class KillSwitch:
    """The active halt causes with their texts, oldest first, and the trading state they lead to."""

    def __init__(self) -> None:
        self._causes: dict[Cause, str] = {}
        self.state = TradingState.RUNNING  # the most severe state of the active causes

    @property
    def causes(self) -> dict[Cause, str]:
        return dict(self._causes)

    def is_active(self, cause: Cause) -> bool:
        return cause in self._causes

    def raise_cause(self, cause: Cause, text: str) -> bool:
        """Activate a cause; return False if it was active already.

        An active cause takes the new text, which has the present figures. A latched one keeps the
        text of its first raise.
        """
        if cause in self._causes:
            if not SEVERITY[cause].is_latched:
                self._causes[cause] = text
            return False
        self._causes[cause] = text
        self._judge()
        return True

    def clear(self, cause: Cause) -> bool:
        """Clear a cause whose condition is over, unless it is latched; return whether it was."""
        return not SEVERITY[cause].is_latched and self._drop(cause)

    def clear_latched(self, cause: Cause) -> bool:
        """Clear a latched cause; True if it was active. Raises ValueError for a kill."""
        if SEVERITY[cause].state is TradingState.KILLED:
            raise ValueError(f"{cause} is a kill: only a re-arm clears it")
        return self._drop(cause)

    def _drop(self, cause: Cause) -> bool:
        if cause not in self._causes:
            return False
        del self._causes[cause]
        self._judge()
        return True

    def resume(self) -> list[Cause]:
        """Clear the latched pauses and reductions, but no kill; return the cleared causes."""
        return self._clear_all(lambda severity: severity.state is not TradingState.KILLED)

    def rearm(self) -> list[Cause]:
        """Clear the kills and return them; the caller has checked the conditions of a re-arm."""
        return self._clear_all(lambda severity: severity.state is TradingState.KILLED)

    def _clear_all(self, applies: Callable[[Severity], bool]) -> list[Cause]:
        gone = [c for c in self._causes if SEVERITY[c].is_latched and applies(SEVERITY[c])]
        for cause in gone:
            del self._causes[cause]
        self._judge()
        return gone

    def _judge(self) -> None:
        states = (SEVERITY[cause].state for cause in self._causes)
        self.state = max(states, default=TradingState.RUNNING)


def is_kill(event: Event) -> bool:
    """Whether this event is a kill: an operator's, or an alarm whose cause is a kill."""
    match event:
        case Kill():
            return True
        case Alarm(active=True):
            return SEVERITY[event.cause].state is TradingState.KILLED
        case _:
            return False
