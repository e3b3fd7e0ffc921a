"""Guéant, Lehalle & Fernandez-Tapia 2013: slope of the stationary model, without a horizon.

Formulas: deploy/docs/strategy.md, "Slope and half-spread".
"""

from math import exp, inf, sqrt

from quoter.domain.errors import InvalidInput
from quoter.pricing.models.avellaneda_stoikov import log1p_ratio

XI_KAPPA_MAX = 1e12  # a larger xi/kappa can only be a wrong unit


def slope(
    *, gamma: float, sigma: float, kappa: float, intensity: float, xi: float | None = None
) -> float:
    """Return the displacement of both quotes per lot in the stationary solution, in price.

    gamma: 1/price, >= 0. sigma: price/sqrt(s), >= 0. kappa: 1/price, > 0. intensity (A): fills per
    side at distance 0, 1/s, > 0. xi: risk aversion to the fills themselves, 1/price, >= 0; None
    means gamma (exponential utility), 0 means aversion to price risk only.
    Raises InvalidInput outside these domains. Source: arXiv:1105.3115 and arXiv:1605.01862, the
    closed-form approximation: sqrt(gamma*sigma^2/(2*kappa*A) * (1+xi/kappa)^(kappa/xi+1)).
    """
    if not (0.0 <= gamma < inf):
        raise InvalidInput("gamma", gamma)
    if not (0.0 <= sigma < inf):
        raise InvalidInput("sigma", sigma)
    if not (0.0 < kappa < inf):
        raise InvalidInput("kappa", kappa)
    flow = 2.0 * kappa * intensity
    if not (0.0 < flow < inf):
        raise InvalidInput("intensity", intensity)
    aversion = gamma if xi is None else xi
    x = aversion / kappa
    if not (0.0 <= x <= XI_KAPPA_MAX):
        raise InvalidInput("xi", aversion)
    power = exp((1.0 + x) * log1p_ratio(x))  # (1+x)^(1+1/x), which is e at x = 0
    return sigma * sqrt(gamma / flow * power)


def tau_equivalent_s(*, gamma: float, sigma: float, slope_per_lot: float) -> float:
    """Return the rolling horizon, seconds, at which Avellaneda-Stoikov has this slope.

    It indicates how long inventory is expected to be held. gamma: 1/price, > 0. sigma:
    price/sqrt(s), > 0. slope_per_lot: price, >= 0. Raises InvalidInput outside these domains.
    """
    if not (0.0 < gamma < inf):
        raise InvalidInput("gamma", gamma)
    if not (0.0 < sigma < inf):
        raise InvalidInput("sigma", sigma)
    if not (0.0 <= slope_per_lot < inf):
        raise InvalidInput("slope_per_lot", slope_per_lot)
    return slope_per_lot / (gamma * sigma * sigma)
