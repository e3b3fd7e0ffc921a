"""The first time is told at once, what follows in one line a minute."""

from quoter.telemetry.log_throttle import INTERVAL_S, LogThrottle


def test_a_flood_makes_one_line_a_minute_that_counts_all_of_it() -> None:
    now_s = 1_000.0
    seldom = LogThrottle(monotonic_s=lambda: now_s)
    assert [seldom.count() for _ in range(100)] == [1] + [0] * 99
    now_s += INTERVAL_S
    assert [seldom.count() for _ in range(3)] == [100, 0, 0]
