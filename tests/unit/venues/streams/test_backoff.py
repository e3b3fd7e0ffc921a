"""Reconnects are spread out and limited."""

from random import Random

from quoter.venues.config import StreamTimings
from quoter.venues.streams.backoff import Backoff

TIMINGS = StreamTimings()


class Highest(Random):
    """Random numbers at the upper end, so that the cap is visible."""

    def uniform(self, a: float, b: float) -> float:
        return max(a, b)


def pauses(backoff: Backoff, count: int, *, step_s: float) -> list[float]:
    found, now_s = [], 0.0
    for _ in range(count):
        found.append(backoff.pause_s(now_s))
        now_s += found[-1] + step_s
        backoff.record_attempt(now_s)
    return found


def test_the_first_attempt_is_immediate_and_the_cap_doubles() -> None:
    found = pauses(Backoff(TIMINGS, Highest()), 10, step_s=0.0)
    assert found[:5] == [0.0, 0.5, 1.0, 2.0, 4.0]
    assert max(found) == 30.0


def test_later_pauses_are_never_zero() -> None:
    class Lowest(Random):
        def uniform(self, a: float, b: float) -> float:
            return min(a, b)

    found = pauses(Backoff(TIMINGS, Lowest()), 10, step_s=0.0)
    assert all(pause >= TIMINGS.backoff_s_min for pause in found[1:])


def test_stable_connection_resets_the_backoff() -> None:
    backoff = Backoff(TIMINGS, Highest())
    pauses(backoff, 6, step_s=0.0)
    backoff.connection_ended(59.0)
    assert backoff.pause_s(1e6) > 1.0
    backoff.connection_ended(60.0)
    assert backoff.pause_s(1e6) == TIMINGS.backoff_base_s


def test_at_most_twenty_attempts_in_five_minutes() -> None:
    backoff, now_s, attempts = Backoff(TIMINGS, Random(1)), 0.0, []
    for _ in range(100):
        now_s += backoff.pause_s(now_s)
        backoff.record_attempt(now_s)
        backoff.connection_ended(60.0)  # the exponent stays 0: only the attempt limit applies
        attempts.append(now_s)
    for at_s in attempts:
        assert sum(at_s - 299.9 < other <= at_s for other in attempts) <= 20


def test_two_instances_have_different_pauses() -> None:
    one, two = (pauses(Backoff(TIMINGS, Random(seed)), 10, step_s=0.0) for seed in (1, 2))
    assert one != two
