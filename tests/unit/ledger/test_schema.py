"""A file that can't be trusted is refused and left exactly as it is."""

import sqlite3
from pathlib import Path

import pytest

from quoter.ledger import schema
from quoter.ledger.reader import Reader
from quoter.ledger.rows import Operation
from quoter.ledger.schema import NAME, LedgerUnusable, prepare
from tests.unit.ledger.cases import booked, opened, order

PAGE = 4096


async def filled(folder: Path) -> Path:
    """A ledger with a few hundred rows."""
    async with opened(folder) as ledger:
        await ledger.record([booked(number) for number in range(1, 400)])
    return folder / NAME


def test_the_first_start_makes_the_file_and_the_second_finds_it(tmp_path: Path) -> None:
    assert prepare(tmp_path) == tmp_path / NAME
    content = (tmp_path / NAME).read_bytes()
    prepare(tmp_path)
    assert (tmp_path / NAME).read_bytes() == content


def test_a_start_that_was_killed_before_its_first_commit_is_begun_again(tmp_path: Path) -> None:
    (tmp_path / NAME).touch()
    prepare(tmp_path)
    with Reader(tmp_path) as reader:
        assert reader.epochs() == []


@pytest.mark.parametrize("content", [b"x" * PAGE, b"SQLite format 3\0" + b"\xff" * PAGE])
def test_what_is_no_ledger_is_refused_and_untouched(tmp_path: Path, content: bytes) -> None:
    (tmp_path / NAME).write_bytes(content)
    with pytest.raises(LedgerUnusable, match=NAME):
        prepare(tmp_path)
    assert (tmp_path / NAME).read_bytes() == content


async def test_a_damaged_page_is_found_and_nothing_is_repaired(tmp_path: Path) -> None:
    path = await filled(tmp_path)
    content = bytearray(path.read_bytes())
    middle = len(content) // 2 // PAGE * PAGE
    content[middle : middle + PAGE] = bytes(PAGE)
    path.write_bytes(content)
    with pytest.raises(LedgerUnusable, match=r"damaged|malformed"):
        prepare(tmp_path)
    assert path.read_bytes() == content


async def test_a_file_of_another_version_is_refused_by_its_number(tmp_path: Path) -> None:
    path = await filled(tmp_path)
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE meta SET value = '7'")
    connection.close()
    with pytest.raises(LedgerUnusable, match="version is 7, this quoter's is 2"):
        prepare(tmp_path)


def test_a_folder_in_its_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / NAME).mkdir()
    with pytest.raises(LedgerUnusable, match=NAME):
        prepare(tmp_path)


def test_there_is_nothing_to_read_before_the_first_start(tmp_path: Path) -> None:
    with pytest.raises(LedgerUnusable):
        Reader(tmp_path)
    assert not (tmp_path / NAME).exists()


async def test_of_ended_orders_only_the_newest_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from decimal import Decimal

    from quoter.domain.orders import OrderState

    async with opened(tmp_path) as ledger:
        for number in range(6):
            await ledger.intend(order(number))
            if number:
                state = OrderState.CANCELED
                ledger.ended(f"q00run{number}", state, Decimal(0), number)
    monkeypatch.setattr(schema, "INTENTS_KEPT", 2)
    prepare(tmp_path)
    with Reader(tmp_path) as reader:
        kept = [number for number in range(6) if reader.is_ours(f"q00run{number}", 1)]
    assert kept == [0, 4, 5]


async def test_a_file_of_the_version_before_is_brought_up_and_keeps_its_rows(
    tmp_path: Path,
) -> None:
    path = await filled(tmp_path)
    with sqlite3.connect(path) as connection:
        connection.execute("DROP TABLE operations")
        connection.execute("UPDATE meta SET value = '1' WHERE key = 'version'")
    connection.close()
    with Reader(tmp_path) as reader:
        assert reader.operations(10) == []
    async with opened(tmp_path, run="two") as ledger:
        ledger.note(Operation(1, "risk:1234", "kill", "why", "{}", "done"))
        await ledger.end_run(0, 2)
        assert [row.actor for row in ledger.reader.operations(10)] == ["risk:1234"]
        assert len(list(ledger.reader.fills(1))) == 399


async def test_a_step_to_the_next_version_is_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = await filled(tmp_path)
    with sqlite3.connect(path) as connection:
        connection.execute("DROP TABLE operations")
        connection.execute("UPDATE meta SET value = '1' WHERE key = 'version'")
    connection.close()
    with monkeypatch.context() as patch:
        patch.setattr(schema, "MIGRATIONS", {1: f"{schema.OPERATIONS} CREATE nonsense;"})
        with pytest.raises(LedgerUnusable):
            prepare(tmp_path)
    prepare(tmp_path)
    with Reader(tmp_path) as reader:
        assert reader.operations(10) == []


async def test_of_what_people_asked_for_only_the_newest_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(tmp_path) as ledger:
        for number in range(6):
            ledger.note(Operation(number, "risk:1234", "pause", "why", "{}", "done"))
    monkeypatch.setattr(schema, "OPERATIONS_KEPT", 2)
    prepare(tmp_path)
    with Reader(tmp_path) as reader:
        assert [row.ts_ns for row in reader.operations(10)] == [5, 4]
