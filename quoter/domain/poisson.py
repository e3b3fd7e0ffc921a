"""Limits on counts of random (Poisson) events, from the probability of exceeding them."""

from math import exp, floor, lgamma, log, sqrt

ONE_A_YEAR = 1.0 / (365.0 * 86_400.0)  # per second: allowed rate of reaching a limit by chance
CHANCE_MIN = 1e-12  # below it a sum of probabilities is no longer exact in floats
LOWER_SD = 10.0  # counts further below the mean are ignored: probability below 1e-20


def unlikely_count(mean: float, chance: float) -> int:
    """Return the smallest n for which P(N >= n) <= chance; N is Poisson with this mean.

    mean: >= 0 and below 1e9. chance: from CHANCE_MIN to 1. Raises ValueError outside these domains.
    Source: Johnson, Kemp & Kotz, Univariate Discrete Distributions, 3rd ed. 2005, ch. 4.
    """
    if not (0.0 <= mean < 1e9 and CHANCE_MIN <= chance <= 1.0):
        raise ValueError(f"out of domain: {mean=} {chance=}")
    if mean == 0.0:
        return 0 if chance == 1.0 else 1
    count = max(0, floor(mean - LOWER_SD * sqrt(mean)))
    probability = exp(count * log(mean) - mean - lgamma(count + 1))
    tail = 1.0  # P(N >= count)
    while tail > chance:
        tail -= probability
        count += 1
        probability *= mean / count
    return count


def burst_limit(rate: float, window: float, alarms: float) -> int:
    """Return the smallest event count n that a sliding window rarely reaches by chance.

    rate: events per unit of time, > 0. window: its length. alarms: how often chance may reach n,
    per unit of time, > 0.

    The count rises to n when an event finds n - 1 or more events in the window. Their number N is
    Poisson, so this happens at most rate * P(N >= n - 1) times per unit of time: the first term of
    the scan statistic (Naus 1982, doi:10.1080/01621459.1982.10477783).
    """
    chance = min(1.0, alarms / rate)
    return 1 + unlikely_count(rate * window, max(chance, CHANCE_MIN))
