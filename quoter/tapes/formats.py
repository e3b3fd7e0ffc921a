"""The formats of tapes: which one a file has, and the reader for it."""

from collections.abc import Callable, Iterator, Sequence
from enum import Enum, auto
from itertools import islice
from pathlib import Path

from quoter.sim.messages import MarketSpec
from quoter.tapes import binance_raw, own_recording, tardis
from quoter.tapes.market import LINES_MAX, market_of_rules, recorded_market
from quoter.tapes.messages import Line, TapeError
from quoter.tapes.reading import ReadProgress

SEPARATORS = str.maketrans("", "", "-_/")


class _Format(Enum):
    BINANCE_RAW = auto()
    TARDIS = auto()
    OWN = auto()


def tape_symbol(files: Sequence[Path]) -> str:
    """Return the symbol of a tape, as its files name it. Raises TapeError."""
    match _format(files):
        case _Format.TARDIS:
            return tardis.first_symbol(files[0])
        case _Format.OWN:
            return own_recording.own_symbol(files[0])
        case _Format.BINANCE_RAW:
            return binance_raw.capture_symbol(files)


def tape_market(files: Sequence[Path], symbol: str, *, filters: Path | None) -> MarketSpec:
    """Return the market of a tape: rules from `filters`, else as recorded, else from its numbers.

    `symbol` is as the files name it. Raises TapeError.
    """
    lines = read_tape(files, symbol, on_bad=_ignore, progress=ReadProgress(()))
    rows = (row for _, row in islice(lines, LINES_MAX))
    if filters is None and _format(files) is _Format.OWN:
        instrument = own_recording.own_instrument(files[0])
        if instrument is not None:
            return market_of_rules(instrument, rows)
    return recorded_market(rows, symbol.translate(SEPARATORS).upper(), filters=filters)


def read_tape(
    files: Sequence[Path], symbol: str, *, on_bad: Callable[[str], None], progress: ReadProgress
) -> Iterator[Line]:
    """Yield time of receipt (ns) and row; rows that can't be read are passed to `on_bad`.

    Raises TapeError for a file that can't be opened, ends early or has another format, and for
    damage in a recording of ours.
    """
    match _format(files):
        case _Format.TARDIS:
            return tardis.read_tardis(files, symbol, on_bad=on_bad, progress=progress)
        case _Format.OWN:
            return own_recording.read_own(files[0], progress=progress)
        case _Format.BINANCE_RAW:
            name = symbol.replace("/", "")
            return binance_raw.read_lines(files, name, on_bad=on_bad, progress=progress)


def _format(files: Sequence[Path]) -> _Format:
    if not files:
        raise TapeError("no file is given")
    try:
        with ReadProgress(()).opened(files[0]) as lines:
            first = next(iter(lines), b"")
    except (OSError, EOFError) as error:
        raise TapeError(f"{files[0]} can't be read: {error}") from None
    if own_recording.is_own(first):
        return _Format.OWN
    return _Format.TARDIS if tardis.is_tardis(first) else _Format.BINANCE_RAW


def _ignore(text: str) -> None:
    """Ignore a row that can't be read: the run itself counts it."""
