"""CSV files of Tardis.dev: `incremental_book_L2` and `trades` of one market.

The columns are documented at docs.tardis.dev (downloadable CSV files, data types). Rows of the book
with the same `local_timestamp` form one message of the venue. The files have no update ids, so this
module numbers the messages.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from functools import partial
from heapq import merge
from itertools import chain, groupby, islice
from pathlib import Path
from typing import NamedTuple

from quoter.domain.market import Side
from quoter.tapes.columns import columns, level, whole
from quoter.tapes.later_snapshots import TapeBook
from quoter.tapes.messages import Depth, Line, Message, Print, Snapshot, TapeError
from quoter.tapes.reading import ReadProgress, first_line, parsed

NS_PER_US = 1_000
BOOK = b"exchange,symbol,timestamp,local_timestamp,is_snapshot,side,price,amount"
TRADES = b"exchange,symbol,timestamp,local_timestamp,id,side,price,amount"
SIDES = {"bid": Side.BUY, "ask": Side.SELL}
TAKERS = {"buy": False, "sell": True}  # taker's side: whether the buyer was the maker

COLUMNS = 8
# venues, as the files name them, whose sizes are contracts; at Bybit those of ...USD, and at Kraken
# Futures those of PI_... and FI_...
CONTRACTS = frozenset(
    {
        *("bitmex", "deribit", "binance-delivery", "okex-swap", "okex-futures", "huobi-dm"),
        *("huobi-dm-swap", "huobi-dm-linear-swap", "gate-io-futures", "kucoin-futures"),
    }
)
CONTRACTS_BY_NAME = {"bybit": re.compile(r".*USD"), "cryptofacilities": re.compile(r"[PF]I_.*")}
SYMBOL_ROWS_MAX = 100_000  # rows in which the venue of a symbol is looked for

type OnBad = Callable[[str], None]


class _Row(NamedTuple):
    """One line of a file with a book or trades; `local_us`: time of receipt, µs."""

    local_us: int
    symbol: str
    mark: str  # is_snapshot, or the trade's id
    side: str
    price: Decimal
    amount: Decimal


def is_tardis(first_line: bytes) -> bool:
    """Whether the first line is one of the two headers."""
    return first_line.strip() in {BOOK, TRADES}


def first_symbol(path: Path) -> str:
    """Return the symbol in the first row. Raises TapeError."""
    found = next(_markets(path), None)
    if found is None:
        raise TapeError(f"{path} has no row")
    return found[1]


def has_contracts(files: Sequence[Path], symbol: str) -> bool:
    """Whether the sizes of a symbol are contracts, by its venue in the files. Raises TapeError."""
    rows = chain.from_iterable(islice(_markets(path), SYMBOL_ROWS_MAX) for path in files)
    venue = next((venue for venue, name in rows if name == symbol), "")
    by_name = CONTRACTS_BY_NAME.get(venue)
    return venue in CONTRACTS or (by_name is not None and bool(by_name.fullmatch(symbol)))


def _markets(path: Path) -> Iterator[tuple[str, str]]:
    """Yield the venue and symbol of each row that has both. Raises TapeError."""
    with ReadProgress(()).opened(path) as lines:
        for line in islice(lines, 1, None):
            venue, _, rest = line.decode(errors="replace").partition(",")
            symbol, separator, _ = rest.partition(",")
            if separator:
                yield venue, symbol


def read_tardis(
    files: Sequence[Path], symbol: str, *, on_bad: OnBad, progress: ReadProgress
) -> Iterator[Line]:
    """Yield time of receipt (ns) and row of all files, merged by time.

    The files of each kind (book, trades) must be in order of time. The first snapshot is a
    Snapshot; a later one becomes the Depth that leads to it. Rows that can't be read are passed to
    `on_bad` as text. Raises TapeError for a file that ends early or has another header.
    """
    books: list[Path] = []
    trades: list[Path] = []
    for path in files:
        (books if _header(path) == BOOK else trades).append(path)
    return merge(
        _book_lines(_rows(books, BOOK, symbol, on_bad, progress)),
        _trade_lines(_rows(trades, TRADES, symbol, on_bad, progress), on_bad),
        key=lambda line: line[0],
    )


def _header(path: Path) -> bytes:
    header = first_line(path).strip()
    if not is_tardis(header):
        raise TapeError(f"{path} has neither the header of incremental_book_L2 nor that of trades")
    return header


def _rows(
    files: Sequence[Path], header: bytes, symbol: str, on_bad: OnBad, progress: ReadProgress
) -> Iterator[_Row]:
    parse = partial(_row, header=header)
    rows = parsed(files, parse, on_bad=on_bad, progress=progress, headers=1)
    return (row for row in rows if row.symbol == symbol)


def _row(line: bytes, header: bytes) -> _Row:
    _, symbol, _, local_us, mark, side, price, amount = columns(line, COLUMNS)
    row = _Row(whole(local_us), symbol, mark, side, *level(price, amount))
    if header is BOOK and side not in SIDES:
        raise ValueError(f"side {side} is neither bid nor ask")
    return row


def _book_lines(rows: Iterator[_Row]) -> Iterator[Line]:
    book = TapeBook()
    groups = groupby(rows, key=lambda row: (row.local_us, row.mark))
    for number, ((local_us, mark), group) in enumerate(groups, start=1):
        sides: dict[Side, dict[Decimal, Decimal]] = {Side.BUY: {}, Side.SELL: {}}
        for row in group:
            sides[SIDES[row.side]][row.price] = row.amount
        bids, asks = tuple(sides[Side.BUY].items()), tuple(sides[Side.SELL].items())
        message: Message
        if mark == "true":
            snapshot = Snapshot(last=number, bids=bids, asks=asks)
            message = book.snapshot(snapshot, first=number)
        else:
            message = book.change(Depth(first=number, last=number, bids=bids, asks=asks))
        yield local_us * NS_PER_US, message


def _trade_lines(rows: Iterator[_Row], on_bad: OnBad) -> Iterator[Line]:
    for number, row in enumerate(rows, start=1):
        is_buyer_maker = TAKERS.get(row.side)
        if is_buyer_maker is None:
            on_bad(f"trade {row.mark} has no valid taker's side: {row.side}")
            continue
        trade = Print(
            trade_id=int(row.mark) if row.mark.isdecimal() else number,
            price=row.price,
            size=row.amount,
            is_buyer_maker=is_buyer_maker,
        )
        yield row.local_us * NS_PER_US, trade
