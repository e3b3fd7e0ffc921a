"""`pricing.quote.terms.quote_terms` for arrays of paths; a unit test compares the two.

A side that is not quoted has an infinite distance, so that it is never filled.
"""

from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

import numpy as np

from quoter.domain.quotes import PricingInputs, QuoteTerms
from quoter.domain.units import BPS
from quoter.pricing.models import avellaneda_stoikov, glft
from quoter.pricing.quote.normalisation import slope_bounds
from quoter.pricing.quote.shape import QuoteShape
from quoter.pricing.quote.terms import (
    FLOOR_HALF_SPREADS,
    TERM_HALF_SPREADS_MAX,
    quote_terms,
)
from quoter.studies.common.estimates import Numbers

OFF = float("inf")
# lots and half-spreads; small enough that no bound of a quote is reached
PROBE_LOTS, PROBE_ALPHA = 0.5, 0.1
PROBE_SHAPE = QuoteShape(beta=0.0, eta=0.0, spread_max_bps=19_000.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Maker:
    """Parameters of a maker that are the same on all paths; units as in PricingInputs."""

    kappa: float
    intensity: float
    gamma_lot: float
    lots_max: float
    shape: QuoteShape

    @property
    def base_half_spread(self) -> float:
        """Half-spread without inventory risk, price."""
        return avellaneda_stoikov.base_half_spread(gamma=self.gamma_lot, kappa=self.kappa)

    @property
    def slope_per_sigma(self) -> float:
        """Price per lot at sigma 1 without costs; the slope is proportional to sigma."""
        return glft.slope(
            gamma=self.gamma_lot, sigma=1.0, kappa=self.kappa, intensity=self.intensity
        )


class Offsets(NamedTuple):
    """Distances from fair value, price; infinite where that side is not quoted."""

    bid: Numbers
    ask: Numbers
    half: Numbers  # half-spread before costs and widening
    slope: Numbers


def offsets(
    maker: Maker,
    *,
    fair: Numbers | float,
    sigma: Numbers | float,
    lots: Numbers,
    cost_bid: Numbers | float = 0.0,
    cost_ask: Numbers | float = 0.0,
    multiplier: Numbers | float = 1.0,
    alpha: Numbers | float = 0.0,
    markout_cost_bid: Numbers | float = 0.0,
    markout_cost_ask: Numbers | float = 0.0,
    beta: Numbers | float | None = None,
    d_stale: Numbers | float | None = None,
) -> Offsets:
    """Return both distances on every path (arrays broadcast against each other).

    - fair: quote/base; sigma: price/sqrt(s); lots: inventory in order sizes
    - cost_*, alpha, markout_cost_*: price; multiplier: >= 1
    - beta (half-spreads) and d_stale (price) override the shape's

    Arguments are not checked, because they are a study's own numbers.
    """
    signs = directions(maker)
    shape, cost = maker.shape, (np.asarray(cost_bid) + np.asarray(cost_ask)) / 2.0
    low, high = slope_bounds(kappa=maker.kappa, lots_max=maker.lots_max)
    free = maker.slope_per_sigma * np.asarray(sigma) * np.exp(maker.kappa * cost / 2.0)
    slope = np.clip(free, low, high)
    half = maker.base_half_spread + slope / 2.0
    nu = np.abs(lots) / maker.lots_max
    wide = half * widened(nu, shape, shape.beta if beta is None else beta)
    is_long = lots >= 0.0
    extra = (np.asarray(multiplier) - 1.0) * half
    most = TERM_HALF_SPREADS_MAX * half
    move = np.clip(alpha, -most, most)
    skew, size = signs.skew * lots * slope, np.abs(move)
    bid = half + skew + cost_bid + np.minimum(markout_cost_bid, most) + extra
    ask = half - skew + cost_ask + np.minimum(markout_cost_ask, most) + extra
    bid += np.where(is_long, wide, shape.share * wide)
    ask += np.where(is_long, shape.share * wide, wide)
    bid += size * np.where(move > 0.0, signs.rise_bid, signs.fall_bid)
    ask += size * np.where(move > 0.0, signs.rise_ask, signs.fall_ask)
    stale = shape.d_stale if d_stale is None else d_stale
    return Offsets(
        _bounded(bid, lots, half, fair, stale, maker),
        _bounded(ask, -lots, half, fair, stale, maker),
        half,
        slope,
    )


class Directions(NamedTuple):
    """How the daemon's quotes move, computed with `quote_terms` itself.

    - skew: half of (bid distance - ask distance), per slope and lot; 1 if quotes follow the papers
    - rise_*, fall_*: change of a distance per unit of expected rise or fall (alpha)
    """

    skew: float
    rise_bid: float
    rise_ask: float
    fall_bid: float
    fall_ask: float


@cache
def directions(maker: Maker) -> Directions:
    """Return the directions of this maker's quotes; they do not depend on sigma."""
    sigma = 1.0 / maker.kappa

    def distances(lots: float = 0.0, alpha: float = 0.0) -> tuple[float, float]:
        terms = _terms(
            maker, PROBE_SHAPE, fair=1e4 / maker.kappa, sigma=sigma, lots=lots, alpha=alpha
        )
        return terms.delta_bid or OFF, terms.delta_ask or OFF

    bid, ask = distances()
    long_bid, long_ask = distances(lots=PROBE_LOTS)
    slope = 2.0 * ((bid + ask) / 2.0 - maker.base_half_spread)  # half-spread is base + slope/2
    alpha = PROBE_ALPHA * bid
    rise, fall = distances(alpha=alpha), distances(alpha=-alpha)
    return Directions(
        skew=(long_bid - long_ask) / 2.0 / PROBE_LOTS / slope,
        rise_bid=(rise[0] - bid) / alpha,
        rise_ask=(rise[1] - ask) / alpha,
        fall_bid=(fall[0] - bid) / alpha,
        fall_ask=(fall[1] - ask) / alpha,
    )


def skew_per_lot(maker: Maker, *, sigma: float) -> float:
    """Return how far the daemon shifts both quotes down per lot of inventory, price."""
    return directions(maker).skew * maker.slope_per_sigma * sigma


def widened(nu: Numbers, shape: QuoteShape, beta: Numbers | float) -> Numbers:
    """Return `widening` for arrays: extra distance of the exposed side, in half-spreads."""
    x = np.maximum((nu - shape.nu0) / (1.0 - shape.nu0), 0.0)
    capped: Numbers = np.minimum(shape.w_cap, beta * x**shape.p)
    return capped


def _bounded(
    delta: Numbers,
    lots_towards: Numbers,
    half: Numbers,
    fair: Numbers | float,
    stale: Numbers | float,
    maker: Maker,
) -> Numbers:
    """Apply floors and caps to one side; `lots_towards` > 0: its fills add to inventory."""
    least = np.maximum(maker.shape.spread_min_bps * BPS / 2.0 * np.asarray(fair), stale)
    floor = np.maximum(FLOOR_HALF_SPREADS * half, np.where(lots_towards >= 0.0, least, 0.0))
    held = np.maximum(delta, floor)
    most = maker.shape.spread_max_bps * BPS / 2.0 * np.asarray(fair)
    is_off = (lots_towards >= maker.lots_max) | (held > most)
    return np.where(is_off, OFF, held)


def ladder_of(maker: Maker, *, fair: float, sigma: float) -> Offsets:
    """Return the distances of `quote_terms` at every whole inventory, -lots_max to lots_max."""
    bids, asks, half, slope = [], [], 0.0, 0.0
    lots_max = int(maker.lots_max)
    for lots in range(-lots_max, lots_max + 1):
        terms = _terms(maker, maker.shape, fair=fair, sigma=sigma, lots=float(lots))
        bids.append(OFF if terms.delta_bid is None else terms.delta_bid)
        asks.append(OFF if terms.delta_ask is None else terms.delta_ask)
        half, slope = terms.half_spread, terms.slope
    return Offsets(np.array(bids), np.array(asks), np.array(half), np.array(slope))


def _terms(
    maker: Maker, shape: QuoteShape, *, fair: float, sigma: float, lots: float, alpha: float = 0.0
) -> QuoteTerms:
    """Return the daemon's quote of a maker without costs."""
    inputs = PricingInputs(
        fair=fair,
        sigma=sigma,
        kappa=maker.kappa,
        intensity=maker.intensity,
        gamma_lot=maker.gamma_lot,
        lots=lots,
        lots_max=maker.lots_max,
        cost_bid=0.0,
        cost_ask=0.0,
        tau_s=None,
        alpha=alpha,
    )
    return quote_terms(inputs, shape)
