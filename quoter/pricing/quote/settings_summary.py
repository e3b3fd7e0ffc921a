"""Settings summary: effects of the settings on this symbol, in price and quote currency.

Formulas: deploy/docs/strategy.md, "Settings summary".
"""

from copy import replace
from dataclasses import dataclass
from math import inf, sqrt

from quoter.domain.number_text import plain
from quoter.domain.quotes import PricingInputs
from quoter.domain.units import BPS
from quoter.pricing.models.glft import tau_equivalent_s
from quoter.pricing.quote.explain import Row
from quoter.pricing.quote.normalisation import (
    References,
    Saturation,
    gamma_lot,
    inventory_sd_lots,
    saturation,
)
from quoter.pricing.quote.shape import QuoteShape
from quoter.pricing.quote.terms import quote_terms

MINUTE_S = 60.0
HOURS_HELD_MAX = 24.0  # expected holding time of inventory, above which there is a warning
SLOPE_KAPPA_GOOD = 0.5  # above it the error of the closed form exceeds 5 % of the half-spread


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsSummary:
    """Quote of the reference market at zero inventory, and the expected inventory.

    ghat: normalised gamma that corresponds to gamma_lot (1/price) here. sigma: price/sqrt(s). fair,
    slope, half_spread: price. *_bps: basis points of fair value. skew_at_limit: skew at lots_max,
    price. tau_equivalent_s: expected holding time of inventory, seconds. slope_kappa: slope in
    units of 1/kappa, None if the closed form is not used. cara_lots_max: sqrt(2 A)/(gamma sigma)
    lots, above which expected utility is not finite with this gamma.
    """

    ghat: float
    lots_max: float
    gamma_lot: float
    fair: float
    sigma: float
    slope: float
    half_spread: float
    half_spread_bps: float
    quoted_half_spread_bps: float  # costs included
    skew_at_limit: float
    skew_at_limit_bps: float
    inventory_sd_lots: float
    tau_equivalent_s: float
    saturation: Saturation | None
    slope_kappa: float | None
    cara_lots_max: float


def settings_summary(
    *,
    gamma: float,
    lots_max: float,
    references: References,
    fair: float,
    tau_s: float | None = None,
    bounded: tuple[float, ...] | None = None,
) -> SettingsSummary:
    """Return the summary for `gamma` and a limit of `lots_max` order sizes at fair value `fair`.

    gamma: per lot, from gamma_lot or raw_gamma_lot, 1/price. tau_s: the horizon, seconds, None for
    the stationary slope. bounded: the exact model's table, None for the closed form.
    Raises InvalidInput like gamma_lot and quote_terms.
    """
    ghat = gamma / gamma_lot(ghat=1.0, lots_max=lots_max, references=references)
    flat = replace(_flat(references, fair, lots_max), gamma_lot=gamma, tau_s=tau_s, bounded=bounded)
    terms = quote_terms(flat, QuoteShape())
    # The exact model's skew is not linear in inventory.
    skew_at_limit = quote_terms(replace(flat, lots=lots_max), QuoteShape()).skew
    is_closed_form = tau_s is None and bounded is None
    slope_kappa = terms.slope * references.kappa
    unit = fair * BPS
    return SettingsSummary(
        ghat=ghat,
        lots_max=lots_max,
        gamma_lot=gamma,
        fair=fair,
        sigma=references.sigma,
        slope=terms.slope,
        half_spread=terms.half_spread,
        half_spread_bps=terms.half_spread / unit,
        quoted_half_spread_bps=(terms.half_spread + references.cost) / unit,
        skew_at_limit=skew_at_limit,
        skew_at_limit_bps=skew_at_limit / unit,
        inventory_sd_lots=(
            inventory_sd_lots(ghat=ghat, lots_max=lots_max)
            if tau_s is None
            else _session_sd_lots(slope_kappa)
        ),
        tau_equivalent_s=tau_equivalent_s(
            gamma=gamma, sigma=references.sigma, slope_per_lot=terms.slope
        ),
        saturation=saturation(ghat=ghat, lots_max=lots_max) if is_closed_form else None,
        slope_kappa=slope_kappa if is_closed_form else None,
        cara_lots_max=sqrt(2.0 * references.intensity) / (gamma * references.sigma),
    )


