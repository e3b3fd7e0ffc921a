"""Time with orders on both sides and with halt causes, and the extremes of inventory."""

from decimal import Decimal

from quoter.domain.trading import Cause
from quoter.domain.units import NS_PER_S
from quoter.engine.run_statistics import RunStatistics
from tests.unit.engine.cases import EngineHarness
from tests.unit.state.cases import BUY, SELL


def watched() -> tuple[EngineHarness, RunStatistics]:
    harness = EngineHarness()
    statistics = RunStatistics(harness.engine)
    give = harness.give

    def give_and_observe(event):  # type: ignore[no-untyped-def]  # a stand-in for the same method
        step = give(event)
        statistics.observe(step)
        return step

    harness.give = give_and_observe  # type: ignore[method-assign]  # it watches like the runner does
    return harness, statistics


def test_time_before_both_sides_rest_is_not_counted() -> None:
    harness, statistics = watched()
    harness.wait(3.0)
    harness.start()
    harness.wait(0.2)
    assert (statistics.warm_ns, statistics.two_sided_share) == (0, 0.0)


def test_time_with_both_sides_at_the_venue_is_two_sided() -> None:
    harness, statistics = watched()
    harness.quoting()
    harness.wait(4.0)
    assert (statistics.warm_ns, statistics.two_sided_share) == (4 * NS_PER_S, 1.0)


def test_time_with_one_side_counts_against_the_share() -> None:
    harness, statistics = watched()
    harness.quoting()
    harness.wait(1.0)
    harness.done(harness.wanted(BUY))  # the new order is not acknowledged
    harness.wait(3.0)
    assert statistics.warm_ns == 4 * NS_PER_S
    assert statistics.two_sided_share == 0.25


def test_the_extremes_of_inventory_are_kept() -> None:
    harness, statistics = watched()
    harness.quoting()
    harness.fill(harness.wanted(SELL), "0.5")
    harness.fill(harness.wanted(BUY))
    assert statistics.inventory_min == Decimal("-0.5")
    assert statistics.inventory_max == Decimal("0.5")


def test_causes_of_the_start_count_from_the_first_event() -> None:
    harness, statistics = watched()
    assert set(statistics.causes_s) == {Cause.MARKET_FEED_DOWN, Cause.PRIVATE_STREAM_DOWN}
    harness.wait(1.0)
    before = statistics.causes_s[Cause.MARKET_FEED_DOWN]
    harness.wait(3.0)
    assert statistics.causes_s[Cause.MARKET_FEED_DOWN] == before + 3.0
    harness.start()
    harness.wait(2.0)
    assert statistics.causes_s[Cause.MARKET_FEED_DOWN] < before + 4.0
