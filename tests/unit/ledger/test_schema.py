"""Creation, check and migration of the file; a damaged file is refused and not changed."""

import sqlite3
from pathlib import Path

import pytest

from quoter.domain.market import SavedCalibration
from quoter.ledger import schema
from quoter.ledger.reader import Reader
from quoter.ledger.rows import FillKind, KnownFill, Operation
from quoter.ledger.schema import NAME, LedgerUnusable, prepare
from tests.unit.ledger.cases import booked, fill, opened, order

PAGE = 4096


async def filled(folder: Path) -> Path:
    """Create a ledger with a few hundred rows and return its path."""
    async with opened(folder) as ledger:
        await ledger.record_fills([booked(number) for number in range(1, 400)])
    return folder / NAME


def downgrade(path: Path, version: int) -> None:
    """Turn a file into one of an older version."""
    with sqlite3.connect(path) as connection:
        for column in ("seconds", "reaches"):
            connection.execute(f"ALTER TABLE calibrations DROP COLUMN {column}")
        if version < 5:
            connection.execute("ALTER TABLE intents DROP COLUMN venue_id")
        connection.execute("DROP TABLE folds")
        connection.execute("DROP INDEX unfolded")
        connection.execute("DROP INDEX by_time")
        connection.execute("ALTER TABLE fills DROP COLUMN is_folded")
        if version == 1:
            connection.execute("DROP TABLE operations")
        connection.execute("UPDATE meta SET value = ? WHERE key = 'version'", (str(version),))
    connection.close()


def test_the_first_start_creates_the_file_and_the_second_opens_it(tmp_path: Path) -> None:
    assert prepare(tmp_path) == tmp_path / NAME
    content = (tmp_path / NAME).read_bytes()
    prepare(tmp_path)
    assert (tmp_path / NAME).read_bytes() == content


def test_a_file_without_tables_is_created_again(tmp_path: Path) -> None:
    (tmp_path / NAME).touch()
    prepare(tmp_path)
    with Reader(tmp_path) as reader:
        assert reader.epochs() == []


@pytest.mark.parametrize("content", [b"x" * PAGE, b"SQLite format 3\0" + b"\xff" * PAGE])
def test_a_file_that_is_not_a_ledger_is_refused_and_not_changed(
    tmp_path: Path, content: bytes
) -> None:
    (tmp_path / NAME).write_bytes(content)
    with pytest.raises(LedgerUnusable, match=NAME):
        prepare(tmp_path)
    assert (tmp_path / NAME).read_bytes() == content


async def test_a_damaged_page_is_refused_and_not_repaired(tmp_path: Path) -> None:
    path = await filled(tmp_path)
    content = bytearray(path.read_bytes())
    middle = len(content) // 2 // PAGE * PAGE
    content[middle : middle + PAGE] = bytes(PAGE)
    path.write_bytes(content)
    with pytest.raises(LedgerUnusable, match=r"damaged|malformed"):
        prepare(tmp_path)
    assert path.read_bytes() == content


async def test_a_file_of_an_unknown_version_is_refused_with_its_number(tmp_path: Path) -> None:
    path = await filled(tmp_path)
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE meta SET value = '7'")
    connection.close()
    with pytest.raises(LedgerUnusable, match="version is 7, this quoter uses 6"):
        prepare(tmp_path)


def test_a_folder_in_place_of_the_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / NAME).mkdir()
    with pytest.raises(LedgerUnusable, match=NAME):
        prepare(tmp_path)


def test_reading_before_the_first_start_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LedgerUnusable):
        Reader(tmp_path)
    assert not (tmp_path / NAME).exists()


async def test_only_the_newest_ended_orders_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from decimal import Decimal

    from quoter.domain.orders import OrderState

    async with opened(tmp_path) as ledger:
        for number in range(6):
            await ledger.record_intent(order(number))
            if number:
                state = OrderState.CANCELED
                ledger.record_order_end(f"q00run{number}", state, Decimal(0), number)
    monkeypatch.setattr(schema, "INTENTS_MAX", 2)
    prepare(tmp_path)
    with Reader(tmp_path) as reader:
        kept = [number for number in range(6) if reader.is_known_order(f"q00run{number}", 1)]
    assert kept == [0, 4, 5]


async def test_a_file_of_version_1_is_migrated_and_keeps_its_rows(
    tmp_path: Path,
) -> None:
    path = await filled(tmp_path)
    downgrade(path, 1)
    with Reader(tmp_path) as reader:
        assert reader.operations(10) == []
    async with opened(tmp_path, run="two") as ledger:
        ledger.record_operation(Operation(1, "risk:1234", "kill", "why", "{}", "done"))
        await ledger.end_run(0, 2)
        assert [row.actor for row in ledger.reader.operations(10)] == ["risk:1234"]
        assert len(list(ledger.reader.fills(1))) == 399


async def test_calibration_of_version_5_is_read_before_and_after_its_migration(
    tmp_path: Path,
) -> None:
    async with opened(tmp_path) as ledger:
        await ledger.save_calibration(SavedCalibration(1, 2.0, 3.0, 4.0, 5.0, 6))
        market = ledger.market
    downgrade(tmp_path / NAME, 5)
    for _ in range(2):
        with Reader(tmp_path) as reader:
            assert reader.saved_calibration(market) == SavedCalibration(1, 2.0, 3.0, 4.0)
        prepare(tmp_path)


async def test_fills_of_no_known_order_are_renamed_from_version_2(tmp_path: Path) -> None:
    async with opened(tmp_path) as ledger:
        await ledger.record_fills([booked(1), KnownFill(fill(2), FillKind.UNMATCHED)])
    with sqlite3.connect(tmp_path / schema.NAME) as connection:
        connection.execute("UPDATE fills SET kind = 'former name' WHERE kind = 'unmatched'")
    connection.close()
    downgrade(tmp_path / schema.NAME, 2)
    prepare(tmp_path)
    with Reader(tmp_path) as reader:
        assert [known.kind for known in reader.fills(1)] == [FillKind.BOOKED, FillKind.UNMATCHED]


async def test_a_migration_that_fails_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = await filled(tmp_path)
    downgrade(path, 1)
    with monkeypatch.context() as patch:
        patch.setattr(schema, "MIGRATIONS", {1: f"{schema.OPERATIONS} CREATE nonsense;"})
        with pytest.raises(LedgerUnusable):
            prepare(tmp_path)
    prepare(tmp_path)
    with Reader(tmp_path) as reader:
        assert reader.operations(10) == []


async def test_only_the_newest_operations_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(tmp_path) as ledger:
        for number in range(6):
            ledger.record_operation(Operation(number, "risk:1234", "pause", "why", "{}", "done"))
    monkeypatch.setattr(schema, "OPERATIONS_MAX", 2)
    prepare(tmp_path)
    with Reader(tmp_path) as reader:
        assert [row.ts_ns for row in reader.operations(10)] == [5, 4]
