"""Figures over time: bounded, with the extremes of what was merged."""

from quoter.domain.units import NS_PER_S
from quoter.report.timeline import Timeline, coarser


def test_a_full_timeline_keeps_extremes_and_the_last_values() -> None:
    timeline = Timeline(("a", "b"), moments_max=8, period_ns=NS_PER_S)
    for second in range(1_000):
        odd = 5.0 if second == 333 else 0.0
        timeline.add(second * NS_PER_S, (float(second), odd))
    moments = timeline.moments
    assert 4 <= len(moments) <= 8
    assert moments[-1].last == (999.0, 0.0)
    assert min(moment.low[0] or 0.0 for moment in moments) == 0.0
    assert max(moment.high[0] or 0.0 for moment in moments) == 999.0
    assert [moment.high[1] for moment in moments].count(5.0) == 1
    times = [moment.ts_ns for moment in moments]
    assert times == sorted(times)


def test_a_column_without_a_value_stays_without() -> None:
    timeline = Timeline(("a",), moments_max=4, period_ns=NS_PER_S)
    timeline.add(0, (1.0,))
    timeline.add(1, (None,))
    (moment,) = timeline.moments
    assert (moment.last, moment.low, moment.high) == ((None,), (1.0,), (1.0,))


def test_fewer_points_for_a_small_picture_keep_the_extremes() -> None:
    timeline = Timeline(("a",), moments_max=100, period_ns=1)
    for number in range(90):
        timeline.add(number, (float(number == 41),))
    coarse = coarser(timeline.moments, 20)
    assert len(coarse) <= 20
    assert max(moment.high[0] or 0.0 for moment in coarse) == 1.0
    assert coarse[-1].ts_ns == 89


def test_is_due_once_a_period() -> None:
    timeline = Timeline(("a",), moments_max=4, period_ns=10)
    assert timeline.is_due(3)
    timeline.add(3, (1.0,))
    assert not timeline.is_due(9)
    assert timeline.is_due(10)
