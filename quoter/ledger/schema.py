"""The file of the ledger: tables, version, migrations and integrity check."""

import sqlite3
from pathlib import Path

NAME = "ledger.sqlite"
ARCHIVES = "archive-*.sqlite"  # files of old fills, one a month
VERSION = 6  # of the tables; older files are migrated, newer ones stay untouched
BUSY_S_MAX = 1.0  # longest wait for a lock; only `quoter accept` can hold one
INTENTS_MAX = 1_000_000  # ended orders, 150 MB; older ones are deleted
OPERATIONS_MAX = 100_000  # requests of operators, 30 MB; older ones are deleted
ALL = -1  # no limit, in SQL
FAULTS_SHOWN_MAX = 3

TABLES = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE epochs (
    id INTEGER PRIMARY KEY,
    environment TEXT NOT NULL, exchange TEXT NOT NULL, symbol TEXT NOT NULL,
    opened_ns INTEGER NOT NULL, opening TEXT NOT NULL, target TEXT NOT NULL,
    sealed_ns INTEGER, reason TEXT
) STRICT;
CREATE UNIQUE INDEX one_epoch ON epochs (environment, exchange, symbol) WHERE sealed_ns IS NULL;
CREATE TABLE fills (
    epoch INTEGER NOT NULL REFERENCES epochs (id), trade_id TEXT NOT NULL, kind TEXT NOT NULL,
    client_id TEXT NOT NULL, venue_id TEXT NOT NULL, side TEXT NOT NULL,
    price TEXT NOT NULL, size TEXT NOT NULL, fee TEXT NOT NULL, fee_asset TEXT NOT NULL,
    is_maker INTEGER NOT NULL, ts_ns INTEGER NOT NULL, run TEXT NOT NULL,
    PRIMARY KEY (epoch, trade_id)
) STRICT;
CREATE TABLE intents (
    client_id TEXT PRIMARY KEY, epoch INTEGER NOT NULL REFERENCES epochs (id), run TEXT NOT NULL,
    side TEXT NOT NULL, price TEXT NOT NULL, size TEXT NOT NULL, ts_ns INTEGER NOT NULL,
    state TEXT, filled TEXT, ended_ns INTEGER
) STRICT;
CREATE INDEX unsettled ON intents (epoch) WHERE state IS NULL;
CREATE TABLE runs (
    id TEXT PRIMARY KEY, version TEXT NOT NULL, code_hash TEXT NOT NULL, lock_hash TEXT NOT NULL,
    config_hash TEXT NOT NULL, environment TEXT NOT NULL, exchange TEXT NOT NULL,
    symbol TEXT NOT NULL, limits TEXT NOT NULL, key_hash TEXT NOT NULL,
    started_ns INTEGER NOT NULL, ended_ns INTEGER, exit_code INTEGER
) STRICT;
CREATE TABLE calibrations (
    environment TEXT NOT NULL, exchange TEXT NOT NULL, symbol TEXT NOT NULL,
    ts_ns INTEGER NOT NULL, sigma REAL NOT NULL, kappa REAL NOT NULL, intensity REAL NOT NULL,
    PRIMARY KEY (environment, exchange, symbol)
) STRICT;
"""
OPERATIONS = """
CREATE TABLE operations (
    id INTEGER PRIMARY KEY, ts_ns INTEGER NOT NULL, run TEXT NOT NULL, actor TEXT NOT NULL,
    action TEXT NOT NULL, reason TEXT NOT NULL, fields TEXT NOT NULL, result TEXT NOT NULL
) STRICT;
"""
# Version 2 had another name for fills of unknown orders.
UNMATCHED = "UPDATE fills SET kind = 'unmatched' WHERE kind NOT IN ('booked', 'before')"
FOLDS = """
ALTER TABLE fills ADD COLUMN is_folded INTEGER NOT NULL DEFAULT 0;
CREATE INDEX unfolded ON fills (epoch) WHERE is_folded = 0;
CREATE INDEX by_time ON fills (epoch, ts_ns);
CREATE TABLE folds (
    epoch INTEGER PRIMARY KEY REFERENCES epochs (id), base TEXT NOT NULL, quote TEXT NOT NULL,
    fees TEXT NOT NULL, fills INTEGER NOT NULL, archived_ns INTEGER NOT NULL
) STRICT;
"""
VENUE_IDS = "ALTER TABLE intents ADD COLUMN venue_id TEXT NOT NULL DEFAULT ''"
EVIDENCE = """
ALTER TABLE calibrations ADD COLUMN seconds REAL NOT NULL DEFAULT 0;
ALTER TABLE calibrations ADD COLUMN reaches INTEGER NOT NULL DEFAULT 0;
"""
# by version: statements that lead to the next version
MIGRATIONS = {1: OPERATIONS, 2: UNMATCHED, 3: FOLDS, 4: VENUE_IDS, 5: EVIDENCE}


class LedgerUnusable(Exception):
    """The file can't be opened or is damaged. It is not changed; the text names the fault."""


