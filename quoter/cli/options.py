"""Options shared by several commands, and the address and data folder of the daemon."""

import os
from enum import StrEnum
from io import StringIO
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from quoter.domain.errors import BadSetting
from quoter.domain.number_text import has_other_digits

PORT = 9464
PORT_MAX = 65_535
LOOPBACK = "127.0.0.1"
ENV_FILE = Path(".env")
DATA_DIR = Path("data")  # default of QUOTER_DATA_DIR


class Scenario(StrEnum):
    """Scenarios of `quoter sandbox`."""

    CRASH = "crash"


class MarketKind(StrEnum):
    """Kinds of simulated markets: the formulas' own model, or one fitted to recorded markets."""

    MODEL = "model"
    REAL_LIKE = "real-like"


# No `type` statements: typer does not resolve them, and help and variable would be lost.
DataDir = Annotated[
    Path | None,
    typer.Option(envvar="QUOTER_DATA_DIR", help="Data folder of the daemon."),
]
Host = Annotated[
    str | None,
    typer.Option(envvar="QUOTER_HOST", help="Address of the daemon."),
]
# Parsed when needed: a kill by file must not fail because of a wrong port.
Port = Annotated[
    str | None,
    typer.Option(
        envvar="QUOTER_PORT",
        metavar="NUMBER",
        help="HTTP port of the daemon.",
    ),
]


class EnvFileUnreadable(BadSetting):
    """The .env file exists and can't be read."""


def address(host: str | None, port: str | None) -> tuple[str, int]:
    """Return host and port of the daemon. Raises BadSetting for an invalid port."""
    where = host or env_file_value("QUOTER_HOST") or LOOPBACK
    if where in {"0.0.0.0", "::"}:  # noqa: S104 - what it listens on, asked on loopback
        where = LOOPBACK
    text = port or env_file_value("QUOTER_PORT") or str(PORT)
    try:
        number = int("" if has_other_digits(text) else text)
    except ValueError:
        number = 0
    if not 0 < number <= PORT_MAX:
        raise BadSetting(f"QUOTER_PORT: must be a number from 1 to {PORT_MAX} (got {text})")
    return where, number


def folder_of(data_dir: Path | None) -> Path:
    """Return the data folder. Raises BadSetting if it does not exist."""
    folder = data_dir or Path(env_file_value("QUOTER_DATA_DIR") or DATA_DIR)
    if not folder.is_dir():
        raise BadSetting(
            f"QUOTER_DATA_DIR: no such folder: {folder}; name the daemon's with --data-dir; name "
            f"the daemon's with --data-dir"
        )
    return folder


def env_file_value(name: str) -> str | None:
    """Return a variable from the environment, else from .env; None if unset.

    The settings are not loaded: a kill must work while other settings are wrong. Undecodable bytes
    are kept, as in the environment. Raises EnvFileUnreadable.
    """
    if value := os.environ.get(name):
        return value
    try:
        text = ENV_FILE.read_text(encoding="utf-8", errors="surrogateescape")
    except (FileNotFoundError, IsADirectoryError):
        return None
    except OSError as error:
        raise EnvFileUnreadable(f"{ENV_FILE}: can't be read: {error.strerror}") from None
    from dotenv import dotenv_values  # noqa: PLC0415 - commands without an .env must answer at once

    return dotenv_values(stream=StringIO(text)).get(name)


def fail(text: str, code: int) -> NoReturn:
    """Print one line to stderr, and exit with `code`."""
    typer.echo(text, err=True)
    raise SystemExit(code)
