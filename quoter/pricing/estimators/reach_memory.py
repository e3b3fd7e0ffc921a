"""How far takers come past d0, remembered over a long time and over the newest few reaches.

One long memory knows kappa best while nothing changes, and is wrong for minutes after a change.
Short ones follow a change, and are noisy. Each memory states what reach it expects next; its weight
grows with the probability that it gave to what came, and a small share of all weights is
redistributed at each reach, so that no memory is ever ruled out. No change has to be detected, and
a mistake is undone by the reaches that follow it. Formulas: deploy/docs/strategy.md,
"Fill intensity". Source: the fixed-share mixture of Herbster & Warmuth 1998.
"""

from collections.abc import Sequence
from math import exp, expm1, log, log1p

LENGTHS = (8.0, 32.0)  # of the short memories, in reaches; the long one has a half-life in time
SHARE = 1e-3  # of all weight, redistributed at each reach: as for a change in a thousand reaches
PRIOR_SAMPLES = 20.0  # n0: weight of the prior in the long memory
DRAWN_SAMPLES = 1.0  # weight of the long memory in a short one
EXPONENT_MAX = 700.0  # exp() of a larger number overflows a float
EXCESS_MIN = 1e-300  # a mean excess of zero has no logarithm


class ReachMemory:
    """Streaming mean of the ticks that a taker comes past d0; every update is O(1).

    `prior` is the mean excess, in ticks, that the long memory starts from.
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
        """Let the long memory fade; the short ones fade with each reach only."""
        self._uncut[0] *= kept
        self._ticks[0] *= kept

    def add(self, uncut: float, ticks: float) -> None:
        """Record one reach with the takers that it hides: their number, and their ticks past d0.

        Hidden takers do not add to what is known: a reach is one observation.
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
        """Count in other ticks.

        ratio: ticks of before per new tick, > 0. Kappa of each memory stays. prior: see the class.
        """
        self._prior = prior
        for n, (uncut, ticks) in enumerate(zip(self._uncut, self._ticks, strict=True)):
            if uncut and ticks:
                kappa = log1p(uncut / ticks) / ratio
                self._ticks[n] = uncut / expm1(min(kappa, EXPONENT_MAX))

    @property
    def kappa(self) -> float:
        """Kappa per tick, from the geometric mean of the memories' mean excess by their weights."""
        pairs = zip(self._weights, self._means(), strict=True)
        logarithm = sum(weight * log(max(mean, EXCESS_MIN)) for weight, mean in pairs)
        return log1p(exp(min(-logarithm, EXPONENT_MAX)))

    def _means(self) -> Sequence[float]:
        """Mean excess of each memory, in ticks, as `prior`."""
        uncut, ticks = self._uncut, self._ticks
        long = (ticks[0] + PRIOR_SAMPLES * self._prior) / (uncut[0] + PRIOR_SAMPLES)
        return (
            long,
            *(
                (ticks[n] + DRAWN_SAMPLES * long) / (uncut[n] + DRAWN_SAMPLES)
                for n in range(1, len(uncut))
            ),
        )
