"""The report as one HTML page: no script, nothing from the network, for light and dark mode."""

from collections.abc import Iterator
from html import escape
from typing import Final

from quoter.domain.units import NS_PER_S
from quoter.report.pictures import bar_pictures, charts
from quoter.report.run_report import RunReport
from quoter.report.svg import NARROW, WIDE, Chart, draw
from quoter.report.tables import Table, money, share, tables, when

COLOURS: Final = """
:root{--paper:#ffffff;--ink:#1b1f24;--muted:#57606a;--rule:#d8dee4;--card:#f6f8fa;--grey:#8c959f;
--blue:#0072b2;--vermillion:#d55e00;--green:#009e73;--purple:#aa4499;--orange:#b07d00}
"""  # Okabe and Ito's colours, distinct to colour-blind readers; purple and orange darkened
DARK: Final = """
:root{--paper:#0d1117;--ink:#e6edf3;--muted:#9da7b3;--rule:#30363d;--card:#161b22;--grey:#7d8590;
--blue:#56b4e9;--vermillion:#ff8a4c;--green:#2fc89a;--purple:#dd8fc9;--orange:#e9b824}
"""
PICTURE_STYLE: Final = """
svg{width:100%;height:auto;display:block;font-family:system-ui,sans-serif}
svg text{fill:var(--ink);font-variant-numeric:tabular-nums}svg .muted{fill:var(--muted)}
svg .right{text-anchor:end}svg .middle{text-anchor:middle}
svg line{stroke:var(--muted)}svg .grid{stroke:var(--rule)}
svg .line{fill:none;stroke-linejoin:round}svg .dash{stroke-dasharray:5 3}
svg .level{stroke-dasharray:2 3;stroke-width:1.6}svg .band{opacity:.28}svg .span{opacity:.2}
svg .mark{stroke:var(--paper);stroke-width:.7}
"""
PAGE_STYLE: Final = """
*{box-sizing:border-box}body{margin:0 auto;padding:16px;max-width:1040px;background:var(--paper);
color:var(--ink);font:15px/1.5 system-ui,sans-serif}
h1{font-size:1.5em;line-height:1.25;margin:.2em 0}h2{font-size:1.15em;margin:2em 0 .5em}
h3{font-size:1em;margin:1em 0 .5em}
p{margin:.4em 0}.muted,figcaption,.note{color:var(--muted)}.note,figcaption{font-size:.9em}
.warning{border-left:4px solid var(--vermillion);padding:.4em .8em;background:var(--card)}
.tiles{display:grid;grid-template-columns:repeat(auto-fill,minmax(148px,1fr));gap:10px;
margin:16px 0;padding:0;list-style:none}
.tiles li{background:var(--card);border:1px solid var(--rule);border-radius:8px;padding:8px 12px}
.tiles b{display:block;font-size:1.25em;font-variant-numeric:tabular-nums;overflow-wrap:anywhere}
.tiles span{color:var(--muted);font-size:.87em}figure{margin:0 0 14px}
figcaption{margin-top:4px}
.narrow{display:none}@media(max-width:640px){.wide{display:none}.narrow{display:block}}
.scroll{overflow-x:auto;max-height:26em;overflow-y:auto;border:1px solid var(--rule);
border-radius:8px}
table{border-collapse:collapse;width:100%;font-size:.9em;font-variant-numeric:tabular-nums}
th,td{padding:4px 10px;text-align:left;border-bottom:1px solid var(--rule);vertical-align:top}
th{position:sticky;top:0;background:var(--card);font-weight:600;white-space:nowrap}
tr:last-child td{border-bottom:0}td.number{text-align:right;white-space:nowrap}
td.text:last-child{min-width:17em}td.text:not(:last-child){white-space:nowrap}
th.number{text-align:right}details summary{cursor:pointer;color:var(--blue);margin:.5em 0}
@media print{.scroll{max-height:none}}
"""
POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"  # the browser allows no request
WORDS: Final = frozenset({"text", "moment", "<lambda>"})  # forms that are not figures


def page(report: RunReport) -> Iterator[str]:
    """Yield the page in pieces."""
    title = f"{report.header.exchange} {report.header.symbol}, run {report.header.run}"
    dark = f"@media(prefers-color-scheme:dark){{{DARK}}}"
    yield (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        '<meta name="color-scheme" content="light dark">'
        f"<title>{escape(title)}</title>"
        f"<style>{COLOURS}{dark}{PICTURE_STYLE}{PAGE_STYLE}</style></head><body>"
    )
    yield f"<header><h1>{escape(title)}</h1>{_about(report)}</header><main>"
    for text in warnings(report):
        yield f'<p class="warning">{escape(text)}</p>'
    yield f'<ul class="tiles">{"".join(_tiles(report))}</ul>'
    yield from _sections(report)
    yield "</main></body></html>\n"


