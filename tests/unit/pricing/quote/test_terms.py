"""Quote terms: direction of the skew, added terms, and every bound by its name."""

from copy import replace
from math import inf, nan

import pytest

from quoter.domain.errors import InvalidInput
from quoter.domain.market import Side
from quoter.domain.trading import NoQuote
from quoter.pricing.costs import effective_intensity
from quoter.pricing.models import glft
from quoter.pricing.models.avellaneda_stoikov import avellaneda_stoikov
from quoter.pricing.models.glft_exact import chain_ratio, log_ratio_at, log_ratios
from quoter.pricing.quote.shape import QuoteShape
from quoter.pricing.quote.terms import FLOOR_HALF_SPREADS, off_reason, quote_terms
from tests.unit.pricing.cases import PLAIN, WIDENED, paper


def delta(value: float | None) -> float:
    assert value is not None
    return value


@pytest.mark.parametrize("tau_s", [None, 0.25])
def test_short_inventory_moves_both_quotes_up(tau_s: float | None) -> None:
    flat, short = (quote_terms(paper(lots=n, tau_s=tau_s), PLAIN) for n in (0.0, -3.0))
    assert short.reservation_price > short.inputs.fair
    assert delta(short.delta_bid) < delta(flat.delta_bid)
    assert delta(short.delta_ask) > delta(flat.delta_ask)


@pytest.mark.parametrize("tau_s", [None, 0.25])
def test_long_inventory_moves_both_quotes_down(tau_s: float | None) -> None:
    flat, long = (quote_terms(paper(lots=n, tau_s=tau_s), PLAIN) for n in (0.0, 3.0))
    assert long.reservation_price < long.inputs.fair
    assert delta(long.delta_bid) > delta(flat.delta_bid)
    assert delta(long.delta_ask) < delta(flat.delta_ask)


def test_f05_the_skew_is_exactly_lots_times_slope_with_no_half_lost() -> None:
    terms = quote_terms(paper(lots=3.0, tau_s=0.25), PLAIN)
    assert terms.skew == pytest.approx(3.0 * 0.1 * 4.0 * 0.25, rel=1e-12)
    assert terms.reservation_price == pytest.approx(100.0 - 0.3, rel=1e-15)


@pytest.mark.parametrize("tau_s", [None, 3.0])
def test_f04_the_spread_grows_with_volatility(tau_s: float | None) -> None:
    calm, wild = (quote_terms(paper(sigma=s, tau_s=tau_s), PLAIN) for s in (2.0, 3.0))
    assert delta(wild.delta_bid) > delta(calm.delta_bid)
    assert delta(wild.delta_ask) > delta(calm.delta_ask)


def test_f07_gamma_of_zero_still_quotes_one_over_kappa() -> None:
    terms = quote_terms(paper(gamma_lot=0.0, tau_s=10.0), PLAIN)
    assert terms.half_spread == pytest.approx(1 / 1.5, rel=1e-12)
    assert delta(terms.delta_bid) == delta(terms.delta_ask) == terms.half_spread


def test_with_a_horizon_the_quote_equals_the_papers_formula() -> None:
    terms = quote_terms(paper(lots=2.0, tau_s=0.3), PLAIN)
    reservation, half = avellaneda_stoikov(
        fair=100.0, q=2.0, sigma=2.0, gamma=0.1, kappa=1.5, tau_s=0.3, size=1.0
    )
    assert terms.reservation_price == pytest.approx(reservation, rel=1e-15)
    assert terms.half_spread == pytest.approx(half, rel=1e-15)


def test_costs_are_added_per_side_and_reduce_the_intensity_of_the_slope() -> None:
    terms = quote_terms(paper(cost_bid=0.2, cost_ask=0.4), PLAIN)
    left = effective_intensity(intensity=140.0, kappa=1.5, cost=0.3)
    slope = glft.slope(gamma=0.1, sigma=2.0, kappa=1.5, intensity=left)
    assert terms.slope == pytest.approx(slope, rel=1e-12)
    assert delta(terms.delta_bid) == pytest.approx(terms.half_spread + 0.2, rel=1e-12)
    assert delta(terms.delta_ask) == pytest.approx(terms.half_spread + 0.4, rel=1e-12)


