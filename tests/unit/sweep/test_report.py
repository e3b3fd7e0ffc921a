"""Tables and picture of a sweep."""

from pathlib import Path

from quoter.sim.fill_models import FillModel
from quoter.sweep.report import COLUMNS, NAMES, SHOWN, write_report
from quoter.sweep.summary import groups
from tests.unit.sweep.cells import cells, result, with_model

PNG_BYTES_MAX = 200_000


def test_summary_has_tables_warnings_and_a_picture(tape: Path, tmp_path: Path) -> None:
    wanted = cells(tape, "QUOTER_GAMMA=1,2")
    wanted += [with_model(cell, FillModel.CERTAIN) for cell in wanted]
    found = groups(wanted, {cell.identity: result(cell, [1.0, -2.0, 3.0]) for cell in wanted})
    write_report(found, ["a warning"], tmp_path, settings={"seeds": 1})
    text = (tmp_path / NAMES[0]).read_text()
    assert "* warning: a warning" in text
    assert "btc.txt, fill model front" in text
    assert "btc.txt, fill model certain" in text
    assert "| GAMMA=2 | +2.000 [" in text
    assert "blocks of 60 s (samples of 30 s: 3" in text
    picture = (tmp_path / NAMES[1]).read_bytes()
    assert picture.startswith(b"\x89PNG")
    assert len(picture) < PNG_BYTES_MAX


def test_sweep_without_a_finished_cell_has_a_summary(tmp_path: Path) -> None:
    write_report([], ["nothing ran"], tmp_path, settings={})
    assert "nothing ran" in (tmp_path / NAMES[0]).read_text()
    assert not (tmp_path / NAMES[1]).exists()


def test_columns_of_the_terminal_exist() -> None:
    assert {COLUMNS[number] for number in SHOWN} >= {"variant", "profit [95 %]", "fills"}
