from copy import replace
from decimal import Decimal

import pytest

from quoter.domain.market import Side
from quoter.domain.quotes import SideOff, TwoSidedQuote
from quoter.domain.trading import NoQuote
from quoter.pricing.quote.shape import QuoteShape
from quoter.pricing.quote.terms import quote_terms
from quoter.pricing.quote.two_sided import two_sided_quote
from tests.unit.pricing.cases import BTC, paper

SHAPE = QuoteShape(levels=3, spread_max_bps=19_000.0)


def quoted(
    *, lots: float, shape: QuoteShape = SHAPE, order_size: str = "1", size_factor: float = 1.0
) -> TwoSidedQuote:
    return two_sided_quote(
        terms=quote_terms(paper(lots=lots, size_factor=size_factor), shape),
        shape=shape,
        instrument=BTC,
        order_size=Decimal(order_size),
        best_bid_ticks=9_990,
        best_ask_ticks=10_010,
    )


def test_flat_quotes_are_symmetric_and_exact() -> None:
    quote = quoted(lots=0.0)
    assert not quote.off
    assert [bid.ticks + ask.ticks for bid, ask in zip(quote.bids, quote.asks, strict=True)] == [
        20_000
    ] * 3
    assert [bid.price for bid in quote.bids] == [BTC.price(bid.ticks) for bid in quote.bids]
    assert {order.size for order in quote.bids + quote.asks} == {Decimal(1)}


def test_short_inventory_quotes_higher_on_both_sides_than_long() -> None:
    short, long = quoted(lots=-3.0), quoted(lots=3.0)
    assert short.bids[0].price > long.bids[0].price
    assert short.asks[0].price > long.asks[0].price


def test_exposed_side_at_the_limit_is_empty_with_its_reason() -> None:
    quote = quoted(lots=10.0)
    assert not quote.bids
    assert len(quote.asks) == 3
    assert quote.off == (SideOff(Side.BUY, NoQuote.SIDE_LIMIT),)


def test_tick_bound_quotes_are_at_the_touch() -> None:
    """With a tick of three half-spreads, outward rounding ends at the best prices of the book."""
    coarse = replace(
        BTC, tick=Decimal("0.00002"), lot=Decimal(1), size_min=Decimal(1), size_max=Decimal(10**9)
    )
    market = replace(
        paper(), fair=0.00033, sigma=4e-7, kappa=3e5, gamma_lot=1e3, intensity=0.5,
        tick=1e-5,
    )  # fmt: skip
    shape = QuoteShape(spread_max_bps=19_000.0)
    terms = quote_terms(market, shape)
    assert terms.tick_bound
    quote = two_sided_quote(
        terms=terms,
        shape=shape,
        instrument=coarse,
        order_size=Decimal(1_000_000),
        best_bid_ticks=16,
        best_ask_ticks=17,
    )
    assert (quote.bids[0].ticks, quote.asks[0].ticks) == (16, 17)


def test_reasons_of_too_wide_and_too_small_differ() -> None:
    narrow = replace(SHAPE, spread_max_bps=150.0)
    assert quoted(lots=4.0, shape=narrow).off == (SideOff(Side.BUY, NoQuote.SPREAD_TOO_WIDE),)
    below = (SideOff(Side.BUY, NoQuote.BELOW_MINIMUM), SideOff(Side.SELL, NoQuote.BELOW_MINIMUM))
    assert quoted(lots=0.0, order_size="0.00001").off == below


@pytest.mark.parametrize(("order_size", "size"), [("1", "0.5"), ("0.06", "0.06")])
def test_size_factor_applies_if_the_venue_accepts_the_size(order_size: str, size: str) -> None:
    """0.06 is worth 6 here, and half of it is below the venue's minimum: then the full size."""
    quote = quoted(lots=0.0, order_size=order_size, shape=replace(SHAPE, levels=1), size_factor=0.5)
    assert {one.size for one in (*quote.bids, *quote.asks)} == {Decimal(size)}
