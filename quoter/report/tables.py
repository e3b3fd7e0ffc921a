"""The tables of a report: values for JSON and CSV, and their texts for the page."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from math import isfinite
from typing import Final, NamedTuple

from quoter.domain.market import Side
from quoter.domain.number_text import plain
from quoter.domain.units import BPS_PER_UNIT, NS_PER_MS, NS_PER_S
from quoter.report.fill_rows import FillRow
from quoter.report.latencies import LatencyKind
from quoter.report.run_report import RunReport
from quoter.state.attribution import HORIZONS_S

SPLIT_S: Final = HORIZONS_S[-1]  # horizon that separates markout from residual

type Value = str | int | float | Decimal | None
type Form = Callable[[Value], str]


class Column(NamedTuple):
    """A column: name in JSON and CSV, heading on the page, and function that formats a value."""

    name: str
    heading: str
    form: Form


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table; `name` is its key in JSON and the stem of its CSV file."""

    name: str
    title: str
    columns: tuple[Column, ...]
    rows: Sequence[Sequence[Value]]
    note: str = ""

    def texts(self) -> Iterator[list[str]]:
        """Yield the rows as texts for the page."""
        for row in self.rows:
            yield [column.form(value) for column, value in zip(self.columns, row, strict=True)]


def text(value: Value) -> str:
    """Return the value as unformatted text; empty for None."""
    return "" if value is None else str(value)


def money(value: Value) -> str:
    """Format an amount with sign and four decimals; a dash if it is not a number."""
    return _number(value, "+,.4f")


def plain_number(value: Value) -> str:
    """Format a number without trailing zeros; a dash if it is not a number."""
    if value is None or isinstance(value, str):
        return "–"
    return plain(Decimal(value) if isinstance(value, int) else value).replace("-", "−")


def bps(value: Value) -> str:
    """Format basis points with sign and three decimals; a dash if not a number."""
    return _number(value, "+.3f")


def error(value: Value) -> str:
    """Format a standard error with three decimals; a dash if it is not a number."""
    return _number(value, ".3f")


def share(value: Value) -> str:
    """Format a share, 0 to 1, as percent; a dash if it is not a number."""
    return _number(value, ".1%")


def seconds(value: Value) -> str:
    """Format seconds with one decimal; a dash if the value is not a number."""
    return _number(value, ",.1f")


def milliseconds(value: Value) -> str:
    """Format seconds as milliseconds; a dash for None."""
    return "–" if value is None else f"{float(value) * 1e3:,.3g}"


def moment(value: Value) -> str:
    """Format ns since 1970 as UTC with milliseconds; empty if it is not an integer."""
    return when(int(value)) if isinstance(value, int) else ""


def when(ts_ns: int) -> str:
    """Format ns since 1970 as UTC with milliseconds."""
    rounded = ts_ns // NS_PER_MS * NS_PER_MS / NS_PER_S
    return f"{datetime.fromtimestamp(rounded, UTC):%Y-%m-%d %H:%M:%S.%f}"[:-3]


def _number(value: Value, form: str) -> str:
    if value is None or isinstance(value, str) or not isfinite(value):
        return "–"
    return f"{value:{form}}".replace("-", "−")


def profit_table(report: RunReport) -> Table:
    """The profit split into the parts of the engine's attribution."""
    pnl, sides = report.pnl, report.pnl.sides.values()
    notional = pnl.notional
    parts = [
        ("spread", pnl.spread, "captured by fills against the mid at the moment of the fill"),
        (
            "markout",
            pnl.markout(SPLIT_S),
            f"move of the mid in the {SPLIT_S} s after our fills; below zero: adverse",
        ),
        (
            "residual",
            sum((side.horizons[SPLIT_S].residual for side in sides), Decimal(0)),
            "later revaluation of the inventory that came from fills",
        ),
        ("held", pnl.held, "revaluation of what was held at the start, or paid in"),
        ("fees", -pnl.fees, "paid to the venue; above zero: rebates"),
        ("funding", -pnl.funding, "paid for holding a perpetual"),
        ("total", pnl.total, "the sum of all parts"),
    ]
    rows = [
        (name, amount, float(amount / notional) * BPS_PER_UNIT if notional else None, meaning)
        for name, amount, meaning in parts
        if amount or name != "funding"
    ]
    columns = (
        Column("part", "part", text),
        Column("amount", f"{report.quote}", money),
        Column("bps", "bps of traded", bps),
        Column("meaning", "what it is", text),
    )
    note = (
        f"Traded: {plain_number(notional)} {report.quote}. Inventory = markout + residual + held."
    )
    return Table(name="profit", title="Profit and its parts", columns=columns, rows=rows, note=note)


