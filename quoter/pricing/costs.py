"""Costs per fill (fees, expected adverse moves) and their effect on the fill intensity.

Formulas: deploy/docs/strategy.md, "Costs".
"""

from math import exp, inf

from quoter.domain.errors import InvalidInput
from quoter.domain.units import BPS

EXPONENT_MAX = 700.0  # exp() of a larger number overflows a float


def side_cost(*, fair: float, fee_maker: float, adverse_bps: float = 0.0) -> float:
    """Return the cost of one filled unit on one side, in price (quote/base).

    fair: quote/base, > 0. fee_maker: a fraction of notional, negative for a rebate. adverse_bps:
    expected adverse move after a fill, basis points of fair, >= 0.
    Raises InvalidInput outside these domains.
    """
    if not (0.0 < fair < inf):
        raise InvalidInput("fair", fair)
    if not (-1.0 < fee_maker < 1.0):
        raise InvalidInput("fee_maker", fee_maker)
    if not (0.0 <= adverse_bps < inf):
        raise InvalidInput("adverse_bps", adverse_bps)
    return fair * (fee_maker + adverse_bps * BPS)


def effective_intensity(*, intensity: float, kappa: float, cost: float) -> float:
    """Return the intensity at a distance increased by `cost`: A * exp(-kappa * cost), fills/s.

    A quote that is `cost` farther away fills as often as in a market with this smaller A. The slope
    is therefore computed from it (Guéant's equation with A replaced).

    intensity: fills/s, > 0. kappa: 1/price, > 0. cost: price, negative for a rebate. Raises
    InvalidInput outside these domains, or if the exponent would overflow.
    """
    if not (0.0 < intensity < inf):
        raise InvalidInput("intensity", intensity)
    if not (0.0 < kappa < inf):
        raise InvalidInput("kappa", kappa)
    exponent = kappa * cost
    if not (-EXPONENT_MAX <= exponent <= EXPONENT_MAX):
        raise InvalidInput("cost", cost)
    return intensity * exp(-exponent)
