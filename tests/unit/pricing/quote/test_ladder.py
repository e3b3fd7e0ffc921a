"""Ladder: ticks, levels and sizes."""

from dataclasses import replace
from decimal import Decimal
from math import exp, inf, nan

import pytest

from quoter.domain.errors import InvalidInput
from quoter.domain.market import Side
from quoter.pricing.quote.ladder import level_sizes, level_step, level_ticks, quantise, side_quotes
from quoter.pricing.quote.shape import QuoteShape
from tests.unit.pricing.cases import BTC

TEN = QuoteShape(levels=10, growth=0.5)


def test_price_on_the_grid_is_not_changed() -> None:
    """100.01 / 0.01 is 10000.999999999998: rounding the float down would lose a tick."""
    assert quantise(100.01, 100.03, None, None, BTC, 0.0) == (10_001, 10_003)


def test_a_side_that_is_off_stays_off() -> None:
    assert quantise(None, 100.005, 9_999, 10_000, BTC, 5.0) == (None, 10_001)
    assert quantise(99.999, None, 9_999, 10_001, BTC, -5.0) == (9_999, None)
    assert quantise(None, None, 9_999, 10_001, BTC, 0.0) == (None, None)


def test_quotes_stay_a_tick_from_the_opposite_best_price() -> None:
    assert quantise(100.10, 100.12, 9_999, 10_001, BTC, 0.0) == (10_000, 10_012)
    assert quantise(99.80, 99.90, 9_999, 10_001, BTC, 0.0) == (9_980, 10_000)


def test_bid_below_the_first_tick_is_none() -> None:
    assert quantise(0.004, 0.02, None, None, BTC, 0.0) == (None, 2)


@pytest.mark.parametrize("price", [nan, inf, 0.0, -1.0])
def test_invalid_price_raises(price: float) -> None:
    with pytest.raises(InvalidInput):
        quantise(price, 100.0, None, None, BTC, 0.0)
    with pytest.raises(InvalidInput):
        quantise(100.0, price, None, None, BTC, 0.0)


def test_f11_levels_are_apart_by_prices_and_f12_never_on_top_of_each_other() -> None:
    for slope in (0.0, 0.004, 0.53):
        step = level_step(slope=slope, fair=100.0, shape=TEN, tick=0.01)
        assert step >= 0.01
        for side in Side:
            ticks = level_ticks(
                side=side, first=10_000, price=100.0, step=step, levels=10, instrument=BTC
            )
            outwards = [-side.sign * tick for tick in ticks]
            assert outwards == sorted(set(outwards))
            assert len(ticks) == 10


def test_level_step_is_the_largest_of_slope_setting_and_tick() -> None:
    assert level_step(slope=0.5, fair=100.0, shape=QuoteShape(), tick=0.01) == 0.5
    wide = QuoteShape(level_step_bps=80.0)
    assert level_step(slope=0.5, fair=100.0, shape=wide, tick=0.01) == pytest.approx(0.8)
    assert level_step(slope=0.0, fair=100.0, shape=QuoteShape(), tick=0.01) == 0.01


def test_later_levels_keep_their_prices_if_the_first_moved_outward() -> None:
    """Post-only moved the bid from 100.10 to 100.00; the second level is already lower."""
    ticks = level_ticks(
        side=Side.BUY, first=10_000, price=100.10, step=0.3, levels=3, instrument=BTC
    )
    assert ticks == (10_000, 9_980, 9_950)


def test_bid_levels_end_at_the_first_tick() -> None:
    assert level_ticks(side=Side.BUY, first=2, price=0.02, step=0.01, levels=5, instrument=BTC) == (
        2,
        1,
    )


@pytest.mark.parametrize("lots", [-12.0, -10.0, -8.5, -0.5, 0.0, 4.0, 9.99, 10.0, 11.0])
def test_fills_of_all_levels_do_not_exceed_the_limit(lots: float) -> None:
    for side in Side:
        sizes = level_sizes(side=side, lots=lots, lots_max=10.0, shape=TEN)
        assert min(sizes) >= 0.0
        assert side.sign * lots + sum(sizes) <= max(10.0, side.sign * lots) + 1e-9


def test_exposed_sizes_shrink_and_unwinding_sizes_do_not() -> None:
    bids, asks = (
        level_sizes(side=side, lots=5.0, lots_max=10.0, shape=QuoteShape(eta=1.0)) for side in Side
    )
    assert bids == pytest.approx((exp(-0.5),))
    assert asks == (1.0,)


def test_invalid_inventory_or_limit_raises() -> None:
    with pytest.raises(InvalidInput):
        level_sizes(side=Side.BUY, lots=nan, lots_max=10.0, shape=TEN)
    with pytest.raises(InvalidInput):
        level_sizes(side=Side.BUY, lots=0.0, lots_max=nan, shape=TEN)


def test_sizes_below_the_minimum_are_added_to_the_next_level() -> None:
    """2 USDT per level is below the minimum of 5; the third level has the size of all three."""
    quotes = side_quotes(
        side=Side.BUY,
        ticks=(10_000, 9_990, 9_980),
        sizes=(1.0, 1.0, 1.0),
        order_size=Decimal("0.02"),
        instrument=BTC,
    )
    assert [(quote.ticks, quote.price, quote.size) for quote in quotes] == [
        (9_980, Decimal("99.80"), Decimal("0.06"))
    ]


def test_side_below_the_venue_minimum_is_empty() -> None:
    assert not side_quotes(
        side=Side.SELL, ticks=(10_000,), sizes=(0.5,), order_size=Decimal("0.02"), instrument=BTC
    )


def test_order_size_is_at_most_the_venue_maximum() -> None:
    capped = replace(BTC, size_max=Decimal("0.123456"))
    (quote,) = side_quotes(
        side=Side.SELL, ticks=(10_000,), sizes=(1.0,), order_size=Decimal(2), instrument=capped
    )
    assert quote.size == Decimal("0.12345")


@pytest.mark.parametrize("lots", [5.0, -5.0])
def test_f13_the_unwinding_side_may_grow_while_the_exposed_side_shrinks(lots: float) -> None:
    usual, tilted = QuoteShape(), QuoteShape(unwind_growth=0.6)
    exposed, unwinding = (Side.BUY, Side.SELL) if lots > 0.0 else (Side.SELL, Side.BUY)
    for shape, wanted in ((usual, 1.0), (tilted, 1.3)):
        (grown,) = level_sizes(side=unwinding, lots=lots, lots_max=10.0, shape=shape)
        (shrunk,) = level_sizes(side=exposed, lots=lots, lots_max=10.0, shape=shape)
        assert grown == pytest.approx(wanted)
        assert shrunk == pytest.approx(exp(-0.5))
    (flat,) = level_sizes(side=unwinding, lots=0.0, lots_max=10.0, shape=tilted)
    assert flat == 1.0


def test_f13_growth_of_the_unwinding_side_never_takes_inventory_past_the_other_limit() -> None:
    shape = QuoteShape(unwind_growth=4.0, levels=10, growth=2.0)
    for lots in (0.5, 3.0, 9.0, 40.0):
        assert sum(level_sizes(side=Side.SELL, lots=lots, lots_max=10.0, shape=shape)) <= (
            lots + 10.0 + 1e-9
        )
