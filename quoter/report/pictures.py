"""The pictures of a report, each with a given number of points."""

from collections.abc import Sequence
from decimal import Decimal
from itertools import accumulate
from math import log10

from quoter.domain.market import Side
from quoter.domain.trading import TradingState
from quoter.report.axes import Tick, evenly
from quoter.report.latencies import LatencyFigures, LatencyKind
from quoter.report.markout_curve import HORIZONS_S
from quoter.report.run_report import RunReport
from quoter.report.svg import Band, Bar, Chart, Level, Line, Marks, Size, Spans, draw_bars
from quoter.report.tables import LATENCY_TEXTS, money, profit_table, share, side_name
from quoter.report.timeline import Moment, Timeline, coarser

ERRORS_DRAWN = 2.0  # standard errors
OPEN_SHARE_MAX = 0.5  # with a larger open share a horizon is not drawn
COLOURS: dict[Side | None, str] = {Side.BUY: "blue", Side.SELL: "vermillion", None: "ink"}
UTC = "time, UTC"
MS_PER_S = 1_000.0
DETAIL_S = 900.0  # in a longer picture of prices, single quotes are not visible
RESTRICTED = (
    (TradingState.REDUCE_ONLY, "reduce only", "orange"),
    (TradingState.PAUSED, "paused", "grey"),
    (TradingState.KILLED, "killed", "vermillion"),
)


def charts(report: RunReport, points_max: int) -> tuple[Chart, ...]:
    """Return all pictures with a value, in the order of the page."""
    found = (
        profit_chart(report, points_max),
        markout_chart(report),
        inventory_chart(report, points_max),
        price_chart(report, points_max),
        distance_chart(report, points_max),
        latency_chart(report.latencies),
    )
    return tuple(chart for chart in found if not chart.is_empty)


def profit_chart(report: RunReport, points_max: int) -> Chart:
    """Profit and its parts over time."""
    line = _Lines(report.observed.pnl, points_max)
    return Chart(
        name="profit",
        title="Profit over time",
        y_label=report.quote,
        x_label=UTC,
        lines=(
            line("spread", "spread captured", "green"),
            line("inventory", "inventory revaluation", "purple"),
            line("fees", "fees", "orange"),
            line("total", "total", "ink", width=2.4),
        ),
        note="Spread, inventory and fees add up to the total at every moment.",
    )


def markout_chart(report: RunReport) -> Chart:
    """Spread captured plus markout by horizon, with two standard errors."""
    curve, lines = report.observed.curve, list[Line]()
    for side in (*Side, None):
        points = [p for p in report.markouts if p.side is side and p.share_open <= OPEN_SHARE_MAX]
        first = curve.spread_bps(side)
        if first is None:
            continue
        shown: list[tuple[float, float | None]] = [(0.0, first)]
        shown += [
            (HORIZONS_S.index(point.horizon_s) + 1.0, point.realised_spread_bps) for point in points
        ]
        errors = [
            None,
            *(ERRORS_DRAWN * p.se_bps if p.se_bps is not None else None for p in points),
        ]
        shift = {Side.BUY: -0.05, Side.SELL: 0.05, None: 0.0}[side]
        moved = [(x + shift, y) for x, y in shown]
        width = 2.4 if side is None else 1.5
        colour = COLOURS[side]
        lines.append(
            Line(name=side_name(side), colour=colour, points=moved, errors=errors, width=width)
        )
    fee = report.fee_maker_bps
    level = Level(name=f"maker fee, {fee:g} bps", colour="orange", value=fee)
    labels = ("fill", *(f"{s} s" if s < 60 else f"{s // 60} min" for s in HORIZONS_S))
    return Chart(
        name="markouts",
        title="What a fill is worth later",
        y_label="spread captured plus markout, bps of traded",
        x_label="time after the fill",
        lines=lines,
        levels=(level,),
        x_ticks=evenly(labels),
        note="Bars: two standard errors, if there are enough blocks of time. At a horizon where "
        "the line is below the fee, fills have lost money.",
    )


def inventory_chart(report: RunReport, points_max: int) -> Chart:
    """Inventory over time within its limits."""
    line = _Lines(report.observed.inventory, points_max)
    limit = float(report.inventory_max)
    return Chart(
        name="inventory",
        title="Inventory",
        y_label=f"{report.base}, difference to the target",
        x_label=UTC,
        bands=(line.band("base", "base", "lowest to highest", "blue"),),
        lines=(line("base", "inventory", "blue", is_step=True),),
        spans=state_spans(report),
        levels=(
            Level(name=f"limits, ±{limit:g}", colour="vermillion", value=limit),
            Level(name="", colour="vermillion", value=-limit),
        ),
    )


def price_chart(report: RunReport, points_max: int) -> Chart:
    """Market, our quotes and fills in prices."""
    line, fills = _Lines(report.observed.market, points_max), report.observed.fills
    each = f" (one of {fills.each})" if fills.each > 1 else ""
    marks = tuple(
        Marks(
            name=f"{side_name(side)}{each}",
            colour=COLOURS[side],
            is_up=side is Side.BUY,
            points=[(row.ts_ns, float(row.price)) for row in fills.drawn if row.side is side],
        )
        for side in Side
    )
    return Chart(
        name="prices",
        title="Market, quotes and fills",
        y_label=report.quote,
        x_label=UTC,
        bands=(line.band("bid", "ask", "market, bid to ask", "grey"),),
        lines=(
            line("mid", "mid", "grey", width=1.0),
            line("reservation_price", "reservation price", "purple", is_dashed=True),
            line("own_bid", "our bid", "blue", is_step=True),
            line("own_ask", "our ask", "vermillion", is_step=True),
        ),
        marks=tuple(mark for mark in marks if mark.points),
        spans=state_spans(report),
        note="For a part in detail, use --since and --until." if report.seconds > DETAIL_S else "",
    )


