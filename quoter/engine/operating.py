"""What a person asked for."""

from quoter.domain.events import Operator
from quoter.domain.reasons import OperatorAction
from quoter.domain.trading import Cause
from quoter.engine.causes import Causes
from quoter.engine.turn import Turn


def obey(event: Operator, turn: Turn, *, causes: Causes, alive: int) -> bool:
    """Trip or lift what the person asked for; True if the process is to drain.

    `alive`: orders of ours that may still live. Nobody re-arms while there are any.
    """
    text = f"{event.actor}: {event.text}"
    match event.action:
        case OperatorAction.KILL:
            causes.trip(turn, Cause.OPERATOR_KILL, text)
        case OperatorAction.PAUSE:
            causes.trip(turn, Cause.OPERATOR_PAUSE, text)
        case OperatorAction.REDUCE:
            causes.trip(turn, Cause.OPERATOR_REDUCE, text)
        case OperatorAction.RESUME:
            causes.resume(turn)
        case OperatorAction.REARM if alive:
            turn.note("rearm_refused", f"{alive} orders may be alive")
        case OperatorAction.REARM:
            causes.rearm(turn)
        case OperatorAction.DRAIN:
            pass
    turn.note(f"operator_{event.action}", text)
    return event.action is OperatorAction.DRAIN
