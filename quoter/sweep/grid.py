"""The cells of a sweep: all combinations of settings, tape, fill model and seed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from itertools import product
from pathlib import Path
from typing import Final

from quoter.app.backtesting import SETTINGS_READ, suggested_limits
from quoter.app.manifest import code_hash
from quoter.backtest.baselines import Strategy, settings_of
from quoter.backtest.fill_terms import DelayOptions
from quoter.domain.errors import BadSetting
from quoter.recording.blocks import RecordingError
from quoter.recording.files import NAME, files_of
from quoter.settings import HIDDEN, PREFIX, Settings, known_names, load, settings_from
from quoter.sim.fill_models import FillModel
from quoter.sweep.cell import Cell, Changes, Tape, file_digest
from quoter.tapes.formats import tape_market, tape_symbol
from quoter.tapes.messages import TapeError

CELLS_MAX: Final = 100_000
FILE_SUFFIX: Final = "_file"  # ending of settings that name a secret's file


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """Values that a sweep varies, and values that all its cells share.

    grid: values by name of the setting. seeds: number of seeds, from delay.seed on. seconds: played
    part of each tape, 0 for all. memory_max: limit of one worker process, bytes.
    """

    tapes: Sequence[Tape]
    grid: Sequence[tuple[str, tuple[str, ...]]]
    strategies: Sequence[Strategy]
    models: Sequence[FillModel]
    seeds: int
    delay: DelayOptions
    seconds: float
    memory_max: int


def parsed_grid(texts: Sequence[str]) -> list[tuple[str, tuple[str, ...]]]:
    """Return names and values from texts of the form `QUOTER_NAME=value,value`.

    Raises BadSetting.
    """
    grid = dict[str, tuple[str, ...]]()
    for text in texts:
        name, _, listed = text.partition("=")
        values = tuple(dict.fromkeys(value.strip() for value in listed.split(",")))
        if name not in known_names():
            close = get_close_matches(name, known_names(), n=1)
            hint = f"; did you mean {close[0]}?" if close else ""
            raise BadSetting(f"--set {name}: is not a setting{hint}")
        if name.removeprefix(PREFIX).lower() not in SETTINGS_READ:  # without its value, a secret
            raise BadSetting(f"--set {name}: can't be varied: it has no effect in a backtest")
        if not all(values):
            raise BadSetting(f"--set {text}: must be {name}=value or {name}=value,value")
        if name in grid:
            raise BadSetting(f"--set {name}: is given twice; list its values with commas")
        grid[name] = values
    return list(grid.items())


def tape_of(text: str, *, symbol: str | None, filters: Path | None) -> Tape:
    """Return the tape for an argument: one file, or several files of one tape joined by commas.

    symbol: None for the first one in the tape. filters: a file with an answer of exchangeInfo; None
    for the rules in the tape. Raises BadSetting for a tape that can't be read.
    """
    files = tuple(Path(name).absolute() for name in text.split(","))
    try:
        for path in files:
            if not path.is_file():
                raise BadSetting(f"{path}: no such file; files of one tape are joined by commas")
        name = symbol or tape_symbol(files)
        every = files_of(str(files[0]), Path()) if NAME.fullmatch(files[0].name) else files
        return Tape(
            files=files,
            sizes=tuple(path.stat().st_size for path in files),
            symbol=name,
            market=tape_market(files, name, filters=filters),
            digest=file_digest(every),
        )
    except (TapeError, RecordingError, OSError) as error:
        raise BadSetting(f"{text}: {error}") from None


def cells_of(request: Request) -> list[Cell]:
    """Return every cell once, grouped by tape. Raises BadSetting."""
    cells = {cell.identity: cell for tape in request.tapes for cell in _of_tape(request, tape)}
    if len(cells) > CELLS_MAX:
        raise BadSetting(
            f"the grid has {len(cells)} cells, more than {CELLS_MAX}: vary fewer settings at a time"
        )
    return list(cells.values())


def _of_tape(request: Request, tape: Tape) -> Iterator[Cell]:
    market = tape.market
    base = load(dry_run=True, defaults=suggested_limits(market))
    base = base.model_copy(update={"symbol": f"{market.base}/{market.quote}"})
    for strategy, changes in _variants(request):
        texts = _with(_texts(base), strategy, changes)
        for model, seed in product(request.models, range(request.seeds)):
            yield Cell(
                tape=tape,
                changes=changes,
                settings=texts,
                strategy=strategy,
                model=model,
                delay=replace(request.delay, seed=request.delay.seed + seed),
                seconds=request.seconds,
                code=code_hash(),
                memory_max=request.memory_max,
            )


def _variants(request: Request) -> Iterator[tuple[Strategy, Changes]]:
    """Yield strategies and changes; a baseline has no changes, because it has its own settings."""
    names = [name for name, _ in request.grid]
    for strategy in request.strategies:
        if strategy is not Strategy.QUOTER:
            yield strategy, ()
            continue
        for values in product(*(values for _, values in request.grid)):
            yield strategy, tuple(zip(names, values, strict=True))


def _with(texts: dict[str, str], strategy: Strategy, changes: Changes) -> dict[str, str]:
    """Return the settings with the changes as texts, validated. Raises BadSetting."""
    wanted = {**settings_of(strategy), **dict(changes)}
    fields = {name.removeprefix(PREFIX).lower(): value for name, value in wanted.items()}
    try:
        return _texts(settings_from({**texts, **fields}))
    except BadSetting as error:
        shown = " ".join(f"{name}={value}" for name, value in wanted.items())
        raise BadSetting(f"--set {shown}: {error}") from None


def _texts(settings: Settings) -> dict[str, str]:
    """Return the settings as texts, without secrets and names of secret files."""
    return {
        name: text
        for name, text in settings.redacted().items()
        if name not in HIDDEN and not name.endswith(FILE_SUFFIX)
    }
