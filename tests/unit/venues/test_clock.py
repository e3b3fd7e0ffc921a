"""Offset and uncertainty of one clock sample."""

import pytest

from quoter.domain.units import NS_PER_MS
from quoter.venues.clock import ClockSample, VenueClock, clock_sample_of
from quoter.venues.profiles import KRAKEN


def test_offset_assumes_the_middle_of_the_round_trip() -> None:
    sample = clock_sample_of(
        venue_ms=1_700, asked_ns=900 * NS_PER_MS, answered_ns=1_100 * NS_PER_MS
    )
    assert sample == ClockSample(offset_ns=700 * NS_PER_MS, round_trip_ns=200 * NS_PER_MS)
    assert sample.uncertainty_ns == 100 * NS_PER_MS


@pytest.mark.parametrize("part_ms", [0, 1, 499, 500, 999])
def test_time_in_whole_seconds_is_wrong_by_half_a_second_at_most(part_ms: int) -> None:
    """Kraken: rounded down, a right clock would seem to be up to a second ahead."""
    true_ms = 1_700_000 + part_ms
    sample = clock_sample_of(
        venue_ms=true_ms // 1000 * 1000,
        asked_ns=true_ms * NS_PER_MS,
        answered_ns=true_ms * NS_PER_MS,
        step_ms=KRAKEN.clock_step_ms,
    )
    assert abs(sample.offset_ns) <= 500 * NS_PER_MS


def test_nothing_is_known_before_the_first_sample() -> None:
    assert VenueClock().latest is None
