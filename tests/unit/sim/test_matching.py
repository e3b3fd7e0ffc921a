"""Matching: price-time priority, limits, budgets and self-trade prevention."""

from dataclasses import replace

import pytest

from quoter.domain.market import Side
from quoter.sim.matching import Plan, plan
from quoter.sim.messages import SelfTrade
from quoter.sim.resting import Resting, RestingBook
from tests.unit.sim.cases import BUY, SELL, venue
from tests.unit.sim.cases import order as new_order


def book_of(*orders: tuple[str, Side, int, int]) -> RestingBook:
    """(account, side, ticks, lots) each, in order of arrival; order ids count from 1."""
    book = RestingBook()
    template, _ = venue().place("a", new_order(BUY, "98", "1"), 0)
    for number, (account, side, ticks, lots) in enumerate(orders, start=1):
        order = replace(template, order_id=number, account=account, side=side)
        book.add(Resting(order=order, ticks=ticks, lots=lots))
    return book


def steps(planned: Plan) -> list[tuple[int, int, int]]:
    """(order id or 0 for the background, ticks, lots) of each hit."""
    return [
        (hit.resting.order.order_id if hit.resting else 0, hit.ticks, hit.lots)
        for hit in planned.hits
    ]


ASKS = (("b", SELL, 102, 5), ("c", SELL, 101, 3), ("b", SELL, 101, 4), ("c", SELL, 105, 9))


@pytest.mark.parametrize(
    ("lots", "limit_ticks", "background", "expected"),
    [
        (3, None, (), [(2, 101, 3)]),
        (5, None, (), [(2, 101, 3), (3, 101, 2)]),
        (9, 101, (), [(2, 101, 3), (3, 101, 4)]),
        (9, 102, (), [(2, 101, 3), (3, 101, 4), (1, 102, 2)]),
        (9, 100, (), []),
        (99, None, (), [(2, 101, 3), (3, 101, 4), (1, 102, 5), (4, 105, 9)]),
        (9, None, ((100, 2), (101, 1)), [(0, 100, 2), (2, 101, 3), (3, 101, 4)]),
        (10, None, ((101, 1),), [(2, 101, 3), (3, 101, 4), (0, 101, 1), (1, 102, 2)]),
    ],
)
def test_best_price_trades_first_then_the_oldest_order(
    lots: int,
    limit_ticks: int | None,
    background: tuple[tuple[int, int], ...],
    expected: list[tuple[int, int, int]],
) -> None:
    planned = plan(
        book=book_of(*ASKS),
        background=background,
        side=BUY,
        lots=lots,
        limit_ticks=limit_ticks,
    )
    assert steps(planned) == expected
    assert planned.lots == sum(step[2] for step in expected)
    assert planned.units == sum(step[1] * step[2] for step in expected)


def test_sell_matches_the_highest_bid_first() -> None:
    book = book_of(("b", BUY, 98, 1), ("b", BUY, 99, 1), ("c", BUY, 99, 1))
    planned = plan(book=book, background=((97, 9),), side=SELL, lots=9, limit_ticks=98)
    assert steps(planned) == [(2, 99, 1), (3, 99, 1), (1, 98, 1)]


def test_a_budget_buys_whole_lots_only() -> None:
    planned = plan(book=book_of(*ASKS), background=(), side=BUY, lots=99, units_max=999)
    assert steps(planned) == [(2, 101, 3), (3, 101, 4), (1, 102, 2)]
    assert planned.units <= 999


@pytest.mark.parametrize(
    ("mode", "traded", "expired", "taker_expires"),
    [
        (SelfTrade.NONE, [(2, 101, 3), (3, 101, 4), (1, 102, 2)], [], False),
        (SelfTrade.EXPIRE_TAKER, [(2, 101, 3)], [], True),
        (SelfTrade.EXPIRE_MAKER, [(2, 101, 3), (4, 105, 6)], [3, 1], False),
        (SelfTrade.EXPIRE_BOTH, [(2, 101, 3)], [3], True),
    ],
)
def test_self_trades_are_prevented(
    mode: SelfTrade,
    traded: list[tuple[int, int, int]],
    expired: list[int],
    *,
    taker_expires: bool,
) -> None:
    planned = plan(
        book=book_of(*ASKS), background=(), side=BUY, lots=9, account="b", self_trade=mode
    )
    prevented = [h.resting.order.order_id for h in planned.hits if h.is_prevented and h.resting]
    assert [step for step in steps(planned) if step[2]] == traded
    assert prevented == expired
    assert planned.taker_expires is taker_expires


def test_removing_an_order_keeps_the_queue_of_the_others() -> None:
    book = book_of(*ASKS)
    first = next(book.queue(SELL))
    book.remove(first)
    assert [resting.order.order_id for resting in book.queue(SELL)] == [3, 1, 4]
    assert (book.best(SELL), book.lots_at(SELL, 101), book.best(BUY)) == (101, 4, None)
