"""The sentinel's periodic check of the account at the venue against the daemon's heartbeat."""

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

CHECK_S = 5.0
AGAIN_S = 2.0  # a breach must be seen twice, at least this far apart: a fill may be in flight
FLAT_S = 5.0  # a killed daemon has this long to cancel its orders itself
ZERO = Decimal(0)


class VenueAudit:
    """Compares the balances with the inventory limit, and tracks when the venue last replied."""

    def __init__(
        self, *, gateway: CancelGateway, monotonic_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._gateway = gateway
        self._monotonic_s = monotonic_s
        self._last_reply_s = float("-inf")
        self._beyond_s: float | None = None  # when holdings beyond the limit were first seen
        self._killed_s: float | None = None
        self.own_orders = 0
        self.breach = ""  # description of the breach, once confirmed

    @property
    def pause_s(self) -> float:
        """Seconds until the next check."""
        return AGAIN_S if self._beyond_s is not None else CHECK_S

    def record_reply(self, own_orders: int) -> None:
        """Record a reply of the venue; `own_orders`: how many own orders it listed."""
        self._last_reply_s = self._monotonic_s()
        self.own_orders = own_orders

    def reply_age_s(self) -> float:
        """Return the seconds since the venue's last reply; inf before the first."""
        return self._monotonic_s() - self._last_reply_s

    def must_be_flat(self, *, is_killed: bool) -> bool:
        """Update with the kill state; return whether the daemon has been killed for over FLAT_S."""
        now_s = self._monotonic_s()
        if not is_killed:
            self._killed_s = None
            return False
        self._beyond_s, self.breach = None, ""  # checked again once it is re-armed
        self._killed_s = now_s if self._killed_s is None else self._killed_s
        return now_s - self._killed_s > FLAT_S

    async def check(self, holdings: Holdings | None) -> bool:
        """Query the balances; return True once they have exceeded the limit for AGAIN_S.

        True is returned once for each breach. Without `holdings` only the venue's reply is
        recorded.
        """
        report = await self._gateway.report(RequestReport(kind=ReportKind.BALANCES))
        if not isinstance(report, BalanceReport):
            log.warning("balances_not_reported", text=getattr(report, "text", ""))
            return False
        self._last_reply_s = self._monotonic_s()
        if holdings is None:
            self._beyond_s, self.breach = None, ""
            return False
        asset = holdings.asset
        held = report.free.get(asset, ZERO) + report.locked.get(asset, ZERO)
        return self._is_breach(held - holdings.target, holdings.limit)

    def _is_breach(self, inventory: Decimal, limit: Decimal) -> bool:
        if abs(inventory) <= limit:
            self._beyond_s, self.breach = None, ""
            return False
        now_s = self._monotonic_s()
        if self._beyond_s is None:
            self._beyond_s = now_s
        if now_s - self._beyond_s < AGAIN_S or self.breach:
            return False
        self.breach = f"inventory {inventory:+f} base from target, beyond the limit of {limit:f}"
        return True
