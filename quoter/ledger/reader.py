"""Queries of the ledger; each reads the file."""

import sqlite3
from collections.abc import Collection, Iterator
from contextlib import closing, contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Self

from quoter.domain.market import SavedCalibration, Side
from quoter.domain.orders import NO_KNOWN_ORDERS, KnownOrders
from quoter.ledger.rows import (
    FILL_COLUMNS,
    Epoch,
    FillKind,
    Intent,
    KnownFill,
    Market,
    Operation,
    RunRow,
    amounts_of,
    known_fill,
)
from quoter.ledger.schema import ARCHIVES, BUSY_S_MAX, NAME, LedgerUnusable
from quoter.ledger.sums import FIND_FOLD, SumRow, Sums, added, sums_of

EPOCH_COLUMNS = "id, environment, exchange, symbol, opened_ns, opening, target, sealed_ns, reason"
RUN_COLUMNS = "id, version, environment, exchange, symbol, started_ns, ended_ns, exit_code"
OPEN_ORDERS_MAX = 200  # several times the number of orders that can be open at once

type EpochRow = tuple[int, str, str, str, int, str, str, int | None, str | None]
type RunColumns = tuple[str, str, str, str, str, int, int | None, int | None]


class Reader:
    """A read-only connection; a writer may be open in this or another process.

    In the queries, `+epoch` prevents SQLite from using the index on epochs, so that rows are read
    in the order of writing.
    """

    def __init__(self, folder: Path) -> None:
        """Open the ledger in `folder`. Raises LedgerUnusable if it is missing or can't be read."""
        self._folder = folder
        path = folder / NAME
        try:
            self._connection = _read_only(path)
        except sqlite3.Error as error:
            raise LedgerUnusable(f"{path}: {error}") from None
        try:
            self._connection.execute("SELECT 1 FROM meta").fetchone()
        except sqlite3.Error as error:
            self._connection.close()
            raise LedgerUnusable(f"{path}: {error}") from None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._connection.close()

    def epoch(self, market: Market) -> Epoch | None:
        """Return the open epoch of a market; None if there is none."""
        row = self._connection.execute(
            f"SELECT {EPOCH_COLUMNS} FROM epochs WHERE sealed_ns IS NULL"  # noqa: S608 - constants only
            " AND environment = ? AND exchange = ? AND symbol = ?",
            market,
        ).fetchone()
        return None if row is None else _epoch(row)

    def epochs(self) -> list[Epoch]:
        """Return all epochs, oldest first."""
        rows = self._connection.execute(
            f"SELECT {EPOCH_COLUMNS} FROM epochs ORDER BY id"  # noqa: S608 - constants only
        )
        return [_epoch(row) for row in rows]

    def fills(self, epoch: int) -> Iterator[KnownFill]:
        """Return the fills of an epoch that are not archived, in the order of writing."""
        rows = self._connection.execute(
            f"SELECT {FILL_COLUMNS} FROM fills WHERE +epoch = ? ORDER BY rowid",  # noqa: S608 - constants only
            (epoch,),
        )
        return map(known_fill, rows)

    def sums(self, epoch: int) -> Sums:
        """Return the sums of all booked fills of an epoch, including archived ones.

        Stored sums and single fills are read in one transaction, because a daemon may fold fills at
        any time.
        """
        with self.one_state():
            return self._sums(epoch)

    def run_sums(self, run: str, *, without: Collection[str]) -> Sums:
        """Return the sums of the fills that a run booked, except the trades in `without`.

        Fills in archive files beside the ledger are included. Raises sqlite3.Error if a file can't
        be read.
        """
        sums = Sums()
        with self.one_state():
            sums.add(_run_fills(self._connection, run, without))
        for path in sorted(self._folder.glob(ARCHIVES)):
            with closing(_read_only(path)) as archive:
                sums.add(_run_fills(archive, run, without))
        return sums

    def run(self, run: str) -> RunRow | None:
        """Return a run, None if it is not in this ledger."""
        row = self._connection.execute(
            f"SELECT {RUN_COLUMNS} FROM runs WHERE id = ?",  # noqa: S608 - constants only
            (run,),
        ).fetchone()
        return None if row is None else _run(row)

    def traded_balances(self, epoch: Epoch) -> dict[str, Decimal]:
        """Return the balances of the assets that booked fills changed: opening plus changes."""
        base, quote = epoch.market.symbol.partition(":")[0].split("/")
        return added(epoch.opening, self.sums(epoch.number).balances(base, quote))

    @contextmanager
    def one_state(self) -> Iterator[None]:
        """Read a consistent state of the file inside the block, even if it is written to."""
        if self._connection.in_transaction:
            yield
            return
        self._connection.execute("BEGIN")
        try:
            yield
        finally:
            self._connection.execute("ROLLBACK")

    def _sums(self, epoch: int) -> Sums:
        sums = Sums()
        not_folded = ""
        if self._has_table("folds"):
            sums = sums_of(self._connection.execute(FIND_FOLD, (epoch,)).fetchone())
            not_folded = " AND is_folded = 0"
        rows = self._connection.execute(
            "SELECT side, price, size, fee, fee_asset FROM fills"  # noqa: S608 - constants only
            f" WHERE epoch = ? AND kind = '{FillKind.BOOKED}'{not_folded}",
            (epoch,),
        )
        sums.add(rows)
        return sums

    def filled(self, epoch: int, client_id: str) -> Decimal:
        """Return the booked size (base) of an order without a recorded end."""
        rows = self._connection.execute(
            f"SELECT size FROM fills WHERE epoch = ? AND kind = '{FillKind.BOOKED}'"  # noqa: S608 - constants only
            " AND is_folded = 0 AND client_id = ?",
            (epoch, client_id),
        )
        return sum((Decimal(size) for (size,) in rows), start=Decimal(0))

    def _has_table(self, name: str) -> bool:
        """Whether the table exists; a file that is not yet migrated lacks newer tables."""
        found = self._connection.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (name,))
        return found.fetchone() is not None

    def last_fills(self, epoch: int, count: int) -> list[KnownFill]:
        """Return the newest `count` fills of an epoch, newest first."""
        rows = self._connection.execute(
            f"SELECT {FILL_COLUMNS} FROM fills WHERE +epoch = ?"  # noqa: S608 - constants only
            " ORDER BY rowid DESC LIMIT ?",
            (epoch, count),
        )
        return [known_fill(row) for row in rows]

    def unsettled(self, epoch: int) -> list[Intent]:
        """Return the orders that may have been sent and have no recorded end, oldest first."""
        rows = self._connection.execute(
            "SELECT client_id, side, price, size, ts_ns, venue_id FROM intents"
            " WHERE epoch = ? AND state IS NULL ORDER BY rowid",
            (epoch,),
        )
        return [
            Intent(
                client_id=client_id,
                side=Side(side),
                price=Decimal(price),
                size=Decimal(size),
                ts_ns=ts_ns,
                venue_id=venue_id,
            )
            for client_id, side, price, size, ts_ns, venue_id in rows
        ]

    def open_orders(self, market: Market) -> KnownOrders:
        """Return the orders without a recorded end, of all epochs of a market.

        At most the newest OPEN_ORDERS_MAX are returned; none from a file that is not yet migrated.
        """
        try:
            rows = self._connection.execute(
                "SELECT venue_id, client_id FROM intents INDEXED BY unsettled WHERE state IS NULL"
                " AND epoch IN (SELECT id FROM epochs"
                " WHERE environment = ? AND exchange = ? AND symbol = ?)"
                " ORDER BY rowid DESC LIMIT ?",
                (*market, OPEN_ORDERS_MAX),
            ).fetchall()
        except sqlite3.OperationalError:
            return NO_KNOWN_ORDERS
        return KnownOrders(
            {venue_id: client_id for venue_id, client_id in rows if venue_id},
            tuple(client_id for venue_id, client_id in rows if not venue_id),
        )

    def has_unsettled(self) -> bool:
        """Whether any order of any market has no recorded end, so that it may still be open."""
        row = self._connection.execute("SELECT 1 FROM intents WHERE state IS NULL LIMIT 1")
        return row.fetchone() is not None

    def is_known_order(self, client_id: str, epoch: int) -> bool:
        """Whether a run of this epoch recorded this order before sending it."""
        row = self._connection.execute(
            "SELECT 1 FROM intents WHERE client_id = ? AND epoch = ?", (client_id, epoch)
        ).fetchone()
        return row is not None

    def runs(self, count: int) -> list[RunRow]:
        """Return the newest `count` runs, newest first."""
        rows = self._connection.execute(
            f"SELECT {RUN_COLUMNS} FROM runs ORDER BY started_ns DESC, rowid DESC"  # noqa: S608 - constants only
            " LIMIT ?",
            (count,),
        )
        return [_run(row) for row in rows]

    def operations(self, count: int) -> list[Operation]:
        """Return the newest `count` requests, newest first; empty for a file not yet migrated."""
        if not self._has_table("operations"):
            return []
        rows = self._connection.execute(
            "SELECT ts_ns, actor, action, reason, fields, result FROM operations"
            " ORDER BY id DESC LIMIT ?",
            (count,),
        )
        return [Operation(*row) for row in rows]

    def saved_calibration(self, market: Market) -> SavedCalibration | None:
        """Return the last saved calibration of a market; None if there is none."""
        row = self._connection.execute(
            "SELECT * FROM calibrations WHERE environment = ? AND exchange = ? AND symbol = ?",
            market,
        ).fetchone()
        return None if row is None else SavedCalibration(*row[len(market) :])


