"""First guesses from what the venue tells of the time before we came."""

from collections.abc import Sequence
from math import log, sqrt

from quoter.domain.market import Bar
from quoter.pricing.validation import positive

BARS_MIN = 5  # fewer say nothing of volatility


def rogers_satchell(bars: Sequence[Bar], *, bar_s: float) -> float | None:
    """Return sigma, price/sqrt(s), from bars of `bar_s` seconds each; None for too few of them.

    Drift drops out. Bars with few trades in them make it too small (by 10 % to 60 %): good for a
    prior only. None too if nothing moved; raises InvalidInput for a price out of domain.
    Source: Rogers & Satchell 1991, the mean of ln(h/c)ln(h/o) + ln(l/c)ln(l/o).
    """
    positive("bar_s", bar_s)
    if len(bars) < BARS_MIN:
        return None
    total = 0.0
    for bar in bars:
        for name, price in bar._asdict().items():
            positive(name, price)
        total += log(bar.high / bar.close) * log(bar.high / bar.open)
        total += log(bar.low / bar.close) * log(bar.low / bar.open)
    if not (total > 0.0):
        return None
    return bars[-1].close * sqrt(total / len(bars) / bar_s)
