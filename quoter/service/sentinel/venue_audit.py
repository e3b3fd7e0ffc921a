"""The sentinel's looks at the venue while the daemon is alive: does it say the truth?"""

import time
from collections.abc import Callable
from decimal import Decimal

import structlog

from quoter.domain.commands import RequestReport
from quoter.domain.events import BalanceReport
from quoter.domain.reasons import ReportKind
from quoter.service.external_stops.heartbeat_files import Holdings
from quoter.venues.ports import CancelGateway

log = structlog.get_logger()

LOOK_S = 5.0
AGAIN_S = 2.0  # a breach must be seen twice, so far apart: a fill may be under way
FLAT_S = 5.0  # a daemon that is killed has so long to end its orders itself
ZERO = Decimal(0)


class VenueAudit:
    """Compares the holdings at the venue with the limit; remembers when the venue last answered."""

    def __init__(
        self, *, door: CancelGateway, monotonic_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._door = door
        self._monotonic_s = monotonic_s
        self._answered_s = float("-inf")
        self._beyond_s: float | None = None  # when holdings beyond the limit were first seen
        self._killed_s: float | None = None
        self.own_orders = 0
        self.breach = ""  # what was seen, once it is sure

    @property
    def pause_s(self) -> float:
        """Until the next look."""
        return AGAIN_S if self._beyond_s is not None else LOOK_S

    def answered(self, own_orders: int) -> None:
        """The venue told how many orders of ours are open."""
        self._answered_s = self._monotonic_s()
        self.own_orders = own_orders

    def answered_ago_s(self) -> float:
        """Seconds since the venue last told us anything; inf before it first did."""
        return self._monotonic_s() - self._answered_s

    def must_be_flat(self, *, is_killed: bool) -> bool:
        """Has the daemon been killed for so long that no order of it may rest?"""
        now_s = self._monotonic_s()
        if not is_killed:
            self._killed_s = None
            return False
        self._beyond_s, self.breach = None, ""  # judged anew once it is re-armed
        self._killed_s = now_s if self._killed_s is None else self._killed_s
        return now_s - self._killed_s > FLAT_S

    async def look(self, holdings: Holdings | None) -> bool:
        """Ask for the balances; True when they are beyond the limit for the second time.

        Without holdings to compare it with, the question only shows that the venue answers us.
        """
        report = await self._door.report(RequestReport(kind=ReportKind.BALANCES))
        if not isinstance(report, BalanceReport):
            log.warning("balances_not_reported", text=getattr(report, "text", ""))
            return False
        self._answered_s = self._monotonic_s()
        if holdings is None:
            self._beyond_s, self.breach = None, ""
            return False
        asset = holdings.asset
        held = report.free.get(asset, ZERO) + report.locked.get(asset, ZERO)
        return self._judge(held - holdings.target, holdings.limit)

    def _judge(self, inventory: Decimal, limit: Decimal) -> bool:
        if abs(inventory) <= limit:
            self._beyond_s, self.breach = None, ""
            return False
        now_s = self._monotonic_s()
        if self._beyond_s is None:
            self._beyond_s = now_s
        if now_s - self._beyond_s < AGAIN_S or self.breach:
            return False
        self.breach = f"{inventory:+f} base from target, beyond the limit of {limit:f}"
        return True
