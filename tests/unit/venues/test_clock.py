"""Offset and uncertainty of one clock sample."""

from quoter.domain.units import NS_PER_MS
from quoter.venues.clock import ClockSample, VenueClock, clock_sample_of


def test_offset_assumes_the_middle_of_the_round_trip() -> None:
    sample = clock_sample_of(
        venue_ms=1_700, asked_ns=900 * NS_PER_MS, answered_ns=1_100 * NS_PER_MS
    )
    assert sample == ClockSample(offset_ns=700 * NS_PER_MS, round_trip_ns=200 * NS_PER_MS)
    assert sample.uncertainty_ns == 100 * NS_PER_MS


def test_nothing_is_known_before_the_first_sample() -> None:
    assert VenueClock().latest is None
