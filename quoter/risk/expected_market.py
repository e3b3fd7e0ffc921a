"""Upper bounds on how often an ordinary market reaches our limits.

They follow from the usual variance and the expected fills, and hold for every distribution of moves
(Chebyshev's inequality). Moves over one second have heavy tails, so a normal distribution would
give far too low rates: on the recorded markets, moves of twelve standard deviations occur several
times a day.
"""

from dataclasses import dataclass
from math import inf


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedMarket:
    """Usual variance of the market, and expected rate of our fills.

    variance_per_s: of the mid, price^2/s; 0 while unknown. fills_per_s: expected fills of our
    orders on both sides, order sizes per second.
    """

    variance_per_s: float = 0.0
    fills_per_s: float = 0.0

    def moves_per_s(self, move: float) -> float:
        """Return an upper bound on the rate, 1/s, of mid moves of `move` (price, > 0) or more.

        P(|dS| >= m) <= v·w / m^2 for each of the 1/w windows of w seconds in a second, so the bound
        does not depend on w.
        """
        return self.variance_per_s / (move * move) if move > 0.0 else inf

    def markout_losses_per_s(self, loss: float, *, order_size: float, horizon_s: float) -> float:
        """Return an upper bound on the rate, 1/s, of minutes whose fills lose `loss` (quote, > 0).

        order_size: base units. horizon_s: of the markouts. With N fills in a minute, all on the
        wrong side of one move, the mean square of the loss is N·max(N, 1)·size^2·v·h.
        """
        if not loss > 0.0:
            return inf
        fills = 60.0 * self.fills_per_s
        square = fills * max(fills, 1.0) * order_size * order_size
        return square * self.variance_per_s * horizon_s / (loss * loss) / 60.0
