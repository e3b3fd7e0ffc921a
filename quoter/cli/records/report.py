"""`quoter report`: write a page about a recorded run, and its figures as JSON and CSV."""

import json
from datetime import UTC, datetime
from pathlib import Path

import typer
from rich.console import Console

from quoter.cli.records.replay import replay_progress
from quoter.domain.errors import BadSetting
from quoter.domain.units import NS_PER_S
from quoter.recording.files import files_of
from quoter.recording.reader import Recording
from quoter.replay.replay import config_of
from quoter.report.page import warnings
from quoter.report.run_report import Period, build
from quoter.report.writer import PAGE, as_json, fills_file, write_report


def run_report(
    place: str | None, *, data_dir: Path, period: Period, out: Path | None, json_output: bool
) -> int:
    """Write the report of a run and print the path of its page; return the exit code.

    `place`: as for `files_of`. Raises BadSetting, RecordingError, LedgerUnusable, OSError.
    """
    files = files_of(place, data_dir)
    recording = Recording(files)
    folder = out or Path(f"report-{recording.header.run}")
    quote = config_of(recording.header).instrument.quote
    data = files[0].absolute().parent.parent
    with replay_progress(recording) as advance, fills_file(folder, quote) as write_fill:
        report = build(recording, data, period, write_fill=write_fill, progress=advance)
    if not report.observed.first_ns:
        raise BadSetting("--since, --until: the run has no event in this period")
    write_report(report, folder)
    if json_output:
        typer.echo(json.dumps(as_json(report)))
    else:
        console = Console(highlight=False)
        for text in warnings(report):
            console.print(f"warning: {text}", markup=False, soft_wrap=True)
        console.print(f"{folder / PAGE}", markup=False, soft_wrap=True)
    is_whole = report.replayed.difference is None and report.replayed.failure is None
    return 0 if is_whole and report.books.are_equal is not False else 1


def time_ns(name: str, text: str | None) -> int | None:
    """Return an ISO 8601 time as ns since 1970; UTC unless the text has an offset. None gives None.

    Raises BadSetting.
    """
    if text is None:
        return None
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        raise BadSetting(
            f"{name}: must be a time such as 2026-11-30T19:00:00, in UTC (got {text})"
        ) from None
    when = when if when.tzinfo else when.replace(tzinfo=UTC)
    return round(when.timestamp() * NS_PER_S)
