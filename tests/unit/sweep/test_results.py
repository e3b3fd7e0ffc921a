"""The table of all cells, as CSV and Parquet."""

import csv
from pathlib import Path

from pyarrow import parquet

from quoter.sweep.cell import failed
from quoter.sweep.results import NAMES, rows, write_results
from tests.unit.sweep.cells import cells, result


def test_both_files_have_a_row_for_every_cell(tape: Path, tmp_path: Path) -> None:
    wanted = cells(tape, "QUOTER_GAMMA=1,2")
    results = {
        wanted[0].identity: result(wanted[0], [1.0]),
        wanted[1].identity: failed(wanted[1], "a reason"),
    }
    write_results(rows(wanted, results), tmp_path)
    with (tmp_path / NAMES[0]).open() as file:
        shown = list(csv.DictReader(file))
    assert [row["QUOTER_GAMMA"] for row in shown] == ["1", "2"]
    assert [row["failure"] for row in shown] == ["", "a reason"]
    assert [row["inventory"] for row in shown] == ["-0.1", ""]
    table = parquet.read_table(tmp_path / NAMES[1])
    assert table.column_names == list(shown[0])
    assert table["orders_per_fill"].to_pylist() == [5.0, None]
    assert table["markout_5s_bps"].to_pylist() == [-0.2, None]
