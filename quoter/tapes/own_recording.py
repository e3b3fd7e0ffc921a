"""Recordings of `quoter record` and `quoter run` as tapes.

The book in a recording of `quoter run` contains our own orders; in one of `quoter record` it does
not. If the first files of the latter were removed, its first file begins with a checkpoint,
followed by the rules and the book.
"""

from collections.abc import Iterator
from pathlib import Path

from quoter.domain.events import BookDelta, BookSnapshot, RulesReport, TopOfBook, Trade
from quoter.domain.instrument import Instrument
from quoter.recording.blocks import MARK, RecordingError
from quoter.recording.files import files_of
from quoter.recording.reader import Recording
from quoter.tapes.event_rows import EventRows
from quoter.tapes.messages import Line, TapeError
from quoter.tapes.reading import ReadProgress

RULES_WITHIN = 1_000  # number of first records that are searched for the market's rules


def is_own(first_bytes: bytes) -> bool:
    """Whether the first bytes of a file are those of a recording of quoter."""
    return first_bytes.startswith(MARK)


def own_symbol(path: Path) -> str:
    """Return the symbol of a recording, such as BTC/USDT. Raises TapeError."""
    return _opened(path).header.symbol


def own_instrument(path: Path) -> Instrument | None:
    """Return the recorded rules of the market; None if there are none. Raises TapeError."""
    recording = _opened(path)
    if recording.header.config is not None:
        return recording.header.config.instrument
    try:
        for _, (_, record) in zip(range(RULES_WITHIN), recording.records(), strict=False):
            if isinstance(record, RulesReport):
                return record.instrument
    except (RecordingError, OSError) as error:
        raise TapeError(str(error)) from None
    return None


def read_own(path: Path, *, progress: ReadProgress) -> Iterator[Line]:
    """Yield time of receipt (ns) and row, from all files of the run that `path` belongs to.

    Raises TapeError, which names the place of damage.
    """
    recording, rows = _opened(path), EventRows()
    try:
        for _, record in recording.records():
            progress.read_to(recording.bytes_read, recording.bytes_total)
            if isinstance(record, BookSnapshot | BookDelta | TopOfBook | Trade):
                yield record.ts_ns, rows.row(record)
    except (RecordingError, OSError) as error:
        raise TapeError(str(error)) from None


def _opened(path: Path) -> Recording:
    try:
        recording = Recording(files_of(str(path), path.parent))
    except (RecordingError, OSError) as error:
        raise TapeError(str(error)) from None
    if recording.files_removed and recording.header.config is not None:
        raise TapeError(
            f"{path}: the run's first files, with its book, were removed beyond "
            "QUOTER_RECORDING_MAX_MB, so that it is no tape; `quoter replay` and `quoter report` "
            "can begin with a later file, and a recording of `quoter record` can be a tape from any"
        )
    return recording
