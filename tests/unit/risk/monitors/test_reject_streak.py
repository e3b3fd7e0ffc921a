"""Twenty rejects for one reason in a row fill the streak; transient ones only within a minute."""

import pytest

from quoter.domain.reasons import RejectReason
from quoter.domain.units import NS_PER_S
from quoter.risk.monitors.reject_streak import REJECTS_MAX, RejectStreak

OTHER, FILTER = RejectReason.OTHER, RejectReason.FILTER
TRANSIENT_REJECTS = [RejectReason.POST_ONLY, RejectReason.RATE_LIMIT]
APART_NS = 60 * NS_PER_S // (REJECTS_MAX - 1) + 1  # twenty of these take more than a minute


def test_twentieth_reject_in_a_row_fills_the_streak_and_restarts_it() -> None:
    streak = RejectStreak()
    full = [streak.refused(OTHER, n * NS_PER_S) for n in range(1, 2 * REJECTS_MAX + 1)]
    assert [n for n, is_full in enumerate(full, start=1) if is_full] == [20, 40]


@pytest.mark.parametrize("reason", TRANSIENT_REJECTS)
def test_transient_rejects_are_a_streak_only_within_a_minute(reason: RejectReason) -> None:
    streak = RejectStreak()
    assert not any(streak.refused(reason, n * APART_NS) for n in range(100))
    times = range(100 * APART_NS, 100 * APART_NS + REJECTS_MAX)
    assert any(streak.refused(reason, ts_ns) for ts_ns in times)


@pytest.mark.parametrize("reason", [r for r in RejectReason if r not in TRANSIENT_REJECTS])
def test_other_rejects_are_a_streak_however_slowly_they_come(reason: RejectReason) -> None:
    streak = RejectStreak()
    full = [streak.refused(reason, n * 3_600 * NS_PER_S) for n in range(1, REJECTS_MAX + 1)]
    assert [n for n, is_full in enumerate(full, start=1) if is_full] == [20]


@pytest.mark.parametrize("reason", list(RejectReason))
def test_rejects_between_accepted_orders_are_no_streak(reason: RejectReason) -> None:
    streak = RejectStreak()
    for hour in range(100):
        assert not any(streak.refused(reason, hour + n) for n in range(REJECTS_MAX - 1))
        streak.accepted()


def test_another_reason_or_an_accepted_order_ends_the_streak() -> None:
    streak = RejectStreak()
    for _ in range(3):
        assert not any(streak.refused(OTHER, n) for n in range(REJECTS_MAX - 1))
        assert not streak.refused(FILTER, REJECTS_MAX)
    assert not any(streak.refused(OTHER, n) for n in range(REJECTS_MAX - 1))
    streak.accepted()
    assert not any(streak.refused(OTHER, n) for n in range(REJECTS_MAX - 1))
    assert streak.refused(OTHER, REJECTS_MAX)
