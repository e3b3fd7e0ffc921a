"""One cell: its figures and samples, and reasons instead of exceptions."""

import gzip
from copy import replace
from pathlib import Path

import pytest

from quoter.sweep import running
from quoter.sweep.running import run_cell
from tests.unit.backtest.synthetic_tape import write_tape
from tests.unit.sweep.cells import cells


def test_result_has_figures_and_a_sample_at_the_end(tape: Path) -> None:
    (cell,) = cells(tape, seconds=0)
    found = run_cell(cell)
    assert found.failure == ""
    assert found.figures is not None
    assert found.figures.orders > 0
    assert found.figures.books_equal
    assert len(found.samples) == 1
    assert found.samples[-1].profit == pytest.approx(float(found.figures.profit))
    assert run_cell(cell).figures == found.figures


def test_samples_are_taken_at_even_times(tape: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "SAMPLE_S", 1)
    (cell,) = cells(tape)
    assert len(run_cell(cell).samples) == 3


def test_tape_with_a_damaged_end_is_a_reason(tape: Path, tmp_path: Path) -> None:
    path = tmp_path / "damaged.gz"
    content = gzip.compress(tape.read_bytes())
    path.write_bytes(content)
    (cell,) = cells(path, seconds=0)
    path.write_bytes(content[:-8] + bytes(8))
    found = run_cell(cell)
    assert found.figures is None
    assert "damaged.gz: line" in found.failure


def test_tape_that_was_changed_is_a_reason(tmp_path: Path) -> None:
    path = write_tape(tmp_path / "btc.txt", seconds=3.0)
    (cell,) = cells(path)
    with path.open("a") as file:
        file.write("1\n")
    assert "has changed" in run_cell(cell).failure
    path.unlink()
    assert "No such file" in run_cell(cell).failure


def test_worker_with_other_code_refuses(tape: Path) -> None:
    (cell,) = cells(tape)
    assert "has another version" in run_cell(replace(cell, code="0" * 16)).failure


def test_cell_above_its_memory_fails_alone(tape: Path) -> None:
    (cell,) = cells(tape)
    assert "--memory-mb" in run_cell(replace(cell, memory_max=1)).failure


def test_fault_in_our_code_is_a_reason(tape: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("a fault")

    monkeypatch.setattr(running, "run_setups", broken)
    (cell,) = cells(tape)
    assert run_cell(cell).failure == "ZeroDivisionError: a fault"


def test_engine_that_is_killed_is_a_result(tape: Path) -> None:
    limits = ("QUOTER_LOSS_MAX=0.000001",)
    (cell,) = cells(tape, *limits, seconds=0)
    found = run_cell(cell)
    assert found.figures is not None
    assert found.figures.state == "KILLED"
