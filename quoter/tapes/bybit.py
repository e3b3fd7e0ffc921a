"""Files of Bybit's public archive: order books (`ob500`, `ob200`) and trades of one market.

The book is a zip of messages of the topic `orderbook.*`, as documented by Bybit (v5, public
websocket). The trades are CSV, with times in seconds for contracts and in ms for spot. All times
are the venue's.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from heapq import merge
from pathlib import Path

import msgspec

from quoter.domain.units import NS_PER_MS
from quoter.tapes.columns import columns, is_level, level, stamp_ns
from quoter.tapes.later_snapshots import TapeBook
from quoter.tapes.messages import Depth, Levels, Line, Print, Snapshot, TapeError
from quoter.tapes.reading import ReadProgress, first_line, parsed

BOOK_BEGINS = b'{"topic":"orderbook.'
CONTRACT = b"timestamp,symbol,side,size,price"
SPOT = b"id,timestamp,price,volume,side"
COLUMNS = 5  # number of columns that are read
TAKERS = {"buy": False, "sell": True}  # taker's side: whether the buyer was the maker
NOTE = "times are the venue's, without the delay to a receiver"

type OnBad = Callable[[str], None]


class _Data(msgspec.Struct, frozen=True):
    symbol: str = msgspec.field(name="s")
    bids: Levels = msgspec.field(name="b")
    asks: Levels = msgspec.field(name="a")
    update: int = msgspec.field(name="u")


class _Message(msgspec.Struct, frozen=True):
    type: str
    ts: int
    data: _Data


def is_bybit(first: bytes) -> bool:
    """Whether the first line is that of a book or of trades of the archive."""
    return first.startswith((CONTRACT, SPOT)) or first.replace(b" ", b"").startswith(BOOK_BEGINS)


def bybit_symbol(files: Sequence[Path]) -> str:
    """Return the symbol in the first row that has one. Raises TapeError."""
    for path in files:
        first = first_line(path)
        if not first.startswith((CONTRACT, SPOT)):
            try:
                return msgspec.json.decode(first, type=_Message).data.symbol
            except msgspec.MsgspecError as error:
                raise TapeError(f"{path}: line 1 can't be read: {error}") from None
    raise TapeError("trades alone have no book; add the order book file (ob500) of the same days")


def read_bybit(
    files: Sequence[Path], symbol: str, *, on_bad: OnBad, progress: ReadProgress
) -> Iterator[Line]:
    """Yield time (ns) and row of all files, merged by time.

    The files of each kind must be in order of time. A missing update leaves a gap in the ids. Rows
    that can't be read are passed to `on_bad`. Raises TapeError for a file that ends early.
    """
    kinds: dict[bytes, list[Path]] = {CONTRACT: [], SPOT: [], b"": []}
    for path in files:
        first = first_line(path)
        kinds[next((kind for kind in (CONTRACT, SPOT) if first.startswith(kind)), b"")].append(path)
    read = partial(parsed, on_bad=on_bad, progress=progress)
    decode = msgspec.json.Decoder(_Message).decode
    messages = (one for one in read(kinds[b""], decode) if one.data.symbol == symbol)
    trades = (
        read(kinds[kind], partial(_trade, symbol=symbol, kind=kind), headers=1)
        for kind in (CONTRACT, SPOT)
    )
    return merge(_book(messages, on_bad), *trades, key=lambda line: line[0])


def _trade(line: bytes, *, symbol: str, kind: bytes) -> Line | None:
    row = columns(line, COLUMNS)
    if kind == SPOT:
        number, time, price, size, taker = row
    else:
        time, name, taker, size, price = row
        number = ""
        if name != symbol:
            return None
    is_buyer_maker = TAKERS.get(taker.lower())
    if is_buyer_maker is None:
        raise ValueError(f"side {taker}")
    exact_price, exact_size = level(price, size)
    return stamp_ns(time), Print(
        trade_id=int(number) if number.isdecimal() else 0,
        price=exact_price,
        size=exact_size,
        is_buyer_maker=is_buyer_maker,
        kind=None if kind == SPOT else "MARKET",
    )


def _book(messages: Iterator[_Message], on_bad: OnBad) -> Iterator[Line]:
    """Yield snapshots and changes with ids that have gaps only where the venue's ids have one."""
    book, number, update = TapeBook(), 0, 0
    for message in messages:
        data, ts_ns = message.data, message.ts * NS_PER_MS
        if not all(is_level(*one) for one in data.bids + data.asks):
            on_bad(f"update {data.update} has a price or size out of domain")
            continue
        bids, asks = data.bids, data.asks
        if message.type == "snapshot":
            number += 1
            snapshot = Snapshot(last=number, bids=bids, asks=asks)
            yield ts_ns, book.snapshot(snapshot, first=number)
        else:
            number += max(1, data.update - update) if update else 1
            yield ts_ns, book.change(Depth(first=number, last=number, bids=bids, asks=asks))
        update = data.update
