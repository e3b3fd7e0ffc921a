"""Pictures as SVG: lines, bands and marks over axes; colours follow the page's light or dark mode.

The project draws them itself, for two reasons. A report must work in the daemon's container, which
does not have matplotlib's 100 MB. Its pictures must be small, and readable on a phone and in dark
mode.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from html import escape
from typing import Final, NamedTuple

from quoter.report.axes import Axis, Tick, number_ticks, time_ticks, value_range, with_room

CHAR_WIDTH: Final = 0.6  # of a digit, as a share of the font size
LEGEND_CHAR_WIDTH: Final = 0.55  # of a letter in words, as a share of the font size
GAP: Final = 6.0

type Points = Sequence[tuple[float, float | None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line of values over x, with a gap where a value is None.

    `colour`: name of a CSS variable.
    """

    name: str
    colour: str
    points: Points
    is_step: bool = False
    is_dashed: bool = False
    width: float = 1.5
    errors: Sequence[float | None] = ()  # half length of an error bar at each point


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """The area between two lines with the same x."""

    name: str
    colour: str
    low: Points
    high: Points


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """Triangles that point up or down."""

    name: str
    colour: str
    points: Points
    is_up: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """A horizontal line across the picture. A line without a name is not in the legend."""

    name: str
    colour: str
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Spans:
    """Periods of x that are shaded over the whole height."""

    name: str
    colour: str
    periods: Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """A picture. Unless `x_ticks` are given, x is a time in ns, UTC."""

    name: str  # stem of its file
    title: str
    y_label: str
    x_label: str
    bands: Sequence[Band] = ()
    lines: Sequence[Line] = ()
    levels: Sequence[Level] = ()
    marks: Sequence[Marks] = ()
    spans: Sequence[Spans] = ()
    x_ticks: tuple[Tick, ...] = ()
    y_limits: tuple[float, float] | None = None
    note: str = ""

    @property
    def is_empty(self) -> bool:
        """Whether there is no value to draw."""
        return not any(y is not None for line in self.lines for _, y in line.points)


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """Size of a picture and its text in pixels.

    `points_max`: maximum number of points of a line.
    """

    name: str
    width: float
    height: float
    font: float
    points_max: int


WIDE: Final = Size(name="wide", width=960, height=330, font=13, points_max=720)
NARROW: Final = Size(name="narrow", width=370, height=270, font=12, points_max=240)


@dataclass(slots=True)
class _Plot:
    """A chart with its axes at a given size."""

    chart: Chart
    size: Size
    x: Axis
    y: Axis
    legend: str
    parts: list[str] = field(default_factory=list)


def draw(chart: Chart, size: Size) -> str:
    """Return the chart at this size as an SVG element."""
    plot = _plot(chart, size)
    _draw_axes(plot)
    clip = f"clip-{chart.name}-{size.name}"  # ids must be unique on the page
    plot.parts.append(
        f'<clipPath id="{clip}"><rect x="{_px(plot.x.start)}" y="{_px(plot.y.end - 4)}" '
        f'width="{_px(plot.x.end - plot.x.start)}" height="{_px(plot.y.start - plot.y.end + 8)}"/>'
        f'</clipPath><g clip-path="url(#{clip})">'
    )
    for spans in chart.spans:
        _draw_spans(plot, spans)
    for band in chart.bands:
        _draw_band(plot, band)
    for level in chart.levels:
        y = _px(plot.y.pixel(level.value))
        ends = f'x1="{_px(plot.x.start)}" x2="{_px(plot.x.end)}" y1="{y}" y2="{y}"'
        plot.parts.append(f'<line {ends} style="stroke:var(--{level.colour})" class="level"/>')
    for line in chart.lines:
        _draw_line(plot, line)
    for marks in chart.marks:
        _draw_marks(plot, marks)
    plot.parts.append("</g>")
    return _element(chart.title, size, plot.legend + "".join(plot.parts))


class Bar(NamedTuple):
    """A bar from `low` to `high`, with its label before it and its value after it."""

    label: str
    low: float
    high: float
    colour: str
    value: str


def draw_bars(title: str, bars: Sequence[Bar], size: Size, *, whole: float = 0.0) -> str:
    """Return horizontal bars on one scale, which includes `whole`, as an SVG element."""
    line, width = size.font * 1.9, size.font * CHAR_WIDTH
    start = (max(len(bar.label) for bar in bars) + 2) * width
    end = size.width - (max(len(bar.value) for bar in bars) + 2) * width
    low, high = min(0.0, *(bar.low for bar in bars)), max(whole, *(bar.high for bar in bars))
    axis = Axis(low=low, high=high if high > low else low + 1.0, start=start, end=end, ticks=())
    height, zero, parts = line * len(bars), _px(axis.pixel(0.0)), list[str]()
    for number, bar in enumerate(bars):
        top, middle = line * number, _px(line * (number + 0.5))
        left, right = axis.pixel(bar.low), axis.pixel(bar.high)
        length = max(right - left, 1.0) if bar.low != bar.high else 0.0
        parts.append(
            f'<text x="{_px(start - GAP)}" y="{middle}" dy="0.35em" class="right">'
            f"{escape(bar.label)}</text>"
            f'<rect x="{_px(left)}" y="{_px(top + line * 0.15)}" height="{_px(line * 0.7)}" '
            f'width="{_px(length)}" style="fill:var(--{bar.colour})"/>'
            f'<text x="{_px(size.width - GAP)}" y="{middle}" dy="0.35em" class="right">'
            f"{escape(bar.value)}</text>"
        )
    parts.append(f'<line x1="{zero}" x2="{zero}" y1="0" y2="{_px(height)}" class="zero"/>')
    return _element(title, replace(size, height=height), "".join(parts))


