"""What is so, whoever knows it: every create that may still fill, and every fill of ours.

Kept from the wire and from the matching engine's reports, apart from the engine under test and from
the exchange's own ledger. Foreign trades and deposits never enter here.
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
class Alive:
    """A create of ours from its issue until nothing can fill it any more."""

    placed: PlaceOrder
    leaves: Decimal
    is_reducing: bool  # issued while only reducing was allowed
    is_open: bool = False


class Truth:
    """Own orders, own inventory, own balances."""

    def __init__(
        self, opening: dict[str, Decimal], *, target: Decimal, base: str, quote: str
    ) -> None:
        self._base, self._quote = base, quote
        self.balances = dict(opening)
        self.net = opening[base] - target
        self.reach = {Side.BUY: ZERO, Side.SELL: ZERO}  # what could still fill
        self.alive: dict[str, Alive] = {}
        self.fills = 0
        self.trades: dict[str, SimTrade] = {}  # by id
        self._denied: dict[str, SimTrade] = {}

    def issued(self, order: PlaceOrder, *, is_reducing: bool) -> None:
        """From here on it may reach the venue."""
        if order.client_id in self.alive:
            raise Breach("I8", f"{order.client_id} issued twice")
        self.alive[order.client_id] = Alive(order, order.size, is_reducing)
        self.reach[order.side] += order.size

    def gone(self, client_id: str) -> None:
        """It never arrives, was refused, or has ended."""
        alive = self.alive.pop(client_id, None)
        if alive is not None:
            self.reach[alive.placed.side] -= alive.leaves

    def report(self, report: ExecutionReport) -> None:
        """News of an order of ours, straight from the matching engine."""
        alive = self.alive.get(report.order.client_id)
        trade = report.trade
        if trade is not None and report.kind is ReportType.TRADE:
            sign = trade.side.sign
            self.trades[str(trade.trade_id)] = trade
            self._count(trade, 1)
            self.fills += 1
            if alive is None:
                raise Breach("I4", f"{report.order.client_id} traded, and we never sent it")
            alive.leaves -= trade.size
            self.reach[trade.side] -= trade.size
            if alive.is_reducing and sign * self.net > 0:
                raise Breach("I6", f"{report.order.client_id} took inventory to {self.net}")
        if not report.order.is_open:
            self.gone(report.order.client_id)
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

    def wiped(self, heard: Container[str]) -> None:
        """The venue begins again: what it had not told us before, it denies from now on."""
        for trade_id, trade in self.trades.items():
            if trade_id not in heard:
                self._denied[trade_id] = trade
                self._count(trade, -1)

    def heard(self, trade_id: str) -> None:
        """A fill was booked: perhaps one that was on its way while the venue was wiped."""
        trade = self._denied.pop(trade_id, None)
        if trade is not None:
            self._count(trade, 1)

    def resumed(self) -> None:
        """Everything is allowed again: an order made to reduce need not any more."""
        for alive in self.alive.values():
            alive.is_reducing = False

    @property
    def highest(self) -> Decimal:
        """Inventory if every buy that could still fill does."""
        return self.net + self.reach[Side.BUY]

    @property
    def lowest(self) -> Decimal:
        return self.net - self.reach[Side.SELL]

    def crosses(self, order: PlaceOrder) -> str | None:
        """An own order on the other side that this one would meet."""
        sign = order.side.sign
        for client_id, alive in self.alive.items():
            other = alive.placed
            if other.side is not order.side and sign * (order.price - other.price) >= 0:
                return client_id
        return None
