"""Avellaneda & Stoikov 2008: reservation price and half-spread with a horizon.

Everywhere in `pricing/`: gamma is risk aversion per lot (1/price), lots is inventory in order
sizes, sigma is absolute (price per sqrt of a second, never a fraction, never annualised), kappa
is the papers' k (1/price), tau is in seconds.
Formulas: deploy/docs/strategy.md, "Slope and half-spread".
"""

from math import inf, log1p

from quoter.domain.errors import InvalidInput

# Below this ln(1+x)/x is computed from its series; the first omitted term, x**3/4, is under 1e-15.
SERIES_X_MAX = 1e-5


def log1p_ratio(x: float) -> float:
    """Return ln(1+x)/x for x >= 0, with its limit 1 at x = 0."""
    if x < SERIES_X_MAX:
        return 1.0 - x / 2.0 + x * x / 3.0
    return log1p(x) / x


def base_half_spread(*, gamma: float, kappa: float) -> float:
    """Return the half-spread without inventory risk, in price: ln(1 + gamma/kappa)/gamma.

    gamma: 1/price, >= 0 (at 0 the limit 1/kappa). kappa: 1/price, > 0.
    Raises InvalidInput outside these domains. Source: Avellaneda & Stoikov 2008, eq. 30.
    """
    if not (0.0 <= gamma < inf):
        raise InvalidInput("gamma", gamma)
    if not (0.0 < kappa < inf):
        raise InvalidInput("kappa", kappa)
    x = gamma / kappa
    if not (x < inf):
        raise InvalidInput("gamma", gamma)
    return log1p_ratio(x) / kappa


def slope(*, gamma: float, sigma: float, tau_s: float) -> float:
    """Return the displacement of both quotes per lot of inventory, price: gamma * sigma^2 * tau.

    gamma: 1/price, >= 0. sigma: price/sqrt(s), >= 0. tau_s: time to the horizon, seconds, >= 0.
    Raises InvalidInput outside these domains. Source: Avellaneda & Stoikov 2008, eq. 29.
    """
    if not (0.0 <= gamma < inf):
        raise InvalidInput("gamma", gamma)
    if not (0.0 <= sigma < inf):
        raise InvalidInput("sigma", sigma)
    if not (0.0 <= tau_s < inf):
        raise InvalidInput("tau_s", tau_s)
    return gamma * sigma * sigma * tau_s


def avellaneda_stoikov(
    *, fair: float, q: float, sigma: float, gamma: float, kappa: float, tau_s: float, size: float
) -> tuple[float, float]:
    """Return `(reservation_price, half_spread)`, both quote/base: the paper's quote in base units.

    fair: quote/base. q: inventory minus target, base. sigma: quote/base/sqrt(s). gamma: 1/quote.
    kappa: base/quote. tau_s: seconds. size: the order size, base (1 in the paper; it makes the
    units agree). Long inventory puts the reservation price below fair, short inventory above it.
    Raises InvalidInput outside these domains. Source: doi:10.1080/14697680701381228.
    """
    if not (0.0 < size < inf):
        raise InvalidInput("size", size)
    if not (-inf < q < inf):
        raise InvalidInput("q", q)
    if not (0.0 < fair < inf):
        raise InvalidInput("fair", fair)
    gamma_lot = gamma * size
    per_lot = slope(gamma=gamma_lot, sigma=sigma, tau_s=tau_s)
    half_spread = base_half_spread(gamma=gamma_lot, kappa=kappa) + per_lot / 2.0
    return fair - q / size * per_lot, half_spread
