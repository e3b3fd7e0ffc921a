"""The only entrance for operator commands, whether they come by file, by signal or over HTTP."""

from collections.abc import Callable
from functools import partial

from quoter.domain.events import Kill, OperatorCommand, Rearm, Resume
from quoter.domain.outcomes import EngineOutcome, Outcome, Pending, RefusalReason, Refused
from quoter.domain.trading import TradingState
from quoter.service.killswitch.controller import KillSwitchController
from quoter.service.operator_commands.audit import CommandAudit, result_of
from quoter.service.pending_replies import OnOutcome, PendingReplies

LATCH_S_MAX = 1.0  # usually milliseconds
OUTCOME_S_MAX = 3.0  # usually milliseconds, unless the disk stalls
NOT_ON_DISK = "not on the disk: after a restart this kill would not be in force"


class OperatorCommands:
    """Checks commands, gives them to the engine, and records the result of each."""

    def __init__(
        self,
        *,
        kill_switch: KillSwitchController,
        replies: PendingReplies,
        state: Callable[[], TradingState],
        audit: CommandAudit,
    ) -> None:
        """`state` returns the engine's trading state."""
        self._kill_switch = kill_switch
        self._replies = replies
        self._state = state
        self._audit = audit

    def refusal(self, command: OperatorCommand) -> Refused | None:
        """Return why a command can't be given to the engine, or None if it can."""
        match command:
            case Rearm():
                return self._kill_switch.rearm_refusal(command)
            case Resume(seen=seen):
                state = self._state()
                if state is TradingState.KILLED:
                    text = "KILLED: only a re-arm lifts that"
                    return Refused(RefusalReason.KILLED, text)
                if seen not in (None, state):
                    text = f"seen: the state is now {state.name}"
                    return Refused(RefusalReason.STATE_CHANGED, text)
            case _:
                pass
        return None

    def send(
        self,
        command: OperatorCommand,
        on_outcome: OnOutcome | None = None,
        *,
        same_kill: bool = False,
        refused_before: Refused | None = None,
    ) -> None:
        """Give a command to the engine and return at once; a kill first closes the egress gate.

        `same_kill`: this kill was latched already (by its file) and keeps its kill id.
        `refused_before`: outcome of the last attempt of a repeated command; the same refusal is not
        recorded again.
        """
        finish = partial(self._finish, command, on_outcome, refused_before)
        if (refused := self.refusal(command)) is not None:
            finish(refused)
            return
        if isinstance(command, Kill) and not same_kill:
            self._kill_switch.latch_kill(command)
        self._replies.post(command, finish)

    async def execute(self, command: OperatorCommand) -> Outcome:
        """Give a command to the engine and return the outcome; Pending after OUTCOME_S_MAX.

        A kill is done once its latch is on the disk; it is Pending if that takes LATCH_S_MAX more.
        """
        result = "interrupted"
        try:
            outcome = await self._execute(command)
            result = result_of(outcome)
        finally:
            self._audit.record_command(command, result)
        return outcome

    async def _execute(self, command: OperatorCommand) -> Outcome:
        if (refused := self.refusal(command)) is not None:
            return refused
        if isinstance(command, Kill):
            self._kill_switch.latch_kill(command)
        outcome = await self._replies.ask(command, OUTCOME_S_MAX)
        if outcome is None:
            return Pending()
        if isinstance(command, Kill) and not await self._kill_switch.written(LATCH_S_MAX):
            return Pending(NOT_ON_DISK)
        return outcome

    def _finish(
        self,
        command: OperatorCommand,
        on_outcome: OnOutcome | None,
        refused_before: Refused | None,
        outcome: EngineOutcome,
    ) -> None:
        if outcome != refused_before:
            self._audit.record_command(command, result_of(outcome))
        if on_outcome is not None:
            on_outcome(outcome)
