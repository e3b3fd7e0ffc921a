"""Reduction of an order: place in the queue, balances and reports."""

from decimal import Decimal

import pytest

from quoter.domain.market import Side
from quoter.sim.exchange import Exchange
from quoter.sim.messages import (
    BalanceNews,
    DepthNews,
    Refused,
    ReportType,
    SimOrder,
    SimOrderState,
    SimReject,
)
from tests.unit.sim.cases import BUY, RICH, SELL, SYMBOL, market, order, reports, venue

D = Decimal


def reduce(exchange: Exchange, client_id: str, size: str, *, named: str = "") -> SimOrder:
    reduced, _ = exchange.reduce(
        "a", SYMBOL, client_id=client_id, size=D(size), now_ns=5, new_client_id=named
    )
    return reduced


def test_reduced_order_keeps_its_place_in_the_queue() -> None:
    """After cancel and new it would trade last; reduced it trades first."""
    exchange = venue()
    first, _ = exchange.place("a", order(BUY, "99.5", "2", client_id="first"), 1)
    exchange.place("b", order(BUY, "99.5", "1", client_id="second"), 2)
    assert reduce(exchange, "first", "0.5").order_id == first.order_id
    _, news = exchange.place("a", order(SELL, "99.5", "0.7"), 6)
    makers = [one.trade for one in reports(news) if one.trade and one.trade.is_maker]
    assert [(trade.client_id, trade.size) for trade in makers] == [
        ("first", D("0.5")),
        ("second", D("0.2")),
    ]


@pytest.mark.parametrize(
    ("side", "price", "asset", "locked"),
    [(BUY, "98", "USD", D(147)), (SELL, "102", "ABC", D("1.5"))],
)
def test_reduction_unlocks_the_difference(
    side: Side, price: str, asset: str, locked: Decimal
) -> None:
    exchange = venue()
    exchange.place("a", order(side, price, "4", client_id="q"), 1)
    reduced, news = exchange.reduce("a", SYMBOL, client_id="q", size=D("1.5"), now_ns=9)
    free, held = exchange.balances("a")[asset]
    assert (free + held, held) == (RICH[asset], locked)
    assert [one.balances[asset] for one in news if isinstance(one, BalanceNews)] == [(free, held)]
    assert (reduced.size, reduced.updated_ns, reduced.amendments) == (D("1.5"), 9, 1)
    (report,) = reports(news)
    assert (report.kind, report.order, report.ts_ns) == (ReportType.REPLACED, reduced, 9)
    exchange.cancel("a", SYMBOL, client_id="q", now_ns=10)
    assert exchange.balances("a")[asset] == (RICH[asset], D(0))


def test_reduced_order_keeps_its_fills_and_can_be_filled() -> None:
    exchange = venue()
    exchange.place("a", order(BUY, "99.5", "2", client_id="q"), 1)
    exchange.place("b", order(SELL, "99.5", "0.5"), 2)
    reduced = reduce(exchange, "q", "0.75")
    assert (reduced.state, reduced.filled) == (SimOrderState.PARTIALLY_FILLED, D("0.5"))
    assert exchange.balances("a")["USD"][1] == D("0.25") * D("99.5")
    exchange.place("b", order(SELL, "99.5", "5"), 6)
    done = exchange.order("a", SYMBOL, client_id="q")
    assert (done.state, done.filled) == (SimOrderState.FILLED, D("0.75"))
    holdings = {asset: sum(both) for asset, both in exchange.balances("a").items()}
    assert holdings == exchange.truth.balances("a")
    assert exchange.balances("a")["USD"][1] == 0


def test_depth_shows_the_reduced_size() -> None:
    exchange = venue()
    exchange.place("a", order(BUY, "99.5", "2", client_id="q"), 1)
    exchange.flush_depth(SYMBOL, 2)
    reduce(exchange, "q", "0.5")
    assert exchange.depth(SYMBOL, 1).bids == ((D("99.5"), D("0.5")),)
    (diff,) = [one for one in exchange.flush_depth(SYMBOL, 6) if isinstance(one, DepthNews)]
    assert (D("99.5"), D("0.5")) in diff.bids


