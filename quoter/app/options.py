"""Options that several verbs share, and where the daemon is that they talk to."""

import os
from enum import StrEnum
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from quoter.domain.errors import BadSetting

PORT = 9464
USAGE = 2  # exit code of a mistake of the user's
LOOPBACK = "127.0.0.1"


class Scenario(StrEnum):
    """What `quoter sandbox` can play."""

    CRASH = "crash"


# No `type` statements: typer does not look behind them, and help and variable would be lost.
DataDir = Annotated[
    Path | None,
    typer.Option(envvar="QUOTER_DATA_DIR", help="Data folder of the daemon."),
]
Host = Annotated[str | None, typer.Option(envvar="QUOTER_HOST", help="Where it listens.")]
Port = Annotated[int | None, typer.Option(envvar="QUOTER_PORT", help="Its HTTP port.")]


def address(host: str | None, port: int | None) -> tuple[str, int]:
    """Where the daemon listens. Raises BadSetting."""
    where = host or env_file_value("QUOTER_HOST") or LOOPBACK
    if where in {"0.0.0.0", "::"}:  # noqa: S104 - what it listens on, asked on loopback
        where = LOOPBACK
    try:
        return where, port or int(env_file_value("QUOTER_PORT") or PORT)
    except ValueError:
        raise BadSetting("QUOTER_PORT: must be a number") from None


def folder_of(data_dir: Path | None) -> Path:
    """The data folder, which exists. Raises BadSetting."""
    folder = data_dir or Path(env_file_value("QUOTER_DATA_DIR") or "data")
    if not folder.is_dir():
        raise BadSetting(f"QUOTER_DATA_DIR: no such folder: {folder}")
    return folder


def env_file_value(name: str) -> str | None:
    """One value of .env, without the whole of the settings: a kill must work when they are bad."""
    if os.environ.get(name) or not Path(".env").is_file():
        return os.environ.get(name)
    from dotenv import dotenv_values  # noqa: PLC0415 - verbs without an .env must answer at once

    return dotenv_values(".env").get(name)


def fail(text: str, code: int) -> NoReturn:
    """One line for the user, and the end."""
    typer.echo(text, err=True)
    raise SystemExit(code)