def state_spans(report: RunReport) -> tuple[Spans, ...]:
    """Return the periods in which trading was restricted."""
    found = []
    for state, name, colour in RESTRICTED:
        periods = [
            (float(period.since_ns), float(period.until_ns or report.observed.last_ns))
            for period in report.observed.incidents.periods
            if period.state is state
        ]
        if periods:
            found.append(Spans(name=name, colour=colour, periods=periods))
    return tuple(found)


def distance_chart(report: RunReport, points_max: int) -> Chart:
    """Market and our quotes as distances from the mid, independent of the price trend."""
    line = _Lines(report.observed.offsets, points_max)
    return Chart(
        name="distances",
        title="Distance from the mid",
        y_label="bps of the mid",
        x_label=UTC,
        bands=(line.band("bid", "ask", "market, bid to ask", "grey"),),
        lines=(
            line("reservation_price", "reservation price", "purple", is_dashed=True),
            line("own_bid", "our bid", "blue", is_step=True),
            line("own_ask", "our ask", "vermillion", is_step=True),
        ),
    )


def latency_chart(latencies: Sequence[LatencyFigures]) -> Chart:
    """Share of requests answered within a given time, for each kind of latency."""
    lines = []
    for figures in latencies:
        sums = accumulate(count for _, count in figures.classes)
        first_ms = figures.classes[0][0] * MS_PER_S / 2 ** (1 / 4)
        points: list[tuple[float, float | None]] = [(log10(first_ms), 0.0)]
        points += [
            (log10(bound_s * MS_PER_S), 100.0 * total / figures.count)
            for (bound_s, _), total in zip(figures.classes, sums, strict=True)
        ]
        name, colour = LATENCY_TEXTS[figures.kind], LATENCY_COLOURS[figures.kind]
        lines.append(Line(name=name, colour=colour, points=points, width=2.0))
    marks = [factor * 10.0**power for power in range(-3, 6) for factor in (1, 2, 5)]
    return Chart(
        name="latencies",
        title="Latency",
        y_label="% of requests within",
        x_label="ms, logarithmic",
        lines=lines,
        x_ticks=tuple(Tick(value=log10(mark), label=f"{mark:g}") for mark in marks),
        y_limits=(0.0, 101.0),
    )


def bar_pictures(report: RunReport, size: Size) -> dict[str, str]:
    """Return the bar pictures as SVG elements, by the stem of their file."""
    return {
        "split": draw_bars("Profit and its parts", split_bars(report), size),
        "uptime": draw_bars("Quotes at the venue", uptime_bars(report), size, whole=1.0),
    }


def split_bars(report: RunReport) -> tuple[Bar, ...]:
    """Return the parts of the profit as a waterfall: each bar begins where the last one ended."""
    bars, reached = list[Bar](), 0.0
    for name, amount, *_ in profit_table(report).rows:
        value = float(amount) if isinstance(amount, Decimal) else 0.0
        is_total = name == "total"
        begin = 0.0 if is_total else reached
        reached = begin + value
        colour = "ink" if is_total else "green" if value >= 0 else "vermillion"
        low, high = sorted((begin, reached))
        bars.append(Bar(str(name), low, high, colour, money(amount)))
    return tuple(bars)


def uptime_bars(report: RunReport) -> tuple[Bar, ...]:
    """Return the shares of time with quotes on both sides, on one side and on none."""
    uptime, total = report.uptime, report.uptime.total_s or 1.0
    rows = (
        ("both sides", uptime.two_sided_s, "blue"),
        ("bid only", uptime.bid_only_s, "orange"),
        ("ask only", uptime.ask_only_s, "orange"),
        ("no quote", uptime.none_s, "vermillion"),
    )
    return tuple(Bar(name, 0.0, s / total, colour, share(s / total)) for name, s, colour in rows)


LATENCY_COLOURS = {
    LatencyKind.BOOK_TO_SENT: "green",
    LatencyKind.SENT_TO_ACK: "blue",
    LatencyKind.CANCEL_TO_END: "vermillion",
}


class _Lines:
    """Lines for the columns of a timeline, with at most `points_max` points each."""

    def __init__(self, timeline: Timeline, points_max: int) -> None:
        self._columns = timeline.columns
        self._moments: list[Moment] = coarser(timeline.moments, points_max)

    def __call__(
        self,
        column: str,
        name: str,
        colour: str,
        *,
        width: float = 1.5,
        is_step: bool = False,
        is_dashed: bool = False,
    ) -> Line:
        index = self._columns.index(column)
        points = [(moment.ts_ns, moment.last[index]) for moment in self._moments]
        return Line(
            name=name,
            colour=colour,
            points=points,
            width=width,
            is_step=is_step,
            is_dashed=is_dashed,
        )

    def band(self, low: str, high: str, name: str, colour: str) -> Band:
        """Return the area from the lowest value of one column to the highest of another."""
        low_index, high_index = self._columns.index(low), self._columns.index(high)
        return Band(
            name=name,
            colour=colour,
            low=[(moment.ts_ns, moment.low[low_index]) for moment in self._moments],
            high=[(moment.ts_ns, moment.high[high_index]) for moment in self._moments],
        )