def _element(title: str, size: Size, content: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="{size.name}" role="img" '
        f'viewBox="0 0 {size.width:g} {size.height:g}" font-size="{size.font:g}">'
        f"<title>{escape(title)}</title>{content}</svg>"
    )


def _plot(chart: Chart, size: Size) -> _Plot:
    legend, rows = _legend(chart, size)
    line_height = size.font * 1.5
    top = line_height * (rows + 1) + GAP  # the y label has its own row
    bottom = size.height - line_height * 2 - GAP
    low, high = chart.y_limits or value_range(_ys(chart))
    y_ticks = number_ticks(low, high, int((bottom - top) / (size.font * 3)))
    left = max(len(tick.label) for tick in y_ticks or (Tick(value=0, label="0"),))
    start = left * size.font * CHAR_WIDTH + GAP * 2
    end = size.width - GAP * 2
    y = Axis(low=low, high=high, start=bottom, end=top, ticks=y_ticks)
    return _Plot(chart, size, _x_axis(chart, size, start, end), y, legend)


def _x_axis(chart: Chart, size: Size, start: float, end: float) -> Axis:
    xs = [x for line in chart.lines for x, _ in line.points]
    low, high = min(xs, default=0), max(xs, default=1)
    high = high if high > low else low + 1
    if chart.x_ticks:
        low, high = value_range([low, high])
        bare = Axis(low=low, high=high, start=start, end=end, ticks=())
        ticks = tuple(tick for tick in chart.x_ticks if low <= tick.value <= high)
    else:
        bare = Axis(low=low, high=high, start=start, end=end, ticks=())
        ticks = time_ticks(low, high, int((end - start) / (size.font * 6)))
    longest = max((len(tick.label) for tick in ticks), default=0)
    apart = (longest + 2) * size.font * CHAR_WIDTH
    room = with_room(ticks, bare, apart)
    return Axis(low=bare.low, high=bare.high, start=start, end=end, ticks=room)


def _ys(chart: Chart) -> Iterable[float | None]:
    for line in chart.lines:
        errors = line.errors or [None] * len(line.points)
        for (_, y), error in zip(line.points, errors, strict=True):
            yield y
            if y is not None and error is not None:
                yield y - error
                yield y + error
    for band in chart.bands:
        yield from (y for _, y in (*band.low, *band.high))
    for marks in chart.marks:
        yield from (y for _, y in marks.points)
    yield from (level.value for level in chart.levels)


def _legend(chart: Chart, size: Size) -> tuple[str, int]:
    """Return the legend, wrapped to the width of the picture, and its number of rows."""
    parts, x, row = list[str](), GAP, 0
    line_height = size.font * 1.5
    for name, symbol in _symbols(chart):
        width = size.font * (2.0 + len(name) * LEGEND_CHAR_WIDTH)
        if x + width > size.width and x > GAP:
            x, row = GAP, row + 1
        y = line_height * row + size.font * 0.75
        parts.append(
            f'<g transform="translate({_px(x)} {_px(y)})">{symbol}'
            f'<text x="22" y="0" dy="0.35em">{escape(name)}</text></g>'
        )
        x += width + size.font
    return "".join(parts), (row + 1 if parts else 0)


def _symbols(chart: Chart) -> Iterable[tuple[str, str]]:
    for line in chart.lines:
        dash = ' class="dash"' if line.is_dashed else ""
        stroke = f"stroke:var(--{line.colour});stroke-width:{max(line.width, 2):g}"
        yield line.name, f'<line x1="0" x2="17" y1="0" y2="0" style="{stroke}"{dash}/>'
    for band in chart.bands:
        fill = f"fill:var(--{band.colour})"
        yield band.name, f'<rect x="0" y="-5" width="17" height="10" class="band" style="{fill}"/>'
    for spans in chart.spans:
        fill = f"fill:var(--{spans.colour})"
        yield spans.name, f'<rect x="0" y="-5" width="17" height="10" class="span" style="{fill}"/>'
    for level in chart.levels:
        if not level.name:
            continue
        stroke = f"stroke:var(--{level.colour})"
        yield level.name, f'<line x1="0" x2="17" y1="0" y2="0" class="level" style="{stroke}"/>'
    for marks in chart.marks:
        fill = f"fill:var(--{marks.colour})"
        yield marks.name, f'<path d="{_triangle(8, 0, marks.is_up)}" style="{fill}"/>'


