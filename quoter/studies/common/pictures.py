"""Drawing of pictures into files, without a screen and with one style."""

from collections.abc import Sequence
from pathlib import Path

from matplotlib import RcParams, rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from quoter.studies.common.report import Picture

DPI = 130
COLOURS = ("#1f6fb4", "#d1495b", "#2a9d5c", "#e39c12", "#6f4ba3", "#5b6770", "#14919b", "#9c6644")
STYLE = RcParams(
    {
        "font.size": 10.5,
        "axes.grid": True,
        "axes.axisbelow": True,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "grid.color": "#dddddd",
        "grid.linewidth": 0.7,
        "legend.frameon": False,
        "lines.linewidth": 1.8,
    }
)


def save(picture: Picture, path: Path) -> None:
    """Draw `picture` into a PNG file, without matplotlib's global state or a window."""
    with rc_context(STYLE):
        figure = Figure(figsize=picture.inches, layout="constrained")
        FigureCanvasAgg(figure)
        picture.draw(figure)
        figure.savefig(path, dpi=DPI)


def label(axes: Axes, *, title: str = "", x: str = "", y: str = "") -> None:
    """Set title and axis labels; empty ones are left out."""
    if title:
        axes.set_title(title, loc="left", fontsize=11, fontweight="bold")
    if x:
        axes.set_xlabel(x)
    if y:
        axes.set_ylabel(y)


def plain_log_x(axes: Axes, marks: Sequence[float]) -> None:
    """Make the x axis logarithmic with `marks` in plain numbers."""
    axes.set_xscale("log")
    axes.set_xticks(list(marks), [f"{mark:g}" for mark in marks])
    axes.minorticks_off()
