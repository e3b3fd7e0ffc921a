"""FEED_SLOW depends on three frames in a row and allows for the clock offset."""

from quoter.domain.trading import Cause
from quoter.domain.units import NS_PER_MS
from quoter.venues.clock import ClockSample, VenueClock
from quoter.venues.config import StreamTimings
from quoter.venues.streams.latency_monitor import LatencyMonitor

OFFSET_MS = 700  # the venue's clock is ahead of ours


def lag() -> LatencyMonitor:
    measured = LatencyMonitor(StreamTimings())
    measured.record_clock(
        venue_ms=1_000 + OFFSET_MS, asked_ns=900 * NS_PER_MS, answered_ns=1_100 * NS_PER_MS
    )
    return measured


def observe(judge: LatencyMonitor, late_ms: int, now_ms: int = 10_000) -> bool | None:
    """Observe a frame that left the venue `late_ms` before now."""
    alarm = judge.observe(now_ms + OFFSET_MS - late_ms, now_ms * NS_PER_MS)
    assert alarm is None or alarm.cause is Cause.FEED_SLOW
    return None if alarm is None else alarm.active


def test_three_late_frames_raise_feed_slow_and_three_timely_ones_clear_it() -> None:
    judge = lag()
    assert [observe(judge, 1_001) for _ in range(4)] == [None, None, True, None]
    assert [observe(judge, 50) for _ in range(4)] == [None, None, False, None]


def test_timely_frame_between_late_ones_prevents_feed_slow() -> None:
    judge = lag()
    assert [observe(judge, late) for late in (2_000, 2_000, 999, 2_000, 2_000)] == [None] * 5


def test_frame_exactly_at_the_limit_is_timely() -> None:
    judge = lag()
    assert [observe(judge, 1_000) for _ in range(5)] == [None] * 5


def test_no_alarm_without_clock_offset_or_frame_time() -> None:
    judge = LatencyMonitor(StreamTimings())
    assert [observe(judge, 60_000) for _ in range(5)] == [None] * 5
    assert [lag().observe(0, 10_000 * NS_PER_MS) for _ in range(5)] == [None] * 5


def test_new_connection_clears_feed_slow() -> None:
    judge = lag()
    assert judge.restart(1) is None
    assert [observe(judge, 2_000) for _ in range(3)][-1] is True
    alarm = judge.restart(1)
    assert alarm is not None
    assert not alarm.active
    assert [observe(judge, 2_000) for _ in range(3)] == [None, None, True]


def test_one_frame_older_than_the_stale_limit_is_enough() -> None:
    judge = lag()
    assert observe(judge, 2_001) is True
    assert [observe(judge, late) for late in (2_001, 50, 50, 50)] == [None, None, None, False]


def test_clock_sample_with_a_long_round_trip_is_ignored() -> None:
    judge = lag()
    judge.record_clock(venue_ms=50_000, asked_ns=10_000 * NS_PER_MS, answered_ns=40_000 * NS_PER_MS)
    assert [observe(judge, late) for late in (50, 50, 50)] == [None] * 3


def test_clock_updated_elsewhere_is_used() -> None:
    kept = VenueClock()
    judge = LatencyMonitor(StreamTimings(), kept)
    assert judge.is_measured_elsewhere
    assert [observe(judge, 2_000) for _ in range(3)] == [None] * 3
    kept.latest = ClockSample(offset_ns=OFFSET_MS * NS_PER_MS, round_trip_ns=0)
    assert [observe(judge, 2_000) for _ in range(3)][-1] is True
