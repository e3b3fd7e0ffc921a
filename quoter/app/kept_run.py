"""Recording and ledger of a backtest, in the form of a daemon's data folder.

`quoter report`, `quoter replay` and `quoter ledger` can read it like the folder of a daemon.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Final, NamedTuple

from quoter.app.manifest import manifest
from quoter.app.recording import header_of
from quoter.backtest.fill_terms import DelayOptions, FillTerms
from quoter.backtest.tape_run import RunSetup
from quoter.domain.commands import PlaceOrder
from quoter.domain.errors import BadSetting
from quoter.domain.orders import OrderState
from quoter.domain.step import Step
from quoter.engine.engine import Engine
from quoter.ledger.ledger import Ledger
from quoter.ledger.rows import FillKind, KnownFill, Market
from quoter.ledger.schema import LedgerUnusable, prepare
from quoter.ledger.writer import LedgerFailed, LedgerStalled
from quoter.recording.codec import Decision, End, Record
from quoter.recording.files import FOLDER, recording_files
from quoter.recording.run_files import BLOCK_RECORDS_MAX, RunFiles
from quoter.service.exit_codes import ExitCode
from quoter.settings import Settings

# environment in the ledger; a daemon never has it, so that none continues this ledger
ENVIRONMENT: Final = "backtest"
LEDGER_ROWS_MAX: Final = 1_000  # rows that are collected before they are written


class _OrderEnd(NamedTuple):
    """The end of an order, as the ledger records it."""

    client_id: str
    state: OrderState
    filled: Decimal
    ts_ns: int


class KeptRun:
    """Writer of one run of a backtest into a folder; `close` completes it.

    All methods raise BadSetting if the folder can't be used, and OSError if the disk is full.
    """

    def __init__(
        self,
        folder: Path,
        settings: Settings,
        setup: RunSetup,
        delay: DelayOptions,
        start_ns: int,
    ) -> None:
        """Create the folder and its ledger. `start_ns`: UTC.

        Raises BadSetting also if the folder holds a run already.
        """
        self._folder, self._config = folder, setup.engine
        terms = FillTerms(fill_model=setup.market.fill_model, delay=delay)
        header = header_of(settings, setup.engine, start_ns, terms.texts)
        self._header = replace(header, exchange=f"{ENVIRONMENT} {terms.fill_model}")
        market = Market(ENVIRONMENT, terms.fill_model, self._header.symbol)
        self._manifest = replace(manifest(settings, start_ns=start_ns, api_key=""), market=market)
        self._files = RunFiles(folder / FOLDER, self._header, bytes_max=None)
        self._records = list[Record]()
        self._events = 0
        self._orders, self._fills = list[PlaceOrder](), list[KnownFill]()
        self._ends = list[_OrderEnd]()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if (folder / FOLDER).exists() and recording_files(folder / FOLDER):
                raise BadSetting(f"--keep: {folder} holds a run already; name another folder")
            prepare(folder)
        except (OSError, LedgerUnusable) as error:
            reason = getattr(error, "strerror", None) or error
            raise BadSetting(f"--keep: {folder} can't be used: {reason}") from None
        self._write_ledger(self._begin)

    def observe(self, engine: Engine, step: Step) -> None:
        """Record one step of `engine`, before its next one: event, decision, orders and fills."""
        self._records.append(step.event)
        self._events += 1
        if step.commands or step.state is not None:
            self._records.append(Decision.of(step))
        if len(self._records) >= BLOCK_RECORDS_MAX:
            self._write_records()
        self._orders += [each for each in step.commands if isinstance(each, PlaceOrder)]
        self._fills += [KnownFill(each.fill, FillKind.BOOKED) for each in step.booked]
        for change in step.orders:
            order = engine.orders.closed(change.client_id) if change.after.is_terminal else None
            if order is not None:
                end = _OrderEnd(order.client_id, order.state, order.filled, engine.ts_ns)
                self._ends.append(end)
        if len(self._orders) + len(self._fills) + len(self._ends) >= LEDGER_ROWS_MAX:
            self._write_ledger(self._write_rows)

    def close(self, ts_ns: int) -> None:
        """Write the remaining steps, and the end of the run at `ts_ns` (UTC)."""

        async def end(ledger: Ledger) -> None:
            await self._write_rows(ledger)
            await _on_disk(ledger.end_run(ExitCode.CLEAN, ts_ns))

        self._records.append(End(ts_ns, self._events))
        self._write_records()
        self._files.close()
        self._write_ledger(end)

    def _write_records(self) -> None:
        records, self._records = self._records, []
        self._files.write(records)

    def _write_ledger(self, write: Callable[[Ledger], Awaitable[None]]) -> None:
        async def opened() -> None:
            ledger = Ledger(self._folder, self._manifest.market)
            ledger.run = self._manifest.run
            try:
                await write(ledger)
            finally:
                await ledger.close()

        try:
            asyncio.run(opened())
        except (LedgerFailed, LedgerUnusable) as error:
            raise BadSetting(f"--keep: {self._folder} can't be written: {error}") from None

    async def _begin(self, ledger: Ledger) -> None:
        await _on_disk(ledger.begin_run(self._manifest))
        await _on_disk(
            ledger.open_epoch(
                opening=self._config.opening,
                target=self._config.target,
                before=(),
                now_ns=self._header.started_ns,
            )
        )

    async def _write_rows(self, ledger: Ledger) -> None:
        orders, self._orders = self._orders, []
        fills, self._fills = self._fills, []
        ends, self._ends = self._ends, []
        await asyncio.gather(*(_on_disk(ledger.record_intent(order)) for order in orders))
        await _on_disk(ledger.record_fills(fills))
        for each in ends:
            ledger.record_order_end(*each)


async def _on_disk(write: Awaitable[object]) -> None:
    """Wait for a write of the ledger, however slow the disk: nothing trades meanwhile."""
    try:
        await write
    except LedgerStalled as late:
        await late.done
