"""Publisher of a simulated market: update ids, depth and best prices."""

from dataclasses import replace
from decimal import Decimal
from functools import cache
from itertools import pairwise
from random import Random

import pytest

from quoter.domain.units import NS_PER_S
from quoter.sim.messages import BestNews, DepthBook, DepthNews, News, Refused
from quoter.sim.scripts import Burst
from tests.unit.sim.cases import BUY, SELL, SYMBOL, apply, market, order, rebuilt, venue

STEP_NS = NS_PER_S // 20
DEPTH_ALL = 10_000


@cache
def busy_minute() -> tuple[list[DepthNews], list[BestNews], list[DepthBook]]:
    """A market with two accounts that quote, take and cancel, with a snapshot at every step."""
    exchange = venue(replace(market(sigma=1.0, intensity=4.0, partial_share=0.3), depth_lots=20))
    rng = Random(5)
    diffs, bests, books = [], [], [exchange.depth(SYMBOL, DEPTH_ALL)]
    exchange.script(SYMBOL, Burst(side=BUY, notional=Decimal(500)), 5 * NS_PER_S)
    for step in range(1, 1201):
        now_ns = step * STEP_NS
        news: list[News] = exchange.advance(now_ns)
        best = exchange.depth(SYMBOL, 1)
        side = rng.choice((BUY, SELL))
        price = (best.bids if side is BUY else best.asks)[0][0]
        price += side.sign * rng.randint(-6, 3) * exchange._markets[SYMBOL].grid.tick
        try:
            account = rng.choice("ab")
            news += exchange.place(account, order(side, str(price), "0.3"), now_ns)[1]
            if step % 7 == 0:
                news += exchange.cancel_all(account, SYMBOL, now_ns)[1]
        except Refused:
            continue
        if step % 2 == 0:
            news += exchange.flush_depth(SYMBOL, now_ns)
        books.append(exchange.depth(SYMBOL, DEPTH_ALL))
        diffs += [one for one in news if isinstance(one, DepthNews)]
        bests += [one for one in news if isinstance(one, BestNews)]
    return diffs, bests, books


@pytest.mark.slow
def test_snapshot_plus_diffs_equals_every_later_snapshot() -> None:
    diffs, _, books = busy_minute()
    by_id = {book.last: book for book in books}
    compared = 0
    for start in books[::100]:
        book = rebuilt(start)
        following = [diff for diff in diffs if diff.last > start.last]
        assert not following or following[0].first <= start.last + 1
        for diff in following:
            apply(book, diff)
            if diff.last in by_id:
                assert book == rebuilt(by_id[diff.last])
                compared += 1
    assert compared > 1000


@pytest.mark.slow
def test_update_ids_have_no_gap_and_the_book_is_never_crossed() -> None:
    diffs, bests, books = busy_minute()
    assert all(later.first == earlier.last + 1 for earlier, later in pairwise(diffs))
    assert all(later.update_id > earlier.update_id for earlier, later in pairwise(bests))
    assert all(book.bids[0][0] < book.asks[0][0] for book in books)


def test_best_prices_equal_the_book_with_the_same_update_id() -> None:
    _, bests, books = busy_minute()
    by_id = {book.last: book for book in books}
    shared = [(best, by_id[best.update_id]) for best in bests if best.update_id in by_id]
    assert len(shared) > 200
    for best, book in shared:
        assert (best.bid, best.ask) == (book.bids[0], book.asks[0])


def test_nothing_is_published_without_changes() -> None:
    exchange = venue()
    assert exchange.flush_depth(SYMBOL, 1) == []
    exchange.place("a", order(BUY, "98", "1"), 2)
    (news,) = exchange.flush_depth(SYMBOL, 3)
    assert isinstance(news, DepthNews)
    assert news.asks == ()
    assert len(news.bids) == 1
    assert exchange.flush_depth(SYMBOL, 4) == []
