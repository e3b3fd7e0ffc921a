"""Kills and re-arms by file or signal, for the books; those by HTTP are written down there."""

import json
from collections.abc import Callable

from quoter.domain.events import OperatorCommand
from quoter.domain.reasons import OperatorAction
from quoter.domain.step import Step
from quoter.engine.commands.operator import REARM_REFUSED
from quoter.ledger.rows import Operation
from quoter.telemetry.redaction import Redactor

ACTORS = frozenset({"file", "signal"})
ACTIONS = frozenset({OperatorAction.KILL, OperatorAction.REARM})


class FileAuditLog:
    """An observer of the engine; a re-arm that it is asked for again and again is one line."""

    def __init__(self, note: Callable[[Operation], None], redactor: Redactor) -> None:
        """`redactor` knows the secrets that the books must not hold."""
        self._note = note
        self._redactor = redactor
        self._refused = ("", "")

    def observe(self, step: Step) -> None:
        """Write down what somebody asked for, and what became of it."""
        event = step.event
        if not isinstance(event, OperatorCommand):
            return
        if event.actor not in ACTORS or event.action not in ACTIONS:
            return
        refusal = "; ".join(detail for what, detail in step.anomalies if what == REARM_REFUSED)
        if refusal and self._refused == (event.text, refusal):
            return
        self._refused = event.text, refusal
        self._note(
            Operation(
                ts_ns=event.ts_ns,
                actor=event.actor,
                action=event.action,
                reason=self._redactor.text(event.text),
                fields=_fields(event),
                result=f"refused: {refusal}" if refusal else "done",
            )
        )


def _fields(event: OperatorCommand) -> str:
    if event.accept_inventory is None:
        return "{}"
    return json.dumps({"accept_inventory": str(event.accept_inventory)})
