"""Prior of the intensity from trades before the start.

It is computed from the windows that a taker reached, and how far, as in `Intensity`. The number of
trades per second is not a substitute: most trades are at the touch, and several fall into one
window.
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
SPAN_S_MIN = 1.0  # a shorter span is not used


def reach_rate(reaches: float, span_s: float) -> float:
    """Return takers/s per side that come at least as far as d0.

    reaches: number of windows in which a taker came that far, both sides added. span_s: seconds of
    observation, > 0. The number of takers per window is Poisson and only the farthest is seen, so
    the rate is -ln(1 - share of windows reached) / window.
    """
    share = max(reaches, REACHES_MIN) * WINDOW_S / (2.0 * span_s)
    return -log1p(-min(share, SHARE_MAX)) / WINDOW_S


def reach_prior(
    guess: IntensityPrior, trades: Sequence[RecentTrade], *, half_book_spread: float, sigma: float
) -> IntensityPrior:
    """Return `guess` with the rate of these trades, and with their kappa if enough reached d0.

    trades: oldest first; if they span less than a second, `guess` is returned unchanged. The mid
    before a taker order is estimated: the price of its first trade, moved by `half_book_spread`
    (price) towards the other side. sigma: price/sqrt(s). Raises InvalidInput for a number out of
    domain.
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
