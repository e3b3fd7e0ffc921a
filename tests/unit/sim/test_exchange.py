"""Exchange: answers, reports and balances of orders from request to end."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from quoter.domain.units import NS_PER_S
from quoter.sim.exchange import Exchange
from quoter.sim.grid import Grid
from quoter.sim.messages import (
    BalanceNews,
    FeeCoin,
    NewOrder,
    OrderKind,
    PrintNews,
    Refused,
    ReportType,
    SelfTrade,
    SimOrderState,
    SimReject,
    TimeInForce,
)
from quoter.sim.orders import ORDERS_CLOSED_MAX, OrderStore
from tests.unit.sim.cases import BUY, SELL, SYMBOL, market, order, reports, venue

D = Decimal
LIMIT_MAKER, MARKET = OrderKind.LIMIT_MAKER, OrderKind.MARKET
IOC, FOK = TimeInForce.IOC, TimeInForce.FOK


def test_resting_order_locks_its_maximum_cost() -> None:
    exchange = venue()
    placed, news = exchange.place("a", order(BUY, "98.5", "2", client_id="q1"), 5)
    assert (placed.state, placed.client_id, placed.created_ns) == (SimOrderState.NEW, "q1", 5)
    assert exchange.balances("a")["USD"] == (D(99_803), D(197))
    assert [report.kind for report in reports(news)] == [ReportType.NEW]
    assert exchange.open_orders("a") == [placed]
    assert (D("98.5"), D(2)) in exchange.depth(SYMBOL, 5).bids


def test_accounts_trade_at_the_resting_price_and_pay_fees_from_received_assets() -> None:
    exchange = venue()
    exchange.place("a", order(BUY, "99.5", "2"), 1)
    taken, news = exchange.place("b", order(SELL, "99.2", "0.5"), 2)
    maker, taker = (report.trade for report in reports(news)[1:])
    assert maker is not None
    assert taker is not None
    assert taken.state is SimOrderState.FILLED
    assert (maker.price, maker.size, maker.is_maker) == (D("99.5"), D("0.5"), True)
    assert (maker.fee, maker.fee_asset) == (D("0.0005"), "ABC")
    assert (taker.fee, taker.fee_asset, taker.is_maker) == (D("0.0995"), "USD", False)
    assert exchange.balances("a") == {
        "ABC": (D("1000.4995"), D(0)),
        "USD": (D(99_801), D("149.25")),
    }
    assert exchange.balances("b")["USD"] == (D("100049.6505"), D(0))
    assert [one.taker for one in news if isinstance(one, PrintNews)] == [SELL]
    assert {one.account for one in news if isinstance(one, BalanceNews)} == {"a", "b"}


def test_fees_are_paid_in_the_fee_coin_while_its_balance_is_enough() -> None:
    exchange = Exchange((market(),), seed=7, now_ns=0)
    held = {"ABC": D(1000), "USD": D(100_000), "BNB": D("0.00015")}
    exchange.add_account("a", held, FeeCoin(asset="BNB", price=D(500)))
    exchange.add_account("b", held)
    exchange.place("a", order(BUY, "99.5", "2"), 1)
    for _ in range(2):
        exchange.place("b", order(SELL, "99.2", "0.5"), 2)
    first, second = exchange.trades("a", SYMBOL)
    assert (first.fee, first.fee_asset) == (D("0.0000995"), "BNB")  # 0.1 % of 49.75 USD
    assert (second.fee, second.fee_asset) == (D("0.0005"), "ABC")
    assert exchange.balances("a")["BNB"] == (D("0.0000505"), D(0))
    assert exchange.truth.balances("a") == {
        asset: free + locked for asset, (free, locked) in exchange.balances("a").items()
    }
    assert exchange.trades("b", SYMBOL)[0].fee_asset == "USD"


def test_marketable_order_takes_shown_levels_and_the_refill_at_its_limit() -> None:
    exchange = venue()
    best, size = exchange.depth(SYMBOL, 1).asks[0]
    limit = best + D("0.1")
    placed, news = exchange.place("a", order(BUY, str(limit), str(size + 40)), 1)
    trades = [one.trade for one in reports(news) if one.trade]
    assert placed.state is SimOrderState.FILLED
    assert (trades[0].price, trades[0].size, trades[0].is_maker) == (best, size, False)
    assert (trades[-1].price, trades[-1].is_maker) == (limit, True)
    assert {one.taker for one in news if isinstance(one, PrintNews)} == {BUY}
    assert exchange.depth(SYMBOL, 1).bids[0][0] < exchange.depth(SYMBOL, 1).asks[0][0]


def test_fill_at_a_better_price_unlocks_the_difference() -> None:
    exchange = venue()
    exchange.place("b", order(SELL, "100", "1"), 1)
    exchange.place("a", order(BUY, "100.8", "1"), 2)
    assert exchange.balances("a")["USD"] == (D(99_900), D(0))


@pytest.mark.parametrize(
    ("request_of", "expected"),
    [
        (order(BUY, "101", "1", kind=LIMIT_MAKER), SimReject.WOULD_MATCH),
        (order(SELL, "99.5", "1", kind=LIMIT_MAKER), SimReject.WOULD_MATCH),
        (order(BUY, "98.55", "1"), SimReject.FILTER_PRICE),
        (order(BUY, "0", "1"), SimReject.FILTER_PRICE),
        (order(BUY, "-1", "1"), SimReject.FILTER_PRICE),
        (order(BUY, "NaN", "1"), SimReject.FILTER_PRICE),
        (order(BUY, "1E+40", "1"), SimReject.FILTER_PRICE),
        (order(BUY, "98", "0.015"), SimReject.FILTER_LOT),
        (order(BUY, "98", "0"), SimReject.FILTER_LOT),
        (order(BUY, "98", "1000.01"), SimReject.FILTER_LOT),
        (order(BUY, "98", "Infinity"), SimReject.FILTER_LOT),
        (order(BUY, "98", "0.01"), SimReject.FILTER_NOTIONAL),
        (order(BUY, "0", "0.01", kind=MARKET), SimReject.FILTER_NOTIONAL),
        (order(SELL, "102", "1000"), SimReject.BALANCE),
        (order(SELL, "102", "999.01"), SimReject.BALANCE),
        (order(SELL, "0", "999.01", kind=MARKET), SimReject.BALANCE),
        (order(BUY, "98.9", "1000"), SimReject.BALANCE),
        (order(BUY, "98", "1", client_id="taken"), SimReject.DUPLICATE),
    ],
)
def test_refusal_has_a_reason_and_changes_nothing(
    request_of: NewOrder, expected: SimReject
) -> None:
    exchange = venue()
    exchange.place("a", order(SELL, "103", "1", client_id="taken"), 1)
    exchange.place("a", order(BUY, "99.5", "20"), 1)
    before = exchange.depth(SYMBOL, 50), exchange.balances("a")
    with pytest.raises(Refused) as refusal:
        exchange.place("a", request_of, 2)
    assert refusal.value.reason is expected
    assert (exchange.depth(SYMBOL, 50), exchange.balances("a")) == before
    assert exchange.advance(3) == []


def test_client_id_can_be_used_again_after_its_order_closed() -> None:
    exchange = venue()
    first, _ = exchange.place("a", order(BUY, "98", "1", client_id="q"), 1)
    exchange.cancel("a", SYMBOL, client_id="q", now_ns=2)
    second, _ = exchange.place("a", order(BUY, "98", "1", client_id="q"), 3)
    assert exchange.order("a", SYMBOL, client_id="q").order_id == second.order_id
    assert exchange.order("a", SYMBOL, order_id=first.order_id).state is SimOrderState.CANCELED


def test_ioc_order_never_rests() -> None:
    exchange = venue()
    exchange.place("b", order(SELL, "100", "1"), 1)
    placed, news = exchange.place("a", order(BUY, "100", "3", time_in_force=IOC), 2)
    assert (placed.state, placed.filled) == (SimOrderState.EXPIRED, D(1))
    assert reports(news)[-1].kind is ReportType.EXPIRED
    assert exchange.open_orders("a") == []
    assert exchange.balances("a")["USD"] == (D(99_900), D(0))


def test_fok_order_fills_completely_or_not_at_all() -> None:
    exchange = venue()
    exchange.place("b", order(SELL, "100", "1"), 1)
    killed, _ = exchange.place("a", order(BUY, "100", "1.01", time_in_force=FOK), 2)
    assert (killed.state, killed.filled) == (SimOrderState.EXPIRED, D(0))
    filled, _ = exchange.place("a", order(BUY, "100", "1", time_in_force=FOK), 3)
    assert filled.state is SimOrderState.FILLED
    assert exchange.open_orders("b") == []


def test_market_order_takes_the_background_and_publishes_trades() -> None:
    exchange = venue()
    placed, news = exchange.place("a", order(SELL, "0", "1", kind=MARKET), 1)
    assert (placed.state, placed.filled_quote) == (SimOrderState.FILLED, D(99))
    assert exchange.balances("a")["USD"] == (D(100_000) + 99 - D("0.198"), D(0))
    assert [one.price for one in news if isinstance(one, PrintNews)] == [D(99)]


def test_rest_of_a_market_order_larger_than_the_book_expires() -> None:
    exchange = venue()
    placed, _ = exchange.place("a", order(SELL, "0", "1000", kind=MARKET), 1)
    assert placed.state is SimOrderState.EXPIRED
    assert 0 < placed.filled < 1000
    assert exchange.balances("a")["ABC"] == (1000 - placed.filled, D(0))


@pytest.mark.parametrize(
    ("mode", "maker", "taker", "kinds"),
    [
        (SelfTrade.EXPIRE_TAKER, "NEW", "EXPIRED_IN_MATCH", ["NEW", "TRADE_PREVENTION"]),
        (SelfTrade.EXPIRE_MAKER, "EXPIRED_IN_MATCH", "NEW", ["NEW", "TRADE_PREVENTION"]),
        (
            SelfTrade.EXPIRE_BOTH,
            "EXPIRED_IN_MATCH",
            "EXPIRED_IN_MATCH",
            ["NEW", "TRADE_PREVENTION", "TRADE_PREVENTION"],
        ),
        (SelfTrade.NONE, "FILLED", "FILLED", ["NEW", "TRADE", "TRADE"]),
    ],
)
def test_self_trade_prevention_follows_the_taker(
    mode: SelfTrade, maker: str, taker: str, kinds: list[str]
) -> None:
    exchange = venue(market(fee_maker="0", fee_taker="0"))
    exchange.place("a", order(SELL, "100", "1", client_id="maker"), 1)
    placed, news = exchange.place("a", order(BUY, "100", "1", self_trade=mode), 2)
    assert exchange.order("a", SYMBOL, client_id="maker").state == maker
    assert placed.state == taker
    assert [report.kind for report in reports(news)] == kinds
    held = {asset: free + locked for asset, (free, locked) in exchange.balances("a").items()}
    assert held == {"ABC": D(1000), "USD": D(100_000)}


def test_cancel_reports_its_own_id_and_unlocks_the_amount() -> None:
    exchange = venue()
    placed, _ = exchange.place("a", order(BUY, "98", "1", client_id="q"), 1)
    cancelled, news = exchange.cancel(
        "a", SYMBOL, order_id=placed.order_id, cancel_client_id="c1", now_ns=2
    )
    assert cancelled.state is SimOrderState.CANCELED
    assert reports(news)[0].cancel_client_id == "c1"
    assert exchange.balances("a")["USD"] == (D(100_000), D(0))
    with pytest.raises(Refused) as refusal:
        exchange.cancel("a", SYMBOL, client_id="q", now_ns=3)
    assert refusal.value.reason is SimReject.NOT_FOUND


def test_orders_of_another_account_are_not_found() -> None:
    exchange = venue()
    placed, _ = exchange.place("a", order(BUY, "98", "1", client_id="q"), 1)
    with pytest.raises(Refused):
        exchange.cancel("b", SYMBOL, order_id=placed.order_id, now_ns=2)
    with pytest.raises(Refused):
        exchange.order("b", SYMBOL, client_id="q")
    with pytest.raises(Refused):
        exchange.cancel_all("b", SYMBOL, 2)
    assert len(exchange.open_orders("a")) == 1


def test_cancel_all_closes_every_order_of_one_account_on_one_symbol() -> None:
    exchange = venue(market(), market(symbol="XYZUSD", base="XYZ"))
    for price in ("98", "97"):
        exchange.place("a", order(BUY, price, "1"), 1)
    exchange.place("a", order(BUY, "98", "1", symbol="XYZUSD"), 1)
    exchange.place("b", order(BUY, "98", "1"), 1)
    cancelled, _ = exchange.cancel_all("a", SYMBOL, 2)
    assert [one.price for one in cancelled] == [D(98), D(97)]
    assert [one.symbol for one in exchange.open_orders("a")] == ["XYZUSD"]
    assert len(exchange.open_orders("b", SYMBOL)) == 1


def test_returned_orders_are_copies() -> None:
    exchange = venue()
    placed, news = exchange.place("a", order(BUY, "99.5", "1"), 1)
    exchange.place("b", order(SELL, "99.5", "1"), 2)
    assert placed.state is SimOrderState.NEW
    assert reports(news)[0].order.state is SimOrderState.NEW
    assert exchange.order("a", SYMBOL, order_id=placed.order_id).state is SimOrderState.FILLED


def test_trades_are_listed_from_an_id_or_newest() -> None:
    exchange = venue()
    for number in range(5):
        exchange.place("a", order(SELL, "0", "1", kind=MARKET), number)
    ids = [trade.trade_id for trade in exchange.trades("a", SYMBOL)]
    assert ids == sorted(ids)
    assert len(ids) == 5
    assert [t.trade_id for t in exchange.trades("a", SYMBOL, limit=2)] == ids[-2:]
    assert [t.trade_id for t in exchange.trades("a", SYMBOL, from_id=ids[1], limit=2)] == ids[1:3]
    assert exchange.trades("b", SYMBOL) == []


def test_halted_symbol_accepts_cancels_but_no_orders() -> None:
    exchange = venue(market(intensity=5.0))
    exchange.place("a", order(BUY, "99.9", "1", client_id="q"), 1)
    exchange.halt(SYMBOL, is_halted=True)
    with pytest.raises(Refused) as refusal:
        exchange.place("a", order(BUY, "98", "1"), 2)
    assert refusal.value.reason is SimReject.HALTED
    assert not [n for n in exchange.advance(20 * NS_PER_S) if isinstance(n, PrintNews)]
    exchange.cancel("a", SYMBOL, client_id="q", now_ns=21 * NS_PER_S)
    exchange.halt(SYMBOL, is_halted=False)
    exchange.place("a", order(BUY, "98", "1"), 22 * NS_PER_S)


def test_news_before_a_refusal_is_returned_by_the_next_call() -> None:
    calm, disturbed = (venue(market(sigma=1.0, intensity=3.0)) for _ in range(2))
    received = calm.advance(NS_PER_S)
    with pytest.raises(Refused):
        disturbed.place("a", order(BUY, "98", "0"), NS_PER_S)
    assert disturbed.advance(NS_PER_S) == received


@pytest.mark.slow
def test_only_closed_orders_are_removed_beyond_the_bound() -> None:
    template, _ = venue().place("a", order(BUY, "98", "1"), 0)
    store = OrderStore()
    for number in range(1, ORDERS_CLOSED_MAX + 3):
        one = replace(template, order_id=number, client_id=f"q{number}")
        store.add(one)
        if number > 1:
            store.close(one)
    assert store.find("a", SYMBOL, order_id=1, client_id="").order_id == 1
    with pytest.raises(Refused):
        store.find("a", SYMBOL, order_id=0, client_id="q2")
    assert store.find("a", SYMBOL, order_id=0, client_id="q3").order_id == 3


def test_money_of_a_grid_finer_than_eight_decimals_is_exact() -> None:
    grid = Grid(replace(market(), tick=D("0.01"), lot=D("1E-18"), fee_taker=D("0.001")))
    size = D("0.012345678901234567")
    assert grid.size(grid.lots(size)) == size
    assert grid.fee(size * 100, is_maker=False) == D("0.00123456789012345670")


@pytest.mark.parametrize(
    "fields",
    [
        {"kappa": 0.0},
        {"kappa": float("nan")},
        {"sigma": -1.0},
        {"intensity": float("inf")},
        {"mid": D("NaN")},
        {"spread_ticks": 0},
        {"depth_lots": 0},
    ],
)
def test_market_parameters_out_of_domain_raise(fields: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="out of domain"):
        venue(replace(market(), **fields))
