"""Loading of the settings; a `BadSetting` names all mistakes together."""

import os
import re
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

from dotenv.parser import parse_stream
from pydantic import ValidationError

from quoter.domain.errors import BadSetting
from quoter.domain.number_text import plain
from quoter.settings.exposure import Exposure, exposures
from quoter.settings.fields import HIDDEN, SECRETS, TOKENS, Environment
from quoter.settings.model import (
    PREFIX,
    FixedSettings,
    SentinelSettings,
    Settings,
    env_name,
    production_refusal,
)

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

ENV_FILE = Path(".env")
VALUE_CHARS_MAX = 60
REDACTED = "[redacted]"
EXPONENT = re.compile(r"\b[0-9.]+E[+-][0-9]{1,2}\b")  # as pydantic writes 1E+15
NO_DEFAULTS: Mapping[str, str] = {}
REDACTED_CHARS_MIN = 4  # redacting shorter values would destroy the text


def known_names() -> tuple[str, ...]:
    """Return the name of every setting, as in the environment."""
    return tuple(env_name(field) for field in Settings.model_fields)


def load(
    *,
    env_file: Path | None = ENV_FILE,
    dry_run: bool = False,
    reads_key: bool = False,
    for_sentinel: bool = False,
    warn: Callable[[Exposure], None] | None = None,
    defaults: Mapping[str, str] = NO_DEFAULTS,
) -> Settings:
    """Read environment, `.env` and secret files, in that order of precedence.

    defaults: values by name of the setting, used if none of the three has one.

    dry_run: no order will be sent, so neither a key nor the confirmation for production is
    required. reads_key: the dry run uses a key if there is one, so in production the key must be in
    a file.

    for_sentinel: the four required limits are not read, because the daemon's heartbeat has them;
    the API key may be the sentinel's own.

    warn: called for each exposed secret that is not refused.

    Raises BadSetting with one line per mistake; values are shown unless they may be secrets.
    """
    from_file = dict[str, str]()
    try:
        settings, found = _load(
            env_file,
            from_file,
            defaults,
            dry_run=dry_run,
            reads_key=reads_key,
            for_sentinel=for_sentinel,
        )
    except BadSetting as error:
        # a secret may have been pasted into another setting by mistake
        raise BadSetting(_redacted(str(error), from_file)) from None
    if warn is not None:
        for exposure in found:
            warn(exposure)
    return settings


def settings_from(texts: Mapping[str, str]) -> Settings:
    """Return settings from the texts of `Settings.redacted`, without secrets.

    Raises BadSetting with one line per mistake.
    """
    given = {
        name: text
        for name, text in texts.items()
        if name not in HIDDEN and text != str(None)  # None: not set
    }
    try:
        return FixedSettings.model_validate(given)
    except ValidationError as error:
        raise BadSetting("\n".join(_messages(error))) from None


def _load(
    env_file: Path | None,
    from_file: dict[str, str],
    defaults: Mapping[str, str],
    *,
    dry_run: bool,
    reads_key: bool,
    for_sentinel: bool,
) -> tuple[Settings, list[Exposure]]:
    file = env_file if env_file is not None and env_file.is_file() else None
    lines = list[str]()
    if file is not None:
        lines += _read_env_file(file, from_file)
        # pydantic would expand it, and its messages would show the expanded value
        if any("${" in value for value in from_file.values()):
            raise BadSetting("\n".join(lines))
    secrets_dir = _secrets_dir(from_file, lines)
    secrets = _files_in(secrets_dir)
    if unread := list(_unreadable(secrets)):  # pydantic's message would only name a class
        raise BadSetting("\n".join([*lines, *unread]))
    names = {*os.environ, *from_file, *secrets}
    lines += _unknown(names)
    lines += _unexpanded(os.environ)
    lines += _tokens_in_environment({**from_file, **os.environ})
    try:
        kind = SentinelSettings if for_sentinel else Settings
        more = _missing_of(defaults, {**from_file, **os.environ, **dict.fromkeys(secrets, "file")})
        settings = kind(_env_file=file, _secrets_dir=secrets_dir, **more)  # type: ignore[arg-type]
    except ValidationError as error:
        # `from None`: the chained error would hold the inputs
        raise BadSetting("\n".join([*lines, *_messages(error)])) from None
    has_own_key = for_sentinel and settings.sentinel_api_key is not None
    lines += _refusals(settings, dry_run=dry_run, has_own_key=has_own_key)
    plain = from_file | {name: value for name, value in os.environ.items() if value}
    found = list(exposures(settings, plain, secrets_dir))
    uses_key = not dry_run or (reads_key and settings.api_key is not None)
    if settings.environment is Environment.PRODUCTION and uses_key:
        lines += [f"{one.setting}: {one.text} (production refuses it)" for one in found]
    if lines:
        raise BadSetting("\n".join(lines))
    return settings, found


def _missing_of(defaults: Mapping[str, str], given: Mapping[str, str]) -> dict[str, str]:
    """Return, by field, the defaults of the settings that are not given or are given empty."""
    names = {name.upper() for name, value in given.items() if value}
    return {
        name.removeprefix(PREFIX).lower(): value
        for name, value in defaults.items()
        if name not in names
    }


def _redacted(text: str, from_file: Mapping[str, str]) -> str:
    """Return the text without the values of all secret settings."""
    for name in map(env_name, HIDDEN):
        for value in (os.environ.get(name, ""), from_file.get(name, "")):
            if len(value.strip()) >= REDACTED_CHARS_MIN:
                text = text.replace(value.strip(), REDACTED)
    return text


