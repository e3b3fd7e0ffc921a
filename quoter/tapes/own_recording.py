"""Recordings of `quoter record` and `quoter run` as tapes.

Prices and sizes were floats in the engine: their shortest decimals are those that the venue sent.
The book of a recorded run contains our own orders; one of `quoter record` does not.
"""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

from quoter.domain.events import BookDelta, BookSnapshot, RulesReport, TopOfBook, Trade
from quoter.domain.instrument import Instrument
from quoter.domain.market import Level, Side
from quoter.domain.market import Levels as FloatLevels
from quoter.domain.units import exact
from quoter.recording.blocks import MARK, RecordingError
from quoter.recording.files import files_of
from quoter.recording.reader import Recording
from quoter.tapes.later_snapshots import TapeBook
from quoter.tapes.messages import Best, Depth, Levels, Line, Message, Print, Snapshot, TapeError
from quoter.tapes.reading import ReadProgress

RULES_WITHIN = 1_000  # first records, in which the rules of the market are looked for


def is_own(first_bytes: bytes) -> bool:
    """Whether a file begins as a recording of ours."""
    return first_bytes.startswith(MARK)


def own_symbol(path: Path) -> str:
    """Return the symbol of a recording, such as BTC/USDT. Raises TapeError."""
    return _opened(path).header.symbol


def own_instrument(path: Path) -> Instrument | None:
    """Return the rules of the recorded market; None if the recording has none. Raises TapeError."""
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
    """Yield time of receipt (ns) and row of all files of the run that `path` belongs to.

    Raises TapeError for damage, which it names.
    """
    recording, book = _opened(path), TapeBook()
    last = 0
    try:
        for _, record in recording.records():
            progress.read_to(recording.bytes_read, recording.bytes_total)
            row: Message
            match record:
                case BookSnapshot():
                    snapshot = Snapshot(
                        last=record.last, bids=_levels(record.bids), asks=_levels(record.asks)
                    )
                    row = book.snapshot(snapshot, first=last + 1)
                    last = record.last
                case BookDelta():
                    change = Depth(
                        first=record.prev + 1,
                        last=record.last,
                        bids=_levels(record.bids),
                        asks=_levels(record.asks),
                    )
                    row, last = book.change(change), record.last
                case TopOfBook():
                    row = _best(record)
                case Trade():
                    row = _print(record)
                case _:
                    continue
            yield record.ts_ns, row
    except (RecordingError, OSError) as error:
        raise TapeError(str(error)) from None


def _opened(path: Path) -> Recording:
    try:
        return Recording(files_of(str(path), path.parent))
    except (RecordingError, OSError) as error:
        raise TapeError(str(error)) from None


def _levels(levels: FloatLevels) -> Levels:
    return tuple((exact(price), exact(size)) for price, size in levels)


def _best(event: TopOfBook) -> Best:
    bid, ask = _level(event.bid), _level(event.ask)
    return Best(update_id=event.update_id, bid=bid[0], bid_size=bid[1], ask=ask[0], ask_size=ask[1])


def _level(level: Level) -> tuple[Decimal, Decimal]:
    return exact(level.price), exact(level.size)


def _print(event: Trade) -> Print:
    name = event.trade_id
    return Print(
        trade_id=int(name) if name.isdecimal() else 0,
        price=exact(event.price),
        size=exact(event.size),
        is_buyer_maker=event.taker is Side.SELL,
    )
