"""Recorded market: published as recorded without orders, consistent with them."""

import gzip
import json
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from itertools import islice
from pathlib import Path

import pytest

from quoter.domain.market import Side
from quoter.sim.exchange import Exchange
from quoter.sim.fill_models import FillModel
from quoter.sim.messages import (
    BestNews,
    DepthBook,
    DepthNews,
    MarketSpec,
    News,
    OrderKind,
    PrintNews,
    Refused,
    SimReject,
)
from quoter.sim.scripts import Crash
from tests.recordings import BINANCE_RAW
from tests.unit.sim.cases import (
    BUY,
    SELL,
    SYMBOL,
    Book,
    apply,
    market,
    order,
    rebuilt,
    reports,
    venue,
)

D = Decimal


def levels(*pairs: tuple[str, str]) -> tuple[tuple[Decimal, Decimal], ...]:
    return tuple((D(price), D(size)) for price, size in pairs)


def best(update_id: int, bid: str, ask: str, *, ts_ns: int = 5) -> BestNews:
    return BestNews(
        ts_ns=ts_ns, symbol=SYMBOL, update_id=update_id, bid=(D(bid), D(1)), ask=(D(ask), D(1))
    )


def trade(price: str, size: str, taker: Side, *, ts_ns: int = 6) -> PrintNews:
    return PrintNews(
        ts_ns=ts_ns, symbol=SYMBOL, trade_id=77, price=D(price), size=D(size), taker=taker
    )


def recording() -> Exchange:
    """Snapshot 100: bids 99, 98; asks 101, 102, one each."""
    exchange = venue(market(recorded=True))
    book = DepthBook(
        last=100, bids=levels(("99", "1"), ("98", "1")), asks=levels(("101", "1"), ("102", "1"))
    )
    assert exchange.load_depth(SYMBOL, book, 1) == []
    assert exchange.depth(SYMBOL, 5) == book
    return exchange


def diff(
    exchange: Exchange,
    first: int,
    last: int,
    *,
    bids: tuple[tuple[Decimal, Decimal], ...] = (),
    asks: tuple[tuple[Decimal, Decimal], ...] = (),
) -> list[News]:
    return exchange.apply_depth(SYMBOL, first=first, last=last, bids=bids, asks=asks, now_ns=9)


def test_without_orders_everything_is_published_as_recorded() -> None:
    exchange = recording()
    assert exchange.advance(10**12) == []
    exchange = recording()
    assert diff(exchange, 95, 100, bids=levels(("99", "7"))) == []
    changed = levels(("99", "0"), ("98.5", "3"))
    assert diff(exchange, 101, 105, bids=changed) == [
        DepthNews(ts_ns=9, symbol=SYMBOL, first=101, last=105, bids=changed, asks=())
    ]
    ticker, print_news = best(106, "98.5", "101", ts_ns=10), trade("101", "2", BUY, ts_ns=11)
    assert exchange.apply_best(ticker) == [ticker]
    assert exchange.apply_best(ticker) == [ticker]
    assert exchange.apply_print(print_news) == [print_news]


def test_recorded_trade_fills_orders_at_its_price_or_better_up_to_its_size() -> None:
    exchange = recording()
    for price, name in (("98.5", "low"), ("99.5", "high"), ("99", "even")):
        exchange.place("a", order(BUY, price, "1", client_id=name), 2)
    news = exchange.apply_print(trade("99", "1.5", SELL))
    fills = [(one.order.client_id, one.trade.size) for one in reports(news) if one.trade]
    assert fills == [("high", D(1)), ("even", D("0.5"))]
    assert [one for one in news if isinstance(one, PrintNews)] == [trade("99", "1.5", SELL)]
    assert exchange.balances("a")["USD"][0] < 100_000


def test_trade_of_the_other_side_fills_nothing() -> None:
    exchange = recording()
    exchange.place("a", order(BUY, "99.5", "1"), 2)
    assert reports(exchange.apply_print(trade("99", "5", BUY))) == []


def test_post_only_uses_the_newest_recorded_best_price() -> None:
    exchange = recording()
    exchange.apply_best(best(103, "99", "99.5"))
    with pytest.raises(Refused) as refusal:
        exchange.place("a", order(BUY, "99.5", "1", kind=OrderKind.LIMIT_MAKER), 6)
    assert refusal.value.reason is SimReject.WOULD_MATCH
    diff(exchange, 101, 110, asks=levels(("101", "1")))
    exchange.place("a", order(BUY, "99.5", "1", kind=OrderKind.LIMIT_MAKER), 10)


def test_order_crossed_by_the_recorded_best_price_is_filled_at_its_own_price() -> None:
    exchange = recording()
    exchange.place("a", order(SELL, "100", "2"), 2)
    (report,) = reports(exchange.apply_best(best(101, "100.5", "101")))
    assert report.trade is not None
    assert (report.trade.price, report.trade.size) == (D(100), D(2))


