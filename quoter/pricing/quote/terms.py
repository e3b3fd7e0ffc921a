"""Distances of bid and ask from fair value, term by term.

Formulas: deploy/docs/strategy.md, "Distances and bounds".
"""

from collections.abc import Callable
from enum import StrEnum
from math import inf

from quoter.domain.errors import InvalidInput
from quoter.domain.market import Side
from quoter.domain.quotes import Clamp, PricingInputs, QuoteTerms
from quoter.domain.trading import NoQuote
from quoter.domain.units import BPS
from quoter.pricing.costs import effective_intensity
from quoter.pricing.models import avellaneda_stoikov, glft
from quoter.pricing.models.glft_exact import log_ratio_at
from quoter.pricing.quote.normalisation import slope_bounds
from quoter.pricing.quote.shape import QuoteShape
from quoter.pricing.quote.widening import widening

# How the distances of a quote are computed. The daemon's rule is `quote_terms`.
type PricingRule = Callable[[PricingInputs, QuoteShape], QuoteTerms]

LOTS_MAX_MIN, LOTS_MAX_MAX = 1.0, 1e6  # order sizes; below 1 no order fits into the limit
TERM_HALF_SPREADS_MAX = 2.0  # bound of alpha, and of a markout cost, in half-spreads
ALPHA_AWAY = 1.0  # extra distance of the side that the move goes towards, in alphas
FLOOR_HALF_SPREADS = 0.2  # least distance of any side from fair, so that skew never crosses it


class Bound(StrEnum):
    """Bounds that can change a number of a quote.

    A Clamp that applies to one side has the prefix `bid_` or `ask_`.
    """

    SLOPE_MIN = "slope_min"
    SLOPE_MAX = "slope_max"
    ALPHA_MAX = "alpha_max"
    MARKOUT_COST_MAX = "markout_cost_max"
    MIDDLE = "middle"
    SPREAD_MIN = "spread_min"
    STALE = "stale"
    UNWIND = "unwind"
    REGIME = "regime"
    SPREAD_MAX = "spread_max"
    SIDE_LIMIT = "side_limit"


def quote_terms(inputs: PricingInputs, shape: QuoteShape) -> QuoteTerms:
    """Return both distances of a quote from fair value, and their terms.

    The terms are model (with skew and boundary), costs, markout costs, widening, alpha and
    multiplier; then floors and caps follow. Units as in PricingInputs and QuoteShape. Long
    inventory moves both quotes down, short moves both up. A distance is None

    * of the exposed side (the bid when long, the ask when short), at |lots| >= lots_max;
    * of exposed and flat sides, while `reduces_only`;
    * of either side, beyond half of spread_max.

    Every bound that acted is in `clamps`.
    Raises InvalidInput with the name and value of what is missing, non-finite or out of domain;
    nothing returned is ever NaN or infinite.
    """
    _check(inputs)
    lots = inputs.lots
    clamps: list[Clamp] = []
    base = avellaneda_stoikov.base_half_spread(gamma=inputs.gamma_lot, kappa=inputs.kappa)
    slope, half, skew, boundary = _model(inputs, base, clamps)
    nu = abs(lots) / inputs.lots_max
    exposed = half * widening(nu=nu, beta=shape.beta, p=shape.p, nu0=shape.nu0, w_cap=shape.w_cap)
    unwinding = shape.share * exposed
    widening_bid, widening_ask = (exposed, unwinding) if lots >= 0.0 else (unwinding, exposed)
    extra = (inputs.multiplier - 1.0) * half
    markout_cost_bid = _markout_cost(inputs.markout_cost_bid, "bid", half, clamps)
    markout_cost_ask = _markout_cost(inputs.markout_cost_ask, "ask", half, clamps)
    alpha_bid, alpha_ask = _alpha(inputs.alpha, half, clamps)
    both = half + boundary + extra
    bid = both + skew + inputs.cost_bid + markout_cost_bid + widening_bid + alpha_bid
    ask = both - skew + inputs.cost_ask + markout_cost_ask + widening_ask + alpha_ask
    reservation_price = inputs.fair - skew
    if not (-inf < bid + ask + reservation_price < inf):
        raise InvalidInput("quote", (bid, ask))
    return QuoteTerms(
        inputs=inputs,
        slope=slope,
        base_half_spread=base,
        half_spread=half,
        skew=skew,
        reservation_price=reservation_price,
        widening_bid=widening_bid,
        widening_ask=widening_ask,
        extra=extra,
        delta_bid=_bounded(bid, "bid", lots, half, inputs, shape, clamps),
        delta_ask=_bounded(ask, "ask", -lots, half, inputs, shape, clamps),
        clamps=tuple(clamps),
        boundary=boundary,
        markout_cost_bid=markout_cost_bid,
        markout_cost_ask=markout_cost_ask,
        alpha_bid=alpha_bid,
        alpha_ask=alpha_ask,
        tick_bound=inputs.tick > half,
    )


