"""The wanted quote: when it is computed anew, what turns it off, and the fair value behind it."""

from dataclasses import replace

import pytest

from quoter.domain.events import BookSnapshot
from quoter.domain.market import Stream
from quoter.domain.reasons import OperatorAction
from quoter.domain.step import Step
from quoter.domain.trading import NoQuote
from quoter.engine.config import Fair
from quoter.engine.quoting.quoting import no_quote
from quoter.risk.monitors.market_regime import RegimePolicy
from tests.unit.engine.cases import PRICING, Desk, config
from tests.unit.state.cases import BUY, SELL, levels

MID = 100.0


def lopsided_book(desk: Desk, mid: float, *, bid_size: float, ask_size: float) -> Step:
    """Show a book whose best levels differ in size."""
    desk._books += 1
    bids, asks = levels((mid - 0.5, bid_size)), levels((mid + 0.5, ask_size))
    return desk.tell(BookSnapshot(ts_ns=desk.now_ns, last=desk._books * 1000, bids=bids, asks=asks))


@pytest.fixture
def desk() -> Desk:
    """An engine whose micro-price has learned that the mid follows the larger side of the book."""
    pricing = replace(PRICING, fair=Fair.MICRO)
    calm = RegimePolicy(is_on=False)  # the mid of this test moves more than usual
    desk = Desk(config(pricing=pricing, regime=calm)).quoting()
    for n in range(60):
        if n % 2:
            lopsided_book(desk, MID + 1.0, bid_size=1_000.0, ask_size=10_000.0)
        else:
            lopsided_book(desk, MID, bid_size=10_000.0, ask_size=1_000.0)
        desk.wait(2.1, ends=True)
        desk.rest()
    lopsided_book(desk, MID, bid_size=10_000.0, ask_size=1_000.0)
    desk.wait(2.0, ends=True)
    desk.rest()
    return desk


def test_fill_is_measured_against_the_fair_value_its_quote_was_priced_from(desk: Desk) -> None:
    """The micro-price lies above the mid, so the edge of a buy is larger than against the mid."""
    terms = desk.engine.quoting.latest.terms
    assert terms is not None
    (booked,) = desk.fill(desk.wanted(BUY)).booked
    assert booked.fair == terms.inputs.fair
    assert booked.fair is not None
    assert booked.fair > MID
    assert booked.fill.size > 0


def test_attribution_marks_fills_at_the_mid_not_at_fair_value(desk: Desk) -> None:
    before = desk.engine.snapshot().pnl
    order = desk.wanted(BUY)
    desk.fill(order)
    after = desk.engine.snapshot().pnl
    mark = desk.engine.attribution.mark_of(MID)
    assert after.spread - before.spread == order.size * (mark - order.price)
    assert after.total == after.spread + after.inventory - after.fees - after.funding


def test_fill_after_a_pause_is_measured_against_the_fair_value_of_the_present_book(
    desk: Desk,
) -> None:
    order = desk.wanted(SELL)
    desk.operator(OperatorAction.PAUSE)
    assert desk.engine.quoting.latest == no_quote(NoQuote.STATE)
    (booked,) = desk.fill(order).booked
    market = desk.engine.market
    assert market.bid is not None
    assert market.ask is not None
    assert booked.fair == desk.engine.estimators.fair(market.bid, market.ask)
    assert booked.fair > MID


def test_fill_without_a_book_has_no_fair_value(desk: Desk) -> None:
    order = desk.wanted(SELL)
    desk.feed_down(Stream.MARKET)
    (booked,) = desk.fill(order).booked
    assert booked.fair is None


def test_quote_is_computed_anew_only_when_an_input_changes(desk: Desk) -> None:
    latest = desk.engine.quoting.latest
    assert not desk.engine.quoting.refresh(desk.now_ns, 0.0)
    assert desk.engine.quoting.latest is latest
    assert desk.engine.quoting.refresh(desk.now_ns, 1.0)
    assert desk.engine.quoting.latest is not latest


def test_quote_is_off_on_both_sides_without_a_book() -> None:
    desk = Desk()
    desk.engine.quoting.refresh(desk.now_ns, 0.0)
    assert desk.engine.quoting.latest == no_quote(NoQuote.NO_BOOK)
