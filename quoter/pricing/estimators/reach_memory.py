"""Mean distance that takers reach past d0, from one long and two short memories.

The long memory is the most precise one while kappa is constant, but wrong for minutes after a
change. The short ones follow a change, but are noisy. Each memory predicts the next reach, and its
weight grows with the probability that it gave to the observed one. At each reach a small share of
all weight is redistributed equally, so that no weight falls to zero. No change has to be detected,
and later reaches correct a wrong weighting.

Formulas: deploy/docs/strategy.md, "Fill intensity". Source: the fixed-share mixture of Herbster &
Warmuth 1998.
"""

from collections.abc import Sequence
from math import exp, expm1, log, log1p

LENGTHS = (8.0, 32.0)  # of the short memories, in reaches; the long one has a half-life in time
SHARE = 1e-3  # of all weight, redistributed at each reach: assumes a change every 1,000 reaches
PRIOR_SAMPLES = 20.0  # n0: weight of the prior in the long memory
DRAWN_SAMPLES = 1.0  # weight of the long memory in a short one
EXPONENT_MAX = 700.0  # exp() of a larger number overflows a float
EXCESS_MIN = 1e-300  # a mean excess of zero has no logarithm


class ReachMemory:
    """Streaming mean of the ticks that a taker comes past d0. Every update is O(1).

    prior: mean excess, in ticks, that the long memory starts from.
    """

    __slots__ = ("_prior", "_ticks", "_uncut", "_weights")

    def __init__(self, prior: float) -> None:
        self._prior = prior
        self._uncut = [0.0] * (1 + len(LENGTHS))
        self._ticks = [0.0] * (1 + len(LENGTHS))
        self._weights = [1.0] + [0.0] * len(LENGTHS)

    @property
    def weights(self) -> tuple[float, ...]:
        """Weights of the memories, the long one first; they add up to one."""
        return tuple(self._weights)

    def decay(self, kept: float) -> None:
        """Multiply the long memory's counts by `kept`; the short ones decay with each reach."""
        self._uncut[0] *= kept
        self._ticks[0] *= kept

    def add(self, uncut: float, ticks: float) -> None:
        """Record one reach, with the takers that it hides.

        uncut: expected takers of the window whose distance is not censored. ticks: sum of all
        takers' ticks past d0. The likelihood treats the reach as one observation, whatever the
        number of hidden takers.
        """
        per_reach = 1.0 / max(uncut, 1.0)
        gains = [
            per_reach * (ticks * log(max(mean, EXCESS_MIN)) - (uncut + ticks) * log1p(mean))
            for mean in self._means()
        ]
        best = max(gains)
        likely = [
            weight * exp(gain - best) for weight, gain in zip(self._weights, gains, strict=True)
        ]
        total, fresh = sum(likely), SHARE / len(likely)
        self._weights = [(1.0 - SHARE) * weight / total + fresh for weight in likely]
        self._uncut[0] += uncut
        self._ticks[0] += ticks
        for short, length in enumerate(LENGTHS, start=1):
            kept = 1.0 - 1.0 / length
            self._uncut[short] = self._uncut[short] * kept + uncut
            self._ticks[short] = self._ticks[short] * kept + ticks

    def rescale(self, ratio: float, prior: float) -> None:
        """Convert the counts to another tick; kappa of each memory stays the same.

        ratio: the old tick in new ticks, > 0. prior: as in the class, in new ticks.
        """
        self._prior = prior
        for n, (uncut, ticks) in enumerate(zip(self._uncut, self._ticks, strict=True)):
            if uncut and ticks:
                kappa = log1p(uncut / ticks) / ratio
                self._ticks[n] = uncut / expm1(min(kappa, EXPONENT_MAX))

    @property
    def kappa(self) -> float:
        """Kappa per tick, from the weighted geometric mean of the memories' mean excesses."""
        pairs = zip(self._weights, self._means(), strict=True)
        logarithm = sum(weight * log(max(mean, EXCESS_MIN)) for weight, mean in pairs)
        return log1p(exp(min(-logarithm, EXPONENT_MAX)))

    def _means(self) -> Sequence[float]:
        """Mean excess of each memory, in ticks, the long one first."""
        uncut, ticks = self._uncut, self._ticks
        long = (ticks[0] + PRIOR_SAMPLES * self._prior) / (uncut[0] + PRIOR_SAMPLES)
        return (
            long,
            *(
                (ticks[n] + DRAWN_SAMPLES * long) / (uncut[n] + DRAWN_SAMPLES)
                for n in range(1, len(uncut))
            ),
        )