def test_f21_a_cost_on_one_side_never_brings_that_side_nearer_to_fair() -> None:
    for side in ("bid", "ask"):
        deltas = [
            delta(getattr(quote_terms(paper(**{f"cost_{side}": c}), PLAIN), f"delta_{side}"))
            for c in (0.0, 0.01, 0.1, 1.0)
        ]
        assert deltas == sorted(set(deltas))


@pytest.mark.parametrize(("lots", "exposed"), [(5.0, "bid"), (-5.0, "ask")])
def test_only_the_exposed_side_is_widened(lots: float, exposed: str) -> None:
    plain, widened = (quote_terms(paper(lots=lots), shape) for shape in (PLAIN, WIDENED))
    other = "ask" if exposed == "bid" else "bid"
    gained = getattr(widened, f"delta_{exposed}") - getattr(plain, f"delta_{exposed}")
    assert gained == pytest.approx(0.25 * plain.half_spread, rel=1e-9)
    assert getattr(widened, f"widening_{exposed}") == pytest.approx(gained, rel=1e-9)
    assert getattr(widened, f"delta_{other}") == getattr(plain, f"delta_{other}")


def test_share_of_the_widening_goes_to_the_unwinding_side() -> None:
    shape = QuoteShape(share=0.25, spread_max_bps=19_000.0)
    terms = quote_terms(paper(lots=-5.0), shape)
    assert terms.widening_bid == pytest.approx(terms.widening_ask / 4)


def test_multiplier_moves_both_sides_out_and_keeps_the_skew() -> None:
    calm, cautious = (quote_terms(paper(lots=2.0, multiplier=m), PLAIN) for m in (1.0, 1.5))
    assert cautious.extra == pytest.approx(calm.half_spread / 2)
    assert delta(cautious.delta_bid) - delta(calm.delta_bid) == pytest.approx(cautious.extra)
    assert delta(cautious.delta_ask) - delta(calm.delta_ask) == pytest.approx(cautious.extra)
    assert cautious.skew == calm.skew


@pytest.mark.parametrize("beyond", [0.0, 0.5])
def test_f15_at_the_limit_only_the_side_that_adds_is_off(beyond: float) -> None:
    long = quote_terms(paper(lots=10.0 + beyond), WIDENED)
    assert long.delta_bid is None
    assert long.delta_ask is not None
    assert off_reason(long, Side.BUY) is NoQuote.SIDE_LIMIT
    assert off_reason(long, Side.SELL) is None
    assert [clamp.name for clamp in long.clamps if "limit" in clamp.name] == ["bid_side_limit"]
    short = quote_terms(paper(lots=-10.0 - beyond), WIDENED)
    assert short.delta_bid is not None
    assert short.delta_ask is None
    assert off_reason(short, Side.SELL) is NoQuote.SIDE_LIMIT


def test_unwinding_side_keeps_a_minimum_distance_from_fair() -> None:
    terms = quote_terms(paper(lots=9.0, tau_s=1.0), PLAIN)
    floor = FLOOR_HALF_SPREADS * terms.half_spread
    assert delta(terms.delta_ask) == floor
    assert [(c.name, c.after) for c in terms.clamps] == [("ask_middle", floor)]
    assert terms.clamps[0].before < 0.0


def test_minimum_spread_applies_to_exposed_and_flat_sides_only() -> None:
    shape = QuoteShape(beta=0.0, spread_min_bps=200.0, spread_max_bps=19_000.0)
    flat, long = (quote_terms(paper(lots=n), shape) for n in (0.0, 2.0))
    assert delta(flat.delta_bid) == delta(flat.delta_ask) == pytest.approx(1.0)
    assert [clamp.name for clamp in flat.clamps] == ["bid_spread_min", "ask_spread_min"]
    assert delta(long.delta_bid) == pytest.approx(1.0)
    assert delta(long.delta_ask) < 1.0


