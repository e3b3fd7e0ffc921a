"""How long both sides rested, and how far the inventory went."""

from decimal import Decimal

from quoter.domain.units import NS_PER_S
from quoter.service.run_statistics import RunStatistics
from tests.unit.engine.cases import Desk
from tests.unit.state.cases import BUY, SELL


def watched() -> tuple[Desk, RunStatistics]:
    desk = Desk()
    uptime = RunStatistics(desk.engine)
    tell = desk.tell

    def tell_and_watch(event):  # type: ignore[no-untyped-def]  # a stand-in for the same method
        step = tell(event)
        uptime.observe(step)
        return step

    desk.tell = tell_and_watch  # type: ignore[method-assign]  # it watches like the runner does
    return desk, uptime


def test_before_both_sides_rested_no_time_counts() -> None:
    desk, uptime = watched()
    desk.wait(3.0)
    desk.start()
    desk.wait(0.2)
    assert (uptime.warm_ns, uptime.two_sided_share) == (0, 0.0)


def test_time_with_both_sides_at_the_venue_is_two_sided() -> None:
    desk, uptime = watched()
    desk.quoting()
    desk.wait(4.0)
    assert (uptime.warm_ns, uptime.two_sided_share) == (4 * NS_PER_S, 1.0)


def test_time_with_one_side_counts_against_the_share() -> None:
    desk, uptime = watched()
    desk.quoting()
    desk.wait(1.0)
    desk.done(desk.wanted(BUY))  # its successor stays in the outbox
    desk.wait(3.0)
    assert uptime.warm_ns == 4 * NS_PER_S
    assert uptime.two_sided_share == 0.25


def test_the_extremes_of_inventory_are_kept() -> None:
    desk, uptime = watched()
    desk.quoting()
    desk.fill(desk.wanted(SELL), "0.5")
    desk.fill(desk.wanted(BUY))
    assert uptime.inventory_min == Decimal("-0.5")
    assert uptime.inventory_max == Decimal("0.5")
