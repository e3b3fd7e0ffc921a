"""A fault that comes back again and again is latched; one that is rare never is."""

import pytest

from quoter.domain.trading import Cause, TradingState
from quoter.domain.units import NS_PER_S
from quoter.risk.hysteresis import CLEAN_NS, Flaps, Hysteresis
from quoter.risk.kill_switch import SEVERITY

MINUTE_NS = 60 * NS_PER_S
DAY_NS = 86_400 * NS_PER_S


def test_the_sixth_pause_of_one_cause_within_ten_minutes_is_one_too_many() -> None:
    flaps = Flaps(Hysteresis())
    told = [flaps.add(Cause.MARKET_FEED_DOWN, n * MINUTE_NS) for n in range(6)]
    assert told == [False] * 5 + [True]


def test_six_pauses_in_a_little_more_than_ten_minutes_are_bad_luck() -> None:
    flaps = Flaps(Hysteresis())
    times = [n * 2 * MINUTE_NS + n for n in range(12)]
    assert not any(flaps.add(Cause.MARKET_FEED_DOWN, ts_ns) for ts_ns in times)


def test_one_disconnect_a_day_never_flaps() -> None:
    flaps = Flaps(Hysteresis())
    assert not any(flaps.add(Cause.MARKET_FEED_DOWN, day * DAY_NS) for day in range(30))


def test_every_cause_is_counted_by_itself() -> None:
    flaps = Flaps(Hysteresis())
    causes = [Cause.BOOK_DESYNC, Cause.BOOK_STALE, Cause.CLOCK] * 5
    assert not any(flaps.add(cause, n) for n, cause in enumerate(causes))


@pytest.mark.parametrize("cause", [c for c in Cause if SEVERITY[c].is_latched])
def test_what_waits_for_a_person_anyway_is_not_counted(cause: Cause) -> None:
    flaps = Flaps(Hysteresis())
    assert not any(flaps.add(cause, n) for n in range(10))


def test_the_count_begins_anew_once_somebody_has_looked() -> None:
    flaps = Flaps(Hysteresis())
    for n in range(5):
        flaps.add(Cause.BOOK_DESYNC, n)
    flaps.reset()
    assert not any(flaps.add(Cause.BOOK_DESYNC, 10 + n) for n in range(5))
    assert flaps.add(Cause.BOOK_DESYNC, 20)


def test_only_what_clears_by_itself_waits_for_quiet() -> None:
    """And never for so long that quoting would not be back within 15 s of the fault."""
    for cause, clean_ns in CLEAN_NS.items():
        assert not SEVERITY[cause].is_latched
        assert SEVERITY[cause].state is TradingState.PAUSED
        assert 0 < clean_ns <= 5 * NS_PER_S


@pytest.mark.parametrize(("pauses_max", "window_ns"), [(0, 1), (5, 0), (5, -1)])
def test_a_measure_that_would_never_or_always_be_full_is_refused(
    pauses_max: int, window_ns: int
) -> None:
    with pytest.raises(ValueError, match="out of domain"):
        Hysteresis(pauses_max=pauses_max, window_ns=window_ns)
