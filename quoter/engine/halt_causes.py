"""The kill switch as the engine's parts use it: every change is told in the turn."""

from quoter.domain.trading import Cause, TradingState
from quoter.engine.step_builder import StepBuilder
from quoter.risk.hysteresis import Flaps, Hysteresis
from quoter.risk.kill_switch import KillSwitch


class HaltCauses:
    """Raises and settles causes, and writes each change into the turn it happened in."""

    def __init__(self, hysteresis: Hysteresis | None = None) -> None:
        self.switch = KillSwitch()
        self._hysteresis = hysteresis or Hysteresis()
        self._flaps = Flaps(self._hysteresis)
        self._given: set[Cause] = set()  # true of every start: no fault, and nothing to wait for
        self._clean: dict[Cause, int] = {}  # condition over: when the cause may settle

    @property
    def state(self) -> TradingState:
        return self.switch.state

    def raise_at_start(self, cause: Cause, text: str) -> None:
        """Raise what is so before anything has happened."""
        self.switch.raise_cause(cause, text)
        self._given.add(cause)

    def raise_cause(self, step: StepBuilder, cause: Cause, text: str) -> None:
        """Raise a cause, or take back that its condition was over."""
        self._clean.pop(cause, None)
        if not self.switch.raise_cause(cause, text):
            return
        step.raised.append((cause, text))
        if self._flaps.add(cause, step.ts_ns):
            policy = self._hysteresis
            often = f"{cause} came more than {policy.pauses_max} times"
            within = f"within {policy.window_ns / 60e9:g} min"
            self.raise_cause(step, Cause.FLAPPING, f"{often} {within}, last: {text}")

    def clear(self, step: StepBuilder, cause: Cause) -> None:
        """The condition is over: its cause goes, if need be after a while of quiet."""
        clean_ns = self._hysteresis.clean_ns.get(cause, 0)
        if clean_ns <= 0 or cause in self._given:
            self._clear_now(step, cause)
        elif self.switch.is_active(cause):
            self._clean.setdefault(cause, step.ts_ns + clean_ns)

    def clear_due(self, step: StepBuilder) -> None:
        """Settle what has been quiet for long enough; on every turn."""
        for cause in [c for c, due_ns in self._clean.items() if step.ts_ns >= due_ns]:
            del self._clean[cause]
            self._clear_now(step, cause)

    def _clear_now(self, step: StepBuilder, cause: Cause) -> None:
        self._given.discard(cause)
        if self.switch.clear(cause):
            step.cleared.append(cause)

    def set(self, step: StepBuilder, cause: Cause, *, active: bool, text: str) -> None:
        """Keep a cause in step with its condition."""
        if active:
            self.raise_cause(step, cause, text)
        else:
            self.clear(step, cause)

    def clear_latched(self, step: StepBuilder, cause: Cause) -> None:
        """What a person asked for no longer stands."""
        if self.switch.clear_latched(cause):
            step.cleared.append(cause)

    def resume(self, step: StepBuilder) -> None:
        step.cleared.extend(self.switch.resume())
        self._flaps.reset()

    def rearm(self, step: StepBuilder) -> None:
        step.cleared.extend(self.switch.rearm())
