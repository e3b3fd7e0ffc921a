"""Event arrays of hftbacktest: `.npz` or `.npy` files with one array of its `event_dtype`.

Fields and flags are documented in hftbacktest's "Data preparation". Only events that the receiver
saw (flag LOCAL_EVENT) become rows. Events with the same `local_ts` and kind form one message. The
file is read in parts and without numpy, by the layout in the header of the array.
"""

import ast
import struct
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from itertools import groupby, islice
from math import inf
from pathlib import Path
from typing import NamedTuple

from quoter.domain.market import Side
from quoter.domain.units import exact
from quoter.tapes.later_snapshots import TapeBook
from quoter.tapes.messages import Depth, Levels, Line, Message, Print, Snapshot, TapeError
from quoter.tapes.reading import UNREADABLE, ByteFile, ReadProgress

DEPTH, TRADE, CLEAR, SNAPSHOT = 1, 2, 3, 4
KIND_MASK = 0xFF
LOCAL, BUY = 1 << 30, 1 << 29
FIELDS = [
    ("ev", "<u8"),
    ("exch_ts", "<i8"),
    ("local_ts", "<i8"),
    ("px", "<f8"),
    ("qty", "<f8"),
    ("order_id", "<u8"),
    ("ival", "<i8"),
    ("fval", "<f8"),
]
VERSION_1 = "<f8"  # rows of six numbers
WANTED = "hftbacktest's event_dtype (version 2)"
EVENT = struct.Struct("<QqqddQqd")
MAGIC = b"\x93NUMPY"
HEADER_MAX = 10_000  # bytes; the header of `event_dtype` has 200
PART = 4_096  # number of events read at once
MESSAGE_MAX = 100_000  # maximum number of events of one message
NO_SYMBOL = "the file names no market: pass --symbol, such as BTCUSDT"
NOTE = "whether this is a futures market is not recorded: it is traded as spot"

type OnBad = Callable[[str], None]


class _Event(NamedTuple):
    flags: int
    exchange_ns: int
    local_ns: int
    price: float
    size: float
    order_id: int
    ival: int
    fval: float


def is_hftbacktest(path: Path) -> bool:
    """Whether the file name ends with .npz or .npy."""
    return path.suffix in {".npz", ".npy"}


def read_hftbacktest(
    files: Sequence[Path], *, on_bad: OnBad, progress: ReadProgress
) -> Iterator[Line]:
    """Yield time of receipt (ns) and row; the files must be in order of time.

    A snapshot after the first becomes the Depth that leads to it. Events of single orders (level 3)
    and numbers out of domain are passed to `on_bad`. Raises TapeError for an array of another type,
    and for a file that ends early.
    """
    book, number = TapeBook(), 0
    for path in files:
        try:
            with progress.unpacked(path) as file:
                events = (event for event in _events(file) if event.flags & LOCAL)
                for (ts_ns, kind), group in groupby(events, key=_time_and_kind):
                    number += kind in {DEPTH, SNAPSHOT}
                    found = list(islice(group, MESSAGE_MAX + 1))
                    if len(found) > MESSAGE_MAX:
                        raise TapeError(f"more than {MESSAGE_MAX} events have the time {ts_ns}")
                    for message in _messages(book, number, kind, found, on_bad):
                        yield ts_ns, message
        except (TapeError, *UNREADABLE) as error:
            raise TapeError(f"{path} can't be read: {error}") from None


def _time_and_kind(event: _Event) -> tuple[int, int]:
    return event.local_ns, event.flags & KIND_MASK


def _events(file: ByteFile) -> Iterator[_Event]:
    count = _event_count(file)
    while count:
        size = EVENT.size * min(count, PART)
        part = file.read(size)
        if len(part) < size:
            raise TapeError("the array ends early")
        count -= size // EVENT.size
        yield from map(_Event._make, EVENT.iter_unpack(part))


def _event_count(file: ByteFile) -> int:
    """Return the number of events in the header of the array (.npy). Raises TapeError."""
    start = file.read(len(MAGIC) + 2)
    if not start.startswith(MAGIC):
        raise TapeError("it contains no numpy array")
    length = int.from_bytes(file.read(2 if start[-2] == 1 else 4), "little")
    if length > HEADER_MAX:
        raise TapeError(
            f"the header of the array has {length} bytes, at most {HEADER_MAX} are allowed"
        )
    try:
        header = ast.literal_eval(file.read(length).decode())
        if header["descr"] == VERSION_1:
            raise TapeError(f"numbers without fields, as of version 1; convert it to {WANTED}")
        fields, is_columns = list(header["descr"]), header["fortran_order"]
        (count,) = header["shape"]
    except TapeError:
        raise
    except (ValueError, SyntaxError, KeyError, TypeError, RecursionError, MemoryError):
        raise TapeError(f"the header of the array is not that of {WANTED}") from None
    if fields != FIELDS or is_columns or not isinstance(count, int) or count < 0:
        raise TapeError(f"the array is not of the type {WANTED}")
    return count


def _messages(
    book: TapeBook, number: int, kind: int, events: list[_Event], on_bad: OnBad
) -> Iterator[Message]:
    """Yield the messages for the events of one time and kind."""
    if kind == CLEAR:
        return  # the snapshot after it replaces the book
    at = f"at {events[0].local_ns}"
    if kind not in {DEPTH, TRADE, SNAPSHOT}:
        on_bad(f"{len(events)} events {at} have kind {kind}, which is not that of a book of levels")
        return
    good = [event for event in events if 0.0 < event.price < inf and 0.0 <= event.size < inf]
    if len(good) < len(events):
        on_bad(f"{len(events) - len(good)} events {at} have no valid price or size")
    if kind == TRADE:
        yield from map(_print, good)
    elif good:
        bids, asks = _side(good, Side.BUY), _side(good, Side.SELL)
        if kind == SNAPSHOT:
            yield book.snapshot(Snapshot(last=number, bids=bids, asks=asks), first=number)
        else:
            yield book.change(Depth(first=number, last=number, bids=bids, asks=asks))


def _print(event: _Event) -> Print:
    return Print(
        trade_id=0,  # the file has none
        price=exact(event.price),
        size=exact(event.size),
        is_buyer_maker=not event.flags & BUY,
    )


def _side(events: Sequence[_Event], side: Side) -> Levels:
    levels: dict[Decimal, Decimal] = {}
    for event in events:
        if bool(event.flags & BUY) is (side is Side.BUY):
            levels[exact(event.price)] = exact(event.size)
    return tuple(levels.items())
