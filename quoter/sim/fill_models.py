"""Estimates of an account order's queue position in a recorded market.

A recording contains prices, sizes and trades. It can't contain the queue position of an order that
was not there. Four assumptions bound the truth; `deploy/docs/backtest.md` says what may be
concluded from each. Source of the two queue models: Rigtorp, "Estimating order queue position"
(2013), and the models of hftbacktest with the same assumptions.
"""

from dataclasses import dataclass
from enum import StrEnum


class FillModel(StrEnum):
    """Assumption on when a recorded trade at the price of an account's order fills the order.

    In every model a trade beyond that price fills the order, up to the size of the trade. A best
    price of the other side at or beyond the order's price fills it completely.
    """

    FRONT = "front"  # at once: the order is before all others (optimistic)
    # after the size ahead of it; every unit is equally likely to be cancelled
    PROBABLE = "probable"
    PESSIMISTIC = "pessimistic"  # after the size ahead of it; others cancel behind it only
    CERTAIN = "certain"  # never: only a trade beyond its price proves the fill


@dataclass(slots=True)
class QueuePosition:
    """Position of one order in the recorded queue at its price; all sizes in lots.

    ahead: recorded size before the order. shown: last recorded size of the level. traded: recorded
    trades at this price since then.
    """

    model: FillModel
    ahead: float
    shown: float
    traded: float = 0.0

    @classmethod
    def at_the_end(cls, model: FillModel, shown: float) -> "QueuePosition":
        """Return the position of a new order, behind the `shown` lots of its level."""
        return cls(model, shown, shown)

    def on_trade(self, lots: float) -> float:
        """Record a trade of `lots` at the order's price; return the lots that reach the order."""
        if self.model is FillModel.FRONT:
            return lots
        if self.model is FillModel.CERTAIN:
            return 0.0
        reaching = max(0.0, lots - self.ahead)
        self.ahead = max(0.0, self.ahead - lots)
        self.traded += lots
        return reaching

    def on_shown(self, lots: float) -> None:
        """Record that the level shows `lots` now.

        A decrease beyond the trades is a cancel. PROBABLE divides it between the sizes ahead and
        behind in proportion. PESSIMISTIC takes it from behind first.
        """
        if self.model is FillModel.PROBABLE:
            left = max(0.0, self.shown - self.traded)
            cancelled = max(0.0, left - lots)
            if left > 0.0:
                self.ahead -= cancelled * min(1.0, self.ahead / left)
        self.ahead = max(0.0, min(self.ahead, lots))
        self.shown, self.traded = lots, 0.0
