"""Certainty equivalent of a sample of outcomes, and whether the sample is large enough for it.

Formulas: deploy/docs/strategy.md, "Certainty equivalent".
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, isfinite, log, sqrt
from statistics import fmean, variance

from quoter.domain.errors import InvalidInput
from quoter.pricing.validation import positive

ESS_MIN = 100.0
ESS_SHARE_MIN = 0.01  # of the number of outcomes


@dataclass(frozen=True, slots=True, kw_only=True)
class Certainty:
    """Certainty equivalent of a sample of outcomes, in the outcomes' unit.

    error: standard error by the delta method; far too small if `is_publishable` is False. ess:
    effective sample size of the mean of exp(-gamma W).
    """

    equivalent: float
    error: float
    ess: float
    mean_variance: float  # mean - gamma/2 * variance, published instead if the sample is too small
    is_publishable: bool

    @property
    def published(self) -> tuple[str, float]:
        """Name and value of the figure to publish."""
        if self.is_publishable:
            return "certainty equivalent", self.equivalent
        return "mean-variance", self.mean_variance


def certainty_equivalent(outcomes: Sequence[float], *, gamma: float) -> Certainty:
    """Return -(1/gamma) ln mean(exp(-gamma W)) of at least two finite outcomes W.

    gamma: risk aversion per unit of outcome, > 0. `is_publishable` requires an effective sample
    size of at least 100 and of at least 1 % of the outcomes. Below that a few bad outcomes
    determine the mean, and neither the result nor its error is reliable. Raises InvalidInput for a
    gamma or outcomes out of domain.
    """
    positive("gamma", gamma)
    n = len(outcomes)
    if n < 2:
        raise InvalidInput("number of outcomes", n)
    for outcome in outcomes:
        if not isfinite(outcome):
            raise InvalidInput("outcome", outcome)
    worst = min(outcomes)
    weights = [exp(-gamma * (outcome - worst)) for outcome in outcomes]
    total = sum(weights)
    ess = total * total / sum(weight * weight for weight in weights)
    mean = total / n
    return Certainty(
        equivalent=worst - log(mean) / gamma,
        error=sqrt(variance(weights)) / (gamma * mean * sqrt(n)),
        ess=ess,
        mean_variance=fmean(outcomes) - gamma / 2.0 * variance(outcomes),
        is_publishable=ess >= ESS_MIN and ess >= ESS_SHARE_MIN * n,
    )
