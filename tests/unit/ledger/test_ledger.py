"""What was written is there for the next process, exactly, and once."""

import os
import sqlite3
from decimal import Decimal
from pathlib import Path

import pytest

from quoter.domain.market import SavedCalibration, Side
from quoter.domain.orders import OrderState
from quoter.ledger.ledger import Ledger
from quoter.ledger.reader import Reader
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
    """All fills of the open epoch, as another process sees them."""
    with Reader(folder) as reader:
        epoch = reader.epoch(MARKET)
        assert epoch is not None
        return list(reader.fills(epoch.number))


async def test_a_fill_is_on_the_disk_to_the_digit_when_the_wait_is_over(tmp_path: Path) -> None:
    odd = booked(7, price=Decimal("0.10"), fee=Decimal("-1E-8"), fee_asset="", is_maker=False)
    async with opened(tmp_path) as ledger:
        await ledger.record([odd])
        assert read(tmp_path) == [odd]
        assert str(read(tmp_path)[0].fill.price) == "0.10"
    assert read(tmp_path) == [odd]


async def test_a_fill_that_is_told_again_changes_nothing(tmp_path: Path) -> None:
    async with opened(tmp_path) as ledger:
        await ledger.record([booked(1), booked(2)])
        again = booked(1, price=Decimal("60000.010"), ts_ns=NOW_NS + 99, venue_id="")
        await ledger.record([again, booked(3)])
    assert [known.fill.trade_id for known in read(tmp_path)] == ["1", "2", "3"]
    assert read(tmp_path)[0] == booked(1)


@pytest.mark.parametrize(
    "changes",
    [
        {"price": Decimal("60000.02")}, {"size": Decimal("0.002")}, {"side": Side.SELL},
        {"fee": Decimal(0)}, {"fee_asset": "BTC"}, {"price": Decimal("NaN")},
    ],
)  # fmt: skip
async def test_one_trade_id_with_two_contents_is_a_conflict_and_the_first_stays(
    tmp_path: Path, changes: dict[str, object]
) -> None:
    async with opened(tmp_path) as ledger:
        await ledger.record([booked(1)])
        with pytest.raises(LedgerConflict, match="trade 1"):
            await ledger.record([booked(5), booked(1, **changes)])
        await ledger.record([booked(2)])
        assert not ledger.failure
    assert read(tmp_path) == [booked(1), booked(2)]


async def test_an_orphan_is_booked_once_its_order_is_known(tmp_path: Path) -> None:
    orphan = KnownFill(fill(4, client_id=""), FillKind.ORPHAN)
    async with opened(tmp_path) as ledger:
        await ledger.record([orphan])
        ledger.claim("4", "q00run4")
        await ledger.record([KnownFill(fill(5, client_id=""), FillKind.ORPHAN)])
        await ledger.record([booked(5), booked(6)])
    assert read(tmp_path) == [booked(4), booked(5), booked(6)]


async def test_a_trade_twice_in_one_list_is_one_fill(tmp_path: Path) -> None:
    async with opened(tmp_path) as ledger:
        await ledger.record([booked(1), booked(2), booked(1)])
        with pytest.raises(LedgerConflict):
            await ledger.record([booked(3), booked(3, fee=Decimal(1))])
    assert read(tmp_path) == [booked(1), booked(2)]


async def test_an_order_is_unsettled_from_before_it_leaves_until_it_ended(tmp_path: Path) -> None:
    async with opened(tmp_path) as ledger:
        for number in (1, 2, 3):
            await ledger.intend(order(number))
        ledger.ended("q00run2", OrderState.FILLED, Decimal("0.005"), NOW_NS)
        ledger.ended("q00never", OrderState.REJECTED, Decimal(0), NOW_NS)
    with Reader(tmp_path) as reader:
        epoch = reader.epoch(MARKET)
        assert epoch is not None
        first, third = reader.unsettled(epoch.number)
        assert (first.client_id, third.client_id) == ("q00run1", "q00run3")
        wanted = order(1)
        assert (first.side, first.price, first.size) == (wanted.side, wanted.price, wanted.size)
        assert reader.is_ours("q00run2", epoch.number)
        assert not reader.is_ours("q00never", epoch.number)
        assert not reader.is_ours("q00run1", epoch.number + 1)


