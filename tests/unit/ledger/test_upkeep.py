"""Folding and archiving change no balance and lose no fill, and no archived fill counts twice."""

import sqlite3
from contextlib import closing, nullcontext
from decimal import Decimal
from pathlib import Path

import pytest

from quoter.domain.market import Side
from quoter.domain.orders import OrderState
from quoter.ledger import upkeep
from quoter.ledger.ledger import Ledger
from quoter.ledger.reader import Reader
from quoter.ledger.rows import FillKind, KnownFill
from quoter.ledger.schema import connect
from quoter.ledger.sums import FoldRow, Sums, sums_of
from quoter.ledger.upkeep import DAY_NS, FOLD_AGE_NS
from tests.unit.ledger.cases import MARKET, NOW_NS, booked, fill, opened, order
from tests.unit.ledger.test_schema import downgrade

AFTER_NS = NOW_NS + 2 * FOLD_AGE_NS
FILLS = [
    booked(1, side=Side.BUY, price=Decimal("0.123456789012345678"), size=Decimal("1e-18")),
    booked(2, side=Side.SELL, price=Decimal("60000.5"), size=Decimal("12345678.000000000001")),
    booked(3, fee=Decimal("-0.1"), fee_asset="USDT"),
    KnownFill(fill(4), FillKind.UNMATCHED),
    KnownFill(fill(5), FillKind.BEFORE),
]
# Of FILLS 1 to 3, with all digits.
BASE = Decimal("1e-18") - Decimal("12345678.000000000001") + Decimal("0.001")
FEES = {"BNB": Decimal("0.000002"), "USDT": Decimal("-0.1")}


async def keep_up(ledger: Ledger, now_ns: int = AFTER_NS) -> None:
    """Do one round, and wait until it is on disk."""
    ledger.upkeep(now_ns)
    await ledger.record_fills([])


def columns(path: Path, statement: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(statement).fetchall()


def unfolded(ledger: Ledger, folder: Path) -> set[object]:
    rows = columns(folder / "ledger.sqlite", "SELECT trade_id FROM fills WHERE is_folded = 0")
    return {trade_id for (trade_id,) in rows}


async def test_sums_are_exact_and_the_same_before_and_after_folding(tmp_path: Path) -> None:
    async with opened(tmp_path) as ledger:
        await ledger.record_fills(FILLS)
        before = ledger.reader.sums(1)
        assert (before.base, before.fees, before.fills) == (BASE, FEES, 3)
        await keep_up(ledger)
        assert unfolded(ledger, tmp_path) == set()
        assert ledger.reader.sums(1) == before
        await keep_up(ledger)
        assert ledger.reader.sums(1) == before


@pytest.mark.parametrize("is_shared", [False, True])
async def test_folding_between_two_statements_of_a_reader_changes_no_sum(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_shared: bool
) -> None:
    """`quoter ledger` reads beside a running daemon."""
    async with opened(tmp_path) as ledger:
        await ledger.record_fills(FILLS)
        before = ledger.reader.sums(1)

        def fold_first(row: FoldRow | None) -> Sums:
            with closing(connect(tmp_path / "ledger.sqlite")) as writer:
                upkeep.fold(writer, 1, before_ns=AFTER_NS)
            return sums_of(row)

        with Reader(tmp_path) as reader:
            monkeypatch.setattr("quoter.ledger.reader.sums_of", fold_first)
            with reader.one_state() if is_shared else nullcontext():
                assert reader.sums(1) == before
            monkeypatch.undo()
            assert unfolded(ledger, tmp_path) == set()
            assert reader.sums(1) == before


async def test_young_fills_and_those_of_orders_without_an_end_are_not_folded(
    tmp_path: Path,
) -> None:
    async with opened(tmp_path) as ledger:
        await ledger.record_intent(order(1))
        await ledger.record_fills([booked(1), booked(2), booked(3, ts_ns=AFTER_NS)])
        await keep_up(ledger)
        assert unfolded(ledger, tmp_path) == {"1", "3"}
        assert ledger.reader.filled(1, "q00run1") == Decimal("0.001")
        ledger.record_order_end("q00run1", OrderState.FILLED, Decimal("0.001"), AFTER_NS)
        await keep_up(ledger)
        assert unfolded(ledger, tmp_path) == {"3"}


async def test_unmatched_fill_counts_once_its_order_is_known_also_after_folding(
    tmp_path: Path,
) -> None:
    async with opened(tmp_path) as ledger:
        await ledger.record_fills([KnownFill(fill(1), FillKind.UNMATCHED)])
        await keep_up(ledger)
        assert ledger.reader.sums(1).fills == 0
        ledger.match_fill("1", "q00run1")
        for _ in range(2):
            await keep_up(ledger)
            sums = ledger.reader.sums(1)
            assert (sums.base, sums.fills) == (Decimal("0.001"), 1)


@pytest.fixture
def few_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upkeep, "FILLS_KEPT", 2)


