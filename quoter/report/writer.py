"""The files of a report: an HTML page, all figures as JSON, tables as CSV, pictures as SVG."""

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from math import isfinite
from pathlib import Path
from typing import Final

from quoter.report.document import standalone
from quoter.report.fill_rows import FillRow
from quoter.report.page import page, warnings
from quoter.report.pictures import bar_pictures, charts
from quoter.report.run_report import RunReport
from quoter.report.svg import WIDE, draw
from quoter.report.tables import Table, Value, fill_columns, fill_values, tables
from quoter.report.timeline import Timeline

PAGE: Final = "report.html"
JSON: Final = "report.json"
FILLS: Final = "fills.csv"


@contextmanager
def fills_file(folder: Path, quote: str) -> Iterator[Callable[[FillRow], None]]:
    """Open the CSV file of all fills; yield a function that appends a fill. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / FILLS).open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(column.name for column in fill_columns(quote))
        yield lambda row: writer.writerow(map(_text, fill_values(row)))


def write_report(report: RunReport, folder: Path) -> None:
    """Write page, JSON, tables and pictures into an existing folder. Raises OSError."""
    with (folder / PAGE).open("w", encoding="utf-8") as file:
        file.writelines(page(report))
    found = json.dumps(as_json(report), indent=1)
    (folder / JSON).write_text(found + "\n", encoding="utf-8")
    for table in tables(report):
        if table.name != "fills":
            names = [column.name for column in table.columns]
            _write_csv(folder / f"{table.name}.csv", names, table.rows)
    for name, timeline in timelines(report):
        names = ["ts_ns", *timeline.columns]
        rows = ((moment.ts_ns, *moment.last) for moment in timeline.moments)
        _write_csv(folder / f"{name}.csv", names, rows)
    for chart in charts(report, WIDE.points_max):
        picture = standalone(draw(chart, WIDE))
        (folder / f"{chart.name}.svg").write_text(picture, encoding="utf-8")
    for name, element in bar_pictures(report, WIDE).items():
        (folder / f"{name}.svg").write_text(standalone(element), encoding="utf-8")


def timelines(report: RunReport) -> tuple[tuple[str, Timeline], ...]:
    """Return the timelines of the pictures, each with the stem of its CSV file."""
    seen = report.observed
    return (
        ("profit_over_time", seen.pnl),
        ("inventory_over_time", seen.inventory),
        ("prices_over_time", seen.market),
        ("distances_over_time", seen.offsets),
    )


def as_json(report: RunReport) -> dict[str, object]:
    """Return all figures for JSON; exact amounts are text, times are ns since 1970."""
    header, uptime = report.header, report.uptime
    return {
        "run": header.run,
        "exchange": header.exchange,
        "symbol": header.symbol,
        "version": header.version,
        "code_hash": header.code_hash,
        "config_hash": header.config_hash,
        "simulated_fills": dict(header.fills),
        "first_ns": report.observed.first_ns,
        "last_ns": report.observed.last_ns,
        "is_complete": report.replayed.is_complete,
        "files_removed": report.files_removed,
        "state": report.state.name,
        "warnings": list(warnings(report)),
        "ledger_equals_recording": report.books.are_equal,
        "uptime_s": {
            "two_sided": uptime.two_sided_s,
            "bid_only": uptime.bid_only_s,
            "ask_only": uptime.ask_only_s,
            "none": uptime.none_s,
        },
        "tables": {table.name: _records(table) for table in tables(report)},
        "over_time": {
            name: {
                "ts_ns": [moment.ts_ns for moment in timeline.moments],
                **{
                    column: [moment.last[index] for moment in timeline.moments]
                    for index, column in enumerate(timeline.columns)
                },
            }
            for name, timeline in timelines(report)
        },
        "settings": dict(header.settings),
    }


def _records(table: Table) -> list[dict[str, Value]]:
    names = [column.name for column in table.columns]
    return [dict(zip(names, map(_jsonable, row), strict=True)) for row in table.rows]


def _jsonable(value: Value) -> Value:
    if isinstance(value, float) and not isfinite(value):
        return None
    return _text(value) if isinstance(value, Decimal) else value


def _write_csv(path: Path, names: Sequence[str], rows: Iterable[Sequence[Value]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(names)
        writer.writerows(map(_text, row) for row in rows)


def _text(value: Value) -> str | int | float:
    """Return an exact amount in plain notation, "" for None, other values unchanged."""
    if value is None:
        return ""
    return f"{value:f}" if isinstance(value, Decimal) else value
