"""Highest rates at which an ordinary market reaches limits, by usual variance and expected fills.

The bounds hold for every distribution of moves (Chebyshev's inequality). Moves of a second have
heavy tails, so a rate by the normal distribution would be far too low: on the recorded markets,
moves of twelve standard deviations occur some times a day.
"""

from dataclasses import dataclass
from math import inf


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedMarket:
    """The market as it usually is.

    variance_per_s: of the mid, price^2/s; 0 while unknown. fills_per_s: expected fills of our
    orders, both sides, order sizes per second.
    """

    variance_per_s: float = 0.0
    fills_per_s: float = 0.0

    def moves_per_s(self, move: float) -> float:
        """Return the highest rate, 1/s, of moves of the mid by `move` (price, > 0) in any time.

        P(|dS| >= m) <= v·w / m^2 for each of the 1/w windows of w seconds in a second.
        """
        return self.variance_per_s / (move * move) if move > 0.0 else inf

    def markout_losses_per_s(self, loss: float, *, order_size: float, horizon_s: float) -> float:
        """Return the highest rate, 1/s, of minutes whose fills lose `loss` (quote currency, > 0).

        order_size: base units; horizon_s: of the markouts. With N fills in a minute, all on the
        wrong side of one move, the mean square of the loss is N·max(N, 1)·size^2·v·h.
        """
        if not loss > 0.0:
            return inf
        fills = 60.0 * self.fills_per_s
        square = fills * max(fills, 1.0) * order_size * order_size
        return square * self.variance_per_s * horizon_s / (loss * loss) / 60.0


UNKNOWN_MARKET = ExpectedMarket()