def figures_table(report: RunReport) -> Table:
    """The figures that a demo and a backtest also print at their end."""
    seen, counted = report.observed, report.observed.statistics
    fills = seen.fills
    rows: list[tuple[str, Value, str]] = [
        ("seconds", report.seconds, "s"),
        ("orders", counted.orders, "sent"),
        ("fills", fills.count, f"{fills.buys} buys, {fills.sells} sells"),
        ("fills_buy", fills.buys, ""),
        ("fills_sell", fills.sells, ""),
        ("executions", counted.executions, "fills of one order at one moment are one"),
        ("orders_per_fill", _finite(counted.orders_per_fill), "orders sent per execution"),
        ("filled_base", counted.filled_base, report.base),
        ("drawdown_max_quote", counted.drawdown_max, report.quote),
        ("inventory_min_base", counted.inventory_min, report.base),
        ("inventory_max_base", counted.inventory_max, report.base),
        ("inventory_limit_base", report.inventory_max, f"{report.base}, both ways"),
        ("inventory_sd_orders", counted.inventory_sd_lots, "order sizes, time-weighted"),
        ("two_sided_share", counted.two_sided_share, "of the time after the first such moment"),
    ]
    columns = (
        Column("figure", "figure", lambda value: text(value).replace("_", " ")),
        Column("value", "value", plain_number),
        Column("unit", "", text),
    )
    return Table(name="figures", title="Figures", columns=columns, rows=rows)


def markouts_table(report: RunReport) -> Table:
    """The realised spread by side and horizon."""
    rows = [
        (
            "both" if point.side is None else point.side.value,
            point.horizon_s,
            point.markout,
            point.realised_spread_bps,
            point.se_bps,
            point.blocks,
            point.share_open,
        )
        for point in sorted(report.markouts, key=lambda point: point.side is not None)
    ]
    columns = (
        Column("side", "side", text),
        Column("horizon_s", "after, s", plain_number),
        Column("markout_quote", f"markout, {report.quote}", money),
        Column("realised_spread_bps", "spread + markout, bps", bps),
        Column("se_bps", "standard error, bps", error),
        Column("blocks", "blocks", plain_number),
        Column("share_open", "still open", share),
    )
    return Table(
        name="markouts",
        title="What fills were worth later",
        columns=columns,
        rows=rows,
        note="Before fees. Standard errors: ratio of means over blocks of time of two horizons.",
    )


def uptime_table(report: RunReport) -> Table:
    """Reasons for the absence of quotes, with their durations."""
    total = report.uptime.total_s or 1.0
    rows = [
        (row.reason, row.bid_s, row.bid_s / total, row.ask_s, row.ask_s / total, row.both_s)
        for row in report.uptime.absences
    ]
    columns = (
        Column("reason", "reason", lambda value: text(value).replace("_", " ")),
        Column("bid_s", "no bid, s", seconds),
        Column("bid_share", "share", share),
        Column("ask_s", "no ask, s", seconds),
        Column("ask_share", "share", share),
        Column("both_s", "both at once, s", seconds),
    )
    return Table(name="absences", title="Why a side was not quoted", columns=columns, rows=rows)


def latencies_table(report: RunReport) -> Table:
    """Quantiles of the latencies."""
    rows = [
        (LATENCY_TEXTS[row.kind], row.count, row.p50_s, row.p90_s, row.p99_s, row.max_s)
        for row in report.latencies
    ]
    columns = (
        Column("latency", "from … to", text),
        Column("count", "count", plain_number),
        Column("p50_s", "median, ms", milliseconds),
        Column("p90_s", "90 %, ms", milliseconds),
        Column("p99_s", "99 %, ms", milliseconds),
        Column("max_s", "longest, ms", milliseconds),
    )
    return Table(name="latencies", title="Latency", columns=columns, rows=rows)


LATENCY_TEXTS: Final = {
    LatencyKind.BOOK_TO_SENT: "market message to order sent",
    LatencyKind.SENT_TO_ACK: "order sent to acknowledged",
    LatencyKind.CANCEL_TO_END: "cancel decided to order ended",
}


