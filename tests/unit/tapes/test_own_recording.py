"""Recordings of quoter itself as tapes."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from quoter.domain.events import BookDelta, BookSnapshot, Event, RulesReport, Tick, TopOfBook, Trade
from quoter.domain.market import Level, Side
from quoter.recording.codec import End
from quoter.tapes.formats import read_tape, tape_market, tape_symbol
from quoter.tapes.messages import Best, Depth, Line, Print, Snapshot, TapeError
from quoter.tapes.reading import ReadProgress
from tests.unit.engine.cases import CONFIG
from tests.unit.recording.cases import header, write

D = Decimal
RULES = RulesReport(ts_ns=1, instrument=replace(CONFIG.instrument, fee_maker=D("0.0003")))
EVENTS: tuple[Event, ...] = (
    RULES,
    BookSnapshot(ts_ns=2, last=7, bids=((100.1, 2.0),), asks=((100.3, 0.1),)),
    BookDelta(ts_ns=3, prev=7, last=9, bids=((100.1, 0.0), (100.0, 5.0)), asks=()),
    TopOfBook(ts_ns=4, update_id=10, bid=Level(100.0, 5.0), ask=Level(100.3, 0.1)),
    Trade(ts_ns=5, trade_id="11", price=100.3, size=0.1, taker=Side.BUY),
    Tick(ts_ns=6),
    BookSnapshot(ts_ns=7, last=20, bids=((99.9, 1.0),), asks=((100.3, 0.2),)),
)


def recording(folder: Path, events: tuple[Event, ...] = EVENTS) -> Path:
    """Write a recording of two blocks; return its file."""
    end = End(ts_ns=8, events=len(events))
    return write(folder, [[header(config=None)], [*events, end]])[0]


def read(path: Path) -> list[Line]:
    progress = ReadProgress((path,))
    return list(read_tape((path,), "", on_bad=pytest.fail, progress=progress))


def test_market_events_become_rows_with_exact_numbers(tmp_path: Path) -> None:
    path = recording(tmp_path)
    assert read(path) == [
        (2, Snapshot(last=7, bids=((D("100.1"), D("2.0")),), asks=((D("100.3"), D("0.1")),))),
        (
            3,
            Depth(first=8, last=9, bids=((D("100.1"), D("0.0")), (D("100.0"), D("5.0"))), asks=()),
        ),
        (
            4,
            Best(
                update_id=10,
                bid=D("100.0"),
                bid_size=D("5.0"),
                ask=D("100.3"),
                ask_size=D("0.1"),
            ),
        ),
        (5, Print(trade_id=11, price=D("100.3"), size=D("0.1"), is_buyer_maker=False)),
        (
            7,
            Depth(
                first=10,
                last=20,
                bids=((D("100.1"), D(0)), (D("100.0"), D(0)), (D("99.9"), D("1.0"))),
                asks=((D("100.3"), D("0.2")),),
            ),
        ),
    ]


def test_the_market_has_the_recorded_rules_and_fee(tmp_path: Path) -> None:
    path, rules = recording(tmp_path), RULES.instrument
    assert tape_symbol((path,)) == "ABC/USD"  # of the header
    market = tape_market((path,), rules.symbol, filters=None)
    assert (market.symbol, market.base, market.quote) == (
        rules.venue_symbol,
        rules.base,
        rules.quote,
    )
    assert (market.tick, market.lot, market.fee_maker) == (rules.tick, rules.lot, D("0.0003"))


def test_a_gap_is_kept(tmp_path: Path) -> None:
    gap = BookDelta(ts_ns=3, prev=8, last=9, bids=(), asks=())
    *_, (_, row) = read(recording(tmp_path, (*EVENTS[:2], gap)))
    assert isinstance(row, Depth)
    assert row.first == 9  # update 8 is missing


def test_damage_is_named(tmp_path: Path) -> None:
    path = recording(tmp_path)
    data = bytearray(path.read_bytes())
    data[-5] ^= 1
    path.write_bytes(data)
    with pytest.raises(TapeError, match="block 2 at byte"):
        read(path)


def test_rules_that_do_not_fit_the_prices_are_refused(tmp_path: Path) -> None:
    rules = replace(RULES, instrument=replace(RULES.instrument, tick=D(7)))
    path = recording(tmp_path, (rules, *EVENTS[1:]))
    with pytest.raises(TapeError, match="not multiples of the tick 7"):
        tape_market((path,), RULES.instrument.symbol, filters=None)