def test_stale_floor_applies_to_exposed_and_flat_sides() -> None:
    shape = QuoteShape(d_stale=1.5, spread_max_bps=19_000.0)
    terms = quote_terms(paper(lots=-1.0), shape)
    assert delta(terms.delta_ask) == 1.5
    assert delta(terms.delta_bid) < 1.5
    assert [clamp.name for clamp in terms.clamps] == ["ask_stale"]


def test_regime_floor_applies_beside_the_floor_of_the_shape() -> None:
    shape = QuoteShape(d_stale=1.2, spread_max_bps=19_000.0)
    for d_stale, floor in ((1.5, 1.5), (1.0, 1.2)):
        terms = quote_terms(paper(d_stale=d_stale), shape)
        assert delta(terms.delta_bid) == delta(terms.delta_ask) == floor
        assert [clamp.name for clamp in terms.clamps] == ["bid_stale", "ask_stale"]


@pytest.mark.parametrize(
    ("lots", "off", "name"), [(3.0, Side.BUY, "bid"), (-3.0, Side.SELL, "ask")]
)
def test_reduce_only_switches_the_exposed_side_off_and_moves_the_other_out(
    lots: float, off: Side, name: str
) -> None:
    inputs = replace(paper(lots=lots), reduces_only=True, d_unwind=1.5)
    terms = quote_terms(inputs, PLAIN)
    exposed, unwinding = terms.delta_bid, terms.delta_ask
    if off is Side.SELL:
        exposed, unwinding = unwinding, exposed
    assert exposed is None
    assert delta(unwinding) == 1.5
    assert off_reason(terms, off) is NoQuote.REGIME
    assert off_reason(terms, off.opposite) is None
    other = "ask" if name == "bid" else "bid"
    assert {clamp.name for clamp in terms.clamps} == {f"{name}_regime", f"{other}_unwind"}


def test_reduce_only_without_inventory_switches_both_sides_off() -> None:
    terms = quote_terms(replace(paper(), reduces_only=True), PLAIN)
    assert terms.delta_bid is None
    assert terms.delta_ask is None
    assert {off_reason(terms, side) for side in Side} == {NoQuote.REGIME}


def test_side_limit_is_named_before_other_reasons() -> None:
    terms = quote_terms(replace(paper(lots=10.0), reduces_only=True), PLAIN)
    assert off_reason(terms, Side.BUY) is NoQuote.SIDE_LIMIT


def test_side_beyond_half_the_maximum_spread_is_off() -> None:
    shape = QuoteShape(beta=0.0, spread_max_bps=150.0)
    terms = quote_terms(paper(lots=4.0), shape)
    assert terms.delta_bid is None
    assert delta(terms.delta_ask) < 0.75
    assert off_reason(terms, Side.BUY) is NoQuote.SPREAD_TOO_WIDE
    (clamp,) = terms.clamps
    assert clamp.name == "bid_spread_max"
    assert clamp.after == pytest.approx(0.75)


@pytest.mark.parametrize(
    ("sigma", "name", "slope_kappa"), [(0.01, "slope_min", 0.02), (200.0, "slope_max", 1.0)]
)
def test_stationary_slope_is_clipped_to_its_bounds(
    sigma: float, name: str, slope_kappa: float
) -> None:
    terms = quote_terms(paper(sigma=sigma), PLAIN)
    assert terms.slope * 1.5 == pytest.approx(slope_kappa, rel=1e-12)
    assert [clamp.name for clamp in terms.clamps] == [name]
    assert terms.clamps[0].after == terms.slope != terms.clamps[0].before