def _flat(references: References, fair: float, lots_max: float) -> PricingInputs:
    """Return the inputs of the reference market at zero inventory and zero risk aversion."""
    return PricingInputs(
        fair=fair,
        sigma=references.sigma,
        kappa=references.kappa,
        intensity=references.intensity,
        gamma_lot=0.0,
        lots=0.0,
        lots_max=lots_max,
        cost_bid=references.cost,
        cost_ask=references.cost,
        tau_s=None,
    )


def _session_sd_lots(slope_kappa: float) -> float:
    """Return the standard deviation of inventory with a horizon, lots; infinite without skew."""
    return 1.0 / sqrt(2.0 * slope_kappa) if slope_kappa > 0.0 else inf


def summary_rows(summary: SettingsSummary, *, order_size: float) -> tuple[Row, ...]:
    """Return the rows of the summary for a table; `order_size`: base, > 0."""
    return _price_rows(summary) + _money_rows(summary, order_size) + _lots_rows(summary)


def _price_rows(summary: SettingsSummary) -> tuple[Row, ...]:
    return (
        Row(
            "gamma_lot",
            summary.gamma_lot,
            None,
            f"Normalised gamma {plain(summary.ghat)} as risk aversion per lot, 1/price.",
        ),
        Row(
            "half_spread",
            summary.half_spread,
            summary.half_spread_bps,
            "Half-spread at zero inventory.",
        ),
        Row(
            "quoted_half_spread",
            summary.half_spread * summary.quoted_half_spread_bps / summary.half_spread_bps,
            summary.quoted_half_spread_bps,
            "Half-spread with fees and expected adverse moves.",
        ),
        Row(
            "skew_at_limit",
            summary.skew_at_limit,
            summary.skew_at_limit_bps,
            f"Move of both quotes at {plain(summary.lots_max)} lots, the limit.",
        ),
    )


def _money_rows(summary: SettingsSummary, order_size: float) -> tuple[Row, ...]:
    """Return the rows in quote currency; bps are of the traded or held value."""
    minute = summary.sigma * sqrt(MINUTE_S)
    return (
        Row(
            "round_trip_quote",
            2.0 * summary.half_spread * order_size,
            2.0 * summary.half_spread_bps,
            "Quote currency earned by one order on each side, net of fees and adverse moves.",
        ),
        Row(
            "skew_at_limit_quote",
            summary.skew_at_limit * order_size,
            summary.skew_at_limit_bps,
            "Quote currency given up per order at the limit, to reduce inventory.",
        ),
        Row(
            "minute_at_limit_quote",
            minute * summary.lots_max * order_size,
            minute / summary.fair / BPS,
            "Quote currency lost at the limit by an adverse move of one sigma over a minute.",
        ),
    )


def _lots_rows(summary: SettingsSummary) -> tuple[Row, ...]:
    return (
        Row(
            "inventory_sd_lots",
            summary.inventory_sd_lots,
            None,
            "Expected standard deviation of inventory, order sizes; widening makes it smaller.",
        ),
        Row(
            "tau_equivalent_s",
            summary.tau_equivalent_s,
            None,
            "Seconds that inventory is expected to be held.",
        ),
        Row(
            "cara_lots_max",
            summary.cara_lots_max,
            None,
            "Largest inventory, order sizes, that is consistent with this risk aversion.",
        ),
    )


def warnings(summary: SettingsSummary) -> tuple[str, ...]:
    """Return warnings about these settings; empty if there are none."""
    found = []
    if summary.saturation is not None:
        found.append(
            f"gamma {plain(summary.ghat)} is beyond the {summary.saturation} of the skew with a"
            f" limit of {plain(summary.lots_max)} lots: changing it further out has no effect"
        )
    if summary.slope_kappa is not None and summary.slope_kappa > SLOPE_KAPPA_GOOD:
        found.append(
            f"the skew of one lot is {plain(summary.slope_kappa, 2)} / kappa: above 0.5 / kappa"
            " the closed form is inaccurate; consider QUOTER_MODEL=glft_exact"
        )
    if summary.lots_max > summary.cara_lots_max:
        found.append(
            f"the inventory limit of {plain(summary.lots_max)} lots is above"
            f" {plain(summary.cara_lots_max, 3)}, the largest inventory that fits this"
            " risk aversion; lower QUOTER_GAMMA or QUOTER_INVENTORY_MAX"
        )
    if (hours := summary.tau_equivalent_s / 3_600.0) > HOURS_HELD_MAX:
        found.append(
            f"inventory, with its price risk, is expected to be held for {plain(hours, 2)} hours;"
            " raise QUOTER_GAMMA"
        )
    return tuple(found)
