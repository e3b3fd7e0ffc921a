"""What the settings mean on this symbol, in units that can be pictured."""

from dataclasses import dataclass, replace
from math import inf, sqrt

from quoter.domain.number_text import plain
from quoter.domain.quotes import PricingInputs
from quoter.pricing.costs import BPS
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
SLOPE_KAPPA_GOOD = 0.5  # above it the closed form is off by more than 5 % of the half-spread


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsSummary:
    """The reference market's quote at zero inventory and what inventory will look like.

    ghat is the gamma without unit that gamma_lot (1/price) amounts to here; sigma price/sqrt(s);
    fair, slope and half_spread price; *_bps basis points of fair value; skew_at_limit is the skew
    at lots_max, price; tau_equivalent_s how long inventory is expected to be held; slope_kappa the
    slope in characteristic depths, None where the closed form is not used; cara_lots_max the
    inventory above which this gamma makes no sense: sqrt(2 A)/(gamma sigma) lots, where holding on
    costs more than takers can ever relieve.
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
    """Work out what `gamma` and a limit of `lots_max` order sizes mean where fair value is `fair`.

    gamma 1/price per lot, from gamma_lot or raw_gamma_lot; tau_s seconds of the horizon, None for
    the stationary slope; bounded the exact model's table, None for the closed form.
    Raises InvalidInput like gamma_lot and quote_terms.
    """
    ghat = gamma / gamma_lot(ghat=1.0, lots_max=lots_max, references=references)
    flat = replace(_flat(references, fair, lots_max), gamma_lot=gamma, tau_s=tau_s, bounded=bounded)
    terms = quote_terms(flat, QuoteShape())
    # The exact model's skew is no straight line.
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
    """The reference market without inventory and without risk aversion."""
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
    """Without any skew nothing holds inventory."""
    return 1.0 / sqrt(2.0 * slope_kappa) if slope_kappa > 0.0 else inf


def summary_rows(meant: SettingsSummary, *, order_size: float) -> tuple[Row, ...]:
    """Render a Meaning for a table; pure. order_size base, > 0."""
    return _price_rows(meant) + _money_rows(meant, order_size) + _lots_rows(meant)


def _price_rows(meant: SettingsSummary) -> tuple[Row, ...]:
    return (
        Row(
            "gamma_lot",
            meant.gamma_lot,
            None,
            f"Gamma {plain(meant.ghat)} as risk aversion per lot.",
        ),
        Row(
            "half_spread", meant.half_spread, meant.half_spread_bps, "Each side, without inventory."
        ),
        Row(
            "quoted_half_spread",
            meant.half_spread * meant.quoted_half_spread_bps / meant.half_spread_bps,
            meant.quoted_half_spread_bps,
            "The same with fees and expected adverse moves.",
        ),
        Row(
            "skew_at_limit",
            meant.skew_at_limit,
            meant.skew_at_limit_bps,
            f"How far both quotes have moved at {plain(meant.lots_max)} lots.",
        ),
    )


def _money_rows(meant: SettingsSummary, order_size: float) -> tuple[Row, ...]:
    """Quote currency; bps are of what is traded or held."""
    minute = meant.sigma * sqrt(MINUTE_S)
    return (
        Row(
            "round_trip_quote",
            2.0 * meant.half_spread * order_size,
            2.0 * meant.half_spread_bps,
            "Quote currency that one order each way earns, net of fees and adverse moves.",
        ),
        Row(
            "skew_at_limit_quote",
            meant.skew_at_limit * order_size,
            meant.skew_at_limit_bps,
            "Quote currency that one order gives away at the limit, to be rid of inventory.",
        ),
        Row(
            "minute_at_limit_quote",
            minute * meant.lots_max * order_size,
            minute / meant.fair / BPS,
            "Quote currency lost at the limit if price moves a sigma in a minute, against us.",
        ),
    )


def _lots_rows(meant: SettingsSummary) -> tuple[Row, ...]:
    return (
        Row(
            "inventory_sd_lots",
            meant.inventory_sd_lots,
            None,
            "Expected spread of inventory, in order sizes; widening makes it tighter.",
        ),
        Row(
            "tau_equivalent_s",
            meant.tau_equivalent_s,
            None,
            "Seconds that inventory is expected to be held.",
        ),
        Row(
            "cara_lots_max",
            meant.cara_lots_max,
            None,
            "The most inventory, in order sizes, that this risk aversion can be at ease with.",
        ),
    )


def warnings(meant: SettingsSummary) -> tuple[str, ...]:
    """Return what an operator should know before quoting with these settings; empty if nothing."""
    found = []
    if meant.saturation is not None:
        found.append(
            f"gamma {plain(meant.ghat)} sits on the {meant.saturation} of the skew at"
            f" {plain(meant.lots_max)} lots: changing it further changes nothing"
        )
    if meant.slope_kappa is not None and meant.slope_kappa > SLOPE_KAPPA_GOOD:
        found.append(
            f"one lot of skew is {plain(meant.slope_kappa, 2)} characteristic depths: the closed"
            " form is poor above half of one, the exact model is not"
        )
    if meant.lots_max > meant.cara_lots_max:
        found.append(
            f"the inventory limit of {plain(meant.lots_max)} lots is above"
            f" {plain(meant.cara_lots_max, 3)}, the most that this risk aversion can be at ease"
            " with: past it no quote is eager enough; lower gamma or the limit"
        )
    return tuple(found)