@pytest.mark.parametrize("tau_s", [0.0, 1e-6, 1000.0])
def test_slope_of_a_session_is_not_clipped_and_goes_to_zero(tau_s: float) -> None:
    terms = quote_terms(paper(tau_s=tau_s), PLAIN)
    assert terms.slope == pytest.approx(0.4 * tau_s, rel=1e-12)
    assert not any("slope" in clamp.name for clamp in terms.clamps)


EXACT = log_ratios(rho=chain_ratio(gamma=0.1, sigma=2.0, kappa=1.5, intensity=140.0), lots_max=10)


@pytest.mark.parametrize("lots", [-10.0, -3.5, 0.0, 2.0, 9.0, 10.0])
def test_with_a_table_the_exact_model_is_used(lots: float) -> None:
    terms = quote_terms(replace(paper(lots=lots), bounded=EXACT), PLAIN)
    base, floor = terms.base_half_spread, FLOOR_HALF_SPREADS * terms.half_spread
    bid = max(base + log_ratio_at(EXACT, lots) / 1.5, floor)
    ask = max(base + log_ratio_at(EXACT, -lots) / 1.5, floor)
    assert terms.delta_bid == (None if lots == 10.0 else pytest.approx(bid, rel=1e-12))
    assert terms.delta_ask == (None if lots == -10.0 else pytest.approx(ask, rel=1e-12))
    assert terms.reservation_price == pytest.approx(100.0 - terms.skew, rel=1e-15)


def test_exact_model_agrees_with_the_closed_form_for_usual_inventory() -> None:
    """Within half a percent of the half-spread up to two standard deviations."""
    for lots in (-5.0, -1.0, 0.0, 3.0):
        closed = quote_terms(paper(lots=lots), PLAIN)
        exact = quote_terms(replace(paper(lots=lots), bounded=EXACT), PLAIN)
        tolerance = 0.006 * closed.half_spread
        assert exact.delta_bid == pytest.approx(closed.delta_bid, abs=tolerance)
        assert exact.delta_ask == pytest.approx(closed.delta_ask, abs=tolerance)


def test_exact_model_widens_near_the_limit() -> None:
    calm, near = (
        quote_terms(replace(paper(lots=n), bounded=EXACT), PLAIN).boundary for n in (0.0, 9.0)
    )
    assert calm == 0.0
    assert near == pytest.approx((1.4414 - 1.3433) / 2, abs=1e-4)


def test_horizon_takes_precedence_over_the_exact_model() -> None:
    plain = quote_terms(paper(lots=2.0, tau_s=1.0), PLAIN)
    both = quote_terms(replace(paper(lots=2.0, tau_s=1.0), bounded=EXACT), PLAIN)
    assert (both.delta_bid, both.delta_ask) == (plain.delta_bid, plain.delta_ask)


def test_table_too_short_raises() -> None:
    with pytest.raises(InvalidInput, match="bounded"):
        quote_terms(replace(paper(), bounded=(0.0,)), PLAIN)


@pytest.mark.parametrize("alpha", [0.2, -0.2])
def test_both_quotes_follow_alpha_and_the_side_it_would_hit_moves_twice(
    alpha: float,
) -> None:
    still, moved = (quote_terms(paper(alpha=a), PLAIN) for a in (0.0, alpha))
    hit, other = ("ask", "bid") if alpha > 0.0 else ("bid", "ask")
    for side, wanted in ((hit, 2 * 0.2), (other, -0.2)):
        gained = delta(getattr(moved, f"delta_{side}")) - delta(getattr(still, f"delta_{side}"))
        assert gained == pytest.approx(wanted, rel=1e-9)
        assert getattr(moved, f"alpha_{side}") == pytest.approx(wanted)


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_alpha_is_clipped_to_two_half_spreads_and_never_crosses_fair(
    sign: float,
) -> None:
    terms = quote_terms(paper(alpha=sign * 50.0), PLAIN)
    most = 2.0 * terms.half_spread
    assert max(terms.alpha_bid, terms.alpha_ask) == pytest.approx(2 * most)
    clamp = next(clamp for clamp in terms.clamps if clamp.name == "alpha_max")
    assert clamp.before == sign * 50.0
    assert clamp.after == pytest.approx(sign * most)
    nearer = delta(terms.delta_bid if sign > 0.0 else terms.delta_ask)
    assert nearer == pytest.approx(FLOOR_HALF_SPREADS * terms.half_spread)


