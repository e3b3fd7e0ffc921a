"""A fault that returns again and again is latched; a rare one never is."""

from math import inf

import pytest

from quoter.domain.trading import Cause, TradingState
from quoter.domain.units import NS_PER_S
from quoter.risk.hysteresis import CLEAN_NS, CONSEQUENCE_NS, MACHINE_CAUSES, Flaps, Hysteresis
from quoter.risk.kill_switch import SEVERITY

MINUTE_NS = 60 * NS_PER_S
DAY_NS = 86_400 * NS_PER_S


def test_the_sixth_pause_of_one_cause_within_ten_minutes_is_one_too_many() -> None:
    flaps = Flaps(Hysteresis())
    results = [flaps.add(Cause.MARKET_FEED_DOWN, n * MINUTE_NS) for n in range(6)]
    assert results == [None] * 5 + [5]


def test_six_pauses_in_more_than_ten_minutes_do_not_latch() -> None:
    flaps = Flaps(Hysteresis())
    times = [n * 2 * MINUTE_NS + n for n in range(12)]
    assert not any(flaps.add(Cause.MARKET_FEED_DOWN, ts_ns) for ts_ns in times)


def test_one_disconnect_a_day_never_raises_flapping() -> None:
    flaps = Flaps(Hysteresis())
    assert not any(flaps.add(Cause.MARKET_FEED_DOWN, day * DAY_NS) for day in range(30))


def test_each_cause_is_counted_separately() -> None:
    flaps = Flaps(Hysteresis())
    causes = [Cause.BOOK_DESYNC, Cause.BOOK_STALE, Cause.CLOCK] * 5
    assert not any(flaps.add(cause, n) for n, cause in enumerate(causes))


@pytest.mark.parametrize("cause", [c for c in Cause if SEVERITY[c].is_latched])
def test_latched_causes_are_not_counted(cause: Cause) -> None:
    flaps = Flaps(Hysteresis())
    assert not any(flaps.add(cause, n) for n in range(10))


@pytest.mark.parametrize("cause", sorted(MACHINE_CAUSES))
def test_problems_of_the_machine_are_not_counted(cause: Cause) -> None:
    flaps = Flaps(Hysteresis())
    assert not any(flaps.add(cause, n) for n in range(100))
    assert SEVERITY[cause].state is TradingState.PAUSED
    assert not SEVERITY[cause].is_latched


def test_pause_during_or_shortly_before_a_problem_of_the_machine_is_not_counted() -> None:
    """A process that stands still reads old market data: that is no fault of the feed."""
    flaps = Flaps(Hysteresis())
    for n in range(50):
        ts_ns = n * 20 * NS_PER_S
        assert not flaps.add(Cause.BOOK_STALE, ts_ns)
        flaps.add(Cause.LOOP_LAG, ts_ns + CONSEQUENCE_NS)
        assert not flaps.add(Cause.FEED_SLOW, ts_ns + 1, active=[Cause.LOOP_LAG])


def test_pause_long_before_a_problem_of_the_machine_counts() -> None:
    flaps = Flaps(Hysteresis())
    for n in range(5):
        flaps.add(Cause.BOOK_STALE, n * 20 * NS_PER_S)
        flaps.add(Cause.LOOP_LAG, n * 20 * NS_PER_S + CONSEQUENCE_NS + 1)
    assert flaps.add(Cause.BOOK_STALE, 100 * NS_PER_S)


# The market itself raises a price jump every two minutes on average.
LIVELY_PER_S = 1 / 120


def test_pauses_that_the_market_explains_do_not_latch() -> None:
    """Twice a minute is four times the expected rate, which the market still reaches."""
    flaps = Flaps(Hysteresis())
    times = (n * MINUTE_NS // 2 for n in range(1_000))
    assert not any(flaps.add(Cause.PRICE_JUMP, t, expected_per_s=LIVELY_PER_S) for t in times)


def test_more_pauses_than_the_market_explains_latch() -> None:
    """Every five seconds; the first one that is too many names what was allowed."""
    flaps = Flaps(Hysteresis())
    results = [
        flaps.add(Cause.PRICE_JUMP, n * 5 * NS_PER_S, expected_per_s=LIVELY_PER_S)
        for n in range(60)
    ]
    allowed = results.count(None)
    assert 20 < allowed < 60
    assert results == [None] * allowed + [allowed] * (60 - allowed)


def test_pauses_do_not_explain_themselves() -> None:
    """Each jump of a wrong feed adds to the variance, and so to the rate that is expected."""
    flaps = Flaps(Hysteresis())
    rates = [n / 600 for n in range(7)]
    found = [
        flaps.add(Cause.PRICE_JUMP, n * 20 * NS_PER_S, expected_per_s=rate)
        for n, rate in enumerate(rates)
    ]
    assert found == [None] * 5 + [5, 5]


@pytest.mark.parametrize("expected_per_s", [1e-12, 1e9, inf])
def test_allowed_pauses_are_at_least_those_of_the_setting(expected_per_s: float) -> None:
    assert Hysteresis().allowed(expected_per_s) >= 5
    assert Hysteresis(pauses_max=100).allowed(expected_per_s) >= 100


def test_count_restarts_after_a_resume() -> None:
    flaps = Flaps(Hysteresis())
    for n in range(5):
        flaps.add(Cause.BOOK_DESYNC, n)
    flaps.reset()
    assert not any(flaps.add(Cause.BOOK_DESYNC, 10 + n) for n in range(5))
    assert flaps.add(Cause.BOOK_DESYNC, 20)


def test_only_causes_that_clear_by_themselves_have_a_clearing_delay() -> None:
    """The delay is short: quoting must be back within 15 s of the fault."""
    for cause, clean_ns in CLEAN_NS.items():
        assert not SEVERITY[cause].is_latched
        assert SEVERITY[cause].state is TradingState.PAUSED
        assert 0 < clean_ns <= 5 * NS_PER_S


@pytest.mark.parametrize(("pauses_max", "window_ns"), [(0, 1), (5, 0), (5, -1)])
def test_limit_that_always_or_never_applies_raises_value_error(
    pauses_max: int, window_ns: int
) -> None:
    with pytest.raises(ValueError, match="out of domain"):
        Hysteresis(pauses_max=pauses_max, window_ns=window_ns)
