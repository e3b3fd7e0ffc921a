"""Raises and clears halt causes, and records every change in the step."""

from quoter.domain.trading import Cause, TradingState
from quoter.domain.units import NS_PER_S
from quoter.engine.step_builder import StepBuilder
from quoter.risk.hysteresis import Flaps, Hysteresis
from quoter.risk.kill_switch import KillSwitch

# Latched causes that a fault raises, not an operator. Their text states how to clear them.
LATCHED_FAULTS = frozenset({Cause.REPEATED_EXECUTION, Cause.CONNECT_BUDGET})


class HaltCauses:
    """The kill switch as the engine uses it: with clearing delays and a limit on pauses.

    A cause with a delay (`Hysteresis.clean_ns`) is cleared only after its condition was absent for
    that long. Each change is recorded in the step.
    """

    def __init__(self, hysteresis: Hysteresis | None = None) -> None:
        self.switch = KillSwitch()
        self._hysteresis = hysteresis or Hysteresis()
        self._flaps = Flaps(self._hysteresis)
        # raised at the start, not by a fault; cleared without a delay
        self._given: set[Cause] = set()
        self._clean: dict[Cause, int] = {}  # by cause whose condition is over: time of clearing

    @property
    def state(self) -> TradingState:
        return self.switch.state

    def raise_at_start(self, cause: Cause, text: str) -> None:
        """Raise a cause that is active before the first event."""
        self.switch.raise_cause(cause, text)
        self._given.add(cause)

    def raise_cause(
        self, step: StepBuilder, cause: Cause, text: str, *, expected_per_s: float = 0.0
    ) -> None:
        """Raise a cause, and stop its clearing delay if one is running.

        If the cause has paused quoting too often, FLAPPING is raised too. expected_per_s: the rate
        at which the market itself raises this cause.
        """
        self._clean.pop(cause, None)
        if cause in LATCHED_FAULTS:
            text = f"{text}; clear it with `quoter resume`"
        before = self.switch.state
        if not self.switch.raise_cause(cause, text):
            return
        step.raised.append((cause, text))
        allowed = self._flaps.add(
            cause,
            step.ts_ns,
            before=before,
            active=self.switch.causes,
            expected_per_s=expected_per_s,
        )
        if allowed is not None:
            within = f"within {self._hysteresis.window_ns / NS_PER_S / 60:g} min"
            often = f"{cause} paused quoting more than {allowed} times {within}"
            how = "remove its reason, then clear this with `quoter resume`"
            self.raise_cause(step, Cause.FLAPPING, f"{often}: {how}; last: {text}")

    def on_attempts_exhausted(self, step: StepBuilder, text: str) -> None:
        """Raise CONNECT_BUDGET, unless all attempts to connect may belong to one outage.

        It may be one if quoting paused at most once meanwhile. The attempts stay limited.
        """
        if self._flaps.count(step.ts_ns) > 1:
            self.raise_cause(step, Cause.CONNECT_BUDGET, text)
        else:
            step.add_anomaly("connect_budget", text)

    def clear(self, step: StepBuilder, cause: Cause) -> None:
        """Clear a cause whose condition is over, at once or after its clearing delay.

        A latched cause stays active.
        """
        if not self.switch.is_active(cause):
            return
        clean_ns = self._hysteresis.clean_ns.get(cause, 0)
        if clean_ns <= 0 or cause in self._given:
            self._clear_now(step, cause)
        else:
            self._clean.setdefault(cause, step.ts_ns + clean_ns)

    def clear_due(self, step: StepBuilder) -> None:
        """Clear the causes whose clearing delay has passed. Call it in every step."""
        for cause in [c for c, due_ns in self._clean.items() if step.ts_ns >= due_ns]:
            del self._clean[cause]
            self._clear_now(step, cause)

    def _clear_now(self, step: StepBuilder, cause: Cause) -> None:
        self._given.discard(cause)
        if self.switch.clear(cause):
            step.cleared.append(cause)

    def set(self, step: StepBuilder, cause: Cause, *, active: bool, text: str) -> None:
        """Raise the cause if `active`, else clear it."""
        if active:
            self.raise_cause(step, cause, text)
        else:
            self.clear(step, cause)

    def clear_latched(self, step: StepBuilder, cause: Cause) -> None:
        """Clear a latched cause, without an operator's resume. Raises ValueError for a kill."""
        if self.switch.clear_latched(cause):
            step.cleared.append(cause)

    def resume(self, step: StepBuilder) -> None:
        """Clear the latched causes that pause or reduce, and reset the counts of pauses."""
        step.cleared.extend(self.switch.resume())
        self._flaps.reset()

    def rearm(self, step: StepBuilder) -> None:
        """Clear the kills; the caller has checked all conditions."""
        step.cleared.extend(self.switch.rearm())
