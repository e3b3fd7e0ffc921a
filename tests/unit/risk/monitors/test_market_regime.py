"""The market regime on figures alone: signals that raise the level, and the way down."""

from dataclasses import replace

import pytest

from quoter.domain.trading import Regime
from quoter.domain.units import NS_PER_S
from quoter.risk.monitors.market_regime import MarketRegime, RegimePolicy

NORMAL, WIDE, REDUCE_ONLY = Regime
POLICY = RegimePolicy(equity_drop=50.0)
USUAL = 1.0  # price/sqrt(s)
CALM_S = round(POLICY.calm_s)


class Course:
    """A regime that is updated ten times a second."""

    def __init__(self, policy: RegimePolicy = POLICY, *, tick: float = 0.01) -> None:
        self.ladder, self.tick = MarketRegime(policy), tick
        self.ticks = 0
        self.mid: float | None = 1000.0

    def look(self, *, now: float | None = USUAL, equity: float = 0.0) -> Regime:
        self.ticks += 1
        ts_ns = self.ticks * NS_PER_S // 10
        self.ladder.update(ts_ns, mid=self.mid, tick=self.tick, now=now, usual=USUAL, equity=equity)
        return self.ladder.level

    def wait(self, seconds: float, *, now: float = USUAL, equity: float = 0.0) -> Regime:
        for _ in range(round(10 * seconds)):
            self.look(now=now, equity=equity)
        return self.ladder.level

    def drift(self, seconds: float, per_s: float) -> Regime:
        for _ in range(round(10 * seconds)):
            assert self.mid is not None
            self.mid += per_s / 10
            self.look()
        return self.ladder.level


@pytest.mark.parametrize(
    ("ratio", "level"), [(1.9, NORMAL), (2.1, WIDE), (3.9, WIDE), (4.1, REDUCE_ONLY)]
)
def test_volatility_above_usual_raises_the_level_of_its_ratio(ratio: float, level: Regime) -> None:
    course = Course()
    assert course.look(now=ratio * USUAL) is level
    assert bool(course.ladder.text) is (level is not NORMAL)


def test_move_within_three_seconds_raises_the_level_before_volatility_does() -> None:
    """4 sd of 3 s are 6.9: a drift of 3 a second exceeds it at once, one of 2 never."""
    assert Course().drift(30, 2.0) is NORMAL
    course = Course()
    course.drift(10, 0.0)
    assert course.drift(4, 3.0) is WIDE
    assert "moved +" in course.ladder.text


@pytest.mark.parametrize("per_s", [-2.7, 2.7])
def test_move_within_ten_seconds_leads_to_reduce_only(per_s: float) -> None:
    """8 sd of 10 s are 25.3; either direction."""
    course = Course()
    course.drift(10, 0.0)
    assert course.drift(8, per_s) < REDUCE_ONLY
    assert course.drift(3, per_s) is REDUCE_ONLY


def test_jump_after_a_gap_is_compared_with_the_length_of_the_gap() -> None:
    """After a gap of five seconds no mid is three seconds old: the last one before it is used."""
    for leap, level in ((8.0, NORMAL), (20.0, WIDE)):
        course = Course()
        course.wait(3)
        course.ticks += 75
        assert course.mid is not None
        course.mid += leap
        assert course.look() is level, leap


def test_move_of_one_tick_is_no_signal() -> None:
    """One tick here is nine usual standard deviations of a second and happens all day."""
    course = Course(tick=9.0)
    for _ in range(20):
        course.mid = 1009.0
        assert course.wait(1) is NORMAL
        course.mid = 1000.0
        assert course.wait(1) is NORMAL
    course.mid = 1018.0
    assert course.wait(2) is WIDE


def test_level_falls_by_one_after_each_calm_minute() -> None:
    course = Course()
    course.look(now=5.0)
    assert course.wait(CALM_S - 1) is REDUCE_ONLY
    assert course.wait(2) is WIDE
    assert course.wait(CALM_S - 2) is WIDE
    assert course.wait(3) is NORMAL


def test_signal_of_the_same_level_restarts_the_calm_minute() -> None:
    course = Course()
    course.look(now=5.0)
    course.wait(CALM_S - 1)
    course.look(now=5.0)
    assert course.wait(CALM_S - 1) is REDUCE_ONLY
    assert course.wait(2) is WIDE


def test_signal_of_a_lower_level_does_not_keep_a_higher_level() -> None:
    """Three times the usual volatility for half an hour is WIDE, not REDUCE_ONLY."""
    course = Course()
    course.look(now=5.0)
    assert course.wait(CALM_S + 1, now=3.0) is WIDE
    assert course.wait(5 * CALM_S, now=3.0) is WIDE


def test_market_without_a_book_is_not_calm() -> None:
    course = Course()
    course.look(now=5.0)
    course.mid = None
    assert course.wait(3 * CALM_S) is REDUCE_ONLY
    course.mid = 1000.0
    assert course.wait(CALM_S - 1) is REDUCE_ONLY
    assert course.wait(2) is WIDE


def test_equity_that_fell_from_its_highest_reduces() -> None:
    """From the highest equity, not from zero: 60 were won before."""
    course = Course()
    course.wait(1, equity=60.0)
    assert course.look(equity=10.0) is NORMAL
    assert course.look(equity=9.9) is REDUCE_ONLY
    assert "equity fell by 50.1" in course.ladder.text


def test_lasting_loss_does_not_keep_the_level_and_the_next_fall_is_measured_again() -> None:
    """A loss can't be won back while only the reducing side is quoted."""
    course = Course()
    course.look(equity=0.0)
    assert course.look(equity=-51.0) is REDUCE_ONLY
    assert course.wait(2 * CALM_S + 1, equity=-51.0) is NORMAL
    assert course.wait(1, equity=-100.0) is NORMAL
    assert course.look(equity=-101.5) is REDUCE_ONLY


def test_without_a_limit_equity_may_fall() -> None:
    assert Course(replace(POLICY, equity_drop=None)).look(equity=-1e9) is NORMAL


def test_only_equity_is_checked_before_volatility_is_known() -> None:
    course = Course()
    course.mid = 1000.0
    assert course.look(now=None) is NORMAL
    course.mid = 2000.0
    assert course.look(now=None) is NORMAL
    assert course.look(now=None, equity=-51.0) is REDUCE_ONLY
