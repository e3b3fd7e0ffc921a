"""Secrets that others on this machine may see: told outside production, refused in it (SE-01)."""

import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from quoter.settings.fields import SECRETS, Environment
from quoter.settings.model import Settings, env_name

# Written by the group, or anything by everybody else: 0440 at most, the owner may also write.
LOOSE = stat.S_IWGRP | stat.S_IROTH | stat.S_IWOTH
IN_ENVIRONMENT = "secret_in_environment"
READABLE = "secret_file_readable"


@dataclass(frozen=True, slots=True)
class Exposure:
    """One secret in the wrong place; `text` never holds its value nor a path."""

    event: str  # of the log line
    setting: str
    text: str


def exposures(
    settings: Settings, plain: Mapping[str, str], secrets_dir: Path | None
) -> Iterator[Exposure]:
    """What is wrong with the places of our secrets; `plain`: environment and `.env` together.

    The sandbox's keys are play money: nothing is said of them, nor of an empty file, which holds no
    secret (compose hands those out for the tokens that nobody brought).
    """
    if settings.environment is Environment.SANDBOX:
        return
    for name in SECRETS:
        setting = env_name(name)
        if getattr(settings, name) is None:
            continue
        if plain.get(setting):
            text = f"is in the environment in plain text: use a file and {setting}_FILE"
            yield Exposure(IN_ENVIRONMENT, setting, text)
        elif (path := getattr(settings, f"{name}_file")) is not None:
            yield from _loose(f"{setting}_FILE", path)
        elif secrets_dir is not None:
            for found in secrets_dir.iterdir():
                if found.name.upper() == setting:
                    yield from _loose(setting, found)


def _loose(setting: str, path: Path) -> Iterator[Exposure]:
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
    except OSError:
        return  # it was read a moment ago: whoever removed it knows
    if mode & LOOSE:
        text = f"others may read or change its file (mode {mode:04o}): chmod 440 or stricter"
        yield Exposure(READABLE, setting, text)
