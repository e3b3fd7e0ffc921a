"""The report of a run as one HTML page."""

from collections.abc import Iterator
from html import escape
from typing import Final

from quoter.domain.units import NS_PER_S
from quoter.report.document import document, heading, html_table, warning
from quoter.report.pictures import bar_pictures, charts
from quoter.report.run_report import RunReport
from quoter.report.svg import NARROW, WIDE, Chart, draw
from quoter.report.tables import Table, money, share, tables, when

WORDS: Final = frozenset({"text", "moment", "<lambda>"})  # formats of columns that are not numeric


def page(report: RunReport) -> Iterator[str]:
    """Yield the page in pieces."""
    title = f"{report.header.exchange} {report.header.symbol}, run {report.header.run}"
    yield from document(title, _body(report), about=_about(report))


def _body(report: RunReport) -> Iterator[str]:
    for text in warnings(report):
        yield warning(text)
    yield f'<ul class="tiles">{"".join(_tiles(report))}</ul>'
    yield from _sections(report)


def warnings(report: RunReport) -> Iterator[str]:
    """Yield warnings about the figures for the reader."""
    replayed, books, before = report.replayed, report.books, report.observed.before
    if report.files_removed and before is not None:
        yield (
            f"The run began at {when(report.header.started_ns)} UTC, but the first files of its "
            f"recording (1 to {report.files_removed}) were removed, beyond "
            f"QUOTER_RECORDING_MAX_MB. The report begins at {when(report.observed.first_ns)} UTC; "
            f"the profit before it was {money(before.total)} {report.quote}."
        )
    if replayed.difference is not None:
        at = when(replayed.difference.event.ts_ns)
        yield (
            f"This version of quoter decides differently from the run at {at} UTC: the report ends "
            "there. Make it with the version that recorded the run."
        )
    if replayed.failure is not None:
        at = when(replayed.failure.event.ts_ns)
        yield f"The engine fails on the event at {at} UTC: the report ends there."
    if books.are_equal is False:
        yield "The fills of the recording differ from those of the ledger: see Books."
    if report.period.until_ns is None and not replayed.is_complete and not replayed.difference:
        yield "The recording has no end: the run continues, or ended by a crash or a full disk."
    if report.observed.fills.each > 1:
        yield f"The picture of prices shows one of every {report.observed.fills.each} fills."


def _about(report: RunReport) -> str:
    header, seen = report.header, report.observed
    environment = header.settings.get("environment", "")
    if report.run is not None:
        environment = report.run.market.environment
    ended = ""
    if report.run is not None and report.run.exit_code is not None:
        ended = f", exit code {report.run.exit_code}"
    hours = (seen.last_ns - seen.first_ns) / NS_PER_S
    return (
        f"{environment}, {when(seen.first_ns)} to {when(seen.last_ns)} UTC ({_duration(hours)})"
        f"{ended}. Recorded by quoter {header.version}, code {header.code_hash}, "
        f"settings {header.config_hash}. {header.fills_text}"
    )


def _duration(seconds: float) -> str:
    whole = round(seconds)
    hours, minutes = whole // 3_600, whole % 3_600 // 60
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {whole % 60} s" if minutes else f"{seconds:.1f} s"


def _tiles(report: RunReport) -> Iterator[str]:
    seen, pnl = report.observed, report.pnl
    counted = seen.statistics
    equal = {True: "equal", False: "DIFFER", None: "not compared"}[report.books.are_equal]
    per_fill = f"{counted.orders_per_fill:.1f}" if counted.executions else "–"
    rows = (
        (money(pnl.total), f"profit, {report.quote}"),
        (money(pnl.spread), "spread captured"),
        (money(pnl.inventory), "inventory"),
        (money(-pnl.fees), "fees"),
        (f"{seen.fills.count}", f"fills: {seen.fills.buys} buys, {seen.fills.sells} sells"),
        (share(counted.two_sided_share), "two-sided after warm-up"),
        (per_fill, "orders per execution"),
        (f"{counted.inventory_sd_lots:.2f}", "sd of inventory, orders"),
        (money(counted.drawdown_max).removeprefix("+"), "largest drawdown"),
        (equal, "ledger and recording"),
        (report.state.name, "state at the end"),
        (f"{seen.incidents.counts.total()}", "incidents"),
    )
    for value, name in rows:
        yield f"<li><b>{escape(value)}</b><span>{escape(name)}</span></li>"


def _sections(report: RunReport) -> Iterator[str]:
    """Yield the pictures, each with its table below it, then the other tables."""
    named = {table.name: table for table in tables(report)}
    wide = {chart.name: chart for chart in charts(report, WIDE.points_max)}
    narrow = {chart.name: chart for chart in charts(report, NARROW.points_max)}
    yield heading("Profit and its parts")
    yield _bars(report, "split")
    yield _table(named.pop("profit"))
    for name, below in (
        ("profit", ""),
        ("markouts", "markouts"),
        ("inventory", ""),
        ("prices", ""),
        ("distances", ""),
    ):
        if name in wide:
            yield _figure(wide[name], narrow[name])
        if below:
            yield _table(named.pop(below))
    yield heading("Quotes at the venue")
    yield _bars(report, "uptime")
    absences = named.pop("absences")
    yield f"<h3>{escape(absences.title)}</h3>{_table(absences)}"
    if "latencies" in wide:
        yield _figure(wide["latencies"], narrow["latencies"])
        yield _table(named.pop("latencies"))
    for table in named.values():
        yield heading(table.title) + _table(table)
    yield heading("Settings") + _settings(report)


def _figure(wide: Chart, narrow: Chart) -> str:
    note = f"<figcaption>{escape(wide.note)}</figcaption>" if wide.note else ""
    pictures = draw(wide, WIDE) + draw(narrow, NARROW)
    return f"{heading(wide.title)}<figure>{pictures}{note}</figure>"


def _bars(report: RunReport, name: str) -> str:
    pictures = (bar_pictures(report, size)[name] for size in (WIDE, NARROW))
    return f"<figure>{''.join(pictures)}</figure>"


def _table(table: Table) -> str:
    columns = [(column.heading, column.form.__name__ not in WORDS) for column in table.columns]
    return html_table(columns, table.texts(), note=table.note)


def _settings(report: RunReport) -> str:
    rows = "".join(
        f"<tr><td>QUOTER_{escape(name.upper())}</td><td>{escape(str(value))}</td></tr>"
        for name, value in sorted(report.header.settings.items())
    )
    return (
        "<details><summary>All settings of the run; secrets as set or unset</summary>"
        f'<div class="scroll" tabindex="0"><table>{rows}</table></div></details>'
    )
