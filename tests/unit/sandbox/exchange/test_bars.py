"""Bars of trades, and everything that is merged from them."""

from datetime import UTC, datetime
from decimal import Decimal
from itertools import pairwise

import pytest

from quoter.domain.market import Side
from quoter.domain.units import NS_PER_MS
from quoter.sandbox.exchange.bars import (
    DAY_MS,
    HOUR_MS,
    INTERVALS,
    MINUTE_MS,
    MINUTES_MAX,
    SECONDS_MAX,
    TradeBars,
    interval_end_ms,
    interval_start_ms,
)
from quoter.sandbox.exchange.history import History
from quoter.sim.messages import BestNews, PrintNews
from quoter.sim.model_markets import BITCOIN

BEGIN_MS = round(datetime(2026, 11, 30, tzinfo=UTC).timestamp()) * 1_000  # a Monday


def trade(after_ms: int, price: str, size: str = "1", taker: Side = Side.BUY) -> PrintNews:
    """A trade; its id is its time."""
    return PrintNews(
        ts_ns=(BEGIN_MS + after_ms) * NS_PER_MS,
        symbol=BITCOIN.symbol,
        trade_id=after_ms,
        price=Decimal(price),
        size=Decimal(size),
        taker=taker,
    )


def bars_of(*trades: PrintNews) -> TradeBars:
    """Bars that open at 100."""
    bars = TradeBars(Decimal(100), BEGIN_MS)
    for each in trades:
        bars.add(each)
    return bars


def test_a_bar_has_prices_volume_and_ids_of_its_trades() -> None:
    bars = bars_of(
        trade(1, "10", "2"), trade(2, "12"), trade(3, "9", "3", Side.SELL), trade(4, "11")
    )
    (bar,) = bars.klines("1m")
    assert [bar.open, bar.high, bar.low, bar.close] == [Decimal(each) for each in (10, 12, 9, 11)]
    assert (bar.volume, bar.volume_quote) == (Decimal(7), Decimal(20 + 12 + 27 + 11))
    assert (bar.bought, bar.bought_quote) == (Decimal(4), Decimal(43))
    assert (bar.trades, bar.first_id, bar.last_id) == (4, 1, 4)
    assert (bars.price, bars.last_size, bars.last_ms) == (Decimal(11), Decimal(1), BEGIN_MS + 4)


def test_time_without_a_trade_is_filled_with_the_last_price() -> None:
    bars = bars_of(trade(0, "5"), trade(3_000, "8"))
    bars.advance(BEGIN_MS + 5_000)
    rows = bars.klines("1s")
    assert [bar.start_ms - BEGIN_MS for bar in rows] == [0, 1_000, 2_000, 3_000, 4_000, 5_000]
    assert [bar.close for bar in rows] == [Decimal(each) for each in (5, 5, 5, 8, 8, 8)]
    assert [bar.trades for bar in rows] == [1, 0, 0, 1, 0, 0]
    assert rows[1].first_id == rows[1].last_id == -1


def test_a_long_gap_makes_no_more_bars_than_are_kept() -> None:
    bars = bars_of(trade(0, "5"), trade(10**10, "8"))
    assert len(bars.klines("1s")) == SECONDS_MAX
    minutes = bars.klines("1m")
    assert len(minutes) == MINUTES_MAX
    starts = [bar.start_ms for bar in minutes]
    assert starts == list(range(starts[0], starts[-1] + 1, MINUTE_MS))


@pytest.mark.parametrize("interval", INTERVALS)
def test_every_interval_is_the_sum_of_its_trades(interval: str) -> None:
    """Two days of trades, one every 7 minutes: each bar starts and ends where the calendar says."""
    times = range(0, 2 * DAY_MS, 7 * MINUTE_MS)
    bars = bars_of(*(trade(after_ms, str(100 + after_ms // MINUTE_MS % 13)) for after_ms in times))
    rows = bars.klines(interval)
    for before, after in pairwise(rows):
        assert interval_end_ms(interval, before.start_ms) + 1 == after.start_ms
    last_end_ms = interval_end_ms(interval, rows[-1].start_ms)
    assert rows[-1].start_ms <= BEGIN_MS + times[-1] <= last_end_ms
    kept = [after_ms for after_ms in times if BEGIN_MS + after_ms >= rows[0].start_ms]
    assert sum(bar.trades for bar in rows) == len(kept)


def test_minutes_without_a_trade_leave_the_interval_as_its_trades_made_it() -> None:
    bars = bars_of(trade(5 * MINUTE_MS, "7"), trade(6 * MINUTE_MS, "9"))
    bars.advance(BEGIN_MS + 30 * MINUTE_MS)
    (bar,) = bars.klines("1h")
    assert [bar.open, bar.high, bar.low, bar.close] == [Decimal(each) for each in (7, 9, 7, 9)]
    assert (bar.first_id, bar.last_id) == (5 * MINUTE_MS, 6 * MINUTE_MS)


def test_weeks_start_on_monday_and_months_on_the_first() -> None:
    thursday_ms = round(datetime(2026, 12, 31, 23, 59, tzinfo=UTC).timestamp()) * 1_000
    week_ms = interval_start_ms("1w", thursday_ms)
    assert datetime.fromtimestamp(week_ms // 1_000, UTC).strftime("%a %d") == "Mon 28"
    month_ms = interval_start_ms("1M", thursday_ms)
    assert datetime.fromtimestamp(month_ms // 1_000, UTC).day == 1
    assert interval_end_ms("1M", month_ms) == thursday_ms + MINUTE_MS - 1


def test_a_window_begins_at_a_full_minute() -> None:
    bars = bars_of(trade(0, "1"), trade(HOUR_MS, "2"), trade(HOUR_MS + MINUTE_MS, "3"))
    total = bars.window(BEGIN_MS + HOUR_MS + 59_999)
    assert (total.trades, total.open, total.close) == (2, Decimal(2), Decimal(3))


def test_before_the_first_trade_the_book_of_a_recorded_market_gives_the_price() -> None:
    history, now_ns = History(), BEGIN_MS * NS_PER_MS
    assert not history.is_priced(BITCOIN.symbol)
    assert history.bars(BITCOIN, now_ns).price == BITCOIN.mid
    one = Decimal(1)
    history.receive(
        [
            BestNews(
                ts_ns=now_ns,
                symbol=BITCOIN.symbol,
                update_id=1,
                bid=(Decimal(99), one),
                ask=(Decimal(101), one),
            )
        ]
    )
    assert history.bars(BITCOIN, now_ns).price == Decimal(99)
    history.receive([trade(1, "98")])
    assert history.bars(BITCOIN, now_ns).price == Decimal(98)
