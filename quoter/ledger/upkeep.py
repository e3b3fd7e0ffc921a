"""Keeps the ledger small while it is in use: folds, archives and prunes, some rows at a time.

One round is one transaction of the writing thread, so that a crash leaves all of it or none. Rows
are deleted only after their copies are on disk in the archive.
"""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from quoter.domain.units import NS_PER_S
from quoter.ledger.rows import FILL_COLUMNS, FillKind, Market
from quoter.ledger.schema import connect, prune
from quoter.ledger.sums import FIND_FOLD, sums_of

FOLD_AGE_NS = 600 * NS_PER_S  # younger fills may still be matched
ROWS_MAX = 1_000  # of each kind, in one round: a few milliseconds
# newest fills of an epoch, never archived: requests of trades continue from them
FILLS_KEPT = 1_000
DAY_NS = 86_400 * NS_PER_S

# Fills whose order may be open are not folded: a start needs the filled size of that order.
FOLDABLE = """
SELECT rowid, kind, side, price, size, fee, fee_asset FROM fills
WHERE epoch = ?1 AND is_folded = 0 AND ts_ns < ?2
AND client_id NOT IN (SELECT client_id FROM intents WHERE epoch = ?1 AND state IS NULL)
LIMIT ?3
"""
WRITE_FOLD = """
INSERT INTO folds (epoch, base, quote, fees, fills, archived_ns) VALUES (?, ?, ?, ?, ?, 0)
ON CONFLICT (epoch) DO UPDATE
SET base = excluded.base, quote = excluded.quote, fees = excluded.fees, fills = excluded.fills
"""
KEPT_SINCE = "SELECT ts_ns FROM fills WHERE epoch = ? ORDER BY ts_ns DESC LIMIT 1 OFFSET ?"
OLD_FILLS = (
    f"SELECT rowid, run, {FILL_COLUMNS} FROM fills WHERE epoch = ? AND ts_ns < ?"  # noqa: S608 - constants only
    " AND is_folded = 1 ORDER BY ts_ns LIMIT ?"
)
ARCHIVE_TABLE = """
CREATE TABLE IF NOT EXISTS fills (
    environment TEXT NOT NULL, exchange TEXT NOT NULL, symbol TEXT NOT NULL,
    epoch INTEGER NOT NULL, run TEXT NOT NULL, trade_id TEXT NOT NULL, kind TEXT NOT NULL,
    client_id TEXT NOT NULL, venue_id TEXT NOT NULL, side TEXT NOT NULL,
    price TEXT NOT NULL, size TEXT NOT NULL, fee TEXT NOT NULL, fee_asset TEXT NOT NULL,
    is_maker INTEGER NOT NULL, ts_ns INTEGER NOT NULL,
    PRIMARY KEY (environment, exchange, symbol, epoch, trade_id)
) STRICT
"""
ARCHIVE_FILL = (
    "INSERT OR IGNORE INTO fills (environment, exchange, symbol, epoch, run,"  # noqa: S608 - constants only
    f" {FILL_COLUMNS}) VALUES ({', '.join('?' * 16)})"
)

type OldFill = tuple[int, str, str, str, str, str, str, str, str, str, str, int, int]


class Upkeep:
    """Rounds that fold fills, archive old ones, and delete the oldest ended orders and requests."""

    def __init__(self, folder: Path, market: Market, *, days: int) -> None:
        """Archive fills older than `days`; 0: archive none."""
        self._folder, self._market, self._days = folder, market, days
        self.failure = ""  # why the archive could not be written in the last round

    def round(self, connection: sqlite3.Connection, epoch: int, now_ns: int) -> None:
        """Do one round within a transaction. Raises sqlite3.Error if the ledger can't be written.

        A failure to write the archive does not raise; it is stored in `failure`.
        """
        fold(connection, epoch, before_ns=now_ns - FOLD_AGE_NS)
        if self._days:
            self._archive(connection, epoch, before_ns=now_ns - self._days * DAY_NS)
        prune(connection, ROWS_MAX)

    def _archive(self, connection: sqlite3.Connection, epoch: int, *, before_ns: int) -> None:
        """Move old fills to the file of their month."""
        kept = connection.execute(KEPT_SINCE, (epoch, FILLS_KEPT - 1)).fetchone()
        if kept is None:
            return
        limits = (epoch, min(before_ns, kept[0]), ROWS_MAX)
        rows: list[OldFill] = connection.execute(OLD_FILLS, limits).fetchall()
        months: dict[str, list[OldFill]] = {}
        for row in rows:
            when = datetime.fromtimestamp(row[-1] / NS_PER_S, UTC)
            months.setdefault(f"archive-{when:%Y-%m}.sqlite", []).append(row)
        try:
            for name, old in months.items():
                self._write(self._folder / name, epoch, old)
        except sqlite3.Error as error:  # the fills stay in the ledger
            self.failure = str(error)
            return
        self.failure = ""
        connection.executemany("DELETE FROM fills WHERE rowid = ?", [row[:1] for row in rows])
        if rows:
            connection.execute(
                "UPDATE folds SET archived_ns = max(archived_ns, ?) WHERE epoch = ?",
                (max(row[-1] for row in rows), epoch),
            )

    def _write(self, path: Path, epoch: int, rows: list[OldFill]) -> None:
        with closing(connect(path)) as archive:
            archive.execute(ARCHIVE_TABLE)
            archive.execute("BEGIN IMMEDIATE")
            values = [(*self._market, epoch, *row[1:]) for row in rows]
            archive.executemany(ARCHIVE_FILL, values)
            archive.execute("COMMIT")


def fold(connection: sqlite3.Connection, epoch: int, *, before_ns: int) -> None:
    """Fold at most ROWS_MAX fills from before `before_ns` into the sums of the epoch."""
    rows = connection.execute(FOLDABLE, (epoch, before_ns, ROWS_MAX)).fetchall()
    if not rows:
        return
    sums = sums_of(connection.execute(FIND_FOLD, (epoch,)).fetchone())
    sums.add(row[2:] for row in rows if row[1] == FillKind.BOOKED)
    connection.execute(WRITE_FOLD, (epoch, *sums.row()))
    connection.executemany(
        "UPDATE fills SET is_folded = 1 WHERE rowid = ?", [row[:1] for row in rows]
    )
