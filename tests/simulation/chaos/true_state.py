"""The true state: every create of ours that may still fill, and every fill.

It is computed from the requests and from the matching engine's reports, independently of the engine
under test and of the exchange's ledger. It contains no foreign trades and no deposits.
"""

from collections.abc import Container
from dataclasses import dataclass
from decimal import Decimal

from quoter.domain.commands import PlaceOrder
from quoter.domain.market import Side
from quoter.sim.messages import ExecutionReport, ReportType, SimTrade
from tests.simulation.chaos.breach import Breach

ZERO = Decimal(0)


@dataclass(slots=True)
class LiveOrder:
    """A create of ours, from the moment it is issued until it can no longer fill."""

    placed: PlaceOrder
    leaves: Decimal
    is_reducing: bool  # issued while only reducing was allowed
    is_open: bool = False


class TrueState:
    """Our orders, our inventory, our balances."""

    def __init__(
        self, opening: dict[str, Decimal], *, target: Decimal, base: str, quote: str
    ) -> None:
        self._base, self._quote = base, quote
        self.balances = dict(opening)
        self.net = opening[base] - target
        self.reach = {Side.BUY: ZERO, Side.SELL: ZERO}  # size that could still fill
        self.alive: dict[str, LiveOrder] = {}
        self.fills = 0
        self.trades: dict[str, SimTrade] = {}  # by id
        self._lost: dict[str, SimTrade] = {}

    def issued(self, order: PlaceOrder, *, is_reducing: bool) -> None:
        """Record a create that may reach the venue from now on."""
        if order.client_id in self.alive:
            raise Breach("I8", f"{order.client_id} issued twice")
        self.alive[order.client_id] = LiveOrder(order, order.size, is_reducing)
        self.reach[order.side] += order.size

    def ended(self, client_id: str) -> None:
        """Remove a create that never arrives, was rejected, or has ended."""
        alive = self.alive.pop(client_id, None)
        if alive is not None:
            self.reach[alive.placed.side] -= alive.leaves

    def report(self, report: ExecutionReport) -> None:
        """Record the matching engine's report on one of our orders."""
        alive = self.alive.get(report.order.client_id)
        trade = report.trade
        if trade is not None and report.kind is ReportType.TRADE:
            sign = trade.side.sign
            self.trades[str(trade.trade_id)] = trade
            self._count(trade, 1)
            self.fills += 1
            if alive is None:
                raise Breach("I4", f"{report.order.client_id} traded, but was never sent")
            alive.leaves -= trade.size
            self.reach[trade.side] -= trade.size
            if alive.is_reducing and sign * self.net > 0:
                raise Breach("I6", f"{report.order.client_id} took inventory to {self.net}")
        if not report.order.is_open:
            self.ended(report.order.client_id)
        elif alive is not None:
            alive.is_open = True

    def _count(self, trade: SimTrade, times: int) -> None:
        sign = times * trade.side.sign
        for asset, amount in (
            (self._base, sign * trade.size),
            (self._quote, -sign * trade.size * trade.price),
            (trade.fee_asset, -times * trade.fee),
        ):
            self.balances[asset] = self.balances.get(asset, ZERO) + amount
            if asset == self._base:
                self.net += amount

    def reset(self, booked: Container[str]) -> None:
        """Record a reset of the venue: trades that were not booked before no longer exist."""
        for trade_id, trade in self.trades.items():
            if trade_id not in booked:
                self._lost[trade_id] = trade
                self._count(trade, -1)

    def booked(self, trade_id: str) -> None:
        """Record a booked fill, which may have been in flight during a reset of the venue."""
        trade = self._lost.pop(trade_id, None)
        if trade is not None:
            self._count(trade, 1)

    def resumed(self) -> None:
        """Record a resume: orders that were made to reduce may add again."""
        for alive in self.alive.values():
            alive.is_reducing = False

    @property
    def highest(self) -> Decimal:
        """Inventory if every open buy fills."""
        return self.net + self.reach[Side.BUY]

    @property
    def lowest(self) -> Decimal:
        return self.net - self.reach[Side.SELL]

    def crosses(self, order: PlaceOrder) -> str | None:
        """Return the id of an own order on the other side that this one would match, or None."""
        sign = order.side.sign
        for client_id, alive in self.alive.items():
            other = alive.placed
            if other.side is not order.side and sign * (order.price - other.price) >= 0:
                return client_id
        return None
