"""`quoter sweep`: table, files, continuation, and one-line errors."""

import re
from functools import partial
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from quoter.cli import main as cli
from quoter.domain.errors import BadSetting
from quoter.sweep import terminal
from quoter.sweep.cell import Cell, CellResult, failed
from quoter.sweep.store import FOLDER
from quoter.sweep.workers import run_here


def invoke(*words: object) -> Result:
    return CliRunner().invoke(cli.app, ["sweep", *map(str, words), "--jobs", "1", "--seconds", "3"])


def test_results_are_written_and_only_missing_cells_run_again(tape: Path, tmp_path: Path) -> None:
    words = (tape, "--set", "QUOTER_GAMMA=0.5,2", "--fill-model", "front", "--out", "out")
    ran = invoke(*words)
    assert ran.exit_code == 0, ran.output
    assert "2 cells, 0 of them finished earlier" in ran.output
    assert "GAMMA=0.5" in ran.output
    assert "warning: btc.txt, front: the tape is short" in ran.output
    folder = tmp_path / "out"
    names = {path.name for path in folder.iterdir()}
    assert names == {
        FOLDER,
        "results.csv",
        "results.parquet",
        "summary.md",
        "picture.png",
        "report.html",
    }
    page = (folder / "report.html").read_text()
    assert "warning: " not in page
    assert 'class="warning">btc.txt, front: the tape is short' in page
    assert "<td>GAMMA=0.5</td>" in page
    assert re.findall(r"(?:src|href)=.{22}", page) == ['src="data:image/png;base64']
    before = (folder / "results.csv").read_text()
    next(iter(sorted((folder / FOLDER).iterdir()))).unlink()
    again = invoke(*words)
    assert "2 cells, 1 of them finished earlier" in again.output
    assert "1 to run" in again.output
    columns = before.splitlines()[0].split(",")
    kept = columns.index("cpu_s")  # time and memory of a cell differ

    def figures(text: str) -> list[list[str]]:
        return [line.split(",")[:kept] for line in text.splitlines()]

    assert figures((folder / "results.csv").read_text()) == figures(before)


def test_failed_cell_is_a_row_a_line_and_an_exit_code(
    tape: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(cell: Cell, _parent: int | None) -> CellResult:
        return failed(cell, "a reason")

    monkeypatch.setattr(terminal, "run_here", partial(run_here, run=failing))
    ran = invoke(tape, "--set", "QUOTER_GAMMA=1,2", "--fill-model", "front", "--out", "out")
    assert ran.exit_code == 1, ran.output
    assert "failed: GAMMA=2, btc.txt, front, seed 1: a reason" in ran.output
    assert "2 of 2 cells failed" in ran.output
    assert (tmp_path / "out" / "results.csv").read_text().count("a reason") == 2


def test_folder_that_cannot_be_written_is_named(tape: Path, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    ran = invoke(tape, "--fill-model", "front", "--out", "taken")
    assert isinstance(ran.exception, BadSetting)
    assert "--out taken" in str(ran.exception)
