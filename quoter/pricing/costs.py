"""What a fill costs beyond the price risk: it moves a quote outward and thins the fills."""

from math import exp, inf

from quoter.domain.errors import InvalidInput

BPS = 1e-4
EXPONENT_MAX = 700.0  # exp() of more is no float any more


def side_cost(*, fair: float, fee_maker: float, adverse_bps: float = 0.0) -> float:
    """Return what one unit filled costs on one side, in price (quote/base).

    fair quote/base, > 0; fee_maker a fraction of notional, negative for a rebate; adverse_bps how
    far the market is expected to move against us after the fill, in basis points of fair, >= 0.
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
    """Return A * exp(-kappa * cost), fills/s: what is left of A when `cost` is added to a side.

    A quote that stands `cost` farther out behaves like one in a market with this smaller A, so
    the slope is computed from it (Guéant's equation is the same with A replaced).
    intensity fills/s, > 0; kappa 1/price, > 0; cost price, negative for a rebate.
    Raises InvalidInput when one of them is outside, or when nothing measurable is left of A.
    """
    if not (0.0 < intensity < inf):
        raise InvalidInput("intensity", intensity)
    if not (0.0 < kappa < inf):
        raise InvalidInput("kappa", kappa)
    exponent = kappa * cost
    if not (-EXPONENT_MAX <= exponent <= EXPONENT_MAX):
        raise InvalidInput("cost", cost)
    return intensity * exp(-exponent)
