"""Normalised risk aversion: one QUOTER_GAMMA gives the same relative inventory on every symbol.

At QUOTER_GAMMA=1 the standard deviation of inventory is a quarter of the limit. It is proportional
to gamma^(-1/4): 1.8 times larger at 0.1, and 1.8 times smaller at 10. Formulas:
deploy/docs/strategy.md, "Risk aversion and QUOTER_GAMMA".
"""

from dataclasses import dataclass
from enum import StrEnum
from math import e, inf, sqrt

from quoter.domain.errors import InvalidInput
from quoter.pricing.costs import effective_intensity

LOTS_MAX_MIN = 3.0  # with fewer order sizes in the limit, skew can't control inventory
SLOPE_KAPPA_MAX = 1.0  # at it inventory has an sd of 0.7 lots, and the closed form is inaccurate
SLOPE_KAPPA_MIN_N2 = 2.0  # divided by N^2, the minimum: inventory has an sd of half the limit
GAMMA_SCALE = 128.0 / e
SLOPE_SCALE = 8.0


class Saturation(StrEnum):
    """Bound that limits the slope of a gamma in its own reference market."""

    FLOOR = "floor"
    CEILING = "ceiling"


@dataclass(frozen=True, slots=True, kw_only=True)
class References:
    """The market that gamma is solved for; fixed once it is known (engine/quoting/calibration.py).

    sigma: price/sqrt(s), > 0. kappa: 1/price, > 0. intensity (A): fills per side at distance 0,
    1/s, > 0. cost: fees and adverse moves per side, price, negative for a rebate. Raises
    InvalidInput outside these domains.
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

    def towards(self, target: "References", *, ratio: float) -> "References":
        """Return references nearer to `target`: each figure changes by at most the factor `ratio`.

        The cost takes the target's value at once. ratio: >= 1.
        """
        return References(
            sigma=_towards(self.sigma, target.sigma, ratio),
            kappa=_towards(self.kappa, target.kappa, ratio),
            intensity=_towards(self.intensity, target.intensity, ratio),
            cost=target.cost,
        )


def _towards(value: float, target: float, ratio: float) -> float:
    return min(max(target, value / ratio), value * ratio)


def gamma_lot(*, ghat: float, lots_max: float, references: References) -> float:
    """Return the risk aversion per lot, 1/price, that corresponds to `ghat` in this market.

    ghat: no unit, > 0. lots_max (N): the inventory limit in order sizes, at least 3. The result is
    ghat * 128/e * A / (N^4 * kappa * sigma^2) with A net of the reference cost, so that kappa *
    slope = 8 * sqrt(ghat) / N^2. Raises InvalidInput outside these domains.
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
    """Return the risk aversion per lot, 1/price, for the papers' gamma (1/quote).

    order_size: base, > 0. gamma: 1/quote, > 0. Raises InvalidInput outside these domains.
    """
    if not (0.0 < gamma < inf):
        raise InvalidInput("gamma", gamma)
    if not (0.0 < order_size < inf):
        raise InvalidInput("order_size", order_size)
    return gamma * order_size


def slope_bounds(*, kappa: float, lots_max: float) -> tuple[float, float]:
    """Return the smallest and largest slope (price per lot) of the stationary model.

    kappa: 1/price, > 0; lots_max: >= 1 (the caller has checked both). With a horizon they do not
    apply, because the slope must decrease to zero at the end of the session.
    """
    low = SLOPE_KAPPA_MIN_N2 / (lots_max * lots_max)
    return min(low, SLOPE_KAPPA_MAX) / kappa, SLOPE_KAPPA_MAX / kappa


def saturation(*, ghat: float, lots_max: float) -> Saturation | None:
    """Return the bound that limits the slope of `ghat` in its reference market, or None.

    Below the floor a smaller gamma has no effect; above the ceiling a larger one has none.
    """
    slope_kappa = SLOPE_SCALE * sqrt(ghat) / (lots_max * lots_max)
    if slope_kappa > SLOPE_KAPPA_MAX:
        return Saturation.CEILING
    if slope_kappa < SLOPE_KAPPA_MIN_N2 / (lots_max * lots_max):
        return Saturation.FLOOR
    return None


def inventory_sd_lots(*, ghat: float, lots_max: float) -> float:
    """Return the standard deviation of inventory, in order sizes, that `ghat` is solved for.

    It is exact without widening, size shape and costs; each of them reduces it.
    """
    return lots_max / 4.0 / sqrt(sqrt(ghat))
