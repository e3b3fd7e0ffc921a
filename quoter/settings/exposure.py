"""Finds secrets that other users of the machine can read (SE-01).

On a testnet they cause a warning; in production they are refused.
"""

import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from quoter.settings.fields import SECRETS, TOKENS, Environment
from quoter.settings.model import Settings, env_name

# Write access of the group, or any access of others: 0440 at most, plus write access of the owner.
OTHERS_ACCESS = stat.S_IWGRP | stat.S_IROTH | stat.S_IWOTH
IN_ENVIRONMENT = "secret_in_environment"
READABLE = "secret_file_readable"


@dataclass(frozen=True, slots=True)
class Exposure:
    """One exposed secret.

    text: how it is exposed and what to do, without its value or a path.
    """

    event: str  # name of the log line
    setting: str
    text: str


def exposures(
    settings: Settings, plain: Mapping[str, str], secrets_dir: Path | None
) -> Iterator[Exposure]:
    """Yield the exposed secrets; `plain` is the environment and `.env` together.

    Nothing is checked in the sandbox, whose keys are play money. Empty files are skipped: they hold
    no secret (compose mounts one for each token that is not set). In a paper run only the tokens
    are checked, because it uses no key.
    """
    if settings.environment is Environment.SANDBOX:
        return
    for name in TOKENS if settings.environment is Environment.PAPER else SECRETS:
        setting = env_name(name)
        if getattr(settings, name) is None:
            continue
        if plain.get(setting):
            text = f"is in the environment in plain text: use a file and {setting}_FILE"
            yield Exposure(IN_ENVIRONMENT, setting, text)
        elif (path := getattr(settings, f"{name}_file")) is not None:
            yield from _readable_by_others(f"{setting}_FILE", path)
        elif secrets_dir is not None:
            for found in secrets_dir.iterdir():
                if found.name.upper() == setting:
                    yield from _readable_by_others(setting, found)


def _readable_by_others(setting: str, path: Path) -> Iterator[Exposure]:
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
    except OSError:
        return  # it was read a moment ago and removed since
    if mode & OTHERS_ACCESS:
        text = f"other users may read or change its file (mode {mode:04o}): chmod 440 or stricter"
        yield Exposure(READABLE, setting, text)
