"""The ledger stores each row exactly and once, for the next process to read."""

import os
import sqlite3
from decimal import Decimal
from pathlib import Path

import pytest

from quoter.domain.market import SavedCalibration, Side
from quoter.domain.orders import NO_KNOWN_ORDERS, OrderState
from quoter.ledger.ledger import Ledger
from quoter.ledger.reader import Reader, known_orders
from quoter.ledger.rows import FillKind, KnownFill, Market
from quoter.ledger.schema import NAME, prepare
from quoter.state.inventory import LedgerConflict
from tests.unit.ledger.cases import (
    MARKET,
    NOW_NS,
    OPENING,
    booked,
    fill,
    manifest,
    opened,
    order,
)

OTHER = Market("sandbox", "binance", "ETH/USDT")


def read(folder: Path) -> list[KnownFill]:
    """Return all fills of the open epoch, read through a second connection."""
    with Reader(folder) as reader:
        epoch = reader.epoch(MARKET)
        assert epoch is not None
        return list(reader.fills(epoch.number))


async def test_a_fill_is_on_disk_exactly_when_record_fills_returns(tmp_path: Path) -> None:
    odd = booked(7, price=Decimal("0.10"), fee=Decimal("-1E-8"), fee_asset="", is_maker=False)
    async with opened(tmp_path) as ledger:
        await ledger.record_fills([odd])
        assert read(tmp_path) == [odd]
        assert str(read(tmp_path)[0].fill.price) == "0.10"
    assert read(tmp_path) == [odd]


async def test_a_fill_that_is_recorded_again_changes_nothing(tmp_path: Path) -> None:
    async with opened(tmp_path) as ledger:
        await ledger.record_fills([booked(1), booked(2)])
        again = booked(1, price=Decimal("60000.010"), ts_ns=NOW_NS + 99, venue_id="")
        await ledger.record_fills([again, booked(3)])
    assert [known.fill.trade_id for known in read(tmp_path)] == ["1", "2", "3"]
    assert read(tmp_path)[0] == booked(1)


@pytest.mark.parametrize(
    "changes",
    [
        {"price": Decimal("60000.02")}, {"size": Decimal("0.002")}, {"side": Side.SELL},
        {"fee": Decimal(0)}, {"fee_asset": "BTC"}, {"price": Decimal("NaN")},
    ],
)  # fmt: skip
async def test_a_trade_id_with_other_content_is_a_conflict_and_the_stored_fill_stays(
    tmp_path: Path, changes: dict[str, object]
) -> None:
    async with opened(tmp_path) as ledger:
        await ledger.record_fills([booked(1)])
        with pytest.raises(LedgerConflict, match="trade 1"):
            await ledger.record_fills([booked(5), booked(1, **changes)])
        await ledger.record_fills([booked(2)])
        assert not ledger.failure
    assert read(tmp_path) == [booked(1), booked(2)]


async def test_an_unmatched_fill_is_booked_when_its_order_becomes_known(tmp_path: Path) -> None:
    unmatched = KnownFill(fill(4, client_id=""), FillKind.UNMATCHED)
    async with opened(tmp_path) as ledger:
        await ledger.record_fills([unmatched])
        ledger.match_fill("4", "q00run4")
        await ledger.record_fills([KnownFill(fill(5, client_id=""), FillKind.UNMATCHED)])
        await ledger.record_fills([booked(5), booked(6)])
    assert read(tmp_path) == [booked(4), booked(5), booked(6)]


async def test_a_trade_that_occurs_twice_in_one_list_is_stored_once(tmp_path: Path) -> None:
    async with opened(tmp_path) as ledger:
        await ledger.record_fills([booked(1), booked(2), booked(1)])
        with pytest.raises(LedgerConflict):
            await ledger.record_fills([booked(3), booked(3, fee=Decimal(1))])
    assert read(tmp_path) == [booked(1), booked(2)]


async def test_open_orders_of_all_epochs_are_found_by_the_venue_id(tmp_path: Path) -> None:
    async with opened(tmp_path) as ledger:
        for number in (1, 2, 3):
            await ledger.record_intent(order(number))
            ledger.record_venue_id(f"q00run{number}", f"v{number}")
        ledger.record_order_end("q00run2", OrderState.CANCELED, Decimal(0), NOW_NS)
        await ledger.open_epoch(opening={}, target=Decimal(0), before=(), now_ns=NOW_NS, reason="x")
        await ledger.record_intent(order(4))  # not named by the venue yet
        market = ledger.market
        expected = ({"v3": "q00run3", "v1": "q00run1"}, ("q00run4",))
        assert ledger.reader.open_orders(market) == expected
        assert ledger.reader.open_orders(market._replace(symbol="ETH/USDT")) == NO_KNOWN_ORDERS
    assert known_orders(tmp_path, market) == expected
    assert known_orders(tmp_path / "none", market) is None


async def test_an_order_is_unsettled_from_its_intent_to_its_recorded_end(tmp_path: Path) -> None:
    async with opened(tmp_path) as ledger:
        for number in (1, 2, 3):
            await ledger.record_intent(order(number))
        ledger.record_order_end("q00run2", OrderState.FILLED, Decimal("0.005"), NOW_NS)
        ledger.record_order_end("q00never", OrderState.REJECTED, Decimal(0), NOW_NS)
    with Reader(tmp_path) as reader:
        epoch = reader.epoch(MARKET)
        assert epoch is not None
        first, third = reader.unsettled(epoch.number)
        assert (first.client_id, third.client_id) == ("q00run1", "q00run3")
        wanted = order(1)
        assert (first.side, first.price, first.size) == (wanted.side, wanted.price, wanted.size)
        assert reader.is_known_order("q00run2", epoch.number)
        assert not reader.is_known_order("q00never", epoch.number)
        assert not reader.is_known_order("q00run1", epoch.number + 1)


