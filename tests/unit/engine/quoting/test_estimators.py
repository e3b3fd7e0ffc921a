"""Estimates reach the quotes, and invalid numbers change no estimate."""

from dataclasses import replace
from decimal import Decimal
from math import nan

import pytest

from quoter.domain.events import BookSnapshot, Trade
from quoter.domain.market import Side
from quoter.domain.quotes import QuoteTerms, SideOff
from quoter.domain.trading import NoQuote
from quoter.engine.config import Fair, PricingConfig
from tests.unit.engine.cases import PRICING, EngineHarness, config
from tests.unit.state.cases import ABC, BUY, SELL, levels


def harness(**changes: object) -> EngineHarness:
    """A quoting engine with other pricing."""
    pricing = replace(PRICING, **changes)  # type: ignore[arg-type]  # not typed by field
    return EngineHarness(config(pricing=pricing)).quoting()


def trade(at: EngineHarness, taker: Side, *, price: float = 100.0, size: float = 1.0) -> None:
    at.give(Trade(ts_ns=at.now_ns, trade_id="1", price=price, size=size, taker=taker))


def terms(at: EngineHarness) -> QuoteTerms:
    found = at.engine.quoting.latest.terms
    assert found is not None
    return found


@pytest.mark.parametrize("taker", list(Side))
def test_one_sided_takers_move_both_quotes_with_them(taker: Side) -> None:
    maker = harness()
    for _ in range(100):
        trade(maker, taker)
        maker.wait(0.1)
    moved = terms(maker)
    assert taker.sign * moved.inputs.alpha > 0.0
    towards, away = (
        (moved.alpha_bid, moved.alpha_ask) if taker is BUY else (moved.alpha_ask, moved.alpha_bid)
    )
    assert towards < 0.0 < away


def test_four_fills_in_a_second_start_a_side_cooldown_where_few_are_expected() -> None:
    maker = harness(intensity_prior=0.2)
    for _ in range(4):
        maker.fill(maker.wanted(BUY))
        maker.rest()
        maker.wait(0.2)
        maker.rest()
    quote = maker.engine.quoting.latest
    assert SideOff(BUY, NoQuote.SIDE_COOLDOWN) in quote.off
    assert not quote.bids
    assert quote.asks
    assert not [order for order in maker.orders(BUY) if order.is_wanted]
    maker.wait(6.0)
    assert maker.engine.quoting.latest.bids


def test_one_order_that_is_filled_in_pieces_takes_no_side_out() -> None:
    maker = harness(intensity_prior=0.2)
    order = maker.wanted(BUY)
    for _ in range(4):
        maker.fill(order, "0.25")
        maker.wait(0.1)
    off = maker.engine.quoting.latest.off
    assert SideOff(BUY, NoQuote.SIDE_COOLDOWN) not in off


def settle(at: EngineHarness) -> None:
    """The venue answers every request that is on its way."""
    for order in list(at.engine.orders):
        if not order.is_wanted:
            at.done(order)
    at.wait(0.1)
    at.rest()


def test_losing_fills_put_their_side_farther_out() -> None:
    """The mid falls after our buys and rises after our sells."""
    maker = harness()
    for n in range(12):
        side = BUY if n % 2 == 0 else SELL
        maker.fill(maker.wanted(side))
        maker.book(100.0 - 0.4 * (1 - n % 2))
        for _ in range(6):
            maker.wait(1.0)
            settle(maker)
    lost = terms(maker)
    assert lost.markout_cost_bid > 0.0
    assert lost.markout_cost_ask > 0.0
    assert maker.engine.snapshot().estimates.markouts_bps[BUY, 5.0] < -1.0


@pytest.mark.slow
def test_quotes_without_fills_reduce_the_fill_factor_within_its_bound() -> None:
    maker = harness(is_calibrating=True, intensity_prior=20.0, trades_per_s_prior=20.0)
    maker.wait(600.0, ends=True)
    factor = terms(maker).inputs.fill_factor
    assert 0.1 <= factor < 0.7
    off = harness(is_calibrating=True, intensity_prior=20.0, fill_correction=False)
    off.wait(600.0, ends=True)
    assert terms(off).inputs.fill_factor == 1.0


def test_fill_factor_changes_once_a_second() -> None:
    maker = harness(is_calibrating=True, intensity_prior=20.0, trades_per_s_prior=20.0)
    factors = []
    for _ in range(50):
        maker.tick(0.1)
        factors.append(maker.engine.snapshot().estimates.fill_factor)
    assert 4 <= len(set(factors)) <= 6
    assert factors == sorted(factors, reverse=True)


def test_the_exact_model_prices_by_its_table() -> None:
    exact, closed = harness(is_exact=True), harness()
    table = terms(exact).inputs.bounded
    assert table is not None
    assert len(table) == 20
    assert terms(closed).inputs.bounded is None
    for maker in (exact, closed):
        maker.fill(maker.wanted(SELL))
    assert terms(exact).skew < 0.0, "short: the reservation price lies above fair value"
    assert terms(exact).skew != terms(closed).skew


def lopsided(at: EngineHarness, mid: float, bid_size: float, ask_size: float) -> None:
    at._books += 1
    bids, asks = levels((mid - 0.5, bid_size)), levels((mid + 0.5, ask_size))
    at.give(BookSnapshot(ts_ns=at.now_ns, last=at._books * 1000, bids=bids, asks=asks))


@pytest.mark.parametrize("fair", list(Fair))
def test_micro_price_learns_what_the_sizes_predict(fair: Fair) -> None:
    """Ten times more bids than asks, and two seconds later the mid is one spread higher."""
    maker = harness(fair=fair)
    for n in range(60):
        lopsided(maker, 100.0 + n, 10_000.0, 1_000.0)
        maker.wait(2.1, ends=True)
    lopsided(maker, 160.0, 10_000.0, 1_000.0)
    moved = terms(maker).inputs.fair - 160.0
    half = terms(maker).half_spread
    if fair is Fair.MID:
        assert moved == 0.0
    else:
        assert 0.0 < moved <= 0.5 * half


def test_trade_with_nan_is_counted_and_changes_no_estimate() -> None:
    maker = harness()
    trade(maker, BUY, size=nan)
    assert maker.steps[-1].anomalies[0][0] == "bad_input"
    maker.wait(1.0)
    assert terms(maker).inputs.alpha == 0.0


def test_no_edge_is_reported_once() -> None:
    dear = replace(ABC, fee_maker=Decimal("0.05"))
    maker = EngineHarness(config(instrument=dear)).quoting()
    for n in range(120):
        side = BUY if n % 2 else SELL
        trade(maker, side, price=100.0 * (1 + side.sign * 0.03))
        maker.wait(2.0)
    notes = [what for step in maker.steps for what, _ in step.anomalies]
    assert notes.count("no_edge") == 1
    assert maker.engine.snapshot().estimates.has_no_edge


def test_snapshot_shows_the_estimates_and_changes_nothing() -> None:
    maker = harness(is_calibrating=True)
    trade(maker, BUY, price=100.5)
    maker.wait(3.0)
    first, second = maker.engine.snapshot(), maker.engine.snapshot()
    assert first.estimates == second.estimates
    assert first.estimates.confidence == "cold"
    assert first.estimates.flow is not None
    assert first.estimates.flow > 0.0
    assert Decimal(first.seq) == Decimal(second.seq)


def test_defaults_have_every_protection_on() -> None:
    toxic_flow = PricingConfig().toxic_flow
    assert toxic_flow.alpha_max == toxic_flow.markout_cost_max == 2.0
    assert toxic_flow.side_cooldown_s == 5.0