def off_reason(terms: QuoteTerms, side: Side) -> NoQuote | None:
    """Return why a side of `terms` has no price, None if it has one. BUY is our bid."""
    if (terms.delta_bid if side is Side.BUY else terms.delta_ask) is not None:
        return None
    towards = side.sign * terms.inputs.lots
    if towards >= terms.inputs.lots_max:
        return NoQuote.SIDE_LIMIT
    is_regime = terms.inputs.reduces_only and towards >= 0.0
    return NoQuote.REGIME if is_regime else NoQuote.SPREAD_TOO_WIDE


def _check(inputs: PricingInputs) -> None:
    """Raise InvalidInput for inputs that the model functions do not check."""
    if not (0.0 < inputs.fair < inf):
        raise InvalidInput("fair", inputs.fair)
    if not (-inf < inputs.lots < inf):
        raise InvalidInput("lots", inputs.lots)
    if not (LOTS_MAX_MIN <= inputs.lots_max <= LOTS_MAX_MAX):
        raise InvalidInput("lots_max", inputs.lots_max)
    if not (-inf < inputs.cost_bid < inf):
        raise InvalidInput("cost_bid", inputs.cost_bid)
    if not (-inf < inputs.cost_ask < inf):
        raise InvalidInput("cost_ask", inputs.cost_ask)
    if not (1.0 <= inputs.multiplier < inf):
        raise InvalidInput("multiplier", inputs.multiplier)
    if not (0.0 <= inputs.tick < inf):
        raise InvalidInput("tick", inputs.tick)
    if not (0.0 <= inputs.d_stale < inf):
        raise InvalidInput("d_stale", inputs.d_stale)
    if not (0.0 <= inputs.d_unwind < inf):
        raise InvalidInput("d_unwind", inputs.d_unwind)
    if not (0.0 < inputs.size_factor <= 1.0):
        raise InvalidInput("size_factor", inputs.size_factor)


