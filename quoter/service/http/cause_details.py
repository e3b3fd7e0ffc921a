"""Details of the active halt causes: since when, how severe, and the runbook section."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from quoter.domain.step import Step
from quoter.domain.trading import Cause, TradingState
from quoter.domain.units import NS_PER_S
from quoter.risk.kill_switch import SEVERITY
from quoter.service.http.state_view import Json

RUNBOOK = "deploy/docs/runbook.md"
KILLS = "causes-that-kill-latched-only-quoter-rearm-lifts-them"
HOLDS = "causes-that-pause-until-an-operator-resumes"
PAUSES = "causes-that-pause-and-clear-by-themselves"
REDUCES = "causes-that-only-let-inventory-shrink"

type Details = dict[str, Json]


@dataclass(slots=True)
class CauseTimes:
    """Times at which the active causes were raised, UTC ns.

    `start_ns`: time of causes that were active before the first step.
    """

    start_ns: int
    _since_ns: dict[Cause, int] = field(default_factory=dict)

    def observe(self, step: Step) -> None:
        """Update from one step of the engine."""
        if step.state is None:
            return
        for cause in step.state.cleared:
            self._since_ns.pop(cause, None)
        for cause, _ in step.state.raised:
            self._since_ns[cause] = step.event.ts_ns

    def since_ns(self, cause: Cause) -> int:
        """Return when an active cause was raised, UTC ns."""
        return self._since_ns.get(cause, self.start_ns)

    def details(self, causes: Mapping[Cause, str]) -> Details:
        """Return the fields since, state, latched and runbook of each cause, by its name."""
        return {
            cause.value: {
                "since": datetime.fromtimestamp(self.since_ns(cause) / NS_PER_S, UTC).isoformat(),
                "state": SEVERITY[cause].state.name,
                "latched": SEVERITY[cause].is_latched,
                "runbook": runbook(cause),
            }
            for cause in causes
        }


def no_details(_: Mapping[Cause, str]) -> Details:
    """Return no details: the default where causes are not tracked."""
    return {}


def runbook(cause: Cause) -> str:
    """Return file and heading of the runbook section for a cause."""
    severity = SEVERITY[cause]
    match severity.state:
        case TradingState.KILLED:
            heading = KILLS
        case TradingState.PAUSED:
            heading = HOLDS if severity.is_latched else PAUSES
        case _:
            heading = REDUCES
    return f"{RUNBOOK}#{heading}"
