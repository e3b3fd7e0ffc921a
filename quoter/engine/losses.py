"""How much was lost, and whether inventory is where the gate must have kept it."""

from quoter.domain.trading import Cause
from quoter.engine.causes import Causes
from quoter.engine.market import MarketView
from quoter.engine.turn import Turn
from quoter.risk.view import Limits
from quoter.state.attribution import Attribution
from quoter.state.inventory import Inventory


class Losses:
    """Judged after every fill and on every tick."""

    def __init__(
        self,
        *,
        limits: Limits,
        market: MarketView,
        inventory: Inventory,
        attribution: Attribution,
        causes: Causes,
    ) -> None:
        self._limits = limits
        self._market = market
        self._inventory = inventory
        self._attribution = attribution
        self._causes = causes

    def after_fills(self, turn: Turn) -> None:
        """Fills that grow an inventory past the limit contradict the gate."""
        inventory = self._inventory.net
        is_growing = any(booked.fill.side.sign * inventory > 0 for booked in turn.booked)
        if is_growing and not abs(inventory) <= self._limits.inventory_max:
            text = f"inventory {inventory}, limit {self._limits.inventory_max}"
            self._causes.trip(turn, Cause.INVENTORY_BREACH, text)
        self.judge(turn)

    def judge(self, turn: Turn) -> None:
        """Mark the inventory to the mid and hold the profit against its limit."""
        total = self._attribution.see(self._market.mid, turn.ts_ns)
        if not total > -self._limits.loss_max:
            text = f"profit {total:.4f}, limit {-self._limits.loss_max}"
            self._causes.trip(turn, Cause.LOSS_LIMIT, text)
