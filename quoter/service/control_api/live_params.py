"""Knobs turned from outside: little by little, not too often, never beyond the settings' bounds.

Values that were turned live until the end of the process: a restart reads its settings.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from typing import NamedTuple

from quoter.domain.events import LiveParamsChanged
from quoter.domain.params import LiveParams
from quoter.service.clock import Clock
from quoter.service.pending_replies import PendingReplies
from quoter.settings import Settings
from quoter.settings.live_bounds import bounds_refusals, name_refusal, step_refusal

CHANGE_EVERY_NS = 5_000_000_000
TURN_S_MAX = 3.0  # the engine is done with a change long before


class Turned(NamedTuple):
    """What became of a wish; `refusals` are lines for its sender, empty if it was done."""

    refusals: tuple[str, ...] = ()
    wait_s: int = 0  # come back later: nothing else was wrong
    is_hard: bool = False  # a hard limit was named
    is_late: bool = False  # handed over, but not yet applied


class LiveParamsService:
    """The one way to the engine's knobs; `settings` are those of the start."""

    def __init__(
        self,
        *,
        settings: Settings,
        params: Callable[[], LiveParams],
        clock: Clock,
        asks: PendingReplies,
    ) -> None:
        self._settings = settings
        self._params = params
        self._clock = clock
        self._asks = asks
        self._next_ns = 0

    @property
    def params(self) -> LiveParams:
        """Those in force."""
        return self._params()

    def refusals(self, wanted: Mapping[str, float]) -> list[str]:
        """What speaks against these values, whenever they came; a line each."""
        if lines := [line for name in wanted if (line := name_refusal(name))]:
            return lines
        now: dict[str, float] = asdict(self.params)
        lines = bounds_refusals(self._settings, {**now, **wanted})
        return lines or [
            line for name, value in wanted.items() if (line := step_refusal(name, now[name], value))
        ]

    async def turn(self, wanted: Mapping[str, float], *, actor: str, reason: str) -> Turned:
        """Change all of these, or none."""
        if lines := self.refusals(wanted):
            is_hard = any("hard limit" in line for line in lines)
            return Turned(tuple(lines), is_hard=is_hard)
        now_ns = self._clock.now_ns()
        if now_ns < self._next_ns:
            wait_s = -(-(self._next_ns - now_ns) // 1_000_000_000)
            return Turned((f"one change in 5 s: {wait_s} s to go",), wait_s=wait_s)
        self._next_ns = now_ns + CHANGE_EVERY_NS
        params = replace(self.params, **wanted)
        event = LiveParamsChanged(ts_ns=now_ns, params=params, actor=actor, text=reason)
        step = await self._asks.ask(event, TURN_S_MAX)
        if step is None:
            return Turned(is_late=True)
        refused = [detail for what, detail in step.anomalies if what == "params_refused"]
        return Turned(tuple(f"no quote follows from this: {detail}" for detail in refused))
