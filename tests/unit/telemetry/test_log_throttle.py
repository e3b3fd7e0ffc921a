"""The first event is logged at once, later ones in one line per minute."""

from quoter.telemetry.log_throttle import INTERVAL_S, LogThrottle


def test_many_events_give_one_line_per_minute_with_their_count() -> None:
    now_s = 1_000.0
    throttle = LogThrottle(monotonic_s=lambda: now_s)
    assert [throttle.count() for _ in range(100)] == [1] + [0] * 99
    now_s += INTERVAL_S
    assert [throttle.count() for _ in range(3)] == [100, 0, 0]
