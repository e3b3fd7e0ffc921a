"""Properties of quotes in every market and at every inventory."""

from copy import replace
from math import inf, isfinite

from hypothesis import given, settings
from hypothesis import strategies as st

from quoter.domain.errors import InvalidInput
from quoter.domain.market import Side
from quoter.domain.quotes import PricingInputs
from quoter.pricing.estimators.markout import Markouts
from quoter.pricing.models.glft_exact import log_ratios
from quoter.pricing.quote.shape import QuoteShape
from quoter.pricing.quote.terms import quote_terms

LOTS = st.floats(-12.0, 12.0)
OPEN = QuoteShape(spread_max_bps=19_000.0)


@st.composite
def markets(draw: st.DrawFn) -> PricingInputs:
    """Markets with prices from a fraction of a cent to a hundred thousand."""
    fair = 10.0 ** draw(st.floats(-4, 5))
    depth = fair * 10.0 ** draw(st.floats(-5, -2.5))
    cost = depth * draw(st.floats(-0.9, 3.0))
    rho = draw(st.none() | st.floats(-9.0, 9.0))
    return PricingInputs(
        fair=fair,
        sigma=depth * 10.0 ** draw(st.floats(-2, 1)),
        kappa=1.0 / depth,
        intensity=10.0 ** draw(st.floats(-3, 3)),
        gamma_lot=10.0 ** draw(st.floats(-4, 1)) / depth,
        lots=draw(LOTS),
        lots_max=10.0,
        cost_bid=cost,
        cost_ask=cost,
        tau_s=draw(st.none() | st.floats(0.0, 1e3)),
        multiplier=draw(st.floats(1.0, 3.0)),
        alpha=depth * draw(st.floats(-5.0, 5.0)),
        markout_cost_bid=depth * draw(st.floats(0.0, 5.0)),
        markout_cost_ask=depth * draw(st.floats(0.0, 5.0)),
        fill_factor=draw(st.floats(0.1, 2.0)),
        bounded=None if rho is None else log_ratios(rho=10.0**rho, lots_max=10),
    )


@st.composite
def shapes(draw: st.DrawFn) -> QuoteShape:
    """Any shape whose widening is on the exposed side only."""
    return QuoteShape(
        beta=draw(st.floats(0, 4)),
        p=draw(st.floats(1, 4)),
        nu0=draw(st.floats(0, 0.9)),
        spread_min_bps=draw(st.floats(0, 50)),
        spread_max_bps=draw(st.floats(50, 19_000)),
    )


@given(inputs=markets(), shape=shapes(), other=LOTS)
@settings(max_examples=300)
def test_more_inventory_never_raises_the_bid_or_the_ask(
    inputs: PricingInputs, shape: QuoteShape, other: float
) -> None:
    few, many = sorted((inputs.lots, other))
    lower, higher = (quote_terms(replace(inputs, lots=n), shape) for n in (few, many))
    slack = 1e-12 * inputs.fair
    bids = [-inf if t.delta_bid is None else -t.delta_bid for t in (lower, higher)]
    asks = [inf if t.delta_ask is None else t.delta_ask for t in (lower, higher)]
    assert bids[1] <= bids[0] + slack
    assert asks[1] <= asks[0] + slack


@given(inputs=markets(), shape=shapes())
@settings(max_examples=300)
def test_no_side_reaches_fair_value_and_a_bid_is_positive(
    inputs: PricingInputs, shape: QuoteShape
) -> None:
    terms = quote_terms(inputs, shape)
    for delta in (terms.delta_bid, terms.delta_ask):
        assert delta is None or 0.0 < delta < inputs.fair


@given(inputs=markets(), shape=shapes(), more=st.floats(0.0, 10.0), side=st.sampled_from(Side))
@settings(max_examples=300)
def test_f21_adverse_fills_on_a_side_never_bring_that_side_nearer(
    inputs: PricingInputs, shape: QuoteShape, more: float, side: Side
) -> None:
    """Through the estimator itself: a loss after a fill, of any size, on either side."""
    markouts = Markouts()
    half = quote_terms(inputs, shape).half_spread
    deltas = []
    for i in range(3):
        cost = markouts.cost(10.0 * i, side, fair=inputs.fair, half=half)
        hurt = (
            replace(inputs, markout_cost_bid=cost)
            if side is Side.BUY
            else replace(inputs, markout_cost_ask=cost)
        )
        terms = quote_terms(hurt, shape)
        distance = terms.delta_bid if side is Side.BUY else terms.delta_ask
        deltas.append(inf if distance is None else distance)
        markouts.on_fill(10.0 * i, side, inputs.fair)
        lost = inputs.fair * (1.0 - side.sign * more * 1e-3)
        markouts.on_mark(10.0 * i + 5.0, lost)
    assert deltas == sorted(deltas)


