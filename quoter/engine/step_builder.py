"""Collects the effects of one event until they become a Step."""

from quoter.domain.commands import Command, Denied
from quoter.domain.events import Event
from quoter.domain.orders import OrderState
from quoter.domain.outcomes import EngineOutcome
from quoter.domain.quotes import TwoSidedQuote
from quoter.domain.step import Booked, OrderChange, StateChange, Step, TrialResult
from quoter.domain.trading import Cause, TradingState


class StepBuilder:
    """A Step under construction, filled in while one event is handled."""

    __slots__ = (
        "anomalies",
        "booked",
        "cleared",
        "commands",
        "denied",
        "event",
        "is_idle",
        "orders",
        "outcome",
        "quote",
        "raised",
        "trial",
        "ts_ns",
    )

    def __init__(self, event: Event, ts_ns: int) -> None:
        self.event = event
        self.ts_ns = ts_ns
        self.is_idle = False  # the event can't change any decision
        self.commands: list[Command] = []
        self.denied: list[Denied] = []
        self.orders: list[OrderChange] = []
        self.booked: list[Booked] = []
        self.anomalies: list[tuple[str, str]] = []
        self.raised: list[tuple[Cause, str]] = []
        self.cleared: list[Cause] = []
        self.quote: TwoSidedQuote | None = None
        self.outcome: EngineOutcome | None = None
        self.trial: TrialResult | None = None

    def add_anomaly(self, what: str, detail: str = "") -> None:
        """Record an anomaly; it is counted by its name `what` and logged with `detail`."""
        self.anomalies.append((what, detail))

    def order_changed(
        self, client_id: str, before: OrderState | None, after: OrderState, text: str = ""
    ) -> None:
        if before is not after:
            change = OrderChange(client_id=client_id, before=before, after=after, text=text)
            self.orders.append(change)

    def build(self, seq: int, before: TradingState, after: TradingState) -> Step:
        state = None
        if before is not after or self.raised or self.cleared:
            state = StateChange(
                before=before, after=after, raised=tuple(self.raised), cleared=tuple(self.cleared)
            )
        return Step(
            seq,
            self.event,
            tuple(self.commands),
            tuple(self.denied),
            tuple(self.orders),
            tuple(self.booked),
            state,
            self.quote,
            tuple(self.anomalies),
            self.outcome,
            self.trial,
        )
