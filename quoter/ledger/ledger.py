"""The books of one market on disk: what is written, and which writes are awaited."""

import asyncio
import json
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from decimal import Decimal
from pathlib import Path

from quoter.domain.commands import PlaceOrder
from quoter.domain.market import SavedCalibration
from quoter.domain.orders import OrderState
from quoter.ledger.reader import Reader
from quoter.ledger.rows import (
    FILL_COLUMNS,
    Epoch,
    FillKind,
    KnownFill,
    Manifest,
    Market,
    Operation,
    amounts_text,
    fill_row,
    known_fill,
)
from quoter.ledger.schema import NAME, LedgerUnusable, connect, prepare
from quoter.ledger.upkeep import Upkeep
from quoter.ledger.writer import Connect, Job, Writer
from quoter.state.inventory import LedgerConflict, fill_text, payload

INSERT_FILL = (
    f"INSERT INTO fills (epoch, run, {FILL_COLUMNS})"  # noqa: S608 - constants only
    f" VALUES ({', '.join('?' * 13)})"
)
FIND_FILL = (
    f"SELECT {FILL_COLUMNS} FROM fills"  # noqa: S608 - constants only
    " WHERE epoch = ? AND trade_id = ?"
)
MATCH_FILL = (
    f"UPDATE fills SET kind = '{FillKind.BOOKED}', is_folded = 0, client_id = ?"  # noqa: S608 - constants only
    " WHERE epoch = ? AND trade_id = ?"
)


class Ledger:
    """The books of one market during a run; `reader` reads, the methods write."""

    def __init__(
        self,
        folder: Path,
        market: Market,
        *,
        days: int = 0,
        connect: Connect = connect,
    ) -> None:
        """Open the ledger, in the event loop, after `schema.prepare`. Raises LedgerUnusable.

        days: fills older than this are moved to the archive; 0: none is moved.
        """
        self.market = market
        self._upkeep = Upkeep(folder, market, days=days)
        self.reader = Reader(folder)
        self.epoch = self.reader.epoch(market)
        self.run = ""
        self.on_failure: Callable[[str], None] = _ignore  # called once if writing fails
        self._writer = Writer(folder / NAME, on_failure=self._failed, connect=connect)

    def _failed(self, text: str) -> None:
        self.on_failure(text)

    @property
    def failure(self) -> str:
        """Reason why writing has failed; empty if it has not."""
        return self._writer.failure

    @property
    def is_stalled(self) -> bool:
        """Whether a write is overdue and not yet on disk."""
        return self._writer.is_stalled

    @property
    def archive_failure(self) -> str:
        """Reason why the last archiving of old fills failed; empty if it succeeded."""
        return self._upkeep.failure

    def upkeep(self, now_ns: int) -> None:
        """Queue one round of folding, archiving and pruning, without waiting for it."""
        if self.epoch is not None:
            number = self.epoch.number
            self._writer.enqueue(lambda connection: self._upkeep.round(connection, number, now_ns))

    def check_writer(self) -> None:
        """Call `on_failure` if the writing thread has ended."""
        self._writer.check_thread()

    async def close(self) -> None:
        """Write the queued jobs and checkpoint the write-ahead log; takes 5 s at most."""
        self.reader.close()
        await asyncio.to_thread(self._writer.close)

    async def begin_run(self, manifest: Manifest) -> None:
        """Record a run; all later rows belong to it. Raises LedgerFailed."""
        self.run = manifest.run
        row = (
            *(manifest.run, manifest.version, manifest.code_hash, manifest.lock_hash),
            *(manifest.config_hash, *manifest.market),
            *(json.dumps(dict(manifest.limits)), manifest.key_hash, manifest.started_ns),
        )
        await self._execute(
            "INSERT INTO runs (id, version, code_hash, lock_hash, config_hash, environment,"
            " exchange, symbol, limits, key_hash, started_ns)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            row,
        )

    async def end_run(self, exit_code: int, now_ns: int) -> None:
        """Record the end of the run. Raises LedgerFailed."""
        await self._execute(
            "UPDATE runs SET ended_ns = ?, exit_code = ? WHERE id = ?",
            (now_ns, exit_code, self.run),
        )

    async def open_epoch(
        self,
        *,
        opening: Mapping[str, Decimal],
        target: Decimal,
        before: Sequence[KnownFill],
        now_ns: int,
        reason: str = "",
    ) -> Epoch:
        """Open a new epoch; seal the present one, if any, with `reason`. Raises LedgerFailed.

        opening: balances by asset. target: base. before: fills that `opening` already includes.
        """
        sealed = self.epoch
        fills = [known._replace(kind=FillKind.BEFORE) for known in before]

        def job(connection: sqlite3.Connection) -> None:
            if sealed is not None:
                seal(connection, sealed.number, reason, now_ns)
            number = connection.execute(
                "INSERT INTO epochs (environment, exchange, symbol, opened_ns, opening, target)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                (*self.market, now_ns, amounts_text(opening), str(target)),
            ).lastrowid
            rows = [(number, self.run, *fill_row(known)) for known in fills]
            connection.executemany(INSERT_FILL, rows)

        await self._writer.commit(job)
        self.epoch = self.reader.epoch(self.market)
        return self.opened

    @property
    def opened(self) -> Epoch:
        """The open epoch. Raises LedgerUnusable if there is none."""
        if self.epoch is None:
            raise LedgerUnusable("no epoch is open")
        return self.epoch

    async def record_fills(self, fills: Sequence[KnownFill]) -> frozenset[str]:
        """Write fills; return once they are on disk.

        A stored fill changes only from unmatched to booked. Returns the ids of trades that must not
        be booked again: those booked before this call, and those too old to know.

        Raises LedgerFailed, or LedgerUnusable if no epoch is open. Raises LedgerConflict, and
        writes none of the fills, if a trade id is stored with other content.
        """
        epoch = self.opened.number
        counted: set[str] = set()

        def job(connection: sqlite3.Connection) -> None:
            new: dict[str, KnownFill] = {}
            matched: list[KnownFill] = []
            archived_ns = _archived_ns(connection, epoch)
            for known in fills:
                stored = _find(connection, epoch, known)
                if stored is None and known.fill.ts_ns <= archived_ns:
                    counted.add(known.fill.trade_id)  # archived, or too old to be booked
                    continue
                if stored is not None and stored.kind is not FillKind.UNMATCHED:
                    counted.add(known.fill.trade_id)
                stored = stored or new.get(known.fill.trade_id)
                if stored is None:
                    new[known.fill.trade_id] = known
                    continue
                _check_same(stored, known)
                if stored.kind is FillKind.UNMATCHED and known.kind is FillKind.BOOKED:
                    matched.append(known)
            rows = [(epoch, self.run, *fill_row(known)) for known in new.values()]
            connection.executemany(INSERT_FILL, rows)
            connection.executemany(
                MATCH_FILL,
                [(known.fill.client_id, epoch, known.fill.trade_id) for known in matched],
            )

        await self._writer.commit(job)
        return frozenset(counted)

    def match_fill(self, trade_id: str, client_id: str) -> None:
        """Book an unmatched fill whose order is known now, without waiting for the write."""
        self._enqueue(MATCH_FILL, (client_id, self.opened.number, trade_id))

    async def record_intent(self, order: PlaceOrder) -> None:
        """Write an order before it is sent; return once it is on disk. Raises LedgerFailed."""
        await self._execute(
            "INSERT INTO intents (client_id, epoch, run, side, price, size, ts_ns)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                *(order.client_id, self.opened.number, self.run, order.side.value),
                *(str(order.price), str(order.size), order.decided_ns),
            ),
        )

    def record_venue_id(self, client_id: str, venue_id: str) -> None:
        """Record the venue's id of an order, without waiting for the write."""
        self._enqueue("UPDATE intents SET venue_id = ? WHERE client_id = ?", (venue_id, client_id))

    def record_order_end(
        self, client_id: str, state: OrderState, filled: Decimal, ts_ns: int
    ) -> None:
        """Record that an order has ended with all fills booked, without waiting for the write.

        filled: base. No effect for an order that was never recorded.
        """
        self._enqueue(
            "UPDATE intents SET state = ?, filled = ?, ended_ns = ? WHERE client_id = ?",
            (state.value, str(filled), ts_ns, client_id),
        )

    async def save_calibration(self, learned: SavedCalibration) -> None:
        """Write the estimates that the next run starts with. Raises LedgerFailed."""
        await self._execute(
            "INSERT OR REPLACE INTO calibrations VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (*self.market, *learned),
        )

    def record_operation(self, operation: Operation) -> None:
        """Record an operator's request without waiting for the write, which could delay a kill."""
        self._enqueue(
            "INSERT INTO operations (run, ts_ns, actor, action, reason, fields, result)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (self.run, *operation),
        )

    def _enqueue(self, statement: str, values: Sequence[object]) -> None:
        self._writer.enqueue(_job(statement, values))

    async def _execute(self, statement: str, values: Sequence[object]) -> None:
        await self._writer.commit(_job(statement, values))


