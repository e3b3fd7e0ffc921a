"""Markouts and the markout cost of a side."""

from math import nan

import pytest

from quoter.domain.errors import InvalidInput
from quoter.domain.market import Side
from quoter.pricing.estimators.markout import HORIZONS_S, PENDING_MAX, Markouts

FAIR = 100.0
ROOMY = {"fair": FAIR, "half": 100.0}


def after(*, fills: int, side: Side, move_bps: float) -> tuple[Markouts, float]:
    """`fills` fills on a side, 10 s apart; fair value moves after each of them and returns."""
    markouts, t_s = Markouts(), 0.0
    for _ in range(fills):
        markouts.on_fill(t_s, side, FAIR)
        markouts.on_mark(t_s + 6.0, FAIR * (1.0 + move_bps * 1e-4))
        t_s += 10.0
    return markouts, t_s


@pytest.mark.parametrize("side", list(Side))
def test_adverse_moves_after_fills_are_a_cost_of_that_side(
    side: Side,
) -> None:
    markouts, t_s = after(fills=200, side=side, move_bps=-side.sign * 4.0)
    # about twenty fills against a prior of twenty without loss, in price
    assert markouts.cost(t_s, side, **ROOMY) == pytest.approx(2.0 * FAIR * 1e-4, rel=0.1)
    assert markouts.cost(t_s, side.opposite, **ROOMY) == 0.0
    assert markouts.mean_bps(t_s, side, 5.0) < 0.0


@pytest.mark.parametrize("side", list(Side))
def test_profitable_fills_give_no_cost(side: Side) -> None:
    markouts, t_s = after(fills=100, side=side, move_bps=side.sign * 4.0)
    assert markouts.cost(t_s, side, **ROOMY) == 0.0
    assert markouts.mean_bps(t_s, side, 5.0) > 0.0


def test_single_bad_fill_gives_a_small_cost() -> None:
    markouts, t_s = after(fills=1, side=Side.BUY, move_bps=-21.0)
    assert markouts.cost(t_s, Side.BUY, **ROOMY) == pytest.approx(FAIR * 1e-4, rel=0.02)


def test_cost_is_at_most_two_half_spreads() -> None:
    markouts, t_s = after(fills=100, side=Side.BUY, move_bps=-5000.0)
    assert markouts.cost(t_s, Side.BUY, fair=FAIR, half=0.03) == pytest.approx(0.06)


def test_f17_cost_decays_without_fills() -> None:
    markouts, t_s = after(fills=100, side=Side.BUY, move_bps=-10.0)
    fresh = markouts.cost(t_s, Side.BUY, **ROOMY)
    costs = [markouts.cost(t_s + hours * 3600.0, Side.BUY, **ROOMY) for hours in (1, 2, 6)]
    assert [fresh, *costs] == sorted([fresh, *costs], reverse=True)
    assert costs[-1] < 0.01 * fresh


def test_each_horizon_uses_the_first_mark_at_or_after_it() -> None:
    markouts = Markouts()
    markouts.on_fill(0.0, Side.BUY, FAIR)
    for t_s, fair in ((0.9, 200.0), (1.0, 101.0), (4.9, 200.0), (7.0, 102.0), (40.0, 103.0)):
        markouts.on_mark(t_s, fair)
    found = [markouts.mean_bps(40.0, Side.BUY, horizon_s) for horizon_s in HORIZONS_S]
    assert found == pytest.approx([100.0 / 21, 200.0 / 21, 300.0 / 21], rel=0.02)


def test_a_later_fill_does_not_postpone_an_older_one() -> None:
    markouts = Markouts()
    markouts.on_fill(0.0, Side.BUY, FAIR)
    markouts.on_fill(0.9, Side.SELL, FAIR)
    for t_s, fair in ((1.0, 101.0), (1.5, 200.0)):
        markouts.on_mark(t_s, fair)
    assert markouts.mean_bps(1.5, Side.BUY, HORIZONS_S[0]) == pytest.approx(100.0 / 21, rel=0.02)


def test_an_order_in_pieces_weighs_as_much_as_one_that_is_filled_whole() -> None:
    """In one moment, and in several: the later pieces have marks of their own."""
    whole, merged, apart = Markouts(), Markouts(), Markouts()
    whole.on_fill(0.0, Side.BUY, FAIR)
    for n in range(40):
        merged.on_fill(0.001 * n, Side.BUY, FAIR + n, 1 / 40, is_new=n == 0)
        apart.on_fill(0.0, Side.BUY, FAIR, 1 / 40)
    for markouts in (whole, merged, apart):
        markouts.on_mark(6.0, FAIR * 0.999)
    found = [one.mean_bps(6.0, Side.BUY, 5.0) for one in (whole, merged, apart)]
    assert found == pytest.approx([-10.0 / 21.0] * 3, rel=1e-4)
    assert [len(pending) for pending in merged._pending.values()] == [0, 0, 1]


def test_a_piece_after_a_gap_in_the_feed_is_a_fill_of_its_own() -> None:
    markouts = Markouts()
    markouts.on_fill(0.0, Side.BUY, FAIR, 0.5)
    markouts.restart()
    markouts.on_fill(0.01, Side.BUY, FAIR, 0.5, is_new=False)
    markouts.on_mark(6.0, FAIR * 0.999)
    assert markouts.mean_bps(6.0, Side.BUY, 5.0) == pytest.approx(-5.0 / 20.5, rel=0.02)


def test_cost_scales_with_price() -> None:
    """A thousand times the price: the same basis points and a thousand times the cost."""
    markouts = Markouts()
    markouts.on_fill(0.0, Side.SELL, 1e5)
    markouts.on_mark(5.0, 1e5 * 1.001)
    small = Markouts()
    small.on_fill(0.0, Side.SELL, 1e-3)
    small.on_mark(5.0, 1e-3 * 1.001)
    large_cost = markouts.cost(5.0, Side.SELL, fair=1e5, half=1e5)
    small_cost = small.cost(5.0, Side.SELL, fair=1e-3, half=1e-3)
    assert large_cost == pytest.approx(1e8 * small_cost, rel=1e-9)


def test_gap_drops_pending_fills() -> None:
    markouts = Markouts()
    markouts.on_fill(0.0, Side.BUY, FAIR)
    markouts.restart()
    markouts.on_mark(100.0, FAIR / 2)
    assert markouts.mean_bps(100.0, Side.BUY, 5.0) == 0.0


def test_clock_set_back_drops_pending_fills() -> None:
    markouts = Markouts()
    markouts.on_mark(1e6, FAIR)
    markouts.on_fill(1e6, Side.BUY, FAIR)
    markouts.on_mark(10.0, FAIR)
    markouts.on_mark(2e6, FAIR / 2)
    assert markouts.mean_bps(2e6, Side.BUY, 5.0) == 0.0


def test_pending_fills_are_bounded() -> None:
    markouts = Markouts()
    for i in range(2000):
        markouts.on_fill(i * 1e-3, Side.BUY, FAIR)
    assert all(len(pending) <= PENDING_MAX for pending in markouts._pending.values())


def test_f14_invalid_numbers_raise() -> None:
    for t_s, fair in ((nan, FAIR), (0.0, nan), (0.0, 0.0)):
        with pytest.raises(InvalidInput):
            Markouts().on_fill(t_s, Side.BUY, fair)
        with pytest.raises(InvalidInput):
            Markouts().on_mark(t_s, fair)
    with pytest.raises(InvalidInput):
        Markouts().cost(0.0, Side.BUY, fair=FAIR, half=nan)