def _model(
    inputs: PricingInputs, base: float, clamps: list[Clamp]
) -> tuple[float, float, float, float]:
    """Return slope, half-spread at zero inventory, skew and boundary, all price.

    `base`: half-spread without inventory risk, price. Raises InvalidInput.
    """
    table, lots = inputs.bounded, inputs.lots
    if table is None or inputs.tau_s is not None:
        slope = _slope(inputs, clamps)
        return slope, base + slope / 2.0, lots * slope, 0.0
    if len(table) < 2:
        raise InvalidInput("bounded", table)
    kappa = inputs.kappa
    bid, ask = log_ratio_at(table, lots) / kappa, log_ratio_at(table, -lots) / kappa
    at_zero = table[len(table) // 2] / kappa  # the table is odd about n = -1/2
    return 2.0 * at_zero, base + at_zero, (bid - ask) / 2.0, (bid + ask) / 2.0 - at_zero


def _markout_cost(cost: float, name: str, half: float, clamps: list[Clamp]) -> float:
    """Return the markout cost of a side, price, at most two half-spreads. Raises InvalidInput.

    It moves only its own side. Fees also lower the intensity that the slope is computed from. If
    markout costs did so too, skew would grow with them and could move the losing side nearer.
    """
    if not (0.0 <= cost < inf):
        raise InvalidInput(f"markout_cost_{name}", cost)
    most = TERM_HALF_SPREADS_MAX * half
    if cost > most:
        clamps.append(Clamp(f"{name}_{Bound.MARKOUT_COST_MAX}", cost, most))
        return most
    return cost


def _alpha(alpha: float, half: float, clamps: list[Clamp]) -> tuple[float, float]:
    """Return the distances that the expected move adds to bid and ask, price.

    alpha: expected move, price; half: half-spread, price. Raises InvalidInput. Both quotes follow
    the move. The side that the move goes towards shifts by twice the move.
    """
    if alpha == 0.0:
        return 0.0, 0.0
    if not (-inf < alpha < inf):
        raise InvalidInput("alpha", alpha)
    most = TERM_HALF_SPREADS_MAX * half
    if not (-most <= alpha <= most):
        bounded = most if alpha > 0.0 else -most
        clamps.append(Clamp(Bound.ALPHA_MAX, alpha, bounded))
        alpha = bounded
    away = ALPHA_AWAY * abs(alpha)
    return (-alpha, alpha + away) if alpha > 0.0 else (away - alpha, alpha)


def _slope(inputs: PricingInputs, clamps: list[Clamp]) -> float:
    """Return the slope, price per lot: Avellaneda-Stoikov with a horizon, else GLFT, bounded."""
    gamma, sigma, kappa = inputs.gamma_lot, inputs.sigma, inputs.kappa
    if inputs.tau_s is not None:
        return avellaneda_stoikov.slope(gamma=gamma, sigma=sigma, tau_s=inputs.tau_s)
    cost = (inputs.cost_bid + inputs.cost_ask) / 2.0
    fills = inputs.intensity * inputs.fill_factor
    intensity = effective_intensity(intensity=fills, kappa=kappa, cost=cost)
    slope = glft.slope(gamma=gamma, sigma=sigma, kappa=kappa, intensity=intensity)
    low, high = slope_bounds(kappa=kappa, lots_max=inputs.lots_max)
    if slope < low:
        clamps.append(Clamp(Bound.SLOPE_MIN, slope, low))
        return low
    if slope > high:
        clamps.append(Clamp(Bound.SLOPE_MAX, slope, high))
        return high
    return slope


def _bounded(
    delta: float,
    name: str,
    lots_towards: float,
    half: float,
    inputs: PricingInputs,
    shape: QuoteShape,
    clamps: list[Clamp],
) -> float | None:
    """Apply floors and caps to one side; `lots_towards` > 0 if a fill adds to the inventory.

    Returns the distance, price; None if the side is not quoted (limit, regime, spread_max). Both
    sides have a minimum distance from fair value. Without it a large rebate could put the exposed
    side nearer to fair value than the unwinding one, and quotes would not be monotone in inventory.
    """
    if lots_towards >= inputs.lots_max:
        clamps.append(Clamp(f"{name}_{Bound.SIDE_LIMIT}", lots_towards, inputs.lots_max))
        return None
    if inputs.reduces_only and lots_towards >= 0.0:
        clamps.append(Clamp(f"{name}_{Bound.REGIME}", lots_towards, 0.0))
        return None
    bound, floor = Bound.MIDDLE, FLOOR_HALF_SPREADS * half
    if lots_towards >= 0.0:
        least = shape.spread_min_bps * BPS / 2.0 * inputs.fair
        if least > floor:
            bound, floor = Bound.SPREAD_MIN, least
        stale = max(shape.d_stale, inputs.d_stale)
        if stale > floor:
            bound, floor = Bound.STALE, stale
    elif inputs.d_unwind > floor:
        bound, floor = Bound.UNWIND, inputs.d_unwind
    if delta < floor:
        clamps.append(Clamp(f"{name}_{bound}", delta, floor))
        delta = floor
    most = shape.spread_max_bps * BPS / 2.0 * inputs.fair
    if delta > most:
        clamps.append(Clamp(f"{name}_{Bound.SPREAD_MAX}", delta, most))
        return None
    return delta