def forget_secrets() -> None:
    """Remove the secrets from our environment, so that child processes don't get them."""
    for name in SECRETS:
        os.environ.pop(env_name(name), None)


def _read_env_file(path: Path, found: dict[str, str]) -> Iterator[str]:
    """Collect our settings into `found`; yield a message for each mistake in a line.

    Raises BadSetting if the file can't be read.
    """
    try:
        with path.open(encoding="utf-8") as stream:
            bindings = list(parse_stream(stream))
    except OSError as error:
        raise BadSetting(f"{path}: can't be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise BadSetting(f"{path}: can't be read: byte {error.start} is not UTF-8 text") from None
    lines = dict[str, int]()
    for binding in bindings:
        where = f"{path}:{binding.original.line}"
        if binding.error and PREFIX in binding.original.string:
            yield f"{where}: is not NAME=value"
        elif binding.key is not None and (name := binding.key.upper()).startswith(PREFIX):
            if binding.value is None:
                yield f"{where}: {binding.key} has no value: write {binding.key}=value"
            if (first := lines.setdefault(name, binding.original.line)) != binding.original.line:
                yield f"{where}: {binding.key} is given twice, first in line {first}: keep one"
            if text := _ambiguous_dollar(binding.original.string):
                yield f"{where}: {binding.key} {text}"
            found[binding.key] = binding.value or ""


def _ambiguous_dollar(line: str) -> str:
    """Return why docker compose and quoter would read a line of `.env` differently, or "".

    docker compose expands `$NAME` and `${NAME}` outside of single quotes. The library dotenv, which
    quoter uses, expands `${NAME}` in any quotes.
    """
    value = line.partition("=")[2].strip()
    if "${" in value:
        return "has ${, which would be replaced: use a file and a _FILE setting"
    if "$" in value and not value.startswith("'"):
        return "has a dollar sign, which docker compose would replace: put it into single quotes"
    return ""


def _unexpanded(values: Mapping[str, str]) -> Iterator[str]:
    """Yield a message for each variable with a `${NAME}` that was not expanded."""
    for name, value in sorted(values.items()):
        if name.upper().startswith(PREFIX) and "${" in value:
            yield f"{name}: has ${{, which was not replaced with a value: write the value itself"


def _secrets_dir(from_file: Mapping[str, str], lines: list[str]) -> Path | None:
    name = env_name("secrets_dir")
    usual = str(Settings.model_fields["secrets_dir"].default)
    chosen = os.environ.get(name) or from_file.get(name) or usual
    if Path(chosen).is_dir():
        return Path(chosen)
    if chosen != usual:
        lines.append(f"{name}: no such folder (got {_printable(chosen)})")
    return None


def _files_in(folder: Path | None) -> dict[str, Path]:
    """Return the files of the secrets folder by setting; empty without one. Raises BadSetting."""
    try:
        return {path.name.upper(): path for path in sorted(folder.iterdir())} if folder else {}
    except OSError as error:
        name = env_name("secrets_dir")
        raise BadSetting(f"{name}: {folder} can't be listed: {error.strerror}") from None


def _unreadable(files: Mapping[str, Path]) -> Iterator[str]:
    """Yield a message for each secret file that can't be read as text, without its content."""
    for name in sorted(files.keys() & set(known_names())):
        try:
            files[name].read_text(encoding="utf-8")
        except OSError as error:
            yield f"{name}: the file {files[name]} can't be read: {error.strerror}"
        except UnicodeDecodeError:
            yield f"{name}: the file {files[name]} is not text"


def _unknown(names: set[str]) -> Iterator[str]:
    known = known_names()
    for name in sorted(names):
        if not name.upper().startswith(PREFIX) or name in known:
            continue
        near = get_close_matches(name.upper(), known, n=1)
        hint = f"did you mean {near[0]}?" if near else "`quoter env-example` lists them all"
        yield f"{_printable(name)}: no such setting; {hint}"


def _tokens_in_environment(values: Mapping[str, str]) -> Iterator[str]:
    """Yield a message for each token in a variable: child processes could read it there."""
    for name in map(env_name, TOKENS):
        if values.get(name):
            yield f"{name}: must not be set here: put it into a file and set {name}_FILE"


def _refusals(settings: Settings, *, dry_run: bool, has_own_key: bool) -> Iterator[str]:
    if dry_run:
        return
    if refusal := production_refusal(settings):
        yield refusal
    has_key = has_own_key or settings.api_key is not None
    if settings.environment.needs_key and not has_key:
        yield (
            f"QUOTER_API_KEY_FILE, QUOTER_API_SECRET_FILE: are required in "
            f"{settings.environment} (or the values themselves, without _FILE)"
        )


def _messages(error: ValidationError) -> Iterator[str]:
    for detail in error.errors(include_url=False, include_context=False):
        text = detail["msg"].removeprefix("Value error, ")
        if not detail["loc"]:
            yield from text.splitlines()
            continue
        field = str(detail["loc"][0])
        yield f"{env_name(field)}: {_message(field, text, detail)}"


def _message(field: str, text: str, detail: "ErrorDetails") -> str:
    if detail["type"] == "missing":
        return f"is required: {Settings.model_fields[field].description}"
    text = EXPONENT.sub(lambda found: plain(Decimal(found[0])), text)
    text = text.replace("Input should be ", "must be ", 1)
    if field in HIDDEN:
        return text
    return f"{text} (got {_printable(str(detail['input']))})"


def _printable(value: str) -> str:
    """Return the value in one printable line, shortened."""
    clean = "".join(char if char.isprintable() else "?" for char in value)
    return clean if len(clean) <= VALUE_CHARS_MAX else clean[:VALUE_CHARS_MAX] + "..."
