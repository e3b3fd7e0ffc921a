"""Jumps of the mid and drifts of our quotes."""

import pytest

from quoter.domain.market import Side
from quoter.domain.units import NS_PER_MS, NS_PER_S
from quoter.risk.monitors.price_jump import PriceJump

NOW_NS = 1_700_000_000_000_000_000


def jump() -> PriceJump:
    return PriceJump(jump=0.01, drift=0.03)


@pytest.mark.parametrize("mid", [101.0, 99.0])
def test_a_mid_may_move_one_per_cent_within_a_second(mid: float) -> None:
    watch = jump()
    assert watch.on_mid(NOW_NS, 100.0) is None
    assert watch.on_mid(NOW_NS + 500 * NS_PER_MS, mid) is None


@pytest.mark.parametrize("mid", [101.02, 98.98])
def test_mid_that_moves_farther_than_the_limit_is_reported(mid: float) -> None:
    watch = jump()
    watch.on_mid(NOW_NS, 100.0)
    assert "102 bps" in (watch.on_mid(NOW_NS + 900 * NS_PER_MS, mid) or "")


def test_slow_move_is_not_a_jump() -> None:
    watch = jump()
    for step in range(100):
        assert watch.on_mid(NOW_NS + step * NS_PER_S, 100.0 + 0.4 * step) is None


def test_many_small_moves_are_one_jump() -> None:
    watch = jump()
    results = [watch.on_mid(NOW_NS + n * 50 * NS_PER_MS, 100.0 - 0.1 * n) for n in range(20)]
    assert results[10] is None
    assert results[11] is not None


def test_first_mid_after_a_gap_is_compared_with_the_last_one_before() -> None:
    """A book that jumps after a quiet minute jumped within a moment."""
    watch = jump()
    watch.on_mid(NOW_NS, 100.0)
    assert watch.on_mid(NOW_NS + 60 * NS_PER_S, 103.0) is not None


def test_our_quotes_may_drift_three_per_cent_within_a_minute() -> None:
    watch = jump()
    assert watch.on_quote(NOW_NS, Side.BUY, 100.0) is None
    assert watch.on_quote(NOW_NS + 30 * NS_PER_S, Side.BUY, 97.0) is None
    assert "BUY quote" in (watch.on_quote(NOW_NS + 59 * NS_PER_S, Side.BUY, 96.9) or "")
    assert watch.on_quote(NOW_NS + 59 * NS_PER_S, Side.SELL, 103.9) is None


def test_confirmed_price_level_resets_the_window() -> None:
    watch = jump()
    watch.on_mid(NOW_NS, 100.0)
    watch.on_quote(NOW_NS, Side.SELL, 100.0)
    watch.restart()
    assert watch.on_mid(NOW_NS, 90.0) is None
    assert watch.on_quote(NOW_NS, Side.SELL, 90.0) is None


def test_quote_that_did_not_change_still_counts() -> None:
    watch = jump()
    for second in range(90):
        assert watch.on_quote(NOW_NS + second * NS_PER_S, Side.BUY, 100.0) is None
    assert watch.on_quote(NOW_NS + 100 * NS_PER_S, Side.BUY, 96.9) is not None
    assert watch.on_quote(NOW_NS + 101 * NS_PER_S, Side.BUY, 96.9) is not None
    watch.restart()
    assert watch.on_quote(NOW_NS + 102 * NS_PER_S, Side.BUY, 96.9) is None
    watch.restart()
    assert watch.on_quote(NOW_NS + 103 * NS_PER_S, Side.BUY, 96.9) is None
    assert watch.on_quote(NOW_NS + 104 * NS_PER_S, Side.BUY, 90.0) is not None


def test_zero_switches_it_off() -> None:
    watch = PriceJump(jump=0.0, drift=0.0)
    for price in (100.0, 1.0):
        assert watch.on_mid(NOW_NS, price) is None
        assert watch.on_quote(NOW_NS, Side.BUY, price) is None


@pytest.mark.parametrize("name", ["jump", "drift"])
def test_a_threshold_is_not_below_zero(name: str) -> None:
    with pytest.raises(ValueError, match="out of domain"):
        PriceJump(**{"jump": 0.0, "drift": 0.0} | {name: -0.1})
