"""The pause after a firewall's refusal doubles while refusals follow."""

import pytest

from quoter.venues.growing_pause import CALM_S, PAUSE_S_FIRST, PAUSE_S_MAX, GrowingPause


def test_pause_doubles_up_to_a_maximum() -> None:
    pause, now_s, lengths = GrowingPause(), 100.0, list[float]()
    for _ in range(9):
        lengths.append(pause.extend(now_s))
        now_s += lengths[-1]
    assert lengths[:3] == [PAUSE_S_FIRST, 2 * PAUSE_S_FIRST, 4 * PAUSE_S_FIRST]
    assert lengths[-1] == PAUSE_S_MAX


def test_refusals_within_a_pause_do_not_lengthen_it() -> None:
    pause = GrowingPause()
    pause.extend(100.0)
    assert pause.extend(102.0) == pytest.approx(PAUSE_S_FIRST - 2.0)
    assert pause.extend(104.0) == pytest.approx(PAUSE_S_FIRST - 4.0)


def test_pause_is_short_again_after_a_calm_time() -> None:
    pause = GrowingPause()
    first_s = pause.extend(100.0)
    second_s = pause.extend(100.0 + first_s)
    assert second_s == 2 * PAUSE_S_FIRST
    assert pause.extend(100.0 + first_s + second_s + CALM_S) == PAUSE_S_FIRST