def connect(path: Path) -> sqlite3.Connection:
    """Return a writing connection whose commits return once on disk. Raises sqlite3.Error."""
    connection = sqlite3.connect(path, timeout=BUSY_S_MAX, isolation_level=None)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def prepare(folder: Path) -> Path:
    """Create the file, or check and prune it; return its path. Raises LedgerUnusable."""
    path = folder / NAME
    is_new = not path.exists()
    try:
        connection = connect(path)
        try:
            _check(connection, is_new=is_new)
            prune(connection, ALL)
        finally:
            connection.close()
    except (sqlite3.Error, OSError) as error:
        raise LedgerUnusable(f"{path}: {error}") from None
    except LedgerUnusable as error:
        raise LedgerUnusable(f"{path}: {error}") from None
    return path


def _check(connection: sqlite3.Connection, *, is_new: bool) -> None:
    faults = [str(row[0]) for row in connection.execute("PRAGMA integrity_check")]
    if faults != ["ok"]:
        raise LedgerUnusable(f"it is damaged: {'; '.join(faults[:FAULTS_SHOWN_MAX])}")
    has_tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    # A process that was killed before its first commit leaves a file without tables.
    if is_new or not has_tables:
        connection.execute("BEGIN IMMEDIATE")
        _run(connection, TABLES)
        connection.execute("INSERT INTO meta VALUES ('version', '1')")
        connection.execute("COMMIT")
    _migrate(connection)


def _migrate(connection: sqlite3.Connection) -> None:
    """Migrate the file version by version, each step in one transaction.

    Raises LedgerUnusable for a file of a newer version.
    """
    while (version := _version(connection)) != str(VERSION):
        step = MIGRATIONS.get(int(version)) if version.isdecimal() else None
        if step is None:
            raise LedgerUnusable(
                f"its version is {version}, this quoter uses {VERSION}: "
                "use the version of quoter that wrote it, or a newer one"
            )
        connection.execute("BEGIN IMMEDIATE")
        _run(connection, step)
        connection.execute(
            "UPDATE meta SET value = ? WHERE key = 'version'", (str(int(version) + 1),)
        )
        connection.execute("COMMIT")


def _version(connection: sqlite3.Connection) -> str:
    found = connection.execute("SELECT value FROM meta WHERE key = 'version'").fetchone()
    return "unknown" if found is None else str(found[0])


def _run(connection: sqlite3.Connection, statements: str) -> None:
    for statement in statements.split(";"):
        if statement.strip():
            connection.execute(statement)


def prune(connection: sqlite3.Connection, rows_max: int) -> None:
    """Delete old ended orders and old operator requests, at most `rows_max` of each.

    The newest INTENTS_MAX orders and OPERATIONS_MAX requests are kept.
    """
    connection.execute(
        "DELETE FROM intents WHERE rowid IN (SELECT rowid FROM intents WHERE state IS NOT NULL"
        " AND rowid <= (SELECT max(rowid) FROM intents) - ? LIMIT ?)",
        (INTENTS_MAX, rows_max),
    )
    connection.execute(
        "DELETE FROM operations WHERE id IN (SELECT id FROM operations"
        " WHERE id <= (SELECT max(id) FROM operations) - ? LIMIT ?)",
        (OPERATIONS_MAX, rows_max),
    )