def test_marketable_order_takes_the_recorded_depth_with_own_trade_ids() -> None:
    exchange = recording()
    placed, news = exchange.place("a", order(BUY, "102", "2"), 2)
    assert placed.filled_quote == D(203)
    prints = [one for one in news if isinstance(one, PrintNews)]
    assert [one.price for one in prints] == [D(101), D(102)]
    assert all(one.trade_id > 10**13 for one in prints)


def test_update_ids_have_no_gap_with_orders_between_recorded_diffs() -> None:
    exchange = recording()
    book, last = rebuilt(exchange.depth(SYMBOL, 9)), 100
    news = diff(exchange, 101, 105, bids=levels(("99", "2")))
    placed, more = exchange.place("a", order(BUY, "99.5", "1"), 10)
    news += more + diff(exchange, 106, 107, asks=levels(("101", "4")))
    late = exchange.depth(SYMBOL, 9)
    news += exchange.cancel("a", SYMBOL, order_id=placed.order_id, now_ns=11)[1]
    news += diff(exchange, 108, 109) + diff(exchange, 110, 112)
    for one in news:
        if isinstance(one, DepthNews):
            assert one.first == last + 1
            apply(book, one)
            last = one.last
            if last == late.last:
                assert book == rebuilt(late)
    assert last == 114
    assert book == rebuilt(exchange.depth(SYMBOL, 9))
    ids = [one.update_id for one in news if isinstance(one, BestNews)]
    assert ids == sorted(set(ids))
    assert len(ids) == 2


def test_outdated_depth_that_crosses_an_order_is_not_shown() -> None:
    """The best price has moved, but the recorded diff of that move is still to come."""
    exchange = recording()
    exchange.apply_best(best(110, "102.5", "103"))
    exchange.place("a", order(BUY, "101.5", "1"), 6)
    assert exchange.depth(SYMBOL, 9).asks == levels(("102", "1"))
    (news,) = (one for one in diff(exchange, 101, 102) if isinstance(one, DepthNews))
    assert (D(101), D(0)) in news.asks
    exchange.cancel_all("a", SYMBOL, 10)
    (news,) = (one for one in diff(exchange, 103, 104) if isinstance(one, DepthNews))
    assert (D(101), D(1)) in news.asks


def test_best_level_alone_is_the_first_of_the_whole_depth() -> None:
    exchange = recording()
    for side, prices in ((BUY, ("98", "99", "100")), (SELL, ("103", "102", "101"))):
        for price in prices:
            exchange.place("a", order(side, price, "1"), 2)
            one, whole = exchange.depth(SYMBOL, 1), exchange.depth(SYMBOL, 9)
            assert (one.bids, one.asks) == (whole.bids[:1], whole.asks[:1])


def test_script_on_a_recorded_market_raises() -> None:
    with pytest.raises(ValueError, match="recorded market"):
        recording().script(SYMBOL, Crash(), 0)


def spec_of(symbol: str, tick: str, lot: str) -> MarketSpec:
    return replace(market(recorded=True), symbol=symbol, tick=D(tick), lot=D(lot), size_min=D(lot))


def rows(path: Path) -> Iterator[dict[str, object]]:
    with gzip.open(path, "rt") as lines:
        for line in lines:
            message = json.loads(line.split(" ", 1)[1])
            yield message.get("data", message)


def pairs(value: object) -> tuple[tuple[Decimal, Decimal], ...]:
    assert isinstance(value, list)
    return tuple((D(price), D(size)) for price, size in value)


def played(exchange: Exchange, symbol: str, row: dict[str, object]) -> list[News]:
    """Feed one recorded row."""
    match row:
        case {"lastUpdateId": int(last)}:
            book = DepthBook(last=last, bids=pairs(row["bids"]), asks=pairs(row["asks"]))
            return exchange.load_depth(symbol, book, 1)
        case {"U": int(first), "u": int(last), "b": bids, "a": asks}:
            return exchange.apply_depth(
                symbol, first=first, last=last, bids=pairs(bids), asks=pairs(asks), now_ns=1
            )
        case {"t": int(number), "p": str(price), "q": str(size), "m": bool(is_sell)}:
            taker = SELL if is_sell else BUY
            return exchange.apply_print(
                PrintNews(
                    ts_ns=1,
                    symbol=symbol,
                    trade_id=number,
                    price=D(price),
                    size=D(size),
                    taker=taker,
                )
            )
        case {"u": int(last), "b": str(bid), "B": str(bids), "a": str(ask), "A": str(asks)}:
            news = BestNews(
                ts_ns=1,
                symbol=symbol,
                update_id=last,
                bid=(D(bid), D(bids)),
                ask=(D(ask), D(asks)),
            )
            assert exchange.apply_best(news) == [news]
            return [news]
        case _:
            raise AssertionError(row)


