"""A sliding window covers its length and at most one slot more."""

from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quoter.risk.monitors.sliding import SlidingRange, SlidingSum

WINDOW_NS, SLOTS = 1_000, 10
SLOT_NS = WINDOW_NS // SLOTS
STEPS = st.lists(st.tuples(st.integers(0, 400), st.floats(1.0, 1e6)), min_size=1, max_size=60)


@given(steps=STEPS)
def test_range_covers_its_window_and_at_most_one_slot_more(
    steps: list[tuple[int, float]],
) -> None:
    """A value holds until the next one, so the one before the window counts too."""
    sliding = SlidingRange(window_ns=WINDOW_NS, slots=SLOTS)
    now_ns, past = 10_000, []
    for passed_ns, value in steps:
        now_ns += passed_ns
        past.append((now_ns, value))
        low, high = sliding.see(now_ns, value)
        must = _standing(past, now_ns - WINDOW_NS + SLOT_NS)
        may = _standing(past, now_ns - WINDOW_NS - SLOT_NS)
        assert min(may) <= low <= min(must)
        assert max(must) <= high <= max(may)


def _standing(past: list[tuple[int, float]], since_ns: int) -> list[float]:
    ends = [*(ts_ns for ts_ns, _ in past[1:]), inf]
    return [value for (_, value), end in zip(past, ends, strict=True) if end >= since_ns]


@given(steps=STEPS)
def test_sum_covers_its_window_and_at_most_one_slot_more(steps: list[tuple[int, float]]) -> None:
    sliding = SlidingSum(window_ns=WINDOW_NS, slots=SLOTS)
    now_ns, past = 10_000, []
    for passed_ns, value in steps:
        now_ns += passed_ns
        past.append((now_ns, value))
        total = sliding.add(now_ns, value)
        least = sum(v for ts_ns, v in past if ts_ns > now_ns - WINDOW_NS)
        most = sum(v for ts_ns, v in past if ts_ns >= now_ns - WINDOW_NS - SLOT_NS)
        assert least * (1 - 1e-9) <= total <= most * (1 + 1e-9)
        assert sliding.total(now_ns) == pytest.approx(total)


def test_after_a_restart_the_next_value_is_the_first() -> None:
    sliding = SlidingRange(window_ns=WINDOW_NS, slots=SLOTS)
    sliding.see(10_000, 1.0)
    sliding.restart()
    assert sliding.see(10_001, 5.0) == (5.0, 5.0)


@pytest.mark.parametrize("kind", [SlidingRange, SlidingSum])
@pytest.mark.parametrize(("window_ns", "slots"), [(0, 1), (1, 0), (-1, 1)])
def test_a_window_has_a_length(
    kind: type[SlidingRange | SlidingSum], window_ns: int, slots: int
) -> None:
    with pytest.raises(ValueError, match="out of domain"):
        kind(window_ns=window_ns, slots=slots)
