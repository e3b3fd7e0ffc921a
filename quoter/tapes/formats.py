"""The formats of tapes: detection of a file's format, and the reader for it."""

import re
from collections.abc import Callable, Iterator, Sequence
from enum import Enum, auto
from itertools import islice
from pathlib import Path

from quoter.sim.messages import MarketSpec
from quoter.tapes import binance_archive, binance_raw, bybit, hftbacktest, own_recording, tardis
from quoter.tapes.market import LINES_MAX, market_of_rules, recorded_market
from quoter.tapes.messages import Line, Snapshot, TapeError
from quoter.tapes.reading import ReadProgress, first_line

# Binance's COIN-M (BTCUSD_PERP, BTCUSD_240628) and Bybit's inverse contracts (BTCUSD)
INVERSE = re.compile(r"[A-Z0-9]+USD_(PERP|\d{6})")


class _Format(Enum):
    BINANCE_RAW = auto()
    BINANCE_ARCHIVE = auto()
    BYBIT = auto()
    HFTBACKTEST = auto()
    TARDIS = auto()
    OWN = auto()


def tape_symbol(files: Sequence[Path]) -> str:
    """Return the symbol of a tape as its files name it. Raises TapeError."""
    match _format(files):
        case _Format.TARDIS:
            return tardis.first_symbol(files[0])
        case _Format.OWN:
            return own_recording.own_symbol(files[0])
        case _Format.BINANCE_RAW:
            return binance_raw.capture_symbol(files)
        case _Format.BINANCE_ARCHIVE:
            return binance_archive.archive_symbol(files[0])
        case _Format.BYBIT:
            return bybit.bybit_symbol(files)
        case _Format.HFTBACKTEST:
            raise TapeError(f"{files[0]}: {hftbacktest.NO_SYMBOL}")


def tape_notes(files: Sequence[Path]) -> tuple[str, ...]:
    """Return notes about the tape's format for readers of results; may be empty.

    Raises TapeError.
    """
    match _format(files):
        case _Format.BINANCE_ARCHIVE:
            return (binance_archive.NOTE,)
        case _Format.BYBIT:
            return (bybit.NOTE,)
        case _Format.HFTBACKTEST:
            return (hftbacktest.NOTE,)
        case _Format.BINANCE_RAW | _Format.TARDIS | _Format.OWN:
            return ()


def tape_market(files: Sequence[Path], symbol: str, *, filters: Path | None) -> MarketSpec:
    """Return the market of a tape, with rules from `filters`, the recording or the tape's numbers.

    The first of these that exists is used. symbol: as the files name it. Raises TapeError, also if
    the tape has no row of the symbol, and for markets whose sizes are contracts, such as inverse
    futures.
    """
    found = _format(files)
    is_inverse = found is _Format.BYBIT and symbol.endswith("USD")
    is_contract = found is _Format.TARDIS and tardis.has_contracts(files, symbol)
    if is_inverse or is_contract or INVERSE.fullmatch(symbol.upper()):
        raise TapeError(
            f"sizes of {symbol} are contracts, and inverse futures have profit in the base coin; "
            "a backtest does not support that: use a spot market, or a future with sizes in coins"
        )
    lines = read_tape(files, symbol, on_bad=_ignore, progress=ReadProgress(()))
    rows = (row for _, row in islice(lines, LINES_MAX))
    if all(isinstance(row, Snapshot) for row in rows):  # those of Binance's REST name no symbol
        raise TapeError(_no_row(files, symbol))
    lines = read_tape(files, symbol, on_bad=_ignore, progress=ReadProgress(()))
    rows = (row for _, row in islice(lines, LINES_MAX))
    if filters is None and found is _Format.OWN:
        instrument = own_recording.own_instrument(files[0])
        if instrument is not None:
            return market_of_rules(instrument, rows)
    return recorded_market(rows, symbol, filters=filters)


def _no_row(files: Sequence[Path], symbol: str) -> str:
    """Return the error text for a tape without rows of a symbol. Raises TapeError."""
    names = ", ".join(path.name for path in files)
    has_name = _format(files) is not _Format.HFTBACKTEST
    shown = tape_symbol(files) if has_name else symbol
    other = f"; their first symbol is {shown}: pass it as --symbol" if shown != symbol else ""
    return f"{names}: no row of {symbol} can be read{other}"


def read_tape(
    files: Sequence[Path], symbol: str, *, on_bad: Callable[[str], None], progress: ReadProgress
) -> Iterator[Line]:
    """Yield time of receipt (ns) and row; rows that can't be read are passed to `on_bad`.

    Raises TapeError for a file that can't be opened, ends early or has another format, and for a
    damaged recording of quoter.
    """
    match _format(files):
        case _Format.TARDIS:
            return tardis.read_tardis(files, symbol, on_bad=on_bad, progress=progress)
        case _Format.OWN:
            return own_recording.read_own(files[0], progress=progress)
        case _Format.BINANCE_ARCHIVE:
            return binance_archive.read_archive(files, symbol, on_bad=on_bad, progress=progress)
        case _Format.BYBIT:
            return bybit.read_bybit(files, symbol, on_bad=on_bad, progress=progress)
        case _Format.HFTBACKTEST:
            return hftbacktest.read_hftbacktest(files, on_bad=on_bad, progress=progress)
        case _Format.BINANCE_RAW:
            name = symbol.replace("/", "")
            return binance_raw.read_lines(files, name, on_bad=on_bad, progress=progress)


def _format(files: Sequence[Path]) -> _Format:
    if not files:
        raise TapeError("no file is given")
    if hftbacktest.is_hftbacktest(files[0]):
        return _Format.HFTBACKTEST
    if binance_archive.is_archive(files[0]):
        return _Format.BINANCE_ARCHIVE
    first = first_line(files[0])
    if own_recording.is_own(first):
        return _Format.OWN
    if bybit.is_bybit(first):
        return _Format.BYBIT
    return _Format.TARDIS if tardis.is_tardis(first) else _Format.BINANCE_RAW


def _ignore(text: str) -> None:
    """Ignore a row that can't be read: the run itself counts such rows."""
