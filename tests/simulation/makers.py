"""Engine configurations and markets for the simulations."""

from dataclasses import replace
from decimal import Decimal
from math import sqrt

from quoter.app.backtesting import instrument_of
from quoter.backtest.seam import Latency
from quoter.domain.units import NS_PER_MS, NS_PER_S
from quoter.engine.config import (
    ActivityPolicy,
    BookPolicy,
    EngineConfig,
    PricingConfig,
    RequotePolicy,
    ToxicFlowConfig,
)
from quoter.pricing.quote.shape import QuoteShape
from quoter.risk.view import Limits
from quoter.sim.messages import MarketSpec
from tests.simulation.harness import Setup

LOTS_MAX = 10
# Public data arrives before the fills that it caused, so no quote uses an outdated book.
INSTANT = Latency(market_ns=0, private_ns=NS_PER_MS, request_ns=0, answer_ns=0)

# The market of Avellaneda and Stoikov's paper (sigma 2, kappa 1.5, A 140 per unit of time) with a
# unit of time of seven seconds, so that takers arrive one at a time between two moves of the mid.
# Whole lots, a tick of 1.5 % of 1/kappa, and a price that the mid's walk can't bring near zero.
PAPER = MarketSpec(
    symbol="PAPERUSD",
    base="PAPER",
    quote="USD",
    tick=Decimal("0.01"),
    lot=Decimal(1),
    size_min=Decimal(1),
    size_max=Decimal(1000),
    notional_min=Decimal(1),
    mid=Decimal(10_000),
    sigma=2 / sqrt(7),
    intensity=20.0,
    kappa=1.5,
    spread_ticks=2,
    depth_levels=3,
    partial_share=0.0,
)

# The assumptions of the inventory law (deploy/docs/strategy.md): no widening, one size, and orders
# that are always at their target price.
BARE = QuoteShape(beta=0.0, eta=0.0)
WITHOUT_TOXIC_FLOW = ToxicFlowConfig(alpha_max=0.0, markout_cost_max=0.0, side_cooldown_s=0.0)
REQUOTE_AT_ONCE = RequotePolicy(hold_ns=0, tolerance=0.0)
# No activity limit: these markets fill hundreds of orders a minute.
WITHOUT_ACTIVITY_LIMITS = ActivityPolicy(
    price_jump=0.0, quote_drift=0.0, creates_per_min=10**9, creates_per_fill=0, turnover_max=1e9
)


def priors(market: MarketSpec, *, gamma: float, shape: QuoteShape) -> PricingConfig:
    """Return pricing with the market's parameters; only sigma is estimated."""
    return PricingConfig(
        gamma=gamma,
        shape=shape,
        sigma_prior=market.sigma,
        kappa_prior=market.kappa,
        intensity_prior=market.intensity,
        is_calibrating=False,
        toxic_flow=WITHOUT_TOXIC_FLOW,
    )


def maker(
    market: MarketSpec,
    *,
    gamma: float = 1.0,
    shape: QuoteShape | None = None,
    requote: RequotePolicy | None = None,
    order_size: Decimal | None = None,
    creates_per_s: float = 10.0,
) -> EngineConfig:
    """Return a maker with an inventory limit of ten orders on each side of its target."""
    size = order_size if order_size is not None else market.lot
    target = 100 * size
    return EngineConfig(
        instrument=instrument_of(market),
        id_prefix="q01abc",
        own_prefix="q01",
        limits=Limits(
            inventory_max=LOTS_MAX * size,
            size_max=2 * size,
            notional_max=Decimal("1e12"),
            price_collar=Decimal("0.05"),
            loss_max=Decimal("1e9"),
            drawdown_max=Decimal("1e9"),
            book_spread_max=Decimal("0.05"),
            book_depth_min=Decimal(0),  # some of its markets are nearly all ours
        ),
        order_size=size,
        target=target,
        opening={market.base: target, market.quote: 1_000 * size * market.mid},
        pricing=priors(market, gamma=gamma, shape=shape or QuoteShape()),
        requote=requote or RequotePolicy(),
        activity=WITHOUT_ACTIVITY_LIMITS,
        creates_per_s=creates_per_s,
        book=BookPolicy(stale_ns=2 * NS_PER_S),
    )


def law(gamma: float, seed: int, *, shape: QuoteShape = BARE, market: MarketSpec = PAPER) -> Setup:
    """Return the setup of the inventory law: no latency, no hold time, a tick of one second."""
    config = maker(
        market,
        gamma=gamma,
        shape=shape,
        requote=REQUOTE_AT_ONCE,
        order_size=Decimal(1),
        creates_per_s=1e6,
    )
    return Setup(
        market=market,
        engine=replace(config, book=BookPolicy(stale_ns=10 * NS_PER_S)),
        seed=seed,
        latency=INSTANT,
        tick_ns=NS_PER_S,
        depth_ns=NS_PER_S,
    )