def known_orders(folder: Path, market: Market) -> KnownOrders | None:
    """Return `Reader.open_orders`; None if the ledger is missing or can't be read."""
    try:
        with Reader(folder) as reader:
            return reader.open_orders(market)
    except (LedgerUnusable, sqlite3.Error):
        return None


def held_balances(folder: Path, market: Market) -> dict[str, Decimal] | None:
    """Return the balances in the ledger; empty without books of this market.

    None if there is a ledger that can't be read.
    """
    if not (folder / NAME).exists():
        return {}
    try:
        with Reader(folder) as reader:
            epoch = reader.epoch(market)
            return {} if epoch is None else {**epoch.opening, **reader.traded_balances(epoch)}
    except (LedgerUnusable, sqlite3.Error):
        return None


def may_have_orders(folder: Path) -> bool:
    """Whether the ledger has orders without a recorded end or can't be read.

    False if there is no ledger.
    """
    if not (folder / NAME).exists():
        return False
    try:
        with Reader(folder) as reader:
            return reader.has_unsettled()
    except (LedgerUnusable, sqlite3.Error):
        return True


def _read_only(path: Path) -> sqlite3.Connection:
    """Return a read-only connection. Raises sqlite3.Error."""
    uri = f"{path.absolute().as_uri()}?mode=ro"
    return sqlite3.connect(uri, uri=True, timeout=BUSY_S_MAX, isolation_level=None)


def _run_fills(
    connection: sqlite3.Connection, run: str, without: Collection[str]
) -> Iterator[SumRow]:
    rows = connection.execute(
        "SELECT trade_id, side, price, size, fee, fee_asset FROM fills"  # noqa: S608 - constants only
        f" WHERE run = ? AND kind = '{FillKind.BOOKED}'",
        (run,),
    )
    return (row[1:] for row in rows if row[0] not in without)


def _epoch(row: EpochRow) -> Epoch:
    number, environment, exchange, symbol, opened_ns, opening, target, sealed_ns, reason = row
    return Epoch(
        number=number,
        market=Market(environment, exchange, symbol),
        opened_ns=opened_ns,
        opening=amounts_of(opening),
        target=Decimal(target),
        sealed_ns=sealed_ns,
        reason=reason or "",
    )


def _run(row: RunColumns) -> RunRow:
    run, version, environment, exchange, symbol, started_ns, ended_ns, exit_code = row
    market = Market(environment, exchange, symbol)
    return RunRow(run, version, market, started_ns, ended_ns, exit_code)
