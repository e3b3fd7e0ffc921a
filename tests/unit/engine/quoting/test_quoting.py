"""The wanted quote: when it is computed anew, what turns it off, and the fair value behind it."""

from dataclasses import replace

import pytest

from quoter.domain.events import BookSnapshot, Pause
from quoter.domain.market import Stream
from quoter.domain.step import Step
from quoter.domain.trading import NoQuote
from quoter.engine.config import Fair
from quoter.engine.quoting.quoting import no_quote
from quoter.risk.monitors.market_regime import RegimePolicy
from tests.unit.engine.cases import PRICING, EngineHarness, config
from tests.unit.state.cases import BUY, SELL, levels

MID = 100.0


def lopsided_book(harness: EngineHarness, mid: float, *, bid_size: float, ask_size: float) -> Step:
    """Show a book whose best levels differ in size."""
    harness._books += 1
    bids, asks = levels((mid - 0.5, bid_size)), levels((mid + 0.5, ask_size))
    return harness.give(
        BookSnapshot(ts_ns=harness.now_ns, last=harness._books * 1000, bids=bids, asks=asks)
    )


@pytest.fixture
def harness() -> EngineHarness:
    """An engine whose micro-price has learned that the mid follows the larger side of the book."""
    pricing = replace(PRICING, fair=Fair.MICRO)
    calm = RegimePolicy(is_on=False)  # the mid of this test moves more than usual
    harness = EngineHarness(config(pricing=pricing, regime=calm)).quoting()
    for n in range(60):
        if n % 2:
            lopsided_book(harness, MID + 1.0, bid_size=1_000.0, ask_size=10_000.0)
        else:
            lopsided_book(harness, MID, bid_size=10_000.0, ask_size=1_000.0)
        harness.wait(2.1, ends=True)
        harness.rest()
    lopsided_book(harness, MID, bid_size=10_000.0, ask_size=1_000.0)
    harness.wait(2.0, ends=True)
    harness.rest()
    return harness


def test_fill_is_measured_against_the_fair_value_its_quote_was_priced_from(
    harness: EngineHarness,
) -> None:
    """The micro-price lies above the mid, so the edge of a buy is larger than against the mid."""
    terms = harness.engine.quoting.latest.terms
    assert terms is not None
    (booked,) = harness.fill(harness.wanted(BUY)).booked
    assert booked.fair == terms.inputs.fair
    assert booked.fair is not None
    assert booked.fair > MID
    assert booked.fill.size > 0


def test_attribution_marks_fills_at_the_mid_not_at_fair_value(harness: EngineHarness) -> None:
    before = harness.engine.snapshot().pnl
    order = harness.wanted(BUY)
    harness.fill(order)
    after = harness.engine.snapshot().pnl
    mark = harness.engine.attribution.mark_of(MID)
    assert after.spread - before.spread == order.size * (mark - order.price)
    assert after.total == after.spread + after.inventory - after.fees - after.funding


def test_fill_after_a_pause_is_measured_against_the_fair_value_of_the_present_book(
    harness: EngineHarness,
) -> None:
    order = harness.wanted(SELL)
    harness.operator(Pause)
    assert harness.engine.quoting.latest == no_quote(NoQuote.STATE)
    (booked,) = harness.fill(order).booked
    market = harness.engine.market
    assert market.bid is not None
    assert market.ask is not None
    assert booked.fair == harness.engine.estimators.fair(market.bid, market.ask)
    assert booked.fair > MID


def test_fill_without_a_book_has_no_fair_value(harness: EngineHarness) -> None:
    order = harness.wanted(SELL)
    harness.feed_down(Stream.MARKET)
    (booked,) = harness.fill(order).booked
    assert booked.fair is None


def test_quote_is_computed_anew_only_when_an_input_changes(harness: EngineHarness) -> None:
    latest = harness.engine.quoting.latest
    assert not harness.engine.quoting.refresh(harness.now_ns, 0.0)
    assert harness.engine.quoting.latest is latest
    assert harness.engine.quoting.refresh(harness.now_ns, 1.0)
    assert harness.engine.quoting.latest is not latest


def test_quote_is_off_on_both_sides_without_a_book() -> None:
    harness = EngineHarness()
    harness.engine.quoting.refresh(harness.now_ns, 0.0)
    assert harness.engine.quoting.latest == no_quote(NoQuote.NO_BOOK)
