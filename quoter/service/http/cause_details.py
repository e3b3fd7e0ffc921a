"""What a person wants to know of each active cause: since when, how severe, where to read on."""

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
    """Fed with every step; what was active before the first one counts from `start_ns`."""

    start_ns: int
    _since_ns: dict[Cause, int] = field(default_factory=dict)

    def observe(self, step: Step) -> None:
        """Remember when each cause came up."""
        if step.state is None:
            return
        for cause in step.state.cleared:
            self._since_ns.pop(cause, None)
        for cause, _ in step.state.raised:
            self._since_ns[cause] = step.event.ts_ns

    def since_ns(self, cause: Cause) -> int:
        """When an active cause came up, UTC ns."""
        return self._since_ns.get(cause, self.start_ns)

    def details(self, causes: Mapping[Cause, str]) -> Details:
        """By name, for the pages: since, state, latched, runbook."""
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
    """Where nobody keeps them."""
    return {}


def runbook(cause: Cause) -> str:
    """File and heading that tell what to do."""
    severity = SEVERITY[cause]
    match severity.state:
        case TradingState.KILLED:
            heading = KILLS
        case TradingState.PAUSED:
            heading = HOLDS if severity.is_latched else PAUSES
        case _:
            heading = REDUCES
    return f"{RUNBOOK}#{heading}"