async def test_an_order_id_cannot_be_recorded_twice(tmp_path: Path) -> None:
    """The primary key is the last protection against the reuse of an id: it stops trading."""
    failures: list[str] = []
    async with opened(tmp_path) as ledger:
        ledger.on_failure = failures.append
        await ledger.record_intent(order(1))
        with pytest.raises(Exception, match="UNIQUE"):
            await ledger.record_intent(order(1))
        assert ledger.failure == failures[0]


async def test_an_epoch_outlasts_the_run_and_each_market_has_its_own(tmp_path: Path) -> None:
    async with opened(tmp_path) as ledger:
        await ledger.record_fills([booked(1)])
    async with opened(tmp_path, run="two", market=OTHER) as ledger:
        assert ledger.opened.number == 2
    async with opened(tmp_path, run="three") as ledger:
        epoch = ledger.opened
        assert (epoch.number, epoch.target, epoch.opening) == (1, Decimal(1), OPENING)
        assert [known.fill.trade_id for known in ledger.reader.fills(1)] == ["1"]


async def test_a_new_epoch_seals_the_old_one_with_its_reason_and_keeps_all_rows(
    tmp_path: Path,
) -> None:
    """Trade ids may repeat in it: a venue that was reset counts from one."""
    async with opened(tmp_path) as ledger:
        await ledger.record_fills([booked(1)])
        held = {"BTC": Decimal(3)}
        before = [booked(8)]
        epoch = await ledger.open_epoch(
            opening=held, target=Decimal(3), before=before, now_ns=NOW_NS + 5, reason="wiped"
        )
        assert (epoch.number, epoch.opening, epoch.sealed_ns) == (2, held, None)
        await ledger.record_fills([booked(1, price=Decimal(2))])
        old, _ = ledger.reader.epochs()
        assert (old.sealed_ns, old.reason) == (NOW_NS + 5, "wiped")
        assert list(ledger.reader.fills(1)) == [booked(1)]
    assert [known.kind for known in read(tmp_path)] == [FillKind.BEFORE, FillKind.BOOKED]


async def test_a_run_is_recorded_at_its_begin_and_at_its_end(tmp_path: Path) -> None:
    async with opened(tmp_path) as ledger:
        with Reader(tmp_path) as reader:
            (row,) = reader.runs(5)
            assert (row.run, row.market, row.exit_code) == ("one", MARKET, None)
        await ledger.end_run(30, NOW_NS + 9)
    prepare(tmp_path)
    with Reader(tmp_path) as reader:
        (row,) = reader.runs(5)
    assert (row.version, row.ended_ns, row.exit_code) == ("0.1.0", NOW_NS + 9, 30)


async def test_a_calibration_is_saved_exactly_and_per_market(tmp_path: Path) -> None:
    learned = SavedCalibration(NOW_NS, 20 / 3, 0.1, 1e-9)
    async with opened(tmp_path) as ledger:
        await ledger.save_calibration(SavedCalibration(NOW_NS - 1, 1.0, 1.0, 1.0))
        await ledger.save_calibration(learned)
    with Reader(tmp_path) as reader:
        assert reader.saved_calibration(MARKET) == learned
        assert reader.saved_calibration(OTHER) is None


async def test_closing_leaves_one_file(tmp_path: Path) -> None:
    async with opened(tmp_path) as ledger:
        await ledger.record_fills([booked(1)])
    assert os.listdir(tmp_path) == [NAME]  # noqa: PTH208 - pathlib would block the loop as well


async def test_queued_writes_are_on_disk_before_a_later_awaited_write_returns(
    tmp_path: Path,
) -> None:
    async with opened(tmp_path) as ledger:
        await ledger.record_intent(order(1))
        ledger.record_order_end("q00run1", OrderState.CANCELED, Decimal(0), NOW_NS)
        await ledger.record_fills([])
        assert ledger.reader.unsettled(ledger.opened.number) == []


async def test_every_commit_is_synced_to_disk(tmp_path: Path) -> None:
    """`synchronous` 2 is FULL: the log is synced before a commit returns."""
    seen: list[tuple[object, object]] = []

    def spied(path: Path) -> sqlite3.Connection:
        from quoter.ledger.schema import connect

        connection = connect(path)
        one = connection.execute("PRAGMA synchronous").fetchone()
        two = connection.execute("PRAGMA journal_mode").fetchone()
        seen.append((one[0], two[0]))
        return connection

    async with opened(tmp_path, connect=spied) as ledger:
        await ledger.record_fills([booked(1)])
    assert seen == [(2, "wal")]


async def test_fills_cannot_be_recorded_without_an_open_epoch(tmp_path: Path) -> None:
    prepare(tmp_path)
    ledger = Ledger(tmp_path, MARKET)
    try:
        await ledger.begin_run(manifest())
        with pytest.raises(Exception, match="no epoch"):
            await ledger.record_fills([booked(1)])
    finally:
        await ledger.close()
