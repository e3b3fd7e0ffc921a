"""Results of all cells as one table, as CSV (exact) and Parquet (floating point)."""

import csv
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
from pyarrow import parquet

from quoter.state.attribution import HORIZONS_S
from quoter.sweep.cell import Cell, CellResult

type Value = str | int | float | bool | Decimal | None

NAMES = ("results.csv", "results.parquet")
FIGURES = (
    "seconds",
    "orders",
    "fills",
    "orders_per_fill",
    "filled_base",
    "notional",
    "profit",
    "spread",
    "inventory",
    "fees",
    "edge_bps",
    "drawdown",
    "inventory_sd",
    "two_sided",
    "state",
    "books_equal",
)


def rows(cells: Sequence[Cell], results: Mapping[str, CellResult]) -> list[dict[str, Value]]:
    """Return one row per cell, all with the same columns.

    `failure` has the reason of a failed cell.
    """
    names = list(dict.fromkeys(name for cell in cells for name, _ in cell.changes))
    return [_row(cell, results.get(cell.identity), names) for cell in cells]


def write_results(table: Sequence[Mapping[str, Value]], folder: Path) -> None:
    """Write the rows as CSV and Parquet. Raises OSError."""
    to_csv, to_parquet = (folder / name for name in NAMES)
    with to_csv.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=list(table[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(table)
    floats = [
        {name: float(v) if isinstance(v, Decimal) else v for name, v in row.items()}
        for row in table
    ]
    parquet.write_table(pa.Table.from_pylist(floats), to_parquet)


def _row(cell: Cell, result: CellResult | None, names: Sequence[str]) -> dict[str, Value]:
    changes, figures = dict(cell.changes), result.figures if result else None
    shown: dict[str, Value] = {
        "cell": cell.identity,
        "tape": str(cell.tape.files[0]),
        "symbol": cell.tape.symbol,
        "strategy": cell.strategy.value,
        **{name: changes.get(name) for name in names},
        "fill_model": cell.model.value,
        "seed": cell.delay.seed,
        "failure": result.failure if result else "not run",
    }
    for name in FIGURES:
        shown[name] = getattr(figures, name) if figures else None
    for horizon_s in HORIZONS_S:
        shown[f"markout_{horizon_s}s_bps"] = figures.markout_bps[horizon_s] if figures else None
    shown["causes"] = " ".join(figures.causes_s) if figures else None
    shown["cpu_s"] = result.cpu_s if result else None
    shown["memory_mb"] = result.memory_mb if result else None
    return shown
