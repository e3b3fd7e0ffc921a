"""`quoter ledger` and `quoter accept`: show the ledger, and accept the venue's balances."""

import sys
import time
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from quoter.domain.units import NS_PER_S
from quoter.ledger.ledger import seal_last
from quoter.ledger.reader import Reader
from quoter.ledger.rows import Epoch, KnownFill, Operation, RunRow
from quoter.ledger.schema import LedgerUnusable
from quoter.ledger.sums import Sums
from quoter.service.data_folder import DataFolder, LockHeld
from quoter.service.exit_codes import ExitCode
from quoter.telemetry.redaction import clean

RUNS_SHOWN = 10
FILLS_SHOWN = 20
OPERATIONS_SHOWN = 20
PIPE_COLUMNS = 10_000


def accept_venue(folder: Path, reason: str) -> ExitCode:
    """Seal the last epoch with `reason`; the next start opens one at the venue's balances.

    Returns the exit code.
    """
    console, lock = _console(), DataFolder(folder)
    try:
        lock.lock()
    except LockHeld as error:
        _say(console, f"quoter accept: stop the daemon first: {error}")
        return ExitCode.LOCK_HELD
    except OSError as error:
        _say(console, f"quoter accept: {folder} can't be locked: {error.strerror}")
        return ExitCode.LOCK_HELD
    try:
        epoch = seal_last(folder, reason, time.time_ns())
    except LedgerUnusable as error:
        _say(console, f"quoter accept: {error}")
        return ExitCode.INTEGRITY
    finally:
        lock.release()
    if epoch is None:
        text = f"the ledger in {folder} has no open epoch; nothing changed"
        _say(console, f"quoter accept: {text}: the next start opens one")
        return ExitCode.USAGE
    market = " ".join(epoch.market)
    _say(console, f"Sealed epoch {epoch.number} ({market}): {reason}")
    _say(console, "The next start opens a new one at the venue's balances.")
    return ExitCode.CLEAN


def show_ledger(folder: Path) -> ExitCode:
    """Print the ledger in `folder` as tables to stdout; return the exit code."""
    console = _console()
    try:
        with Reader(folder) as reader, reader.one_state():
            epochs = reader.epochs()
            console.print(_epochs(epochs), _runs(reader.runs(RUNS_SHOWN)))
            if operations := reader.operations(OPERATIONS_SHOWN):
                console.print(_operations(operations))
            for epoch in epochs:
                if epoch.sealed_ns is None:
                    console.print(_balances(epoch, reader.sums(epoch.number)))
                    console.print(_fills(epoch, reader.last_fills(epoch.number, FILLS_SHOWN)))
    except LedgerUnusable as error:
        _say(console, f"quoter ledger: {error}")
        return ExitCode.INTEGRITY
    return ExitCode.CLEAN


def _console() -> Console:
    """Return the console; output to a pipe or file is not cut to a width."""
    console = Console()
    return console if console.is_terminal else Console(width=PIPE_COLUMNS)


def _table(*columns: str, title: str) -> Table:
    """Return an empty table whose long texts wrap."""
    table = Table(title=title, title_justify="left")
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def _epochs(epochs: list[Epoch]) -> Table:
    table = _table("epoch", "market", "opened", "sealed", "reason", title="epochs")
    for epoch in epochs:
        sealed = "" if epoch.sealed_ns is None else _when(epoch.sealed_ns)
        market = _plain(" ".join(epoch.market))
        table.add_row(
            str(epoch.number), market, _when(epoch.opened_ns), sealed, _plain(epoch.reason)
        )
    return table


def _runs(runs: list[RunRow]) -> Table:
    table = _table("run", "market", "version", "began", "ended", "exit", title="newest runs")
    for row in runs:
        ended = (
            "running, or ended without a record" if row.ended_ns is None else _when(row.ended_ns)
        )
        code = "" if row.exit_code is None else str(row.exit_code)
        market = _plain(" ".join(row.market))
        table.add_row(row.run, market, row.version, _when(row.started_ns), ended, code)
    return table


def _operations(operations: list[Operation]) -> Table:
    title = "newest operator commands"
    table = _table("time", "who", "action", "reason", "with", "result", title=title)
    for row in operations:
        table.add_row(_when(row.ts_ns), *(escape(text) for text in row[1:]))
    return table


def _balances(epoch: Epoch, sums: Sums) -> Table:
    fees = sums.fees
    title = f"epoch {epoch.number}: {sums.fills} fills, target {epoch.target:f}"
    table = _table("asset", "opening", "fees paid", title=title)
    for asset in sorted({*epoch.opening, *fees}):
        opening = epoch.opening.get(asset, Decimal(0))
        table.add_row(_plain(asset), f"{opening:f}", f"{fees.get(asset, Decimal(0)):f}")
    return table


def _fills(epoch: Epoch, fills: list[KnownFill]) -> Table:
    table = _table(
        *("time", "trade", "kind", "order", "side", "price", "size", "fee"),
        title=f"epoch {epoch.number}: newest fills",
    )
    for fill, kind in fills:
        table.add_row(
            *(_when(fill.ts_ns), _plain(fill.trade_id), kind.value, _plain(fill.client_id)),
            *(fill.side.value, f"{fill.price:f}", f"{fill.size:f}"),
            _plain(f"{fill.fee:f} {fill.fee_asset}"),
        )
    return table


def _when(ts_ns: int) -> str:
    return f"{datetime.fromtimestamp(ts_ns / NS_PER_S, UTC):%Y-%m-%d %H:%M:%S}"


def _plain(name: str) -> Text:
    """Return a name given by the venue, without markup and control characters.

    Characters that the output can't encode are escaped here, before the widths are computed.
    """
    encoding = sys.stdout.encoding or "ascii"
    return Text(clean(name).encode(encoding, "backslashreplace").decode(encoding))


def _say(console: Console, text: str) -> None:
    console.print(text, markup=False, highlight=False, soft_wrap=True)
