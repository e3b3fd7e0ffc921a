"""The group of all commands; its error messages contain the refused value."""

from collections.abc import Callable
from typing import Any

import typer
from typer.core import TyperGroup

from quoter.telemetry.redaction import clean

VALUE_CHARS_MAX = 60


class CommandGroup(TyperGroup):
    """Command group of typer that adds the refused value to messages of pydantic, which omit it."""

    def invoke(self, ctx: Any) -> object:
        """Invoke the command. Raises typer.BadParameter with the given value."""
        try:
            return super().invoke(ctx)
        except typer.BadParameter as error:
            error.message = _with_value(error)
            raise


def _with_value(error: typer.BadParameter) -> str:
    """Return the error's message, with the refused value if pydantic refused it."""
    details: Callable[[], list[dict[str, object]]] | None
    details = getattr(error.__cause__, "errors", None)
    if details is None or not (found := details()):
        return error.message
    text = error.message.removeprefix("Value error, ").replace("Input should be", "must be", 1)
    given = clean(str(found[0].get("input")), VALUE_CHARS_MAX)
    return text if f"'{given}'" in text else f"{text} (got {given})"
