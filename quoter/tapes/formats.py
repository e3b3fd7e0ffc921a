"""The formats of tapes: which one a file has, and the reader for it."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from quoter.tapes import binance_raw, tardis
from quoter.tapes.messages import Line, TapeError
from quoter.tapes.reading import ReadProgress


def tape_symbol(files: Sequence[Path]) -> str:
    """Return the symbol of a tape, as its files name it. Raises TapeError."""
    if _is_tardis(files):
        return tardis.first_symbol(files[0])
    return binance_raw.capture_symbol(files)


def read_tape(
    files: Sequence[Path], symbol: str, *, on_bad: Callable[[str], None], progress: ReadProgress
) -> Iterator[Line]:
    """Yield time of receipt (ns) and row; rows that can't be read are passed to `on_bad`.

    Raises TapeError for a file that can't be opened, ends early or has another format.
    """
    if _is_tardis(files):
        return tardis.read_tardis(files, symbol, on_bad=on_bad, progress=progress)
    name = symbol.replace("/", "")
    return binance_raw.read_lines(files, name, on_bad=on_bad, progress=progress)


def _is_tardis(files: Sequence[Path]) -> bool:
    if not files:
        raise TapeError("no file is given")
    try:
        with ReadProgress(()).opened(files[0]) as lines:
            return tardis.is_tardis(next(iter(lines), b""))
    except (OSError, EOFError) as error:
        raise TapeError(f"{files[0]} can't be read: {error}") from None
