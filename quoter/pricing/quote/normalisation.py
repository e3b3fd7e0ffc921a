"""QUOTER_GAMMA without a unit: the same number means the same inventory on every symbol.

At 1 the inventory's standard deviation is a quarter of the limit, and it goes with the number's
fourth root: a tenth of it lets inventory spread by 1.8, ten times tightens it by as much.
"""

from dataclasses import dataclass
from enum import StrEnum
from math import e, inf, sqrt

from quoter.domain.errors import InvalidInput
from quoter.pricing.costs import effective_intensity

LOTS_MAX_MIN = 3.0  # fewer order sizes than this in the limit leave nothing to steer by
SLOPE_KAPPA_MAX = 1.0  # inventory sd of 0.7 lots; the closed form is already poor here
SLOPE_KAPPA_MIN_N2 = 2.0  # divided by N^2: inventory sd of half the limit
GAMMA_SCALE = 128.0 / e
SLOPE_SCALE = 8.0


class Saturation(StrEnum):
    """Which bound of the slope a setting of gamma runs into before the market moves at all."""

    FLOOR = "floor"
    CEILING = "ceiling"


@dataclass(frozen=True, slots=True, kw_only=True)
class References:
    """The market that gamma was solved for; frozen at start, solved anew only on request.

    sigma price/sqrt(s), > 0; kappa 1/price, > 0; intensity (A) fills/s per side at distance 0,
    > 0; cost price per side (fees and adverse moves), negative for a rebate.
    """

    sigma: float
    kappa: float
    intensity: float
    cost: float = 0.0

    def __post_init__(self) -> None:
        for name in ("sigma", "kappa", "intensity"):
            value = getattr(self, name)
            if not (0.0 < value < inf):
                raise InvalidInput(name, value)
        if not (-inf < self.cost < inf):
            raise InvalidInput("cost", self.cost)


def gamma_lot(*, ghat: float, lots_max: float, references: References) -> float:
    """Return the risk aversion per lot, 1/price, that `ghat` means on this market.

    ghat without unit, > 0; lots_max the inventory limit in order sizes (N), at least 3.
    It is ghat * 128/e * A / (N^4 * kappa * sigma^2) with A net of the reference cost, which makes
    kappa * slope = 8 * sqrt(ghat) / N^2 there. Raises InvalidInput outside these domains.
    """
    if not (0.0 < ghat < inf):
        raise InvalidInput("ghat", ghat)
    if not (LOTS_MAX_MIN <= lots_max < inf):
        raise InvalidInput("lots_max", lots_max)
    intensity = effective_intensity(
        intensity=references.intensity, kappa=references.kappa, cost=references.cost
    )
    variance = references.sigma * references.sigma
    result = ghat * GAMMA_SCALE * intensity / (lots_max**4 * references.kappa * variance)
    if not (0.0 < result < inf):
        raise InvalidInput("gamma_lot", result)
    return result


def raw_gamma_lot(*, gamma: float, order_size: float) -> float:
    """Return the risk aversion per lot, 1/price, of the papers' gamma (1/quote).

    order_size base, > 0; gamma > 0. Raises InvalidInput outside these domains.
    """
    if not (0.0 < gamma < inf):
        raise InvalidInput("gamma", gamma)
    if not (0.0 < order_size < inf):
        raise InvalidInput("order_size", order_size)
    return gamma * order_size


def slope_bounds(*, kappa: float, lots_max: float) -> tuple[float, float]:
    """Return the least and the greatest slope (price per lot) that the stationary model may use.

    kappa 1/price, > 0; lots_max >= 1 (the caller has checked both). The horizon of a session is
    not held to these bounds: its slope has to fade to zero.
    """
    low = SLOPE_KAPPA_MIN_N2 / (lots_max * lots_max)
    return min(low, SLOPE_KAPPA_MAX) / kappa, SLOPE_KAPPA_MAX / kappa


def saturation(*, ghat: float, lots_max: float) -> Saturation | None:
    """Tell which slope bound `ghat` sits on in its own reference market, None for neither.

    Worth a warning at start: past the bound a further change of gamma changes nothing.
    """
    slope_kappa = SLOPE_SCALE * sqrt(ghat) / (lots_max * lots_max)
    if slope_kappa > SLOPE_KAPPA_MAX:
        return Saturation.CEILING
    if slope_kappa < SLOPE_KAPPA_MIN_N2 / (lots_max * lots_max):
        return Saturation.FLOOR
    return None


def inventory_sd_lots(*, ghat: float, lots_max: float) -> float:
    """Return the inventory's standard deviation, in order sizes, that `ghat` aims at.

    It holds with widening, size shape and costs off; each of them makes inventory tighter.
    """
    return lots_max / 4.0 / sqrt(sqrt(ghat))
