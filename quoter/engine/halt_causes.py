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

    def begin(self, cause: Cause, text: str) -> None:
        """Raise what is so before anything has happened."""
        self.switch.trip(cause, text)
        self._given.add(cause)

    def trip(self, turn: StepBuilder, cause: Cause, text: str) -> None:
        """Raise a cause, or take back that its condition was over."""
        self._clean.pop(cause, None)
        if not self.switch.trip(cause, text):
            return
        turn.raised.append((cause, text))
        if self._flaps.paused(cause, turn.ts_ns):
            policy = self._hysteresis
            often = f"{cause} came more than {policy.pauses_max} times"
            within = f"within {policy.window_ns / 60e9:g} min"
            self.trip(turn, Cause.FLAPPING, f"{often} {within}, last: {text}")

    def settle(self, turn: StepBuilder, cause: Cause) -> None:
        """The condition is over: its cause goes, if need be after a while of quiet."""
        clean_ns = self._hysteresis.clean_ns.get(cause, 0)
        if clean_ns <= 0 or cause in self._given:
            self._settle_now(turn, cause)
        elif self.switch.is_active(cause):
            self._clean.setdefault(cause, turn.ts_ns + clean_ns)

    def ripen(self, turn: StepBuilder) -> None:
        """Settle what has been quiet for long enough; on every turn."""
        for cause in [c for c, due_ns in self._clean.items() if turn.ts_ns >= due_ns]:
            del self._clean[cause]
            self._settle_now(turn, cause)

    def _settle_now(self, turn: StepBuilder, cause: Cause) -> None:
        self._given.discard(cause)
        if self.switch.settle(cause):
            turn.cleared.append(cause)

    def hold(self, turn: StepBuilder, cause: Cause, *, active: bool, text: str) -> None:
        """Keep a cause in step with its condition."""
        if active:
            self.trip(turn, cause, text)
        else:
            self.settle(turn, cause)

    def withdraw(self, turn: StepBuilder, cause: Cause) -> None:
        """What a person asked for no longer stands."""
        if self.switch.withdraw(cause):
            turn.cleared.append(cause)

    def resume(self, turn: StepBuilder) -> None:
        turn.cleared.extend(self.switch.resume())
        self._flaps.forget()

    def rearm(self, turn: StepBuilder) -> None:
        turn.cleared.extend(self.switch.rearm())
