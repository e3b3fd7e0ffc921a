"""The paper account as recorded in the ledger, for processes other than the daemon."""

import time
from pathlib import Path

from quoter.domain.commands import RequestReport
from quoter.domain.events import BalanceReport, ReportEvent, ReportFailed
from quoter.domain.orders import KnownOrders
from quoter.domain.reasons import ReportKind
from quoter.ledger.reader import held_balances
from quoter.ledger.rows import Market


class LedgerAccount:
    """`CancelGateway` of a paper run.

    Its orders exist in the daemon's process only, and end with it.
    """

    def __init__(self, folder: Path, market: Market) -> None:
        self._folder, self._market = folder, market

    async def connect(self) -> None:
        """Do nothing: there is no venue to connect to."""

    async def count_own_open(self) -> int:
        """Return 0: no order exists after the daemon has ended."""
        return 0

    def adopt_orders(self, orders: KnownOrders) -> None:
        """Do nothing: there is nothing to cancel."""

    async def cancel_all(self) -> int:
        """Return 0: there is nothing to cancel."""
        return 0

    async def report(self, request: RequestReport) -> ReportEvent:
        """Return the balances in the ledger; empty before the first run.

        ReportFailed for any other report, or if the ledger can't be read.
        """
        now_ns, held = time.time_ns(), held_balances(self._folder, self._market)
        if request.kind is not ReportKind.BALANCES or held is None:
            text = "the ledger can't be read, or has no such report"
            return ReportFailed(ts_ns=now_ns, kind=request.kind, text=text)
        return BalanceReport(ts_ns=now_ns, asked_ns=now_ns, free=held, locked={})

    async def close(self) -> None:
        """Do nothing: no socket is open."""
