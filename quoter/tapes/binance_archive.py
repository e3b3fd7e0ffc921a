"""Files of Binance's public archive: trades, aggTrades and bookTicker of one market.

Names and columns are documented in the repository binance/binance-public-data. Files of futures
have a header, those of spot have none. Times are in ms; in spot files since 2025 they are in µs.
There is no depth. The book of such a tape is the best price of each side, from bookTicker (futures
only).
"""

import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from heapq import merge
from pathlib import Path

from quoter.tapes.columns import columns, level, stamp_ns, whole
from quoter.tapes.later_snapshots import TapeBook
from quoter.tapes.messages import Best, Line, Print, Snapshot, TapeError
from quoter.tapes.reading import ReadProgress, parsed

NAME = re.compile(
    r"([^-/]+)-(trades|aggTrades|bookTicker|bookDepth|metrics|liquidationSnapshot|fundingRate"
    r"|\d+(?:s|m|h|d|w|mo))-\d{4}-\d\d(-\d\d)?\.(csv|zip|csv\.gz)"
)
SPOT_COLUMNS = {"trades": 7, "aggTrades": 8}  # files of futures lack the last one, "best match"
KINDS = {*SPOT_COLUMNS, "bookTicker"}
BEST_COLUMNS = 6  # number of columns that are read
HEADERS = {"id", "agg_trade_id", "update_id"}  # names of the first column
NOTE = (
    "the archive has the best prices only: the book behind them is empty, so the queue models see "
    "nothing ahead of an order there; times are the venue's, without the delay to a receiver"
)

type OnBad = Callable[[str], None]


def is_archive(path: Path) -> bool:
    """Whether the file name has the form of the archive."""
    return NAME.fullmatch(path.name) is not None


def archive_symbol(path: Path) -> str:
    """Return the symbol in a file name. Raises TapeError."""
    return _parts(path)[0]


def read_archive(
    files: Sequence[Path], symbol: str, *, on_bad: OnBad, progress: ReadProgress
) -> Iterator[Line]:
    """Yield time (ns) and row of all files, merged by time.

    The files of each kind must be in order of time; trades and aggTrades exclude each other. Rows
    that can't be read are passed to `on_bad`. Raises TapeError if there are no best prices.
    """
    kinds: dict[str, list[Path]] = {"trades": [], "aggTrades": [], "bookTicker": []}
    for path in files:
        name, kind = _parts(path)
        if name == symbol:
            kinds[kind].append(path)
    if not kinds["bookTicker"]:
        raise TapeError(
            f"{symbol}: trades alone have no book; add the bookTicker files of the same days "
            "(Binance publishes them for futures)"
        )
    if kinds["trades"] and kinds["aggTrades"]:
        raise TapeError(f"{symbol}: give either trades or aggTrades: both contain the same trades")
    read = partial(parsed, on_bad=on_bad, progress=progress)
    trades = (read(kinds[kind], partial(_trade, kind=kind)) for kind in SPOT_COLUMNS)
    book = _book(read(kinds["bookTicker"], _best))
    return merge(book, *trades, key=lambda line: line[0])


def _parts(path: Path) -> tuple[str, str]:
    found = NAME.fullmatch(path.name)
    if found is None:
        raise TapeError(f"{path} does not have a file name of Binance's public archive")
    if found[2] not in KINDS:
        raise TapeError(
            f"{path.name}: files of the kind {found[2]} have neither orders nor trades; use "
            "bookTicker with trades or aggTrades"
        )
    return found[1], found[2]


def _trade(line: bytes, *, kind: str) -> Line | None:
    row = columns(line, SPOT_COLUMNS[kind] - 1)
    if row[0] in HEADERS:
        return None
    is_spot = line.count(b",") == SPOT_COLUMNS[kind] - 1
    time, maker = (row[4], row[5]) if kind == "trades" else (row[5], row[6])
    if maker.lower() not in {"true", "false"}:
        raise ValueError(f"the column 'buyer is maker' must be true or false, not {maker}")
    price, size = level(row[1], row[2])
    return stamp_ns(time), Print(
        trade_id=whole(row[0]),
        price=price,
        size=size,
        is_buyer_maker=maker.lower() == "true",
        kind=None if is_spot else "MARKET",
    )


def _best(line: bytes) -> tuple[int, Best] | None:
    row = columns(line, BEST_COLUMNS)
    if row[0] in HEADERS:
        return None
    update_id, bid, bid_size, ask, ask_size, time = row
    (bid_price, bid_lots), (ask_price, ask_lots) = level(bid, bid_size), level(ask, ask_size)
    return stamp_ns(time), Best(
        update_id=whole(update_id),
        bid=bid_price,
        bid_size=bid_lots,
        ask=ask_price,
        ask_size=ask_lots,
    )


def _book(rows: Iterator[tuple[int, Best]]) -> Iterator[Line]:
    """Yield the best prices as changes of a book with one level per side."""
    book = TapeBook()
    for number, (ts_ns, best) in enumerate(rows, start=1):
        levels = ((best.bid, best.bid_size),), ((best.ask, best.ask_size),)
        snapshot = Snapshot(last=number, bids=levels[0], asks=levels[1])
        yield ts_ns, book.snapshot(snapshot, first=number)
