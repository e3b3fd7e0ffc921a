"""What people, and processes on their behalf, ask of a running engine."""

from quoter.domain.events import OperatorCommand
from quoter.domain.reasons import OperatorAction
from quoter.domain.trading import Cause, TradingState
from quoter.engine.commands.rearming import Rearming
from quoter.engine.halt_causes import HaltCauses
from quoter.engine.step_builder import StepBuilder

REARM_REFUSED, FLATTEN_REFUSED = "rearm_refused", "flatten_refused"  # notes that say why

TRIPS = {
    OperatorAction.KILL: Cause.OPERATOR_KILL,
    OperatorAction.PAUSE: Cause.OPERATOR_PAUSE,
    OperatorAction.REDUCE: Cause.OPERATOR_REDUCE,
    OperatorAction.FLATTEN: Cause.OPERATOR_FLATTEN,
}


class OperatorCommands:
    """Turns a wish into causes raised or lifted; who may wish what was judged before."""

    def __init__(self, *, causes: HaltCauses, rearming: Rearming) -> None:
        self._causes = causes
        self._rearming = rearming

    def handle(self, event: OperatorCommand, step: StepBuilder) -> None:
        """Obey, and write down who asked for what. DRAIN is a phase: the engine's own."""
        text = f"{event.actor}: {event.text}"
        if event.action is OperatorAction.FLATTEN and self._causes.state is TradingState.KILLED:
            step.add_anomaly(FLATTEN_REFUSED, "killed: re-arm first, then ask again")
        elif event.action in TRIPS:
            self._causes.raise_cause(step, TRIPS[event.action], text)
        elif event.action is OperatorAction.RESUME:
            self._causes.resume(step)
        elif event.action is OperatorAction.REARM:
            self._rearm(event, step)
        step.add_anomaly(f"operator_{event.action}", text)

    def killed(self, step: StepBuilder) -> None:
        """A kill is not to be followed by selling that was asked for before it."""
        self._causes.clear_latched(step, Cause.OPERATOR_FLATTEN)

    def _rearm(self, event: OperatorCommand, step: StepBuilder) -> None:
        if refusal := self._rearming.refusal(event, step):
            step.add_anomaly(REARM_REFUSED, refusal)
        else:
            self._causes.rearm(step)