def incidents_table(report: RunReport) -> Table:
    """Incidents in order."""
    incidents = report.observed.incidents
    rows = [(each.ts_ns, each.kind.value, each.text) for each in incidents.kept]
    columns = (
        Column("ts_ns", "time, UTC", moment),
        Column("kind", "kind", text),
        Column("text", "what", text),
    )
    left_out = f"{incidents.left_out} later ones are not listed." if incidents.left_out else ""
    return Table(name="incidents", title="Incidents", columns=columns, rows=rows, note=left_out)


def causes_table(report: RunReport) -> Table:
    """The time with each halt cause."""
    causes = report.observed.statistics.causes_s
    rows = sorted(((cause.value, s) for cause, s in causes.items()), key=lambda row: -row[1])
    columns = (
        Column("cause", "halt cause", lambda value: text(value).replace("_", " ")),
        Column("seconds", "active, s", seconds),
    )
    return Table(name="causes", title="Halt causes", columns=columns, rows=rows)


def counts_table(report: RunReport) -> Table:
    """Anomalies, rejects and denials by name."""
    rows = report.observed.incidents.anomalies.most_common()
    columns = (
        Column("name", "what", lambda value: text(value).replace("_", " ")),
        Column("count", "times", plain_number),
    )
    title = "Anomalies, rejects, orders denied"
    return Table(name="anomalies", title=title, columns=columns, rows=rows)


def books_table(report: RunReport) -> Table:
    """Sums of the run's fills, in the recording and in the ledger."""
    books = report.books
    ours, theirs = books.recording, books.ledger
    rows: list[tuple[str, Value, Value]] = [
        ("fills", ours.fills, theirs.fills if theirs else None),
        (f"{report.base} without fees", ours.base, theirs.base if theirs else None),
        (f"{report.quote} without fees", ours.quote, theirs.quote if theirs else None),
    ]
    for asset in sorted({*ours.fees, *(theirs.fees if theirs else {})}):
        found = theirs.fees.get(asset) if theirs else None
        rows.append((f"fees, {asset}", ours.fees.get(asset), found))
    columns = (
        Column("sum", "sum of fills", text),
        Column("recording", "by the recording", plain_number),
        Column("ledger", "by the ledger", plain_number),
    )
    verdict = {True: "Equal to the digit.", False: "THEY DIFFER.", None: "Not compared"}
    note = verdict[books.are_equal] + (f": {books.reason}." if books.reason else "")
    return Table(name="books", title="Books", columns=columns, rows=rows, note=note)


def fills_table(report: RunReport) -> Table:
    """The newest fills, newest first."""
    fills = report.observed.fills
    rows = [fill_values(row) for row in reversed(fills.newest)]
    hidden = fills.count - len(rows)
    note = f"The newest {len(rows)} of {fills.count}; fills.csv has all." if hidden else ""
    return Table(
        name="fills", title="Fills", columns=fill_columns(report.quote), rows=rows, note=note
    )


def fill_columns(quote: str) -> tuple[Column, ...]:
    """Return the columns of `fill_values`."""
    return (
        Column("ts_ns", "time, UTC", moment),
        Column("side", "side", text),
        Column("price", "price", plain_number),
        Column("size", "size", plain_number),
        Column("mid", "mid", plain_number),
        Column("spread", f"spread, {quote}", money),
        Column("fee", "fee", plain_number),
        Column("fee_asset", "of", text),
        Column("role", "role", text),
        Column("inventory", "inventory after", plain_number),
        Column("trade_id", "trade", text),
        Column("client_id", "order", text),
    )


def fill_values(row: FillRow) -> tuple[Value, ...]:
    """Return the values of `fill_columns` for a fill."""
    role = "maker" if row.is_maker else "taker"
    return (
        *(row.ts_ns, row.side.value, row.price, row.size, row.mid, row.spread),
        *(row.fee, row.fee_asset, role, row.inventory, row.trade_id, row.client_id),
    )


def tables(report: RunReport) -> tuple[Table, ...]:
    """Return all tables in the order of the page."""
    makers = (
        *(profit_table, figures_table, markouts_table, uptime_table, latencies_table),
        *(causes_table, counts_table, incidents_table, books_table, fills_table),
    )
    return tuple(make(report) for make in makers)


def _finite(value: float) -> float | None:
    return value if isfinite(value) else None


def side_name(side: Side | None) -> str:
    """Return the name of a side's fills for legends."""
    if side is None:
        return "all fills"
    return "buys" if side is Side.BUY else "sells"
