"""A tape without its best prices, and the same as hftbacktest's events."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import islice
from pathlib import Path

import numpy as np

from quoter.domain.units import NS_PER_S
from quoter.sim.messages import DepthBook, MarketSpec
from quoter.tapes import hftbacktest
from quoter.tapes.formats import read_tape, tape_symbol
from quoter.tapes.market import LINES_MAX, recorded_market
from quoter.tapes.messages import Best, Depth, Levels, Line, Print
from quoter.tapes.opening import open_tape
from quoter.tapes.reading import ReadProgress, RowAccount
from quoter.tapes.row_checks import prepared

LOCAL_AND_EXCHANGE, BUY, SELL = 1 << 31 | 1 << 30, 1 << 29, 1 << 28


@dataclass(frozen=True, slots=True, kw_only=True)
class Tape:
    """The market, its opening, and the rows after it, in memory."""

    market: MarketSpec
    start_ns: int
    book: DepthBook
    rows: list[Line]


def load(files: list[Path], seconds: float) -> Tape:
    """Return the tape without its best-price stream."""
    name, account = tape_symbol(files), RowAccount()

    def lines() -> Iterator[Line]:
        return read_tape(files, name, on_bad=account.add_bad, progress=ReadProgress(()))

    first = (row for _, row in islice(lines(), LINES_MAX))
    market = recorded_market(first, name.upper(), filters=None)
    opening = open_tape(prepared(lines(), account))
    rows, latest_ns = [], opening.ts_ns
    for ts_ns, row in opening.lines:
        if ts_ns > opening.ts_ns + seconds * NS_PER_S:
            break
        latest_ns = max(latest_ns, ts_ns)
        if not isinstance(row, Best):
            rows.append((latest_ns, row))
    return Tape(
        market=replace(market, recorded=True, fee_maker=Decimal(0)),
        start_ns=opening.ts_ns,
        book=opening.book,
        rows=rows,
    )


def events(tape: Tape) -> np.ndarray:
    """Return the tape in hftbacktest's form; venue and receiver see each row at one time."""
    found: list[tuple[int, int, int, float, float, int, int, float]] = []

    def add(kind: int, ts_ns: int, levels: Levels) -> None:
        for price, size in levels:
            flags = kind | LOCAL_AND_EXCHANGE
            found.append((flags, ts_ns, ts_ns, float(price), float(size), 0, 0, 0.0))

    add(hftbacktest.SNAPSHOT | BUY, tape.start_ns, tape.book.bids)
    add(hftbacktest.SNAPSHOT | SELL, tape.start_ns, tape.book.asks)
    for ts_ns, row in tape.rows:
        if isinstance(row, Depth):
            add(hftbacktest.DEPTH | BUY, ts_ns, row.bids)
            add(hftbacktest.DEPTH | SELL, ts_ns, row.asks)
        elif isinstance(row, Print):
            taker = SELL if row.is_buyer_maker else BUY
            add(hftbacktest.TRADE | taker, ts_ns, ((row.price, row.size),))
    return np.array(found, dtype=np.dtype(hftbacktest.FIELDS, align=True))
