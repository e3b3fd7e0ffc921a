"""Change live parameters: within the settings' bounds, in small steps, at most every 5 s.

A change lasts until the process ends: a restart reads the settings again.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, replace

from quoter.domain.events import LiveParamsChanged
from quoter.domain.outcomes import Outcome, Pending, RefusalReason, Refused
from quoter.domain.params import LiveParams
from quoter.domain.units import NS_PER_S
from quoter.service.clock import Clock
from quoter.service.pending_replies import PendingReplies
from quoter.settings import Settings
from quoter.settings.live_bounds import HARD_LIMITS, bounds_refusals, name_refusal, step_refusal

CHANGE_INTERVAL_NS = 5_000_000_000
OUTCOME_S_MAX = 3.0  # usually milliseconds


class LiveParamsService:
    """Checks changes of the live parameters and gives them to the engine.

    `settings`: those of the start.
    """

    def __init__(
        self,
        *,
        settings: Settings,
        params: Callable[[], LiveParams],
        clock: Clock,
        replies: PendingReplies,
    ) -> None:
        """`params` returns the live parameters in force."""
        self._settings = settings
        self._params = params
        self._clock = clock
        self._replies = replies
        self._next_ns = 0

    @property
    def params(self) -> LiveParams:
        """The parameters in force."""
        return self._params()

    def refusal(self, wanted: Mapping[str, float]) -> Refused | None:
        """Return why these values are not allowed; None if they are.

        The time since the last change is not checked here.
        """
        if lines := [line for name in wanted if (line := name_refusal(name))]:
            is_hard = any(name in HARD_LIMITS for name in wanted)
            reason = RefusalReason.HARD_LIMIT if is_hard else RefusalReason.INVALID
            return Refused(reason, "; ".join(lines))
        now: dict[str, float] = asdict(self.params)
        lines = bounds_refusals(self._settings, {**now, **wanted}) or [
            line for name, value in wanted.items() if (line := step_refusal(name, now[name], value))
        ]
        return Refused(RefusalReason.INVALID, "; ".join(lines)) if lines else None

    async def change(self, wanted: Mapping[str, float], *, actor: str, reason: str) -> Outcome:
        """Change all of these parameters, or none; return the outcome.

        `reason`: the operator's. The outcome is Refused with a reason, or Pending if the engine
        does not apply the change within OUTCOME_S_MAX.
        """
        if (refused := self.refusal(wanted)) is not None:
            return refused
        now_ns = self._clock.now_ns()
        if now_ns < self._next_ns:
            wait_s = -(-(self._next_ns - now_ns) // NS_PER_S)
            text = f"at most one change in 5 s: wait {wait_s} s"
            return Refused(RefusalReason.TOO_SOON, text, retry_after_s=wait_s)
        self._next_ns = now_ns + CHANGE_INTERVAL_NS
        params = replace(self.params, **wanted)
        event = LiveParamsChanged(ts_ns=now_ns, params=params, actor=actor, reason=reason)
        outcome = await self._replies.ask(event, OUTCOME_S_MAX)
        if isinstance(outcome, Refused):
            return replace(outcome, text=f"no quote can be computed from this: {outcome.text}")
        return outcome or Pending()
