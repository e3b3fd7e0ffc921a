"""Tables and picture of a sweep. The picture has one column per tape."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from quoter.report.document import document, heading, html_table, png_figure, warning
from quoter.state.attribution import HORIZONS_S
from quoter.studies.common.pictures import COLOURS, label, save
from quoter.studies.common.report import Cell, Picture, Report, Table, cell
from quoter.studies.common.report_writer import markdown
from quoter.sweep.bootstrap import DRAWS, Interval
from quoter.sweep.cell import SAMPLE_S
from quoter.sweep.summary import Group, VariantSummary

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLUMNS: Final = (
    "variant",
    "profit [95 %]",
    "minus the first ± SE",
    "spread",
    "inventory",
    "fees",
    "edge 5 s net, bps [95 %]",
    f"markout {' / '.join(map(str, HORIZONS_S))} s, bps",
    "inventory sd",
    "drawdown",
    "fills",
    "orders per fill",
    "two-sided",
    "",
)
SHOWN: Final = (0, 1, 2, 6, 8, 9, 10, 11, 12, 13)  # columns that are printed in a terminal
NAMES: Final = ("summary.md", "picture.png", "report.html")
TEXTS: Final = frozenset({"variant", ""})  # columns without numbers
WIDTH, HEIGHT, PANELS = 4.6, 2.6, 3  # inches


def table_of(group: Group, number: int) -> Table:
    """Return the table of one tape and fill model."""
    return Table(
        name=f"group-{number}",
        title=f"{group.tape}, fill model {group.model}",
        columns=COLUMNS,
        rows=[_row(one) for one in group.variants],
        note=(
            f"Money in {group.quote}, inventory sd in order sizes. Errors: circular block "
            f"bootstrap, {DRAWS} draws of blocks of {group.block_s} s (samples of "
            f"{SAMPLE_S} s: {group.samples}; length: the cube root of their number)."
        ),
    )


def write_report(
    groups: Sequence[Group], warnings: Sequence[str], folder: Path, *, settings: dict[str, Cell]
) -> None:
    """Write `summary.md`, its picture, and one page with both.

    `settings` are shown below the title. Raises OSError.
    """
    tables = [table_of(group, number) for number, group in enumerate(groups, start=1)]
    report = Report(
        study="sweep",
        title="Sweep",
        checks=(),
        tables=tables,
        findings=[f"warning: {text}" for text in warnings],
    )
    summary, picture, page = (folder / name for name in NAMES)
    text = markdown(report, settings)
    if groups:
        text += f"\n![Profit, edge and inventory of each variant]({picture.name})\n"
        save(picture_of(groups), picture)
    summary.write_text(text, encoding="utf-8")
    png = picture.read_bytes() if groups else b""
    about = ", ".join(f"{name} {cell(value)}" for name, value in settings.items())
    with page.open("w", encoding="utf-8") as file:
        file.writelines(document("Sweep", _body(tables, warnings, png), about=about))


def _body(tables: Sequence[Table], warnings: Sequence[str], png: bytes) -> Iterator[str]:
    """Yield the page: warnings, picture and tables."""
    yield from map(warning, warnings)
    if png:
        yield png_figure(png, "Profit, edge and inventory of each variant")
    for table in tables:
        columns = [(name, name not in TEXTS) for name in table.columns]
        rows = (list(map(cell, row)) for row in table.rows)
        yield heading(table.title) + html_table(columns, rows, note=table.note)


def picture_of(groups: Sequence[Group]) -> Picture:
    """Return the picture of profit, edge and inventory of each variant, with intervals."""
    tapes = list(dict.fromkeys(group.tape for group in groups))

    def draw(figure: "Figure") -> None:
        axes = figure.subplots(PANELS, len(tapes), squeeze=False, sharex="col")
        for column, tape in enumerate(tapes):
            _column([g for g in groups if g.tape == tape], [row[column] for row in axes])

    return Picture(
        title="sweep",
        numbers=Table(name="picture", title="", columns=(), rows=()),
        draw=draw,
        inches=(max(6.0, WIDTH * len(tapes)), HEIGHT * PANELS),
    )


def _column(groups: Sequence[Group], axes: Sequence["Axes"]) -> None:
    names = list(dict.fromkeys(one.variant for group in groups for one in group.variants))
    profit, edge, inventory = axes
    for number, group in enumerate(groups):
        shift = (number - (len(groups) - 1) / 2.0) * 0.12
        at = [names.index(one.variant) + shift for one in group.variants]
        colour = COLOURS[number % len(COLOURS)]
        _bars(profit, at, [one.profit for one in group.variants], colour, group.model)
        _bars(edge, at, [one.edge_bps for one in group.variants], colour, group.model)
        inventory.plot(at, [one.mean("inventory_sd") for one in group.variants], "o", color=colour)
    for panel in (profit, edge):
        panel.axhline(0.0, color="black", linewidth=0.8)
    hours = groups[0].variants[0].mean("seconds") / 3_600.0
    label(profit, title=f"{groups[0].tape}, {hours:.1f} h", y=f"profit, {groups[0].quote}")
    label(edge, y="edge after 5 s, net, bps")
    label(inventory, y="inventory sd, orders")
    profit.legend(fontsize=8)
    inventory.set_xticks(range(len(names)), names, rotation=20, ha="right")
    inventory.set_ylim(bottom=0.0)


def _bars(
    axes: "Axes", at: Sequence[float], found: Sequence[Interval | None], colour: str, name: str
) -> None:
    known = [(x, one) for x, one in zip(at, found, strict=True) if one is not None]
    values = [one.value for _, one in known]
    below = [one.value - one.low for _, one in known]
    above = [one.high - one.value for _, one in known]
    axes.errorbar(
        [x for x, _ in known],
        values,
        yerr=[[max(0.0, b) for b in below], [max(0.0, a) for a in above]],
        fmt="o",
        markersize=4.5,
        linewidth=1.3,
        color=colour,
        label=name,
    )


def _row(one: VariantSummary) -> tuple[str, ...]:
    first, per_fill = one.minus_first, one.orders_per_fill
    markouts = (one.markout_bps(horizon_s) for horizon_s in HORIZONS_S)
    return (
        one.variant,
        _interval(one.profit),
        "–" if first is None else f"{first.value:+.3f} ± {first.se:.3f}",
        f"{one.mean('spread'):+.3f}",
        f"{one.mean('inventory'):+.3f}",
        f"{0.0 - one.mean('fees'):+.3f}",
        "–" if one.edge_bps is None else _interval(one.edge_bps, digits=2),
        " / ".join("–" if bps is None else f"{bps:+.1f}" for bps in markouts),
        f"{one.mean('inventory_sd'):.2f}",
        f"{one.mean('drawdown'):.3f}",
        f"{one.mean('fills'):.0f}",
        "–" if per_fill is None else f"{per_fill:.1f}",
        f"{one.mean('two_sided'):.1%}",
        "best" if one.is_best else "≈ best" if one.is_near_best else "",
    )


def _interval(found: Interval, *, digits: int = 3) -> str:
    return f"{found.value:+.{digits}f} [{found.low:+.{digits}f}, {found.high:+.{digits}f}]"
