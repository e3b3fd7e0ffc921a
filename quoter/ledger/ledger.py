"""The books of one market on the disk: what is written, and when that is waited for."""

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
from quoter.ledger.writer import Connect, Job, Writer
from quoter.state.inventory import LedgerConflict, payload

INSERT_FILL = (
    f"INSERT INTO fills (epoch, run, {FILL_COLUMNS})"  # noqa: S608 - constants only
    f" VALUES ({', '.join('?' * 13)})"
)
FIND_FILL = (
    f"SELECT {FILL_COLUMNS} FROM fills"  # noqa: S608 - constants only
    " WHERE epoch = ? AND trade_id = ?"
)
CLAIM = (
    f"UPDATE fills SET kind = '{FillKind.BOOKED}', client_id = ?"  # noqa: S608 - constants only
    " WHERE epoch = ? AND trade_id = ?"
)


class Ledger:
    """One market's books while a run has the data folder; `reader` answers, the rest writes."""

    def __init__(
        self,
        folder: Path,
        market: Market,
        *,
        connect: Connect = connect,
    ) -> None:
        """After `schema.prepare`, in the event loop. Raises LedgerUnusable."""
        self.market = market
        self.reader = Reader(folder)
        self.epoch = self.reader.epoch(market)
        self.run = ""
        self.on_failure: Callable[[str], None] = _nobody_yet  # told once, when writing has ended
        self._writer = Writer(folder / NAME, on_failure=self._failed, connect=connect)

    def _failed(self, text: str) -> None:
        self.on_failure(text)

    @property
    def failure(self) -> str:
        """Why nothing is written any more; empty while it works."""
        return self._writer.failure

    def look(self) -> None:
        """Find out whether anybody still writes; `on_failure` hears if not."""
        self._writer.look()

    async def close(self) -> None:
        """Write what waits, fold the log into the file; bounded in time."""
        self.reader.close()
        await asyncio.to_thread(self._writer.close)

    async def begin_run(self, manifest: Manifest) -> None:
        """Everything written from now on is of this run. Raises LedgerFailed."""
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
        """Raises LedgerFailed."""
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
        """Begin the books anew; an open epoch is sealed with `reason`. Raises LedgerFailed."""
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
        """The open epoch, of whoever knows that there is one."""
        if self.epoch is None:
            raise LedgerUnusable("no epoch is open")
        return self.epoch

    async def record(self, fills: Sequence[KnownFill]) -> None:
        """Return when the fills are on the disk; one that is there already stays as it is.

        But an orphan may be booked. Raises LedgerFailed, and LedgerConflict when a trade id is
        there with other content: then none of the fills is written.
        """
        epoch = self.opened.number

        def job(connection: sqlite3.Connection) -> None:
            news: dict[str, KnownFill] = {}
            claimed: list[KnownFill] = []
            for known in fills:
                there = _find(connection, epoch, known) or news.get(known.fill.trade_id)
                if there is None:
                    news[known.fill.trade_id] = known
                    continue
                _check_same(there, known)
                if there.kind is FillKind.ORPHAN and known.kind is FillKind.BOOKED:
                    claimed.append(known)
            rows = [(epoch, self.run, *fill_row(known)) for known in news.values()]
            connection.executemany(INSERT_FILL, rows)
            connection.executemany(
                CLAIM, [(known.fill.client_id, epoch, known.fill.trade_id) for known in claimed]
            )

        await self._writer.commit(job)

    def claim(self, trade_id: str, client_id: str) -> None:
        """An orphan's order is known by now: it is booked."""
        self._enqueue(CLAIM, (client_id, self.opened.number, trade_id))

    async def intend(self, order: PlaceOrder) -> None:
        """Return when the order is on the disk: before its bytes leave. Raises LedgerFailed."""
        await self._execute(
            "INSERT INTO intents (client_id, epoch, run, side, price, size, ts_ns)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                *(order.client_id, self.opened.number, self.run, order.side.value),
                *(str(order.price), str(order.size), order.decided_ns),
            ),
        )

    def ended(self, client_id: str, state: OrderState, filled: Decimal, ts_ns: int) -> None:
        """An order is over and every fill of it booked; harmless for one that never left."""
        self._enqueue(
            "UPDATE intents SET state = ?, filled = ?, ended_ns = ? WHERE client_id = ?",
            (state.value, str(filled), ts_ns, client_id),
        )

    async def keep(self, learned: SavedCalibration) -> None:
        """What the run knows of its market. Raises LedgerFailed."""
        await self._execute(
            "INSERT OR REPLACE INTO calibrations VALUES (?, ?, ?, ?, ?, ?, ?)",
            (*self.market, *learned),
        )

    def note(self, operation: Operation) -> None:
        """Keep what somebody asked for; nobody waits for it, a kill least of all."""
        self._enqueue(
            "INSERT INTO operations (run, ts_ns, actor, action, reason, fields, result)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (self.run, *operation),
        )

    def _enqueue(self, statement: str, values: Sequence[object]) -> None:
        self._writer.enqueue(_job(statement, values))

    async def _execute(self, statement: str, values: Sequence[object]) -> None:
        await self._writer.commit(_job(statement, values))


def _nobody_yet(text: str) -> None:
    """During a start everybody waits for what he writes, and hears of it there."""


def seal_last(folder: Path, reason: str, now_ns: int) -> Epoch | None:
    """Close the epoch of the last run, while nobody runs; None if there is none.

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
    """Close an epoch: its rows stay, nothing is booked in it any more."""
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


def _check_same(there: KnownFill, told: KnownFill) -> None:
    if payload(there.fill) != payload(told.fill):
        raise LedgerConflict(f"trade {told.fill.trade_id}: {there.fill} and {told.fill}")
