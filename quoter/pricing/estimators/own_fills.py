"""Correction of A by our own fills: queue position and latency reduce the rate of fills.

Formulas: deploy/docs/strategy.md, "Own-fill correction".
"""

from math import exp, inf, log

from quoter.pricing.validation import CLOCK_BACK_S_MAX, finite, not_negative, positive

LN2 = log(2.0)
HALF_LIFE_S = 3600.0
PRIOR_FILLS = 5.0  # weight of the prior "as many as expected", in fills
FACTOR_MIN, FACTOR_MAX = 0.1, 2.0


class FillCorrection:
    """Factor that A is multiplied by: (fills + 5) / (expected + 5), within [0.1, 2]. O(1).

    Both sums decay with the same half-life, so that the factor returns to 1 within hours after
    quoting stops.
    """

    def __init__(self, *, half_life_s: float = HALF_LIFE_S) -> None:
        """Halve both sums in `half_life_s` seconds, > 0. Raises InvalidInput."""
        self._half_life_s = positive("half_life_s", half_life_s)
        self._t_s = -inf
        self._rate = 0.0
        self.fills = self.expected = 0.0

    def on_quotes(self, t_s: float, rate: float) -> None:
        """Set the expected fill rate from `t_s` on: `rate` lots/s over both sides, >= 0.

        It is the sum of lots * `Intensity.fill_rate` over live orders; 0 without any.
        """
        not_negative("rate", rate)
        self._advance(t_s)
        self._rate = rate

    def on_fill(self, t_s: float, lots: float = 1.0) -> None:
        """Record a fill of `lots` order sizes, > 0; two halves of an order count as one fill."""
        positive("lots", lots)
        self._advance(t_s)
        self.fills += lots

    def factor(self, t_s: float) -> float:
        """Return the factor at `t_s`; 1 before any quote or fill."""
        self._advance(t_s)
        ratio = (self.fills + PRIOR_FILLS) / (self.expected + PRIOR_FILLS)
        return min(max(ratio, FACTOR_MIN), FACTOR_MAX)

    def _advance(self, t_s: float) -> None:
        """Decay both sums and add the fills expected since the last call, decayed as well."""
        gap_s = finite("t_s", t_s) - self._t_s
        if gap_s < -CLOCK_BACK_S_MAX or gap_s == inf:
            self._t_s = t_s
        elif gap_s > 0.0:
            kept = exp(-LN2 * gap_s / self._half_life_s)
            self.fills *= kept
            passed_s = (1.0 - kept) * self._half_life_s / LN2
            self.expected = self.expected * kept + self._rate * passed_s
            self._t_s = t_s
