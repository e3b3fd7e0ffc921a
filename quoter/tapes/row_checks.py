"""Checks of a tape's rows: which of them a backtest can use, with counts of the others.

A row is left out for one of these reasons: its numbers are out of domain, a price is off the
market's grid, it is a print that is not a trade in the book, it is a repeated trade, or its time
can't be right. A tape with many rows off the grid or out of order is refused.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from decimal import Decimal

import msgspec

from quoter.domain.units import NS_PER_S
from quoter.tapes.columns import is_level
from quoter.tapes.messages import Best, Depth, Levels, Line, Message, Print, Snapshot, TapeError
from quoter.tapes.reading import RowAccount

# prints of other kinds, such as INSURANCE_FUND, are not trades in the book
REAL_PRINTS = {None, "MARKET"}
TRADES_MAX = 100_000  # number of newest trades in which a repeated one is detected
LEFT_OUT_MAX = 100  # maximum number of rows off the grid, and of rows out of order
# a row is left out if it is earlier than the one before it by more than this
LATE_NS = 60 * NS_PER_S
SILENCE_NS = 31 * 86_400 * NS_PER_S  # a tape with a longer time without a row is refused
OFF_GRID = "price not a multiple of the tick"
OUT_OF_ORDER = "out of the order of time"
OLD_BEST = "best price older than the one before"
REPEATED = "trade repeated"


def prepared(
    lines: Iterable[Line], account: RowAccount, *, tick: Decimal | None = None
) -> Iterator[Line]:
    """Yield the rows that a backtest can use, and count all rows.

    Changes of futures markets get ids without gaps: each begins after the one before it. Without a
    `tick` the grid is not checked. Raises TapeError for more than LEFT_OUT_MAX rows off the grid or
    out of order, and for a time without rows that is longer than SILENCE_NS.
    """
    checks = _Checks(account, tick)
    for ts_ns, row in _in_order(lines, account):
        account.rows[type(row).__name__.lower()] += 1
        usable = checks.usable(ts_ns, row)
        if usable is not None:
            yield ts_ns, usable


def is_sound(row: Message) -> bool:
    """Whether all prices are finite and above zero, and all sizes finite and not negative.

    A print of a futures market may have the price zero, because it is not a trade in the book.
    """
    if isinstance(row, Print) and not row.price:
        return is_level(Decimal(1), row.size)
    return all(is_level(*level) for level in levels_of(row))


def levels_of(row: Message) -> Levels:
    """Return all prices and sizes of a row."""
    match row:
        case Snapshot(bids=bids, asks=asks) | Depth(bids=bids, asks=asks):
            return (*bids, *asks)
        case Best():
            return ((row.bid, row.bid_size), (row.ask, row.ask_size))
        case Print():
            return ((row.price, row.size),)


class _Checks:
    """The checks of a row's content, with their memory of earlier rows."""

    def __init__(self, account: RowAccount, tick: Decimal | None) -> None:
        self._account, self._tick = account, tick
        self._best = 0  # newest update id of the best prices
        self._trades: dict[tuple[int, Decimal, Decimal], None] = {}

    def usable(self, ts_ns: int, row: Message) -> Message | None:
        """Return the row in the form in which it can be played, or None if it is left out."""
        account = self._account
        if not is_sound(row):
            account.add_bad(f"{_name(ts_ns, row)} has a price or size out of domain")
            return None
        if isinstance(row, Print):
            return row if self._is_trade(row) and self._is_on_grid(ts_ns, row) else None
        if not self._is_on_grid(ts_ns, row):
            return None
        if isinstance(row, Best):
            if row.update_id < self._best:
                account.left_out[OLD_BEST] += 1
                return None
            self._best = row.update_id
        elif isinstance(row, Snapshot):
            account.has_snapshot = True
        elif row.prev is not None:
            account.is_futures = True
            return msgspec.structs.replace(row, first=row.prev + 1)
        return row

    def _is_trade(self, row: Print) -> bool:
        account = self._account
        if row.kind is not None:
            account.is_futures = True
        if row.kind not in REAL_PRINTS or not row.price:
            account.left_out[f"print: {row.kind or 'price zero'}"] += 1
            return False
        if not row.trade_id:  # the format has no trade ids
            return True
        key = row.trade_id, row.price, row.size
        if key in self._trades:
            account.left_out[REPEATED] += 1
            return False
        self._trades[key] = None
        if len(self._trades) > TRADES_MAX:
            del self._trades[next(iter(self._trades))]
        return True

    def _is_on_grid(self, ts_ns: int, row: Message) -> bool:
        tick = self._tick
        if tick is None:
            return True
        off = next((price for price, _ in levels_of(row) if price % tick), None)
        if off is None:
            return True
        self._account.leave_out(OFF_GRID, f"{_name(ts_ns, row)}: price {off}, tick {tick}")
        if self._account.left_out[OFF_GRID] > LEFT_OUT_MAX:
            raise TapeError(
                f"more than {LEFT_OUT_MAX} rows have prices that are not multiples of the tick "
                f"{tick}, the last one {_name(ts_ns, row)}: {off}; pass the market's rules with "
                "--filters, or cut the tape where its tick changes"
            )
        return False


def _in_order(lines: Iterable[Line], account: RowAccount) -> Iterator[Line]:
    """Yield the rows whose time is plausible.

    A row that is more than LATE_NS later than the last one is held back. If the next row is earlier
    again, the held row is left out; otherwise it is yielded.
    """
    newest_ns, held = 0, None
    for line in lines:
        ts_ns = line[0]
        if held is not None:
            if ts_ns < held[0] - LATE_NS:
                _leave_out(account, held, newest_ns)
            else:
                newest_ns = _after_silence(account, newest_ns, held[0])
                yield held
            held = None
        if newest_ns and ts_ns > newest_ns + LATE_NS:
            held = line
        elif ts_ns < newest_ns - LATE_NS:
            _leave_out(account, line, newest_ns)
        else:
            if ts_ns < newest_ns:
                account.add_late(newest_ns - ts_ns)
            newest_ns = max(newest_ns, ts_ns)
            yield line
    if held is not None:
        _after_silence(account, newest_ns, held[0])
        yield held


def _leave_out(account: RowAccount, line: Line, newest_ns: int) -> None:
    text = f"{_name(*line)} follows one of {_utc(newest_ns)}"
    account.leave_out(OUT_OF_ORDER, text)
    if account.left_out[OUT_OF_ORDER] > LEFT_OUT_MAX:
        raise TapeError(
            f"more than {LEFT_OUT_MAX} rows are not in the order of time, the last one {text}; "
            "give the files in the order of time, and sort the rows of a file that is not"
        )


def _after_silence(account: RowAccount, before_ns: int, ts_ns: int) -> int:
    """Return the time of the first row after a silence. Raises TapeError if it was too long."""
    silence_ns = ts_ns - before_ns
    account.silence_ns = max(account.silence_ns, silence_ns)
    if silence_ns > SILENCE_NS:
        raise TapeError(
            f"no row between {_utc(before_ns)} and {_utc(ts_ns)}: play the two parts separately"
        )
    return ts_ns


def _name(ts_ns: int, row: Message) -> str:
    return f"the {type(row).__name__.lower()} of {_utc(ts_ns)}"


def _utc(ts_ns: int) -> str:
    try:
        return f"{datetime.fromtimestamp(ts_ns / NS_PER_S, UTC):%Y-%m-%dT%H:%M:%S.%f}"
    except (ValueError, OverflowError, OSError):  # beyond the year 9999
        return f"{ts_ns} ns"
