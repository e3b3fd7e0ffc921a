"""Detection of a private stream that is connected but silent."""

from quoter.venues.ccxt.private_stream import SILENCE_POLL_S
from quoter.venues.config import StreamTimings
from quoter.venues.streams.silent_stream import SilentStreamDetector

SECONDS_MAX = 10.0


def active_detector() -> SilentStreamDetector:
    detector = SilentStreamDetector(SECONDS_MAX)
    detector.received(0.0)
    return detector


def test_no_event_after_an_answered_order_is_a_silent_stream() -> None:
    detector = active_detector()
    detector.expect(100.0)
    assert not detector.is_silent(110.0)
    assert detector.is_silent(110.1)


def test_any_event_after_the_order_ends_the_expectation() -> None:
    detector = active_detector()
    detector.expect(100.0)
    detector.expect(109.0)
    assert detector.is_silent(110.1)
    detector.received(111.0)
    assert not detector.is_silent(200.0)


def test_event_before_the_answer_counts_for_the_order() -> None:
    detector = active_detector()
    detector.received(100.5)
    detector.expect(100.0)
    assert not detector.is_silent(1e9)


def test_silence_without_orders_is_not_a_silent_stream() -> None:
    assert not active_detector().is_silent(1e9)


def test_venue_that_never_sent_order_events_is_not_expected_to() -> None:
    detector = SilentStreamDetector(SECONDS_MAX)
    detector.expect(0.0)
    assert not detector.is_silent(1e9)


def test_new_connection_starts_without_expectations() -> None:
    detector = active_detector()
    detector.expect(1.0)
    detector.restart()
    assert not detector.is_silent(1e9)


def test_default_timings_find_a_silent_stream_within_30_s() -> None:
    """Includes 5 s until the open orders are compared."""
    assert 5.0 + 2.0 + StreamTimings().silent_s_max + SILENCE_POLL_S < 30.0
