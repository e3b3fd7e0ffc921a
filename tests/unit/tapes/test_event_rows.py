"""Events of a feed as rows: exact decimals, and update ids that never run back."""

from decimal import Decimal

from quoter.domain.events import BookDelta, BookSnapshot, TopOfBook, Trade
from quoter.domain.market import Level, Side
from quoter.tapes.event_rows import EventRows, off_grid
from quoter.tapes.messages import Best, Depth, Print, Snapshot

TICK = Decimal("0.01")


def book(last: int, bid: float) -> BookSnapshot:
    return BookSnapshot(ts_ns=1, last=last, bids=(Level(bid, 1.5),), asks=(Level(100.2, 2.0),))


def delta(prev: int, last: int, price: float = 100.0) -> BookDelta:
    return BookDelta(ts_ns=1, prev=prev, last=last, bids=(Level(price, 0.1),), asks=())


def test_first_snapshot_opens_the_book_and_later_ones_are_changes() -> None:
    rows = EventRows()
    opening = rows.row(book(10, 100.1))
    assert isinstance(opening, Snapshot)
    assert opening.bids == ((Decimal("100.1"), Decimal("1.5")),)
    change = rows.row(delta(10, 12))
    assert isinstance(change, Depth)
    assert (change.first, change.last) == (11, 12)
    later = rows.row(book(20, 100.05))
    assert isinstance(later, Depth)
    assert (later.first, later.last) == (13, 20)
    assert dict(later.bids) == {
        Decimal("100.1"): 0,
        Decimal("100.0"): 0,
        Decimal("100.05"): Decimal("1.5"),
    }


def test_ids_that_run_back_are_shifted() -> None:
    rows = EventRows()
    rows.row(book(1_000, 100.1))
    again = rows.row(book(5, 100.0))
    assert isinstance(again, Depth)
    assert (again.first, again.last) == (1_001, 1_001)
    change = rows.row(delta(5, 6))
    assert isinstance(change, Depth)
    assert (change.first, change.last) == (1_002, 1_002)
    top = TopOfBook(ts_ns=1, update_id=7, bid=Level(100.0, 1.0), ask=Level(100.2, 1.0))
    best = rows.row(top)
    assert isinstance(best, Best)
    assert best.update_id == 1_003


def test_trade_keeps_its_numbers() -> None:
    trade = Trade(ts_ns=1, trade_id="17", price=100.1, size=0.25, taker=Side.SELL)
    row = EventRows().row(trade)
    assert row == Print(
        trade_id=17, price=Decimal("100.1"), size=Decimal("0.25"), is_buyer_maker=True
    )


def test_price_off_the_grid_is_found_in_each_kind_of_event() -> None:
    assert off_grid(book(1, 100.11), TICK) is None
    assert off_grid(book(1, 100.111), TICK) == Decimal("100.111")
    assert off_grid(delta(1, 2, 100.001), TICK) == Decimal("100.001")
    top = TopOfBook(ts_ns=1, update_id=7, bid=Level(100.0, 1.0), ask=Level(100.205, 1.0))
    assert off_grid(top, TICK) == Decimal("100.205")
    trade = Trade(ts_ns=1, trade_id="x", price=0.005, size=1.0, taker=Side.BUY)
    assert off_grid(trade, TICK) == Decimal("0.005")
