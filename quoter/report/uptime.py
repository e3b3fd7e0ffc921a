"""Time with quotes on both sides, on one side and on none, with the reasons of absences."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from quoter.domain.market import Side
from quoter.domain.orders import OrderState
from quoter.domain.step import Step
from quoter.domain.trading import NoQuote, Phase, TradingState
from quoter.domain.units import NS_PER_S
from quoter.engine.engine import Engine
from quoter.engine.run_statistics import RESTING
from quoter.risk.kill_switch import SEVERITY
from quoter.state.open_orders import OpenOrder

ON_THE_WAY: Final = "order under way"
# a quote was wanted, but a rule, a back-off or the budget prevented it
NOT_PLACED: Final = "order held back"
PRESENT: Final = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Absence:
    """Reason for the absence of quotes, and seconds without bids, without asks, without both."""

    reason: str
    bid_s: float
    ask_s: float
    both_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Uptime:
    """Seconds with orders resting on both sides, on one side and on none.

    absences: reasons for missing quotes, the longest first.
    """

    two_sided_s: float
    bid_only_s: float
    ask_only_s: float
    none_s: float
    absences: tuple[Absence, ...]

    @property
    def total_s(self) -> float:
        return self.two_sided_s + self.bid_only_s + self.ask_only_s + self.none_s


class QuoteUptime:
    """Measures the time with our quotes at the venue, from the first event on."""

    def __init__(self) -> None:
        self._now_ns = 0
        self._reasons = (PRESENT, PRESENT)  # of bid and ask, since `_now_ns`
        self._ns: dict[tuple[str, str], int] = {}

    def observe(self, engine: Engine, step: Step) -> None:
        """Count the time up to the step that the engine has just made."""
        if not self._now_ns:
            self.start(engine)
        self._count(engine.ts_ns)
        if step.orders or step.state is not None or step.quote is not None or step.denied:
            self._reasons = _reason(engine, Side.BUY), _reason(engine, Side.SELL)

    def start(self, engine: Engine) -> None:
        """Start counting at the engine's last event."""
        self._now_ns = engine.ts_ns
        self._ns.clear()
        self._reasons = _reason(engine, Side.BUY), _reason(engine, Side.SELL)

    def _count(self, now_ns: int) -> None:
        passed_ns, self._now_ns = now_ns - self._now_ns, now_ns
        self._ns[self._reasons] = self._ns.get(self._reasons, 0) + passed_ns

    def result(self) -> Uptime:
        """Return the times counted so far."""
        absent: dict[str, list[int]] = {}
        for (bid, ask), ns in self._ns.items():
            for reason, index in ((bid, 0), (ask, 1)):
                if reason != PRESENT:
                    absent.setdefault(reason, [0, 0, 0])[index] += ns
            if bid == ask != PRESENT:
                absent[bid][2] += ns
        rows = [
            Absence(reason=reason, bid_s=_s(bid), ask_s=_s(ask), both_s=_s(both))
            for reason, (bid, ask, both) in absent.items()
            if bid or ask
        ]
        return Uptime(
            two_sided_s=_s(self._sum(bid=True, ask=True)),
            bid_only_s=_s(self._sum(bid=True, ask=False)),
            ask_only_s=_s(self._sum(bid=False, ask=True)),
            none_s=_s(self._sum(bid=False, ask=False)),
            absences=tuple(sorted(rows, key=lambda row: -(row.bid_s + row.ask_s))),
        )

    def _sum(self, *, bid: bool, ask: bool) -> int:
        wanted = (bid, ask)
        return sum(
            ns
            for (no_bid, no_ask), ns in self._ns.items()
            if (no_bid == PRESENT, no_ask == PRESENT) == wanted
        )


def _s(ns: int) -> float:
    return ns / NS_PER_S


def _reason(engine: Engine, side: Side) -> str:
    """Return the reason why no order of this side rests at the venue; empty if one does."""
    orders: Iterable[OpenOrder] = engine.orders.of_side(side)
    states = {order.state for order in orders}
    if states & RESTING:
        return PRESENT
    cause = _halt_cause(engine)
    state = engine.causes.state
    if state >= TradingState.PAUSED:
        return cause
    off = next((off.reason for off in engine.quoting.latest.off if off.side is side), None)
    if off is NoQuote.STATE:
        return cause or _phase(engine)
    if off is not None:
        return str(off)
    if states & {OrderState.RESERVED, OrderState.PENDING_NEW, OrderState.UNKNOWN}:
        return ON_THE_WAY
    if state is TradingState.REDUCE_ONLY:
        return cause
    return NOT_PLACED


def _phase(engine: Engine) -> str:
    return "ending" if engine.phase is Phase.DRAINING else "before the first quote"


def _halt_cause(engine: Engine) -> str:
    """Return the oldest of the most severe halt causes; empty if there is none."""
    active = [c for c in engine.causes.switch.causes if SEVERITY[c].state is engine.causes.state]
    return str(active[0]) if active else ""
