"""Our own fills against those that the intensity foretold: what queue and latency leave of A."""

from math import exp, inf, log

from quoter.pricing.validation import CLOCK_BACK_S_MAX, finite, not_negative, positive

LN2 = log(2.0)
HALF_LIFE_S = 3600.0
PRIOR_FILLS = 5.0  # that came as foretold
FACTOR_MIN, FACTOR_MAX = 0.1, 2.0


class FillCorrection:
    """The factor that A is multiplied by: (fills + 5) / (foretold + 5), within [0.1, 2]. O(1).

    Both fade with the same half-life, so that the factor is 1 again an hour or two after we
    stopped quoting.
    """

    def __init__(self, *, half_life_s: float = HALF_LIFE_S) -> None:
        """half_life_s seconds, > 0."""
        self._half_life_s = positive("half_life_s", half_life_s)
        self._t_s = -inf
        self._rate = 0.0
        self.fills = self.expected = 0.0

    def on_quotes(self, t_s: float, rate: float) -> None:
        """From `t_s` on our live quotes are expected to be filled at `rate` fills/s, both sides.

        The sum of `Intensity.fill_rate` over the sides that are live; 0 when none is.
        """
        not_negative("rate", rate)
        self._advance(t_s)
        self._rate = rate

    def on_fill(self, t_s: float, lots: float = 1.0) -> None:
        """Take a fill of `lots` order sizes (> 0): two halves of an order are one fill."""
        positive("lots", lots)
        self._advance(t_s)
        self.fills += lots

    def factor(self, t_s: float) -> float:
        """What A has to be multiplied by at `t_s`; 1 while nothing is known."""
        self._advance(t_s)
        ratio = (self.fills + PRIOR_FILLS) / (self.expected + PRIOR_FILLS)
        return min(max(ratio, FACTOR_MIN), FACTOR_MAX)

    def _advance(self, t_s: float) -> None:
        """Fade both sums and add what was foretold for the time since, fading within it too."""
        gap_s = finite("t_s", t_s) - self._t_s
        if gap_s < -CLOCK_BACK_S_MAX or gap_s == inf:
            self._t_s = t_s
        elif gap_s > 0.0:
            kept = exp(-LN2 * gap_s / self._half_life_s)
            self.fills *= kept
            passed_s = (1.0 - kept) * self._half_life_s / LN2
            self.expected = self.expected * kept + self._rate * passed_s
            self._t_s = t_s
