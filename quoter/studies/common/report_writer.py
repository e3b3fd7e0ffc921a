"""Writer of a report's folder: a Markdown summary, JSON results, tables and pictures."""

import csv
import json
from math import isfinite
from pathlib import Path

from quoter.studies.common.pictures import save
from quoter.studies.common.report import Cell, Report, Table, cell, checks_table


def write_report(report: Report, folder: Path, *, settings: dict[str, Cell]) -> None:
    """Write summary.md, results.json, a CSV per table and the pictures into `folder`.

    The folder is created if missing. Raises OSError if a file can't be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    tables = [checks_table(report), *report.tables]
    for table in [*tables, *(picture.numbers for picture in report.pictures)]:
        _write_csv(table, folder / f"{table.name}.csv")
    for picture in report.pictures:
        save(picture, folder / f"{picture.numbers.name}.png")
    results = {
        "study": report.study,
        "settings": settings,
        "is_met": report.is_met,
        "findings": list(report.findings),
        "tables": {table.name: _records(table) for table in tables},
    }
    (folder / "results.json").write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    (folder / "summary.md").write_text(markdown(report, settings), encoding="utf-8")


def markdown(report: Report, settings: dict[str, Cell]) -> str:
    """Return the summary: settings, findings, checks, tables, pictures and their numbers."""
    parts = [f"# {report.title}", ", ".join(f"{k} {cell(v)}" for k, v in settings.items())]
    parts += [f"* {finding}" for finding in report.findings]
    for table in (checks_table(report), *report.tables):
        if table.rows:
            parts.append(_markdown_table(table))
    for picture in report.pictures:
        name = picture.numbers.name
        parts.append(f"## {picture.title}\n\n![{picture.title}]({name}.png)")
        parts.append(f"Numbers: [{name}.csv]({name}.csv). {picture.numbers.note}".rstrip())
    return "\n\n".join(parts).replace("\n\n* ", "\n* ") + "\n"


def _markdown_table(table: Table) -> str:
    head = "| " + " | ".join(table.columns) + " |"
    rule = "|" + "---|" * len(table.columns)
    rows = ["| " + " | ".join(cell(value) for value in row) + " |" for row in table.rows]
    note = f"\n\n{table.note}" if table.note else ""
    return f"## {table.title}\n\n" + "\n".join([head, rule, *rows]) + note


def _write_csv(table: Table, path: Path) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(table.columns)
        writer.writerows(["" if value is None else value for value in row] for row in table.rows)


def _records(table: Table) -> list[dict[str, Cell]]:
    return [dict(zip(table.columns, map(_jsonable, row), strict=True)) for row in table.rows]


def _jsonable(value: Cell) -> Cell:
    """Return the value; infinite or NaN as text, because JSON has neither."""
    return str(value) if isinstance(value, float) and not isfinite(value) else value
