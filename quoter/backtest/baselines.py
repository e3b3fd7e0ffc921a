"""Baselines: other pricing rules on the same engine, with the same orders, limits and estimates.

Only the distances from fair value differ. Orders are placed, replaced and limited as by the daemon,
with its estimates of sigma, kappa and A. The rules are explained in deploy/docs/backtest.md,
"Baselines".
"""

from collections.abc import Mapping
from copy import replace
from enum import StrEnum
from functools import partial
from types import MappingProxyType

from quoter.domain.quotes import PricingInputs, QuoteTerms
from quoter.pricing.models import avellaneda_stoikov
from quoter.pricing.quote.shape import QuoteShape
from quoter.pricing.quote.terms import PricingRule, quote_terms

# Settings of every baseline: without widening, size shape, and protections that change prices.
PLAIN_SETTINGS: Mapping[str, str] = MappingProxyType(
    {
        "QUOTER_WIDENING_BETA": "0",
        "QUOTER_SIZE_ETA": "0",
        "QUOTER_ADVERSE_BPS": "0",
        "QUOTER_ALPHA_MAX": "0",
        "QUOTER_MARKOUT_COST_MAX": "0",
        "QUOTER_SIDE_COOLDOWN_S": "0",
        "QUOTER_FILL_CORRECTION": "false",
        "QUOTER_GAMMA": "1",
    }
)
NONE: Mapping[str, str] = MappingProxyType({})


class Strategy(StrEnum):
    """Pricing of a run's quotes: the daemon's rule, or a baseline."""

    QUOTER = "quoter"
    GLFT = "glft"  # the closed form with fees only
    SYMMETRIC = "symmetric"  # 1/kappa on both sides, independent of inventory
    HUMMINGBOT_1 = "hummingbot-1"  # Hummingbot's formula with risk factor 1, its default
    HUMMINGBOT_10 = "hummingbot-10"


def settings_of(strategy: Strategy) -> Mapping[str, str]:
    """Return the settings that a strategy requires, by name; none for the daemon's own."""
    return NONE if strategy is Strategy.QUOTER else PLAIN_SETTINGS


def rule_of(strategy: Strategy) -> PricingRule:
    """Return the pricing rule of a strategy."""
    match strategy:
        case Strategy.QUOTER | Strategy.GLFT:
            return quote_terms
        case Strategy.SYMMETRIC:
            return symmetric
        case Strategy.HUMMINGBOT_1:
            return partial(hummingbot, gamma=1.0)
        case Strategy.HUMMINGBOT_10:
            return partial(hummingbot, gamma=10.0)


def symmetric(inputs: PricingInputs, shape: QuoteShape) -> QuoteTerms:
    """Return a quote 1/kappa from fair value on both sides, independent of inventory.

    It maximises the expected profit of one side, delta * A * exp(-kappa * delta). Units and errors
    as in `quote_terms`.
    """
    return _plain(inputs, shape, half=1.0 / inputs.kappa, slope=0.0)


def hummingbot(inputs: PricingInputs, shape: QuoteShape, *, gamma: float) -> QuoteTerms:
    """Return the quote of Hummingbot's `avellaneda_market_making` without a closing time.

    With q = inventory / total inventory and v = volatility of the mid per second: reservation price
    = fair - q * gamma * v, spread = gamma * v + 2/gamma * ln(1 + gamma/kappa).

    The total inventory is twice the limit: an account that just covers the limit on both sides. So
    q is between -1/2 and 1/2. gamma: Hummingbot's `risk_factor`, > 0; its units are inconsistent in
    the source too. Source: hummingbot, strategy/avellaneda_market_making, 2024.
    """
    base = avellaneda_stoikov.base_half_spread(gamma=gamma, kappa=inputs.kappa)
    risk = gamma * inputs.sigma
    return _plain(inputs, shape, half=base + risk / 2.0, slope=risk / (2.0 * inputs.lots_max))


def _plain(inputs: PricingInputs, shape: QuoteShape, *, half: float, slope: float) -> QuoteTerms:
    """Return a quote with this half-spread and skew, and the side limits of `quote_terms`."""
    bare = replace(
        inputs, cost_bid=0.0, cost_ask=0.0, multiplier=1.0, alpha=0.0, tau_s=None, bounded=None
    )
    terms, skew = quote_terms(bare, shape), inputs.lots * slope
    bid, ask = max(0.0, half + skew), max(0.0, half - skew)
    return replace(
        terms,
        slope=slope,
        base_half_spread=half - slope / 2.0,
        half_spread=half,
        skew=skew,
        reservation_price=inputs.fair - skew,
        extra=0.0,
        delta_bid=None if terms.delta_bid is None else bid,
        delta_ask=None if terms.delta_ask is None else ask,
        clamps=(),
        boundary=0.0,
        tick_bound=inputs.tick > half,
    )
