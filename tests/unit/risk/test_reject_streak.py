"""Twenty refusals of one kind in a row within a minute are enough."""

from quoter.domain.reasons import RejectReason
from quoter.risk.reject_streak import REJECTS_MAX, RejectStreak

SECOND_NS = 1_000_000_000
OTHER, FILTER = RejectReason.OTHER, RejectReason.FILTER


def test_the_twentieth_in_a_row_fills_the_measure_and_starts_anew() -> None:
    streak = RejectStreak()
    full = [streak.refused(OTHER, n * SECOND_NS) for n in range(1, 2 * REJECTS_MAX + 1)]
    assert [n for n, is_full in enumerate(full, start=1) if is_full] == [20, 40]


def test_refusals_further_apart_than_a_minute_are_no_storm() -> None:
    streak = RejectStreak()
    apart_ns = 60 * SECOND_NS // (REJECTS_MAX - 1) + 1
    assert not any(streak.refused(OTHER, n * apart_ns) for n in range(100))


def test_another_kind_or_an_accepted_order_breaks_the_row() -> None:
    streak = RejectStreak()
    for _ in range(3):
        assert not any(streak.refused(OTHER, n) for n in range(REJECTS_MAX - 1))
        assert not streak.refused(FILTER, REJECTS_MAX)
    assert not any(streak.refused(OTHER, n) for n in range(REJECTS_MAX - 1))
    streak.accepted()
    assert not any(streak.refused(OTHER, n) for n in range(REJECTS_MAX - 1))
    assert streak.refused(OTHER, REJECTS_MAX)
