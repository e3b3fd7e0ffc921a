"""Prior of the intensity from trades of before the start.

What counts is how many windows a taker reached, and how far, as in `Intensity`. The number of
trades a second is no prior: most trades are at the touch, and several come in one window.
"""

from collections.abc import Sequence
from math import log1p

from quoter.domain.market import RecentTrade
from quoter.domain.units import S_PER_NS
from quoter.pricing.estimators.intensity import (
    SHARE_MAX,
    WINDOW_S,
    Confidence,
    Intensity,
    IntensityPrior,
)
from quoter.pricing.estimators.taker_orders import TakerOrders

REACHES_MIN = 0.5  # assumed where no taker came as far as d0
SPAN_S_MIN = 1.0  # a shorter time says nothing


def reach_rate(reaches: float, span_s: float) -> float:
    """Return takers/s per side that come at least as far as d0.

    reaches: windows in which one came that far, those of both sides added up; span_s: seconds of
    observation, > 0. Takers of one window are a Poisson number, and the farthest hides the others:
    -ln(1 - share of windows) / window.
    """
    share = max(reaches, REACHES_MIN) * WINDOW_S / (2.0 * span_s)
    return -log1p(-min(share, SHARE_MAX)) / WINDOW_S


def reach_prior(
    guess: IntensityPrior, trades: Sequence[RecentTrade], *, half_book_spread: float, sigma: float
) -> IntensityPrior:
    """Return `guess` with the rate of these trades, and with their kappa if enough reached d0.

    trades: oldest first; if they span less than a second, `guess` is returned unchanged. The
    mid before an order of a taker is the price of its first trade, less the half-spread of the book
    (price). sigma: price/sqrt(s). Raises InvalidInput for a number that is out of domain.
    """
    span_s = (trades[-1].ts_ns - trades[0].ts_ns) * S_PER_NS if trades else 0.0
    if span_s < SPAN_S_MIN:
        return guess
    estimator, takers = Intensity(guess), TakerOrders()
    for trade in trades:
        t_s = trade.ts_ns * S_PER_NS
        if takers.is_new(t_s, trade.taker):
            mid = trade.price - trade.taker.sign * half_book_spread
            estimator.on_mid(t_s, mid, sigma)
        estimator.on_trade(t_s, trade.taker, trade.price)
    found = estimator.estimate
    kappa = guess.kappa if found.confidence is Confidence.COLD else found.kappa
    return guess._replace(kappa=kappa, rate=reach_rate(estimator.reaches, span_s))
