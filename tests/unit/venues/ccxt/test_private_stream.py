"""When silence of a living private socket is suspicious, and when it is not."""

from quoter.venues.ccxt.private_stream import SILENCE_POLL_S
from quoter.venues.config import StreamTimings
from quoter.venues.streams.silent_stream import SilentStreamDetector

SECONDS_MAX = 10.0


def talker() -> SilentStreamDetector:
    mute = SilentStreamDetector(SECONDS_MAX)
    mute.received(0.0)
    return mute


def test_no_event_after_an_answered_order_is_a_silent_stream() -> None:
    mute = talker()
    mute.expect(100.0)
    assert not mute.is_silent(110.0)
    assert mute.is_silent(110.1)


def test_any_event_after_the_order_ends_the_expectation() -> None:
    mute = talker()
    mute.expect(100.0)
    mute.expect(109.0)
    assert mute.is_silent(110.1)
    mute.received(111.0)
    assert not mute.is_silent(200.0)


def test_event_before_the_answer_counts_for_the_order() -> None:
    mute = talker()
    mute.received(100.5)
    mute.expect(100.0)
    assert not mute.is_silent(1e9)


def test_silence_without_orders_is_not_a_silent_stream() -> None:
    assert not talker().is_silent(1e9)


def test_venue_that_never_sent_order_events_is_not_expected_to() -> None:
    mute = SilentStreamDetector(SECONDS_MAX)
    mute.expect(0.0)
    assert not mute.is_silent(1e9)


def test_new_connection_starts_without_expectations() -> None:
    mute = talker()
    mute.expect(1.0)
    mute.restart()
    assert not mute.is_silent(1e9)


def test_default_timings_find_a_silent_stream_within_30_s() -> None:
    """Five seconds until the open orders are compared, then an order, its answer, and silence."""
    assert 5.0 + 2.0 + StreamTimings().silent_s_max + SILENCE_POLL_S < 30.0
