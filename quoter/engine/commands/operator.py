"""Carries out operator commands by raising and clearing halt causes."""

from quoter.domain.events import (
    Drain,
    Flatten,
    Kill,
    OperatorCommand,
    Pause,
    Rearm,
    Reduce,
    Resume,
)
from quoter.domain.outcomes import Done, EngineOutcome, RefusalReason, Refused
from quoter.domain.trading import Cause, TradingState
from quoter.engine.commands.rearming import Rearming
from quoter.engine.halt_causes import HaltCauses
from quoter.engine.step_builder import StepBuilder


class CommandHandler:
    """Raises and clears halt causes as commanded. The caller has checked the permission."""

    def __init__(self, *, causes: HaltCauses, rearming: Rearming) -> None:
        self._causes = causes
        self._rearming = rearming

    def handle(self, command: OperatorCommand, step: StepBuilder) -> EngineOutcome:
        """Carry out one command, or return why it is refused. The engine itself handles a drain."""
        match command:
            case Kill():
                self._raise(Cause.OPERATOR_KILL, command, step)
            case Pause():
                self._raise(Cause.OPERATOR_PAUSE, command, step)
            case Reduce():
                self._raise(Cause.OPERATOR_REDUCE, command, step)
            case Flatten():
                if self._causes.state is TradingState.KILLED:
                    return Refused(RefusalReason.KILLED, "killed: re-arm first, then try again")
                self._raise(Cause.OPERATOR_FLATTEN, command, step)
            case Resume():
                self._causes.resume(step)
            case Rearm():
                refused = self._rearming.refusal(command)
                if refused is not None:
                    self._rearming.refused(refused, step)
                    return refused
                self._causes.rearm(step)
            case Drain():
                pass
            case _:
                raise AssertionError(f"unknown command {command}")
        return Done()

    def _raise(self, cause: Cause, command: OperatorCommand, step: StepBuilder) -> None:
        self._causes.raise_cause(step, cause, command.cause_text)

    def killed(self, step: StepBuilder) -> None:
        """End a flatten that was commanded before a kill."""
        self._causes.clear_latched(step, Cause.OPERATOR_FLATTEN)
