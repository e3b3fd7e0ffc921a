"""Expected rate of takers who fill one of our sides: the intensity at our nearest order, averaged.

Formulas: deploy/docs/strategy.md, "Expected fills".
"""

from math import exp, inf

from quoter.pricing.validation import CLOCK_BACK_S_MAX, finite, not_negative, positive

MEMORY_S = 1.0  # time constant of the average


class ExpectedTakers:
    """Exponential average of one side's expected taker rate; 0 without orders. O(1).

    The time constant is short (1 s), because our next order after a fill is farther away and has a
    lower expected rate.
    """

    def __init__(self, *, memory_s: float = MEMORY_S) -> None:
        """Average with the time constant `memory_s`, seconds, > 0. Raises InvalidInput."""
        self._memory_s = positive("memory_s", memory_s)
        self._t_s = -inf
        self._now = self.average = 0.0  # takers/s

    def update(self, t_s: float, rate: float) -> None:
        """Set the rate from `t_s` seconds on, takers/s; 0 without orders.

        Raises InvalidInput for a negative rate, or a number that is not finite.
        """
        not_negative("rate", rate)
        gap_s = finite("t_s", t_s) - self._t_s
        if gap_s > 0.0:
            kept = exp(-gap_s / self._memory_s)
            self.average = self.average * kept + self._now * (1.0 - kept)
        if gap_s > 0.0 or gap_s < -CLOCK_BACK_S_MAX:
            self._t_s = t_s
        self._now = rate
