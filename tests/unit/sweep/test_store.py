"""Files of finished cells."""

from pathlib import Path

from quoter.sweep.cell import failed
from quoter.sweep.store import FOLDER, CellStore
from tests.unit.sweep.cells import cells, result


def test_finished_cell_is_read_back(tape: Path, tmp_path: Path) -> None:
    (cell,) = cells(tape)
    saved = result(cell, [1.0, -0.5])
    CellStore(tmp_path).save(saved)
    assert CellStore(tmp_path).load(cell.identity) == saved
    assert [path.suffix for path in (tmp_path / FOLDER).iterdir()] == [".json"]


def test_failed_cell_is_run_again(tape: Path, tmp_path: Path) -> None:
    (cell,) = cells(tape)
    store = CellStore(tmp_path)
    store.save(failed(cell, "a reason\nand more"))
    assert store.load(cell.identity) is None


def test_damaged_file_and_one_of_another_cell_are_run_again(tape: Path, tmp_path: Path) -> None:
    one, other = cells(tape, "QUOTER_GAMMA=1,2")
    store = CellStore(tmp_path)
    store.save(result(one, [1.0]))
    path = tmp_path / FOLDER / f"{one.identity}.json"
    path.rename(path.with_stem(other.identity))
    assert store.load(other.identity) is None
    store.save(result(one, [1.0]))
    path.write_bytes(path.read_bytes()[:-5])
    assert store.load(one.identity) is None
