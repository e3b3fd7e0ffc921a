"""What one question for the time says, and how sure that is."""

from quoter.venues.venue_clock import ClockSample, VenueClock, sampled

MS = 1_000_000


def test_the_answer_was_made_halfway_and_may_be_off_by_half_the_way() -> None:
    sample = sampled(venue_ms=1_700, asked_ns=900 * MS, answered_ns=1_100 * MS)
    assert sample == ClockSample(offset_ns=700 * MS, round_trip_ns=200 * MS)
    assert sample.uncertainty_ns == 100 * MS


def test_nothing_is_known_before_the_first_sample() -> None:
    assert VenueClock().latest is None
