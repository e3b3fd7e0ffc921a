"""Ticks at round values, within the range and not too many."""

import pytest

from quoter.domain.units import NS_PER_S
from quoter.report.axes import number_ticks, time_ticks, value_range

NOON_NS = 1_700_049_600 * NS_PER_S  # 2023-11-15 12:00 UTC


@pytest.mark.parametrize(
    ("low", "high", "labels"),
    [
        (0.0, 10.0, ["0", "5", "10"]),
        (-1.2, 1.2, ["−1", "0", "1"]),
        (59_990.0, 60_010.0, ["59,990", "60,000", "60,010"]),
        (0.0001, 0.0009, ["0.0005"]),
    ],
)
def test_numbers(low: float, high: float, labels: list[str]) -> None:
    assert [tick.label for tick in number_ticks(low, high, 3)] == labels


@pytest.mark.parametrize(
    ("seconds", "labels"),
    [
        (4, ["12:00:00", "12:00:02", "12:00:04"]),
        (3_600, ["12:00", "12:30", "13:00"]),
        (4 * 86_400, ["Nov 17", "Nov 19"]),
        (0.8, ["12:00:00.0", "12:00:00.5"]),
    ],
)
def test_times(seconds: float, labels: list[str]) -> None:
    end_ns = NOON_NS + seconds * NS_PER_S
    assert [tick.label for tick in time_ticks(NOON_NS, end_ns, 3)] == labels


def test_a_range_holds_its_values_and_is_never_empty() -> None:
    low, high = value_range([1.0, None, 3.0, float("nan")])
    assert low < 1.0
    assert high > 3.0
    for values in ([], [5.0], [0.0, 0.0]):
        low, high = value_range(values)
        assert low < high