@pytest.mark.usefixtures("few_kept")
async def test_old_fills_move_to_the_file_of_their_month_and_the_newest_stay(
    tmp_path: Path,
) -> None:
    async with opened(tmp_path, days=30) as ledger:
        await ledger.record_fills([booked(number) for number in range(1, 6)])
        sums = ledger.reader.sums(1)
        await keep_up(ledger, NOW_NS + 29 * DAY_NS)
        assert len(list(ledger.reader.fills(1))) == 5
        for _ in range(2):
            await keep_up(ledger, NOW_NS + 31 * DAY_NS)
        assert [known.fill.trade_id for known in ledger.reader.fills(1)] == ["4", "5"]
        assert ledger.reader.sums(1) == sums
        assert not ledger.archive_failure
    found = columns(tmp_path / "archive-2026-11.sqlite", "SELECT trade_id, symbol FROM fills")
    assert found == [("1", MARKET.symbol), ("2", MARKET.symbol), ("3", MARKET.symbol)]


@pytest.mark.usefixtures("few_kept")
async def test_archived_fill_that_is_reported_again_is_counted_and_not_written(
    tmp_path: Path,
) -> None:
    async with opened(tmp_path, days=30) as ledger:
        await ledger.record_fills([booked(number) for number in range(1, 6)])
        await keep_up(ledger, NOW_NS + 31 * DAY_NS)
        assert await ledger.record_fills([booked(1), booked(6)]) == {"1"}
        assert [known.fill.trade_id for known in ledger.reader.fills(1)] == ["4", "5", "6"]
        assert ledger.reader.sums(1).fills == 6


@pytest.mark.usefixtures("few_kept")
async def test_archive_that_can_not_be_written_leaves_the_fills_and_the_ledger_works(
    tmp_path: Path,
) -> None:
    (tmp_path / "archive-2026-11.sqlite").mkdir()
    async with opened(tmp_path, days=30) as ledger:
        await ledger.record_fills([booked(number) for number in range(1, 6)])
        await keep_up(ledger, NOW_NS + 31 * DAY_NS)
        assert len(list(ledger.reader.fills(1))) == 5
        assert "unable to open" in ledger.archive_failure
        assert not ledger.failure


@pytest.mark.usefixtures("few_kept")
async def test_a_crash_between_archive_and_ledger_leaves_every_fill_once(tmp_path: Path) -> None:
    """The archive is on disk, the deletion is not: the next round repeats both."""
    async with opened(tmp_path, days=30) as ledger:
        await ledger.record_fills([booked(number) for number in range(1, 6)])
        sums = ledger.reader.sums(1)
    with closing(sqlite3.connect(tmp_path / "ledger.sqlite", isolation_level=None)) as disk:
        disk.execute("BEGIN")
        upkeep.Upkeep(tmp_path, MARKET, days=30).round(disk, 1, NOW_NS + 31 * DAY_NS)
        disk.execute("ROLLBACK")  # what SQLite does after a crash
    async with opened(tmp_path, days=30, run="two") as ledger:
        assert len(list(ledger.reader.fills(1))) == 5
        assert ledger.reader.sums(1) == sums
        await keep_up(ledger, NOW_NS + 31 * DAY_NS)
        assert len(list(ledger.reader.fills(1))) == 2
        assert ledger.reader.sums(1) == sums
    assert len(columns(tmp_path / "archive-2026-11.sqlite", "SELECT * FROM fills")) == 3


async def test_ended_orders_are_pruned_while_the_ledger_is_in_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("quoter.ledger.schema.INTENTS_MAX", 2)
    async with opened(tmp_path) as ledger:
        for number in range(5):
            await ledger.record_intent(order(number))
            ledger.record_order_end(f"q00run{number}", OrderState.CANCELED, Decimal(0), number)
        await keep_up(ledger)
        kept = [n for n in range(5) if ledger.reader.is_known_order(f"q00run{n}", 1)]
    assert kept == [3, 4]


async def test_sums_can_be_read_from_a_file_that_is_not_migrated_yet(tmp_path: Path) -> None:
    async with opened(tmp_path) as ledger:
        await ledger.record_fills([booked(1)])
    downgrade(tmp_path / "ledger.sqlite", 3)
    with Reader(tmp_path) as reader:
        assert reader.sums(1).fills == 1
