"""Options that several verbs share, and where the daemon is that they talk to."""

import os
from enum import StrEnum
from io import StringIO
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from quoter.domain.errors import BadSetting

PORT = 9464
PORT_MAX = 65_535
LOOPBACK = "127.0.0.1"
ENV_FILE = Path(".env")
DATA_DIR = Path("data")  # what QUOTER_DATA_DIR is where nobody says


class Scenario(StrEnum):
    """What `quoter sandbox` can play."""

    CRASH = "crash"


# No `type` statements: typer does not look behind them, and help and variable would be lost.
DataDir = Annotated[
    Path | None,
    typer.Option(envvar="QUOTER_DATA_DIR", help="Data folder of the daemon."),
]
Host = Annotated[str | None, typer.Option(envvar="QUOTER_HOST", help="Where it listens.")]
# A text until it is needed: a kill by file must not fail for a port.
Port = Annotated[
    str | None, typer.Option(envvar="QUOTER_PORT", metavar="NUMBER", help="Its HTTP port.")
]


class EnvFileUnreadable(BadSetting):
    """There is an .env, and nobody can say what it holds."""


def address(host: str | None, port: str | None) -> tuple[str, int]:
    """Where the daemon listens. Raises BadSetting."""
    where = host or env_file_value("QUOTER_HOST") or LOOPBACK
    if where in {"0.0.0.0", "::"}:  # noqa: S104 - what it listens on, asked on loopback
        where = LOOPBACK
    text = port or env_file_value("QUOTER_PORT") or str(PORT)
    try:
        number = int(text)
    except ValueError:
        number = 0
    if not 0 < number <= PORT_MAX:
        raise BadSetting(f"QUOTER_PORT: must be a number from 1 to {PORT_MAX} (got {text})")
    return where, number


def folder_of(data_dir: Path | None) -> Path:
    """The data folder, which exists. Raises BadSetting."""
    folder = data_dir or Path(env_file_value("QUOTER_DATA_DIR") or DATA_DIR)
    if not folder.is_dir():
        raise BadSetting(f"QUOTER_DATA_DIR: no such folder: {folder}")
    return folder


def env_file_value(name: str) -> str | None:
    """One value of .env, without the whole of the settings: a kill must work when they are bad.

    Bytes that are no text stay what they are, as in the environment. Raises EnvFileUnreadable.
    """
    if value := os.environ.get(name):
        return value
    try:
        text = ENV_FILE.read_text(encoding="utf-8", errors="surrogateescape")
    except (FileNotFoundError, IsADirectoryError):
        return None
    except OSError as error:
        raise EnvFileUnreadable(f"{ENV_FILE}: can't be read: {error.strerror}") from None
    from dotenv import dotenv_values  # noqa: PLC0415 - verbs without an .env must answer at once

    return dotenv_values(stream=StringIO(text)).get(name)


def fail(text: str, code: int) -> NoReturn:
    """One line for the user, and the end."""
    typer.echo(text, err=True)
    raise SystemExit(code)
