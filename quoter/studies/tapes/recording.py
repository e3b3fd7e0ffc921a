"""Recorded markets: the best prices and public trades in raw captures of Binance's streams.

The best prices are those of the daemon's own book, kept in sequence by the same code as live.
"""

import re
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from copy import replace
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby
from pathlib import Path

from quoter.domain.events import BookDelta, BookSnapshot, TopOfBook, Trade
from quoter.domain.market import Level, Levels, Side
from quoter.domain.units import NS_PER_S, exact
from quoter.state.book import Book
from quoter.tapes import messages
from quoter.tapes.binance_raw import read_lines
from quoter.tapes.messages import Best, Depth, Print, Snapshot, TapeError
from quoter.tapes.reading import RowAccount
from quoter.tapes.row_checks import prepared
from quoter.tapes.steps import price_step
from quoter.venues.binance.depth_sync import DepthDiff, DepthSync

NAME = re.compile(r"(\w+_([A-Z0-9]+))_\d{8}\.gz")

type Quote = TopOfBook | Trade


@dataclass(frozen=True, slots=True)
class Recording:
    """One capture: every change of the best prices, and every trade, in order of receipt."""

    name: str
    tick: Decimal  # the smallest decimal place of a price of the first snapshot
    events: tuple[Quote, ...]

    @property
    def start_ns(self) -> int:
        return self.events[0].ts_ns

    @property
    def seconds(self) -> float:
        """The length of the capture."""
        return (self.events[-1].ts_ns - self.start_ns) / NS_PER_S

    def index(self, t_s: float) -> int:
        """Return the index of the first event at or after `t_s` seconds from the start."""
        ts_ns = self.start_ns + round(t_s * NS_PER_S)
        return bisect_left(self.events, ts_ns, key=lambda event: event.ts_ns)

    def first(self, seconds: float) -> "Recording":
        """Return the first `seconds` of the recording."""
        return replace(self, events=self.events[: self.index(seconds)])

    def scaled(self, from_s: float, until_s: float, factor: float) -> "Recording":
        """Return the recording with price differences multiplied by `factor` in an interval.

        Spread, moves and takers' reaches grow alike; times and sizes stay. Later prices are shifted
        by a constant, so that they do not jump at the end of the interval.
        """
        first, last = self.index(from_s), self.index(until_s)
        step, start, end = float(self.tick), self.mid_before(first), self.mid_before(last)

        def inside(price: float) -> float:
            return round((start + factor * (price - start)) / step) * step

        shift = round((factor - 1.0) * (end - start) / step) * step
        events = (
            *self.events[:first],
            *(_moved(event, inside) for event in self.events[first:last]),
            *(_moved(event, lambda price: price + shift) for event in self.events[last:]),
        )
        return replace(self, events=events)

    def prices_from(self, index: int) -> Iterator[tuple[float, float, int]]:
        """Yield best bid, best ask and time (ns) of each change from the event at `index` on."""
        for event in self.events[index:]:
            if isinstance(event, TopOfBook):
                yield event.bid.price, event.ask.price, event.ts_ns

    def mid_before(self, index: int) -> float:
        """Return the mid before the event at `index`."""
        before = self.events[: max(index, 1)]
        top = next(event for event in reversed(before) if isinstance(event, TopOfBook))
        return (top.bid.price + top.ask.price) / 2.0


def recordings(folder: Path) -> Iterator[Recording]:
    """Yield the captures in a folder; files `<market>_<SYMBOL>_<yyyymmdd>.gz` of one are joined.

    Raises TapeError for a file that can't be read, and for a capture without a snapshot.
    """
    files = sorted(path for path in folder.glob("*.gz") if NAME.fullmatch(path.name))
    for (name, symbol), paths in groupby(files, key=_name_and_symbol):
        yield read(name, symbol, tuple(paths))


def read(name: str, symbol: str, files: Sequence[Path]) -> Recording:
    """Return one capture. Malformed rows are left out. Raises TapeError."""
    book, events, tick = Book(), list[Quote](), Decimal(1)
    touch: tuple[Level, Level] | None = None
    for event in _in_sequence(symbol, files):
        match event:
            case Trade():
                if touch is not None:
                    events.append(event)
                continue
            case BookSnapshot():
                tick = price_step({exact(price) for price, _ in event.bids + event.asks})
                book.load(event)
            case BookDelta():
                book.apply(event)
            case TopOfBook():
                book.apply_top(event)
        best = book.published()
        if best is not None and (touch is None or _prices(best) != _prices(touch)):
            touch = best
            events.append(
                TopOfBook(ts_ns=event.ts_ns, update_id=len(events) + 2, bid=best[0], ask=best[1])
            )
    if not events:
        raise TapeError(f"{name}: no depth snapshot with diffs that follow it")
    return Recording(name, tick, tuple(events))


def _name_and_symbol(path: Path) -> tuple[str, str]:
    match = NAME.fullmatch(path.name)
    if match is None:
        raise TapeError(f"{path.name}: must be named <market>_<SYMBOL>_<yyyymmdd>.gz")
    return match[1], match[2]


def _prices(touch: tuple[Level, Level]) -> tuple[float, float]:
    return touch[0].price, touch[1].price


def _moved(event: Quote, move: Callable[[float], float]) -> Quote:
    if isinstance(event, Trade):
        return replace(event, price=move(event.price))
    bid, ask = event.bid, event.ask
    return replace(
        event, bid=bid._replace(price=move(bid.price)), ask=ask._replace(price=move(ask.price))
    )


def _in_sequence(
    symbol: str, files: Sequence[Path]
) -> Iterator[BookSnapshot | BookDelta | TopOfBook | Trade]:
    """Yield the rows of a capture as events, from its first snapshot on."""
    sync, account, newest_ns = DepthSync(), RowAccount(), 0
    lines = read_lines(files, symbol, on_bad=account.add_bad)
    for stamp_ns, row in prepared(lines, account):
        ts_ns = newest_ns = max(newest_ns, stamp_ns)  # event times do not run back, as live
        match row:
            case Snapshot() if not sync.is_synced:
                bids, asks = _floats(row.bids), _floats(row.asks)
                snapshot = BookSnapshot(ts_ns=ts_ns, last=row.last, bids=bids, asks=asks)
                yield from sync.on_snapshot(snapshot) or ()
            case Depth():
                diff = DepthDiff(ts_ns, row.first, row.last, _floats(row.bids), _floats(row.asks))
                delta = sync.on_diff(diff)
                if delta is not None:
                    yield delta
            case Best() if sync.is_synced:
                bid = Level(float(row.bid), float(row.bid_size))
                ask = Level(float(row.ask), float(row.ask_size))
                yield TopOfBook(ts_ns=ts_ns, update_id=row.update_id, bid=bid, ask=ask)
            case Print() if sync.is_synced:
                yield Trade(
                    ts_ns=ts_ns,
                    trade_id=str(row.trade_id),
                    price=float(row.price),
                    size=float(row.size),
                    taker=Side.SELL if row.is_buyer_maker else Side.BUY,
                )


def _floats(levels: messages.Levels) -> Levels:
    return tuple((float(price), float(size)) for price, size in levels)
