"""Build the recorder of a run, and the configuration of a recorded run with changed settings."""

from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from functools import partial

from quoter.app.manifest import code_hash, config_hash, package_version
from quoter.app.paper import fill_terms
from quoter.app.settings_to_config import engine_config, run_id
from quoter.app.startup import StartContext
from quoter.domain.errors import BadSetting
from quoter.engine.config import EngineConfig
from quoter.engine.engine import Engine
from quoter.recording.codec import Header
from quoter.recording.engine_state import dump
from quoter.recording.files import FOLDER
from quoter.recording.recorder import Recorder
from quoter.replay.replay import config_of
from quoter.settings import HIDDEN, PREFIX, Environment, Settings, settings_from

BYTES_PER_MB = 1 << 20
NO_FILLS: Mapping[str, str] = {}  # fills are not simulated


def make_recorder(started: StartContext, engine: Engine) -> Recorder | None:
    """Return the recorder of a run; None in a dry run or if QUOTER_RECORDING_MAX_MB is 0."""
    settings, folder = started.settings, started.folder
    if folder is None or not settings.recording_max_mb:
        return None
    is_paper, start_ns = settings.environment is Environment.PAPER, started.start_ns
    fills = fill_terms(settings, start_ns).texts if is_paper else NO_FILLS
    return Recorder(
        folder.path / FOLDER,
        header_of(settings, engine.config, start_ns, fills),
        bytes_max=settings.recording_max_mb * BYTES_PER_MB,
        secrets=settings.secrets(),
        state=partial(dump, engine),
    )


def header_of(
    settings: Settings,
    config: EngineConfig | None,
    start_ns: int,
    fills: Mapping[str, str] = NO_FILLS,
) -> Header:
    """Return the header of a recording that begins at `start_ns` (UTC).

    `config`: None without an engine. `fills`: terms of simulated fills; empty if fills are real.
    """
    return Header(
        run=run_id(start_ns),
        started_ns=start_ns,
        version=package_version(),
        code_hash=code_hash(),
        config_hash=config_hash(settings),
        exchange=settings.exchange,
        symbol=settings.symbol,
        settings=settings.redacted(),
        config=config,
        fills=fills,
    )


def other_config(header: Header, changes: Sequence[str]) -> EngineConfig:
    """Return the configuration of a recorded run with some settings changed.

    `changes` are of the form QUOTER_NAME=value. What does not follow from settings, such as the
    market's history, stays as recorded. Raises BadSetting, RecordingError.
    """
    recorded = config_of(header)
    before, after = dict(header.settings), dict(header.settings)
    for change in changes:
        name, _, value = change.partition("=")
        field = name.removeprefix(PREFIX).lower()
        if not name.startswith(PREFIX) or field not in before or field in HIDDEN:
            raise BadSetting(
                f"--what-if {change}: must be QUOTER_NAME=value, with a setting that the recording "
                "has (secrets are not recorded)"
            )
        after[field] = value
    old, new = (
        engine_config(settings_from(texts), recorded.instrument, start_ns=0, opening={})
        for texts in (before, after)
    )
    if old == new:
        raise BadSetting(
            f"--what-if {' '.join(changes)}: does not change how the engine decides: name a "
            "setting of pricing, requoting or limits with another value than the recorded one"
        )
    return _changed(recorded, old, new)


def _changed[T](recorded: T, old: T, new: T) -> T:
    """Return `recorded` with each field replaced that differs between `old` and `new`.

    Fields of nested dataclasses are replaced one by one.
    """
    if old == new:
        return recorded
    if not is_dataclass(old) or isinstance(old, type) or type(old) is not type(recorded):
        return new
    changed = {
        field.name: _changed(*(getattr(each, field.name) for each in (recorded, old, new)))
        for field in fields(old)
        if field.init
    }
    return replace(recorded, **changed)  # type: ignore[type-var]  # a dataclass, as checked above
