"""Writes operator commands and their results to the log and the ledger."""

import json
from collections.abc import Callable
from dataclasses import fields
from enum import Enum

import structlog

from quoter.domain.events import OperatorCommand
from quoter.domain.outcomes import Done, Outcome, Pending, Refused
from quoter.ledger.rows import Operation
from quoter.service.clock import Clock
from quoter.telemetry.redaction import Redactor

log = structlog.get_logger()

FIELDS_CHARS_MAX = 1_000
COMMON_FIELDS = frozenset(field.name for field in fields(OperatorCommand))


class CommandAudit:
    """One log line and one row of the ledger for each command, whichever entrance it came by."""

    def __init__(
        self,
        *,
        write: Callable[[Operation], None] | None,
        clock: Clock,
        redactor: Redactor | None = None,
    ) -> None:
        """Put rows into the ledger by `write` (None: no ledger); `redactor` knows the secrets."""
        self._write = write
        self._clock = clock
        self._redactor = redactor or Redactor()

    def record_command(self, command: OperatorCommand, result: str) -> None:
        """Record a command with its own fields."""
        self.record(
            command.actor, command.action.value, command.reason, _own_fields(command), result
        )

    def record(self, actor: str, action: str, reason: str, given: str, result: str) -> None:
        """Record one request: sender, action, reason, given fields (as text) and result."""
        reason, given = self._redactor.text(reason), self._redactor.text(given)
        log.warning(
            "command_audit",
            actor=actor,
            action=action,
            reason=reason,
            given=given,
            result=result,
        )
        if self._write is not None:
            now_ns = self._clock.now_ns()
            self._write(Operation(now_ns, actor, action, reason, given, result))


def result_of(outcome: Outcome) -> str:
    """Return the text of an outcome in the audit record."""
    match outcome:
        case Done():
            return "done"
        case Pending():
            return "accepted"
        case Refused(text=text):
            return f"refused: {text}"


def fields_text(given: dict[str, object]) -> str:
    """Return the fields of a request as JSON, cut at FIELDS_CHARS_MAX."""
    return json.dumps(given, default=str, sort_keys=True)[:FIELDS_CHARS_MAX]


def _own_fields(command: OperatorCommand) -> str:
    found = {
        field.name: value.name if isinstance(value, Enum) else value
        for field in fields(command)
        if field.name not in COMMON_FIELDS and (value := getattr(command, field.name)) is not None
    }
    return fields_text(found)
