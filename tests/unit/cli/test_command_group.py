"""A value that typer refuses is shown with the reason."""

from enum import StrEnum
from typing import Annotated

import pytest
import typer
from typer.testing import CliRunner

from quoter.cli.command_group import CommandGroup

app = typer.Typer(cls=CommandGroup, pretty_exceptions_enable=False)


class Colour(StrEnum):
    RED = "red"


def even(value: int) -> int:
    if value % 2:
        raise typer.BadParameter(f"must be even (got {value})")
    return value


@app.command()
def one(
    count: Annotated[int, typer.Option(min=2, max=100)] = 2,
    share: Annotated[float, typer.Option()] = 0,
    colour: Annotated[Colour, typer.Option()] = Colour.RED,
    pair: Annotated[int, typer.Option(callback=even)] = 0,
) -> None:
    """A command with options."""


@app.command()
def other() -> None:
    """A second command, so that there is a group."""


@pytest.mark.parametrize(
    ("option", "value", "text"),
    [
        ("--count", "0", "must be greater than or equal to 2 (got 0)"),
        ("--count", "1.5", "(got 1.5)"),
        ("--share", "x\x1b[2J", "(got x?[2J)"),
        ("--colour", "blue", "'blue' is not one of 'red'."),
        ("--pair", "3", "must be even (got 3)"),
    ],
)
def test_a_refused_value_is_shown_once(option: str, value: str, text: str) -> None:
    result = CliRunner().invoke(app, ["one", option, value])
    shown = " ".join(result.output.replace("│", " ").split())
    assert result.exit_code == 2
    assert f"'{option}': " in shown
    assert text in shown
    assert shown.count("got ") <= 1


def test_valid_values_and_unknown_commands_are_handled_as_usual() -> None:
    assert CliRunner().invoke(app, ["one", "--count", "3"]).exit_code == 0
    assert "No such command 'nonsense'" in CliRunner().invoke(app, ["nonsense"]).output