@given(inputs=markets(), more=st.floats(1.0, 10.0))
@settings(max_examples=200)
def test_more_volatility_never_narrows_the_spread(inputs: PricingInputs, more: float) -> None:
    calm = quote_terms(inputs, OPEN)
    wild = quote_terms(replace(inputs, sigma=inputs.sigma * more), OPEN)
    assert wild.half_spread >= calm.half_spread


@given(inputs=markets(), shape=shapes())
@settings(max_examples=300)
def test_f02_the_same_market_in_another_unit_quotes_the_same_basis_points(
    inputs: PricingInputs, shape: QuoteShape
) -> None:
    """Prices times 1000, sizes divided by 1000: gamma per quote unit and numbers in lots stay."""
    scaled = replace(
        inputs,
        fair=inputs.fair * 1000.0,
        sigma=inputs.sigma * 1000.0,
        kappa=inputs.kappa / 1000.0,
        gamma_lot=inputs.gamma_lot / 1000.0,
        cost_bid=inputs.cost_bid * 1000.0,
        cost_ask=inputs.cost_ask * 1000.0,
        alpha=inputs.alpha * 1000.0,
        markout_cost_bid=inputs.markout_cost_bid * 1000.0,
        markout_cost_ask=inputs.markout_cost_ask * 1000.0,
    )
    ours, theirs = quote_terms(inputs, shape), quote_terms(scaled, shape)
    for name in ("delta_bid", "delta_ask", "skew", "half_spread"):
        small, large = getattr(ours, name), getattr(theirs, name)
        if small is None or large is None:
            continue  # within a rounding error of the widest spread only one of the two may be off
        assert abs(large / 1000.0 - small) <= 1e-12 * (abs(small) + ours.half_spread), name


@given(
    numbers=st.lists(st.floats(), min_size=18, max_size=18),
    tau_s=st.none() | st.floats(),
    reduces_only=st.booleans(),
)
@settings(max_examples=500)
def test_f14_any_numbers_at_all_give_a_finite_quote_or_a_refusal(
    numbers: list[float], tau_s: float | None, reduces_only: bool
) -> None:
    names = (
        "fair", "sigma", "kappa", "intensity", "gamma_lot", "lots", "lots_max", "cost_bid",
        "cost_ask", "multiplier", "alpha", "markout_cost_bid", "markout_cost_ask", "fill_factor",
        "tick", "d_stale", "size_factor", "d_unwind",
    )  # fmt: skip
    given_numbers = dict(zip(names, numbers, strict=True))
    _finite_or_refused(
        PricingInputs(**given_numbers, tau_s=tau_s, bounded=None, reduces_only=reduces_only)
    )


@given(exponents=st.lists(st.floats(-307, 307), min_size=9, max_size=9), stationary=st.booleans())
@settings(max_examples=500)
def test_f14_numbers_of_any_size_give_a_finite_quote_or_a_refusal(
    exponents: list[float], stationary: bool
) -> None:
    """Positive numbers pass the first checks; products overflow or vanish later."""
    fair, sigma, kappa, intensity, gamma, lots, lots_max, cost, tau_s = (
        10.0**exponent for exponent in exponents
    )
    _finite_or_refused(
        PricingInputs(
            fair=fair,
            sigma=sigma,
            kappa=kappa,
            intensity=intensity,
            gamma_lot=gamma,
            lots=lots,
            lots_max=lots_max,
            cost_bid=cost,
            cost_ask=-cost,
            tau_s=None if stationary else tau_s,
        )
    )


def _finite_or_refused(inputs: PricingInputs) -> None:
    try:
        terms = quote_terms(inputs, OPEN)
    except InvalidInput:
        return
    for name in ("slope", "half_spread", "skew", "reservation_price", "extra", "widening_bid"):
        assert isfinite(getattr(terms, name)), name
    for delta in (terms.delta_bid, terms.delta_ask):
        assert delta is None or 0.0 < delta < inf