def warnings(report: RunReport) -> Iterator[str]:
    """Yield warnings for a reader of the figures."""
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
        yield "The fills of the recording are not those of the ledger: see Books."
    if report.period.until_ns is None and not replayed.is_complete and not replayed.difference:
        yield "The recording has no end: the run goes on, or ended by a crash or a full disk."
    if report.observed.fills.each > 1:
        yield f"The picture of prices shows one fill of {report.observed.fills.each}."


def _about(report: RunReport) -> str:
    header, seen = report.header, report.observed
    environment = header.settings.get("environment", "")
    if report.run is not None:
        environment = report.run.market.environment
    ended = ""
    if report.run is not None and report.run.exit_code is not None:
        ended = f", exit code {report.run.exit_code}"
    hours = (seen.last_ns - seen.first_ns) / NS_PER_S
    text = (
        f"{environment}, {when(seen.first_ns)} to {when(seen.last_ns)} UTC ({_duration(hours)})"
        f"{ended}. Recorded by quoter {header.version}, code {header.code_hash}, "
        f"settings {header.config_hash}. {header.fills_text}"
    )
    return f'<p class="muted">{escape(text)}</p>'


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
    """Yield the pictures, each with its table below, then the other tables."""
    named = {table.name: table for table in tables(report)}
    wide = {chart.name: chart for chart in charts(report, WIDE.points_max)}
    narrow = {chart.name: chart for chart in charts(report, NARROW.points_max)}
    yield _heading("Profit and its parts")
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
    yield _heading("Quotes at the venue")
    yield _bars(report, "uptime")
    absences = named.pop("absences")
    yield f"<h3>{escape(absences.title)}</h3>{_table(absences)}"
    if "latencies" in wide:
        yield _figure(wide["latencies"], narrow["latencies"])
        yield _table(named.pop("latencies"))
    for table in named.values():
        yield _heading(table.title) + _table(table)
    yield _heading("Settings") + _settings(report)


def _heading(title: str) -> str:
    return f"<h2>{escape(title)}</h2>"


def _figure(wide: Chart, narrow: Chart) -> str:
    note = f"<figcaption>{escape(wide.note)}</figcaption>" if wide.note else ""
    pictures = draw(wide, WIDE) + draw(narrow, NARROW)
    return f"{_heading(wide.title)}<figure>{pictures}{note}</figure>"


def _bars(report: RunReport, name: str) -> str:
    pictures = (bar_pictures(report, size)[name] for size in (WIDE, NARROW))
    return f"<figure>{''.join(pictures)}</figure>"


def _table(table: Table) -> str:
    note = f'<p class="note">{escape(table.note)}</p>' if table.note else ""
    if not table.rows:
        return f'<p class="muted">Nothing to list.</p>{note}'
    kinds = ["" if column.form.__name__ in WORDS else ' class="number"' for column in table.columns]
    head = "".join(
        f"<th{kind}>{escape(column.heading)}</th>"
        for column, kind in zip(table.columns, kinds, strict=True)
    )
    rows = "".join(
        "<tr>"
        + "".join(f"<td{kind}>{escape(cell)}</td>" for cell, kind in zip(row, kinds, strict=True))
        + "</tr>"
        for row in table.texts()
    )
    body = f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
    return f'<div class="scroll" tabindex="0">{body}</div>{note}'


def _settings(report: RunReport) -> str:
    rows = "".join(
        f"<tr><td>QUOTER_{escape(name.upper())}</td><td>{escape(str(value))}</td></tr>"
        for name, value in sorted(report.header.settings.items())
    )
    return (
        "<details><summary>All settings of the run; secrets as set or unset</summary>"
        f'<div class="scroll" tabindex="0"><table>{rows}</table></div></details>'
    )


def standalone(picture: str) -> str:
    """Return an SVG element of the page as a file of its own."""
    dark = f"@media(prefers-color-scheme:dark){{{DARK}}}"
    style = f"{COLOURS}{dark}{PICTURE_STYLE}svg{{background:var(--paper)}}"
    head, _, rest = picture.partition("</title>")
    return f"{head}</title><style>{style}</style>{rest}\n"