def test_renamed_order_is_found_by_its_new_id_only() -> None:
    exchange = venue()
    placed, _ = exchange.place("a", order(BUY, "98", "2", client_id="old"), 1)
    renamed, news = exchange.reduce(
        "a", SYMBOL, order_id=placed.order_id, size=D(1), now_ns=2, new_client_id="new"
    )
    assert renamed.client_id == "new"
    assert reports(news)[0].former_client_id == "old"
    assert exchange.order("a", SYMBOL, client_id="new") == renamed
    with pytest.raises(Refused):
        exchange.order("a", SYMBOL, client_id="old")
    exchange.place("a", order(BUY, "98", "1", client_id="old"), 3)  # the id can be used again
    assert len(exchange.open_orders("a")) == 2


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ("3", SimReject.INCREASE),
        ("2", SimReject.NO_CHANGE),
        ("0.5", SimReject.TRADED),
        ("0.4", SimReject.TRADED),
        ("0.755", SimReject.FILTER_LOT),
        ("0", SimReject.FILTER_LOT),
        ("-1", SimReject.FILTER_LOT),
        ("NaN", SimReject.FILTER_LOT),
        ("Infinity", SimReject.FILTER_LOT),
    ],
)
def test_size_that_is_not_a_reduction_is_refused(size: str, expected: SimReject) -> None:
    exchange = venue()
    exchange.place("a", order(BUY, "99.5", "2", client_id="q"), 1)
    exchange.place("b", order(SELL, "99.5", "0.5"), 2)
    before = exchange.depth(SYMBOL, 50), exchange.balances("a"), exchange.open_orders("a")
    with pytest.raises(Refused) as refusal:
        reduce(exchange, "q", size, named="other")
    assert refusal.value.reason is expected
    after = exchange.depth(SYMBOL, 50), exchange.balances("a"), exchange.open_orders("a")
    assert after == before
    assert exchange.advance(6) == []


def test_amendment_requires_an_own_open_order_and_an_unused_id() -> None:
    exchange = venue()
    exchange.place("a", order(BUY, "98", "2", client_id="mine"), 1)
    exchange.place("a", order(BUY, "97", "2", client_id="taken"), 1)
    exchange.place("b", order(BUY, "98", "2", client_id="theirs"), 1)
    exchange.place("a", order(BUY, "98", "2", client_id="gone"), 1)
    exchange.cancel("a", SYMBOL, client_id="gone", now_ns=2)
    refusals = []
    for client_id, named in (("theirs", ""), ("gone", ""), ("nobody", ""), ("mine", "taken")):
        with pytest.raises(Refused) as refusal:
            reduce(exchange, client_id, "1", named=named)
        refusals.append(refusal.value.reason)
    assert refusals == [SimReject.NOT_FOUND] * 3 + [SimReject.DUPLICATE]
    exchange.halt(SYMBOL, is_halted=True)
    with pytest.raises(Refused) as refusal:
        reduce(exchange, "mine", "1")
    assert refusal.value.reason is SimReject.HALTED


def test_reduction_below_the_minimum_notional_is_refused() -> None:
    exchange = venue()
    exchange.place("a", order(BUY, "98", "2", client_id="q"), 1)
    with pytest.raises(Refused) as refusal:
        reduce(exchange, "q", "0.02")
    assert refusal.value.reason is SimReject.FILTER_NOTIONAL


def test_order_in_a_recorded_market_can_be_reduced() -> None:
    exchange = venue(market(recorded=True))
    exchange.place("a", order(BUY, "98", "2", client_id="q"), 1)
    assert reduce(exchange, "q", "1").leaves == 1
    assert exchange.balances("a")["USD"][1] == D(98)
