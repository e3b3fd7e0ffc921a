"""Build the runs of a backtest from settings and a tape."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import ROUND_UP, Decimal

from quoter.app.settings_to_config import engine_config, given_fee
from quoter.backtest.fill_terms import DelayOptions
from quoter.backtest.tape_run import RunSetup
from quoter.domain.instrument import Instrument
from quoter.engine.config import EngineConfig, TrialMode
from quoter.pricing.quote.terms import PricingRule, quote_terms
from quoter.settings import Settings
from quoter.settings.fields import (
    ActivityLimits,
    Limits,
    MarketRegime,
    PreTradeChecks,
    Pricing,
    Requoting,
)
from quoter.sim.fill_models import FillModel
from quoter.sim.messages import MarketSpec

ORDER_WORTH = Decimal(300)  # quote currency, as in the demo
ORDERS_MAX = 10  # inventory limit in order sizes, as in the demo
# opening base balance in multiples of QUOTER_INVENTORY_MAX; the quote balance is worth twice it
HOLDINGS = 2
_GROUPS_READ = (Requoting, Pricing, MarketRegime, ActivityLimits, PreTradeChecks, Limits)
# Settings on which the result of a backtest depends. Nobody else trades on its account.
SETTINGS_READ = frozenset({"creates_per_s"}).union(
    *(group.model_fields for group in _GROUPS_READ)
) - {"foreign_activity"}


def suggested_limits(market: MarketSpec) -> dict[str, str]:
    """Return the demo's order size and limits for this market: name of the setting to its value."""
    lots = (ORDER_WORTH / market.mid / market.lot).to_integral_value(ROUND_UP)
    size = max(market.lot * lots, market.size_min)
    return {
        "QUOTER_ORDER_SIZE": f"{size:f}",
        "QUOTER_INVENTORY_MAX": f"{size * ORDERS_MAX:f}",
        "QUOTER_NOTIONAL_MAX": "1000",
        "QUOTER_LOSS_MAX": "500",
    }


def run_setups(
    settings: Settings,
    market: MarketSpec,
    *,
    start_ns: int,
    models: Sequence[FillModel],
    delay: DelayOptions,
    rule: PricingRule = quote_terms,
) -> list[RunSetup]:
    """Return one run per fill model, all with the same engine configuration and latency.

    `start_ns`: UTC. `rule`: pricing rule of the engine.
    """
    fee = given_fee(settings)
    if fee is not None:
        market = replace(market, fee_maker=fee)
    engine = _engine(settings, market, start_ns)
    return [
        RunSetup(
            market=replace(market, fill_model=model),
            engine=engine,
            latency=delay.latency,
            seam=delay.seam(),
            rule=rule,
        )
        for model in models
    ]


def _engine(settings: Settings, market: MarketSpec, start_ns: int) -> EngineConfig:
    held = settings.inventory_max * HOLDINGS
    base = held // market.lot * market.lot
    opening = {market.base: base, market.quote: base * market.mid * HOLDINGS}
    config = engine_config(settings, instrument_of(market), start_ns=start_ns, opening=opening)
    # No trial order: the simulated venue needs no proof. No polling of its rules: they do not
    # change.
    reconcile = replace(config.reconcile, rules_ns=0)
    return replace(config, trial=TrialMode.OFF, reconcile=reconcile)


def instrument_of(market: MarketSpec) -> Instrument:
    """Return the instrument of a simulated market: coins, steps, smallest sizes and maker fee."""
    return Instrument(
        symbol=f"{market.base}/{market.quote}",
        venue_symbol=market.symbol,
        base=market.base,
        quote=market.quote,
        tick=market.tick,
        lot=market.lot,
        size_min=market.size_min,
        size_max=market.size_max,
        notional_min=market.notional_min,
        fee_maker=market.fee_maker,
    )
