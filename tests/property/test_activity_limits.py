"""No model figures lead to an order beyond size, notional and price collar (rule PT-13)."""

from decimal import Decimal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from quoter.domain.quotes import PricingInputs
from quoter.domain.trading import TradingState
from quoter.engine.config import PricingConfig
from quoter.pricing.quote.shape import QuoteShape
from tests.unit.engine.cases import ACTIVITY, EngineHarness, config, limits, places

LIMITS = limits(
    size_max=Decimal(2),
    notional_max=Decimal(150),
    price_collar=Decimal("0.02"),
    position_notional_max=Decimal(400),
)
SHAPED = config(
    limits=LIMITS,
    activity=ACTIVITY,
    pricing=PricingConfig(
        shape=QuoteShape(levels=3, growth=1.0, unwind_growth=2.0),
        sigma_prior=0.05,
        kappa_prior=2.0,
        intensity_prior=1.0,
        is_calibrating=False,
    ),
)
numbers = st.one_of(
    st.floats(allow_nan=True, allow_infinity=True),
    st.sampled_from([0.0, -1.0, 5e-324, 1e-9, 0.05, 1.0, 2.0, 99.0, 100.0, 101.5, 1e9, 1e308]),
)
usual = st.floats(0.001, 10.0)
figures = st.fixed_dictionaries(
    {
        "sigma": numbers | usual,
        "kappa": numbers | usual,
        "intensity": numbers | usual,
        "gamma_lot": numbers | usual,
        "cost_bid": numbers | usual,
        "cost_ask": numbers | usual,
        "tau_s": numbers | st.none(),
        "multiplier": numbers | st.just(1.0),
        "alpha": numbers | st.floats(-5.0, 5.0),
        "markout_cost_bid": numbers | usual,
        "markout_cost_ask": numbers | usual,
        "fill_factor": numbers | usual,
    }
)


def follow(figures: dict[str, float | None], fair: float, lots: float, mids: list[float]) -> int:
    """Number of orders sent by an engine whose models give these figures, through these books."""
    harness = EngineHarness(SHAPED)
    estimators = harness.engine.estimators

    def inputs(ts_ns: int, **_: float) -> PricingInputs:
        del ts_ns
        return PricingInputs(fair=fair, lots=lots, lots_max=10.0, tick=0.1, **figures)  # type: ignore[arg-type]

    estimators.inputs = inputs  # type: ignore[method-assign]
    estimators.fair = lambda bid, ask: fair  # type: ignore[method-assign]
    sent = [*places(harness.start().steps)]
    for mid in (100.0, *mids):
        harness.now_ns += 2_000_000_000
        step = harness.book(mid)
        sent += places(step)
        for order in places(step):
            assert 0 < order.size <= LIMITS.size_max
            assert order.size % SHAPED.instrument.lot == 0
            assert order.size * order.price <= LIMITS.notional_max
            assert order.price % SHAPED.instrument.tick == 0
            assert abs(float(order.price) / mid - 1.0) <= 0.02 + 1e-12
            assert order.book_seq == harness.engine.market.book.last
        if harness.state() >= TradingState.PAUSED:
            assert places(step) == []
    return len(sent)


ORDINARY: dict[str, float | None] = {
    "sigma": 0.05,
    "kappa": 2.0,
    "intensity": 1.0,
    "gamma_lot": 0.1,
    "cost_bid": 0.0,
    "cost_ask": 0.0,
    "tau_s": None,
}


def test_valid_model_figures_lead_to_orders() -> None:
    assert follow(ORDINARY, 100.0, 0.0, [100.0]) >= 2


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    figures=figures,
    fair=numbers | st.floats(90.0, 110.0),
    lots=numbers | st.floats(-12.0, 12.0),
    mids=st.lists(st.sampled_from([98.0, 99.5, 100.0, 100.4, 103.0]), max_size=4),
)
def test_no_model_figure_leads_to_an_order_beyond_size_notional_or_collar(
    figures: dict[str, float | None], fair: float, lots: float, mids: list[float]
) -> None:
    follow(figures, fair, lots, mids)