async def test_an_order_id_is_never_written_twice(tmp_path: Path) -> None:
    """The primary key is the last word on the reuse of ids: it stops the trading."""
    failures: list[str] = []
    async with opened(tmp_path) as ledger:
        ledger.on_failure = failures.append
        await ledger.intend(order(1))
        with pytest.raises(Exception, match="UNIQUE"):
            await ledger.intend(order(1))
        assert ledger.failure == failures[0]


async def test_an_epoch_survives_the_run_and_each_market_has_its_own(tmp_path: Path) -> None:
    async with opened(tmp_path) as ledger:
        await ledger.record([booked(1)])
    async with opened(tmp_path, run="two", market=OTHER) as ledger:
        assert ledger.opened.number == 2
    async with opened(tmp_path, run="three") as ledger:
        epoch = ledger.opened
        assert (epoch.number, epoch.target, epoch.opening) == (1, Decimal(1), OPENING)
        assert [known.fill.trade_id for known in ledger.reader.fills(1)] == ["1"]


async def test_a_new_epoch_seals_the_old_one_with_the_reason_and_forgets_no_row(
    tmp_path: Path,
) -> None:
    """Trade ids may begin anew: a venue that was wiped counts from one."""
    async with opened(tmp_path) as ledger:
        await ledger.record([booked(1)])
        held = {"BTC": Decimal(3)}
        before = [booked(8)]
        epoch = await ledger.open_epoch(
            opening=held, target=Decimal(3), before=before, now_ns=NOW_NS + 5, reason="wiped"
        )
        assert (epoch.number, epoch.opening, epoch.sealed_ns) == (2, held, None)
        await ledger.record([booked(1, price=Decimal(2))])
        old, _ = ledger.reader.epochs()
        assert (old.sealed_ns, old.reason) == (NOW_NS + 5, "wiped")
        assert list(ledger.reader.fills(1)) == [booked(1)]
    assert [known.kind for known in read(tmp_path)] == [FillKind.BEFORE, FillKind.BOOKED]


async def test_a_run_is_written_when_it_begins_and_when_it_ends(tmp_path: Path) -> None:
    async with opened(tmp_path) as ledger:
        with Reader(tmp_path) as reader:
            (row,) = reader.runs(5)
            assert (row.run, row.market, row.exit_code) == ("one", MARKET, None)
        await ledger.end_run(30, NOW_NS + 9)
    prepare(tmp_path)
    with Reader(tmp_path) as reader:
        (row,) = reader.runs(5)
    assert (row.version, row.ended_ns, row.exit_code) == ("0.1.0", NOW_NS + 9, 30)


async def test_what_is_learned_is_kept_per_market_to_the_digit(tmp_path: Path) -> None:
    learned = SavedCalibration(NOW_NS, 20 / 3, 0.1, 1e-9)
    async with opened(tmp_path) as ledger:
        await ledger.keep(SavedCalibration(NOW_NS - 1, 1.0, 1.0, 1.0))
        await ledger.keep(learned)
    with Reader(tmp_path) as reader:
        assert reader.calibrated(MARKET) == learned
        assert reader.calibrated(OTHER) is None


async def test_a_clean_end_leaves_one_file(tmp_path: Path) -> None:
    async with opened(tmp_path) as ledger:
        await ledger.record([booked(1)])
    assert os.listdir(tmp_path) == [NAME]  # noqa: PTH208 - pathlib would block the loop as well


async def test_what_is_written_without_a_wait_is_there_before_what_is_waited_for(
    tmp_path: Path,
) -> None:
    async with opened(tmp_path) as ledger:
        await ledger.intend(order(1))
        ledger.ended("q00run1", OrderState.CANCELED, Decimal(0), NOW_NS)
        await ledger.record([])
        assert ledger.reader.unsettled(ledger.opened.number) == []


async def test_every_commit_waits_for_the_disk(tmp_path: Path) -> None:
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
        await ledger.record([booked(1)])
    assert seen == [(2, "wal")]


async def test_a_ledger_without_an_epoch_books_nothing(tmp_path: Path) -> None:
    prepare(tmp_path)
    ledger = Ledger(tmp_path, MARKET)
    try:
        await ledger.begin_run(manifest())
        with pytest.raises(Exception, match="no epoch"):
            await ledger.record([booked(1)])
    finally:
        await ledger.close()
