"""Price bars, and merging of depth diffs."""

from decimal import Decimal
from itertools import pairwise

from quoter.domain.market import Side
from quoter.domain.units import NS_PER_S
from quoter.sandbox.exchange.history import BARS_MAX, Bars
from quoter.sandbox.streams.depth_merger import DepthMerger
from quoter.sim.messages import DepthNews, PrintNews


def test_bar_keeps_high_low_close_and_volume() -> None:
    bars = Bars(1_000)
    for offset_ns, price in ((0, 10), (1, 12), (2, 9), (3, 11)):
        bars.price(NS_PER_S + offset_ns, Decimal(price))
    for taker in (Side.BUY, Side.SELL):
        bars.trade(
            PrintNews(
                ts_ns=NS_PER_S + 4,
                symbol="X",
                trade_id=1,
                price=Decimal(10),
                size=Decimal(2),
                taker=taker,
            )
        )
    (bar,) = bars.bars
    prices = [bar.open, bar.high, bar.low, bar.close]
    assert prices == [Decimal(price) for price in (10, 12, 9, 11)]
    assert (bar.start_ms, bar.trades) == (1_000, 2)
    assert [bar.volume, bar.volume_quote, bar.bought] == [Decimal(4), Decimal(40), Decimal(2)]


def test_intervals_without_price_repeat_the_last_one() -> None:
    bars = Bars(1_000)
    bars.price(0, Decimal(5))
    bars.price(3 * NS_PER_S, Decimal(8))
    assert [bar.start_ms for bar in bars.bars] == [0, 1_000, 2_000, 3_000]
    assert [bar.open for bar in bars.bars] == [Decimal(price) for price in (5, 5, 5, 8)]


def test_long_gap_creates_no_more_bars_than_are_kept() -> None:
    bars = Bars(1_000)
    bars.price(0, Decimal(5))
    bars.price(10**6 * NS_PER_S, Decimal(8))
    assert len(bars.bars) == BARS_MAX
    starts = [bar.start_ms for bar in bars.bars]
    assert starts[-1] == 10**9
    assert all(later - earlier == 1_000 for earlier, later in pairwise(starts))


def test_merged_diff_spans_all_ids_and_keeps_the_last_size() -> None:
    merger = DepthMerger("X")
    assert merger.flush(0) is None
    one, two = Decimal(1), Decimal(2)
    for first, bids in ((1, ((one, one),)), (4, ((one, two), (two, one)))):
        merger.add(
            DepthNews(ts_ns=first, symbol="X", first=first, last=first + 2, bids=bids, asks=())
        )
    merged = merger.flush(9)
    assert merged is not None
    assert (merged.ts_ns, merged.first, merged.last) == (9, 1, 6)
    assert merged.bids == ((one, two), (two, one))
    assert merger.flush(10) is None
