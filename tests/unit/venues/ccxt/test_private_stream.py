"""When silence of a living private socket is suspicious, and when it is not."""

from quoter.venues.ccxt.private_stream import SILENCE_POLL_S
from quoter.venues.config import StreamTimings
from quoter.venues.streams.silent_stream import SilentStreamDetector

SECONDS_MAX = 10.0


def talker() -> SilentStreamDetector:
    mute = SilentStreamDetector(SECONDS_MAX)
    mute.received(0.0)
    return mute


def test_an_answered_order_without_news_for_too_long_is_muteness() -> None:
    mute = talker()
    mute.expect(100.0)
    assert not mute.is_silent(110.0)
    assert mute.is_silent(110.1)


def test_any_news_after_it_is_enough_and_an_older_wish_is_not_renewed() -> None:
    mute = talker()
    mute.expect(100.0)
    mute.expect(109.0)
    assert mute.is_silent(110.1)
    mute.received(111.0)
    assert not mute.is_silent(200.0)


def test_news_that_overtook_the_answer_is_news_of_it() -> None:
    mute = talker()
    mute.received(100.5)
    mute.expect(100.0)
    assert not mute.is_silent(1e9)


def test_silence_alone_is_no_muteness() -> None:
    assert not talker().is_silent(1e9)


def test_a_venue_that_never_told_of_orders_is_not_expected_to() -> None:
    mute = SilentStreamDetector(SECONDS_MAX)
    mute.expect(0.0)
    assert not mute.is_silent(1e9)


def test_a_new_connection_owes_nothing_of_what_an_older_one_was_asked() -> None:
    mute = talker()
    mute.expect(1.0)
    mute.restart()
    assert not mute.is_silent(1e9)


def test_the_shipped_patience_notices_a_mute_stream_within_thirty_seconds() -> None:
    """Five seconds until the open orders are compared, then an order, its answer, and silence."""
    assert 5.0 + 2.0 + StreamTimings().silent_s_max + SILENCE_POLL_S < 30.0