def _draw_axes(plot: _Plot) -> None:
    font, x, y = plot.size.font, plot.x, plot.y
    right, bottom = _px(x.end), _px(y.start)
    for tick in y.ticks:
        at = _px(y.pixel(tick.value))
        kind = "zero" if tick.value == 0 else "grid"
        ends = f'x1="{_px(x.start)}" x2="{right}" y1="{at}" y2="{at}"'
        plot.parts.append(f'<line {ends} class="{kind}"/>')
        place = f'x="{_px(x.start - GAP)}" y="{at}" dy="0.35em"'
        plot.parts.append(f'<text {place} class="right">{escape(tick.label)}</text>')
    for tick in x.ticks:
        at = _px(x.pixel(tick.value))
        plot.parts.append(f'<line x1="{at}" x2="{at}" y1="{bottom}" y2="{_px(y.start + 4)}"/>')
        place = f'x="{at}" y="{_px(y.start + font * 1.4)}"'
        plot.parts.append(f'<text {place} class="middle">{escape(tick.label)}</text>')
    plot.parts.append(
        f'<text x="{_px(GAP)}" y="{_px(y.end - font * 0.9)}" class="muted">'
        f"{escape(plot.chart.y_label)}</text>"
        f'<text x="{right}" y="{_px(y.start + font * 2.8)}" class="muted right">'
        f"{escape(plot.chart.x_label)}</text>"
    )


def _draw_line(plot: _Plot, line: Line) -> None:
    path, is_down, before = [], False, 0.0
    for x, y in line.points:
        if y is None:
            is_down = False
            continue
        px, py = plot.x.pixel(x), plot.y.pixel(y)
        if not is_down:
            path.append(f"M{_px(px)} {_px(py)}")
        elif line.is_step:
            path.append(f"H{_px(px)}" if _px(py) == _px(before) else f"H{_px(px)}V{_px(py)}")
        else:
            path.append(f"L{_px(px)} {_px(py)}")
        is_down, before = True, py
    dash = " dash" if line.is_dashed else ""
    style = f"stroke:var(--{line.colour});stroke-width:{line.width:g}"
    plot.parts.append(f'<path d="{"".join(path)}" class="line{dash}" style="{style}"/>')
    for (x, y), error in zip(line.points, line.errors, strict=False):
        if y is None or error is None:
            continue
        at = _px(plot.x.pixel(x))
        low, high = _px(plot.y.pixel(y - error)), _px(plot.y.pixel(y + error))
        bar = f"M{at} {low}V{high}m-4 0h8M{at} {low}m-4 0h8"
        plot.parts.append(f'<path d="{bar}" class="line" style="{style}"/>')


def _draw_band(plot: _Plot, band: Band) -> None:
    """Draw each part of the band between gaps as one area."""
    run: list[tuple[float, float, float]] = []
    pairs = zip(band.low, band.high, strict=True)
    for (x, low), (_, high) in [*pairs, ((0.0, None), (0.0, None))]:
        if low is not None and high is not None:
            run.append((plot.x.pixel(x), plot.y.pixel(low), plot.y.pixel(high)))
            continue
        if run:
            over = "L".join(f"{_px(x)} {_px(top)}" for x, _, top in run)
            under = "L".join(f"{_px(x)} {_px(bottom)}" for x, bottom, _ in reversed(run))
            style = f"fill:var(--{band.colour})"
            plot.parts.append(f'<path d="M{over}L{under}Z" class="band" style="{style}"/>')
        run = []


def _draw_spans(plot: _Plot, spans: Spans) -> None:
    """Shade the periods; a very short one is drawn as a line."""
    top, height = _px(plot.y.end), _px(plot.y.start - plot.y.end)
    for begin, end in spans.periods:
        left, right = plot.x.pixel(begin), plot.x.pixel(end)
        place = f'x="{_px(left)}" width="{_px(max(right - left, 1.0))}" y="{top}"'
        style = f"fill:var(--{spans.colour})"
        plot.parts.append(f'<rect {place} height="{height}" class="span" style="{style}"/>')


def _draw_marks(plot: _Plot, marks: Marks) -> None:
    path = "".join(
        _triangle(plot.x.pixel(x), plot.y.pixel(y), marks.is_up)
        for x, y in marks.points
        if y is not None
    )
    style = f"fill:var(--{marks.colour})"
    plot.parts.append(f'<path d="{path}" class="mark" style="{style}"/>')


def _triangle(x: float, y: float, is_up: bool) -> str:
    half = 4.5
    tip = -half if is_up else half
    return f"M{_px(x)} {_px(y + tip)}l{half} {-2 * tip:g}h{-2 * half:g}z"


def _px(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