@pytest.mark.slow
@pytest.mark.skipif(not BINANCE_RAW.is_dir(), reason="recorded captures are not on this machine")
@pytest.mark.parametrize(
    ("name", "symbol", "tick", "lot"),
    [
        ("spot_BTCUSDT_20240808.gz", "BTCUSDT", "0.01", "0.00001"),
        ("spot_NEXOUSDT_20240723.gz", "NEXOUSDT", "0.001", "0.01"),
    ],
)
def test_book_from_published_updates_has_the_recorded_best_prices(
    name: str, symbol: str, tick: str, lot: str
) -> None:
    """A book rebuilt from what we publish equals the recorded ticker at every shared id."""
    exchange = venue(spec_of(symbol, tick, lot))
    recorded = list(islice(rows(BINANCE_RAW / name), 12_000))
    snapshot = next(row for row in recorded if "lastUpdateId" in row)
    played(exchange, symbol, snapshot)
    loaded = exchange.depth(symbol, 5000)
    book: Book = rebuilt(loaded)
    tickers: dict[int, BestNews] = {}
    last, shared = loaded.last, 0
    for row in recorded:
        if "lastUpdateId" in row:
            continue
        for news in played(exchange, symbol, row):
            if isinstance(news, BestNews):
                tickers[news.update_id] = news
            if isinstance(news, DepthNews):
                assert news.first <= last + 1 <= news.last
                apply(book, news)
                last = news.last
                ticker = tickers.get(last)
                if ticker is not None:
                    shared += 1
                    bid, ask = max(book[BUY]), min(book[SELL])
                    assert (bid, book[BUY][bid]) == ticker.bid
                    assert (ask, book[SELL][ask]) == ticker.ask
    assert shared > 50
    assert book == rebuilt(exchange.depth(symbol, 10_000))


def queued(model: FillModel) -> Exchange:
    """The recording with one of our bids of 1 behind the recorded size of 1 at 99."""
    exchange = venue(replace(market(recorded=True), fill_model=model))
    book = DepthBook(last=100, bids=levels(("99", "1"), ("98", "1")), asks=levels(("101", "1")))
    exchange.load_depth(SYMBOL, book, 1)
    exchange.place("a", order(BUY, "99", "1"), 2)
    return exchange


@pytest.mark.parametrize(
    ("model", "filled"),
    [
        (FillModel.FRONT, "1"),
        (FillModel.PROBABLE, "0.5"),
        (FillModel.PESSIMISTIC, "0.5"),
        (FillModel.CERTAIN, "0"),
    ],
)
def test_print_at_the_price_of_an_order_fills_it_as_the_model_says(
    model: FillModel, filled: str
) -> None:
    exchange = queued(model)
    exchange.apply_print(trade("99", "1.5", SELL))
    assert sum((one.size for one in exchange.trades("a", SYMBOL)), D(0)) == D(filled)


@pytest.mark.parametrize("model", list(FillModel))
def test_print_beyond_the_price_of_an_order_fills_it_in_every_model(model: FillModel) -> None:
    exchange = queued(model)
    exchange.apply_print(trade("98", "1", SELL))
    assert [(one.price, one.size) for one in exchange.trades("a", SYMBOL)] == [(D(99), D(1))]


def test_recorded_size_that_vanishes_brings_an_order_to_the_front() -> None:
    exchange = queued(FillModel.PESSIMISTIC)
    diff(exchange, 101, 101, bids=levels(("99", "0")))
    exchange.apply_print(trade("99", "0.4", SELL))
    assert [one.size for one in exchange.trades("a", SYMBOL)] == [D("0.4")]


def test_recorded_diff_behind_a_best_price_keeps_a_lower_id() -> None:
    """The best price at 105 is newer than the diff to 103, whatever accounts do in between."""
    exchange = recording()
    (shown,) = (n for n in exchange.apply_best(best(105, "99.5", "101")) if isinstance(n, BestNews))
    for number in range(5):
        exchange.place("a", order(BUY, "90", "1", client_id=f"a{number}"), 6)
    (depth,) = (n for n in diff(exchange, 101, 103) if isinstance(n, DepthNews))
    assert depth.last < shown.update_id


def test_changes_by_accounts_wait_until_the_diffs_reach_the_best_price() -> None:
    exchange = recording()
    exchange.apply_best(best(105, "99.5", "101"))
    exchange.place("a", order(BUY, "90", "1"), 6)
    assert exchange.flush_depth(SYMBOL, 7) == []
    (depth,) = (n for n in diff(exchange, 101, 105) if isinstance(n, DepthNews))
    assert (D(90), D(1)) in depth.bids
    exchange.place("a", order(BUY, "91", "1"), 8)
    (flushed,) = (n for n in exchange.flush_depth(SYMBOL, 9) if isinstance(n, DepthNews))
    assert flushed.first == depth.last + 1
    assert (D(91), D(1)) in flushed.bids