def test_f21_markout_cost_moves_its_side_out_and_nothing_else() -> None:
    for lots in (-4.0, -1.0, 0.0, 4.0):
        calm = quote_terms(paper(lots=lots, cost_bid=3.0, cost_ask=3.0), PLAIN)
        hurt = quote_terms(
            paper(lots=lots, cost_bid=3.0, cost_ask=3.0, markout_cost_bid=0.3), PLAIN
        )
        assert delta(hurt.delta_bid) == pytest.approx(delta(calm.delta_bid) + 0.3)
        assert (hurt.delta_ask, hurt.slope) == (calm.delta_ask, calm.slope)


def test_markout_cost_is_clipped_to_two_half_spreads() -> None:
    terms = quote_terms(paper(markout_cost_ask=99.0), PLAIN)
    assert terms.markout_cost_ask == pytest.approx(2 * terms.half_spread)
    assert [(c.name, c.before) for c in terms.clamps] == [("ask_markout_cost_max", 99.0)]


def test_fill_factor_below_one_reduces_the_intensity_of_the_slope() -> None:
    corrected = quote_terms(paper(fill_factor=0.5), PLAIN)
    assert corrected.slope == pytest.approx(quote_terms(paper(intensity=70.0), PLAIN).slope)


def test_tick_above_half_spread_sets_tick_bound() -> None:
    assert quote_terms(paper(tick=0.7), PLAIN).tick_bound
    assert not quote_terms(paper(tick=0.6), PLAIN).tick_bound
    assert not quote_terms(paper(), PLAIN).tick_bound


NAMES = (
    "alpha", "markout_cost_bid", "markout_cost_ask", "fill_factor", "tick",
    "fair", "sigma", "kappa", "intensity", "gamma_lot", "lots", "lots_max", "cost_bid", "cost_ask",
    "multiplier", "tau_s",
)  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("value", [nan, inf, -inf])
def test_f14_number_that_is_not_finite_raises_with_its_name(name: str, value: float) -> None:
    with pytest.raises(InvalidInput) as refused:
        quote_terms(paper(**{name: value}), WIDENED)
    assert refused.value.name in {name, "gamma" if name == "gamma_lot" else "cost", "intensity"}


@pytest.mark.parametrize(
    ("name", "value"),
    [("fair", 0.0), ("sigma", -1.0), ("kappa", 0.0), ("intensity", 0.0), ("gamma_lot", -0.1),
     ("markout_cost_bid", -0.1), ("markout_cost_ask", -0.1), ("fill_factor", 0.0), ("tick", -1.0),
     ("lots_max", 0.99), ("multiplier", 0.99), ("tau_s", -1.0)],
)  # fmt: skip
def test_f14_number_out_of_domain_raises(name: str, value: float) -> None:
    with pytest.raises(InvalidInput):
        quote_terms(paper(**{name: value}), WIDENED)


@pytest.mark.parametrize(
    ("name", "value"),
    [("beta", 4.1), ("p", 0.9), ("nu0", 1.0), ("levels", 0), ("levels", 11), ("eta", nan),
     ("spread_max_bps", 20_000.0), ("level_step_bps", -1.0)],
)  # fmt: skip
def test_shape_out_of_bounds_raises_with_its_name(name: str, value: float) -> None:
    with pytest.raises(InvalidInput) as refused:
        QuoteShape(**{name: value})  # type: ignore[arg-type]  # levels is an int
    assert refused.value.name == name


def test_minimum_spread_above_the_maximum_raises() -> None:
    with pytest.raises(InvalidInput, match="spread_min_bps"):
        QuoteShape(spread_min_bps=100.0, spread_max_bps=50.0)
