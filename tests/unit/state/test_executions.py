"""Fills of one order within a moment are one execution."""

from decimal import Decimal
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from quoter.domain.units import NS_PER_MS
from quoter.state.executions import MOMENT_NS, OPEN_MAX, Executions
from tests.unit.state.cases import SELL, START_NS, fill


def executions() -> Executions:
    return Executions(Decimal(2))


def test_fills_of_one_order_in_one_step_are_one_execution_in_order_sizes() -> None:
    pieces = [fill(str(n), SELL, "0.5", client_id="q1") for n in range(4)]
    (found,) = executions().merge(START_NS, pieces)
    assert (found.fill, found.lots, found.is_new) == (pieces[0], 1.0, True)


def test_a_piece_of_a_moment_later_belongs_to_the_same_execution() -> None:
    merging = executions()
    times = (0, 1, MOMENT_NS // NS_PER_MS - 1, MOMENT_NS // NS_PER_MS)
    found = [
        merging.merge(START_NS + ms * NS_PER_MS, [fill(str(ms), size="0.5")])[0] for ms in times
    ]
    assert [one.is_new for one in found] == [True, False, False, True]
    assert [one.lots for one in found] == [0.25] * 4


def test_fills_of_two_orders_are_two_executions() -> None:
    both = [fill("1", client_id="q1"), fill("2", client_id="q2"), fill("3", client_id="q1")]
    found = executions().merge(START_NS, both)
    assert [(one.fill.client_id, one.lots) for one in found] == [("q1", 1.0), ("q2", 0.5)]


def test_an_order_is_known_by_its_venue_id_where_the_fill_lacks_ours() -> None:
    merging = executions()
    merging.merge(START_NS, [fill("1", client_id="q1", venue_id="7")])
    (found,) = merging.merge(START_NS, [fill("2", client_id="", venue_id="7")])
    assert not found.is_new


def test_remembered_executions_are_bounded() -> None:
    merging = executions()
    for n in range(3 * OPEN_MAX):
        merging.merge(START_NS + n, [fill(str(n), client_id=f"q{n}")])
    (old,) = merging.merge(START_NS + 3 * OPEN_MAX, [fill("again", client_id="q0")])
    assert old.is_new
    assert len(merging._began_ns) == OPEN_MAX


@given(
    times_ms=st.lists(st.integers(0, 1_000), min_size=1, max_size=30),
    orders=st.integers(1, 3),
)
def test_no_volume_is_lost_and_executions_are_a_moment_apart(
    times_ms: list[int], orders: int
) -> None:
    merging, begun, total = executions(), list[tuple[str, int]](), 0.0
    for n, ms in enumerate(sorted(times_ms)):
        name = f"q{n % orders}"
        for one in merging.merge(START_NS + ms * NS_PER_MS, [fill(str(n), client_id=name)]):
            total += one.lots
            if one.is_new:
                begun.append((name, ms * NS_PER_MS))
    assert total == 0.5 * len(times_ms)
    for name in {name for name, _ in begun}:
        own = [ns for each, ns in begun if each == name]
        assert all(later - earlier >= MOMENT_NS for earlier, later in pairwise(own))
