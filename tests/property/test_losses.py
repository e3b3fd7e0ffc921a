"""Equity, its peak and its limits for any fills and marks."""

from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from quoter.domain.market import Side
from quoter.domain.trading import Cause, TradingState
from tests.unit.engine.cases import EngineHarness, config, limits

DRAWDOWN_MAX = Decimal(3)
# The next event: the mid moves, one of our orders is filled for a fee, or time passes.
news = st.one_of(
    st.tuples(st.just("mid"), st.integers(-20, 20)),
    st.tuples(st.just("fill"), st.sampled_from((1, -1))),
    st.tuples(st.just("tick"), st.just(0)),
)


def give(harness: EngineHarness, what: str, number: int) -> None:
    match what:
        case "mid":
            harness.book(100 + number / 10)
        case "fill":
            side = Side.BUY if number > 0 else Side.SELL
            resting = [order for order in harness.orders(side) if order.is_wanted and order.leaves]
            for order in resting[:1]:
                harness.give(harness.fill_of(order, str(order.leaves), fee="0.2"))
        case _:
            harness.tick()
    harness.rest()


@given(story=st.lists(news, max_size=40))
@settings(max_examples=150, deadline=None)
def test_the_peak_never_falls_and_a_drawdown_past_its_limit_always_kills(
    story: list[tuple[str, int]],
) -> None:
    """Equity is compared on every tick with a calculation of the test's own."""
    limited = limits(drawdown_max=DRAWDOWN_MAX, loss_max=Decimal(1_000))
    harness = EngineHarness(config(limits=limited)).quoting()
    engine = harness.engine
    highest = Decimal(0)
    for what, number in story:
        give(harness, what, number)
        if what != "tick":
            harness.tick()
        mid, losses, inventory = engine.market.mid, engine.losses, engine.inventory
        assert mid is not None
        cash = inventory.cash - config().opening["USD"]
        assert losses.equity == cash + inventory.net * Decimal(str(round(mid, 6)))
        highest = max(highest, losses.equity)
        assert losses.drawdown >= highest - losses.equity
        peak = losses.equity + losses.drawdown
        assert peak >= highest
        highest = peak
        if losses.drawdown >= DRAWDOWN_MAX:
            assert Cause.DRAWDOWN_LIMIT in harness.causes
            assert harness.state() is TradingState.KILLED
