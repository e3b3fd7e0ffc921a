"""Settings from the environment, or a `BadSetting` that names every mistake at once."""

import os
from collections.abc import Callable, Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

from dotenv.parser import parse_stream
from pydantic import ValidationError

from quoter.domain.errors import BadSetting
from quoter.settings.exposure import Exposure, exposures
from quoter.settings.fields import HIDDEN, SECRETS, TOKENS, Environment
from quoter.settings.model import PREFIX, Settings, WatcherSettings, env_name, production_refusal

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

ENV_FILE = Path(".env")
VALUE_CHARS_MAX = 60
BLOT = "[redacted]"
BLOT_CHARS_MIN = 4  # shorter ones would blot out half of every line


def known_names() -> tuple[str, ...]:
    """Every name that we read, as the environment spells it."""
    return tuple(env_name(field) for field in Settings.model_fields)


def load(
    *,
    env_file: Path | None = ENV_FILE,
    dry_run: bool = False,
    watches_only: bool = False,
    warn: Callable[[Exposure], None] | None = None,
) -> Settings:
    """Read environment, `.env` and secret files, in that order of precedence.

    dry_run: no order will be sent, so neither key nor production opt-in is asked for.
    watches_only: for the sentinel, which sends none either and learns the limits from the daemon;
    it may have a key of its own.
    warn: hears of secrets that others may see, where that is not refused.
    Raises BadSetting with one line per mistake; a value is shown unless it may be a secret.
    """
    from_file = dict[str, str]()
    try:
        settings, found = _load(env_file, from_file, dry_run=dry_run, watches_only=watches_only)
    except BadSetting as error:
        # a secret may have been pasted into any other setting as well
        raise BadSetting(_blotted(str(error), from_file)) from None
    if warn is not None:
        for exposure in found:
            warn(exposure)
    return settings


def _load(
    env_file: Path | None, from_file: dict[str, str], *, dry_run: bool, watches_only: bool
) -> tuple[Settings, list[Exposure]]:
    file = env_file if env_file is not None and env_file.is_file() else None
    lines = list[str]()
    if file is not None:
        lines += _read_env_file(file, from_file)
    secrets_dir = _secrets_dir(from_file, lines)
    secrets = _files_in(secrets_dir)
    if unread := list(_unreadable(secrets)):  # pydantic would say which class of its own failed
        raise BadSetting("\n".join([*lines, *unread]))
    names = {*os.environ, *from_file, *secrets}
    lines += _unknown(names)
    lines += _open_tokens({**from_file, **os.environ})
    try:
        kind = WatcherSettings if watches_only else Settings
        settings = kind(_env_file=file, _secrets_dir=secrets_dir)
    except ValidationError as error:
        # `from None`: the chained error would carry the inputs
        raise BadSetting("\n".join([*lines, *_explain(error)])) from None
    has_own_key = watches_only and settings.sentinel_api_key is not None
    lines += _refusals(settings, dry_run=dry_run, has_own_key=has_own_key)
    plain = from_file | {name: value for name, value in os.environ.items() if value}
    found = list(exposures(settings, plain, secrets_dir))
    if settings.environment is Environment.PRODUCTION and not dry_run:
        lines += [f"{one.setting}: {one.text} (production refuses it)" for one in found]
    if lines:
        raise BadSetting("\n".join(lines))
    return settings, found


def _blotted(text: str, from_file: Mapping[str, str]) -> str:
    """The text without any value of a secret's setting."""
    for name in map(env_name, HIDDEN):
        for value in (os.environ.get(name, ""), from_file.get(name, "")):
            if len(value.strip()) >= BLOT_CHARS_MIN:
                text = text.replace(value.strip(), BLOT)
    return text


def forget_secrets() -> None:
    """Take the secrets out of our environment, so that no child or crash dump inherits them."""
    for name in SECRETS:
        os.environ.pop(env_name(name), None)


def _read_env_file(path: Path, found: dict[str, str]) -> Iterator[str]:
    """Collect our names into `found`; yield a complaint per line that dotenv would skip."""
    try:
        with path.open(encoding="utf-8") as stream:
            bindings = list(parse_stream(stream))
    except OSError as error:
        raise BadSetting(f"{path}: can't be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise BadSetting(f"{path}: can't be read: byte {error.start} is not UTF-8 text") from None
    for binding in bindings:
        where = f"{path}:{binding.original.line}"
        if binding.error and PREFIX in binding.original.string:
            yield f"{where}: is not NAME=value"
        elif binding.key is not None and binding.key.upper().startswith(PREFIX):
            if binding.value is None:
                yield f"{where}: {binding.key} has no value: write {binding.key}=value"
            found[binding.key] = binding.value or ""


def _secrets_dir(from_file: Mapping[str, str], lines: list[str]) -> Path | None:
    name = env_name("secrets_dir")
    usual = str(Settings.model_fields["secrets_dir"].default)
    chosen = os.environ.get(name) or from_file.get(name) or usual
    if Path(chosen).is_dir():
        return Path(chosen)
    if chosen != usual:
        lines.append(f"{name}: no such folder (got {_shown(chosen)})")
    return None


def _files_in(folder: Path | None) -> dict[str, Path]:
    """The files of the secrets folder under the names that they stand for. Raises BadSetting."""
    try:
        return {path.name.upper(): path for path in sorted(folder.iterdir())} if folder else {}
    except OSError as error:
        name = env_name("secrets_dir")
        raise BadSetting(f"{name}: {folder} can't be listed: {error.strerror}") from None


def _unreadable(files: Mapping[str, Path]) -> Iterator[str]:
    """A line for each of ours that holds no text; never its content."""
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
        yield f"{_shown(name)}: no such setting; {hint}"


def _open_tokens(values: Mapping[str, str]) -> Iterator[str]:
    """A token in a variable is inherited by children and shown by process lists: files only."""
    for name in map(env_name, TOKENS):
        if values.get(name):
            yield f"{name}: must not be here: name its file by {name}_FILE"


def _refusals(settings: Settings, *, dry_run: bool, has_own_key: bool) -> Iterator[str]:
    if dry_run:
        return
    if refusal := production_refusal(settings):
        yield refusal
    has_key = has_own_key or settings.api_key is not None
    if settings.environment is not Environment.SANDBOX and not has_key:
        yield (
            f"QUOTER_API_KEY_FILE, QUOTER_API_SECRET_FILE: are required in "
            f"{settings.environment} (or the values themselves, without _FILE)"
        )


def _explain(error: ValidationError) -> Iterator[str]:
    for detail in error.errors(include_url=False, include_context=False):
        text = detail["msg"].removeprefix("Value error, ")
        if not detail["loc"]:
            yield from text.splitlines()
            continue
        field = str(detail["loc"][0])
        yield f"{env_name(field)}: {_complaint(field, text, detail)}"


def _complaint(field: str, text: str, detail: "ErrorDetails") -> str:
    if detail["type"] == "missing":
        return f"is required: {Settings.model_fields[field].description}"
    text = text.replace("Input should be ", "must be ", 1)
    if field in HIDDEN:
        return text
    return f"{text} (got {_shown(str(detail['input']))})"


def _shown(value: str) -> str:
    """A foreign text, fit for one line of a terminal."""
    clean = "".join(char if char.isprintable() else "?" for char in value)
    return clean if len(clean) <= VALUE_CHARS_MAX else clean[:VALUE_CHARS_MAX] + "..."