def _ignore(text: str) -> None:
    """Do nothing: while the daemon starts, each write is awaited and raises its failure."""


def seal_last(folder: Path, reason: str, now_ns: int) -> Epoch | None:
    """Seal the epoch of the last run while no daemon runs; return it, or None if none is open.

    Raises LedgerUnusable.
    """
    path = prepare(folder)
    with Reader(folder) as reader:
        runs = reader.runs(1)
        epoch = reader.epoch(runs[0].market) if runs else None
    if epoch is None:
        return None
    try:
        with closing(connect(path)) as connection:
            seal(connection, epoch.number, reason, now_ns)
    except sqlite3.Error as error:
        raise LedgerUnusable(f"{path}: {error}") from None
    return epoch


def seal(connection: sqlite3.Connection, epoch: int, reason: str, now_ns: int) -> None:
    """Seal an epoch: its rows stay, and no fill is booked in it later."""
    connection.execute(
        "UPDATE epochs SET sealed_ns = ?, reason = ? WHERE id = ?", (now_ns, reason, epoch)
    )


def _job(statement: str, values: Sequence[object]) -> Job:
    def job(connection: sqlite3.Connection) -> None:
        connection.execute(statement, values)

    return job


def _find(connection: sqlite3.Connection, epoch: int, known: KnownFill) -> KnownFill | None:
    row = connection.execute(FIND_FILL, (epoch, known.fill.trade_id)).fetchone()
    return None if row is None else known_fill(row)


def _archived_ns(connection: sqlite3.Connection, epoch: int) -> int:
    """Return the time of the newest archived fill; 0 if none is archived."""
    row = connection.execute("SELECT archived_ns FROM folds WHERE epoch = ?", (epoch,)).fetchone()
    return 0 if row is None else int(row[0])


def _check_same(stored: KnownFill, reported: KnownFill) -> None:
    if payload(stored.fill) != payload(reported.fill):
        raise LedgerConflict(
            f"trade {reported.fill.trade_id} differs: the ledger has {fill_text(stored.fill)}; "
            f"the venue reports {fill_text(reported.fill)}"
        )
