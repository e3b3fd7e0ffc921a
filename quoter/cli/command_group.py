"""The group of all verbs: where a value is refused, it is shown."""

from collections.abc import Callable
from typing import Any

import typer
from typer.core import TyperGroup

from quoter.telemetry.redaction import clean

VALUE_CHARS_MAX = 60


class CommandGroup(TyperGroup):
    """Typer's group in our words; it checks values by pydantic, whose texts leave them out."""

    def invoke(self, ctx: Any) -> object:
        """As the group's own. Raises typer.BadParameter with what was given."""
        try:
            return super().invoke(ctx)
        except typer.BadParameter as error:
            error.message = _with_value(error)
            raise


def _with_value(error: typer.BadParameter) -> str:
    """Of a refusal that came from a check by pydantic: its text, and the value."""
    details: Callable[[], list[dict[str, object]]] | None
    details = getattr(error.__cause__, "errors", None)
    if details is None or not (found := details()):
        return error.message
    text = error.message.removeprefix("Value error, ").replace("Input should be", "must be", 1)
    given = clean(str(found[0].get("input")), VALUE_CHARS_MAX)
    return text if f"'{given}'" in text else f"{text} (got {given})"
