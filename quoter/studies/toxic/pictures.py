"""Pictures of the study `toxic`."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from quoter.studies.common.batches import Sample
from quoter.studies.common.estimates import Numbers
from quoter.studies.common.pictures import COLOURS, label
from quoter.studies.common.report import Picture, Table
from quoter.studies.toxic.cases import BARE, ENVIRONMENTS, PROTECTED, PROTECTIONS, gain_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def gains_picture(samples: Mapping[str, Sample]) -> Picture:
    """Return the profit that each protection adds, by environment."""
    shown = PROTECTIONS[1:]
    rows = [
        (one.name, protection.name, gain.value, gain.se)
        for one in ENVIRONMENTS
        for protection in shown
        for gain in [gain_of(samples[one.name], protection)]
    ]

    def draw(figure: "Figure") -> None:
        places = list(range(len(shown)))[::-1]
        row = np.atleast_1d(figure.subplots(1, len(ENVIRONMENTS), sharey=True)).tolist()
        for axes, one in zip(row, ENVIRONMENTS, strict=True):
            ours = [r for r in rows if r[0] == one.name]
            colours = [COLOURS[2] if r[2] > 0.0 else COLOURS[1] for r in ours]
            axes.barh(places, [r[2] for r in ours], color=colours, height=0.6)
            axes.errorbar(
                [r[2] for r in ours], places, xerr=[2.0 * r[3] for r in ours], fmt="none",
                ecolor="black", capsize=2, elinewidth=1.0,
            )  # fmt: skip
            axes.axvline(0.0, color="black", linewidth=0.8)
            axes.set_yticks(places, [p.name for p in shown])
            label(axes, title=one.name)
        figure.supxlabel("profit added to GLFT alone, per hour (bars: 2 SE)", fontsize=10.5)

    numbers = Table(
        name="gains_by_environment",
        title="Gains",
        columns=("environment", "protection", "gain", "SE"),
        rows=rows,
    )
    return Picture(
        title="Gain and cost of protection", numbers=numbers, draw=draw, inches=(13.0, 4.0)
    )


def profits_picture(samples: Mapping[str, Sample]) -> Picture:
    """Return the distribution of profit with and without protection, by environment."""
    shown = (BARE, PROTECTED)
    edges = np.linspace(-40.0, 90.0, 66)
    centres = (edges[1:] + edges[:-1]) / 2.0
    counts: dict[tuple[str, str], Numbers] = {
        (one.name, p.name): np.histogram(
            samples[one.name]["profit"][:, PROTECTIONS.index(p)], edges, density=True
        )[0]
        for one in ENVIRONMENTS
        for p in shown
    }

    def draw(figure: "Figure") -> None:
        row = np.atleast_1d(figure.subplots(1, len(ENVIRONMENTS))).tolist()
        for axes, one in zip(row, ENVIRONMENTS, strict=True):
            for colour, protection in zip((COLOURS[1], COLOURS[2]), shown, strict=True):
                density = counts[one.name, protection.name]
                axes.fill_between(centres, density, step="mid", color=colour, alpha=0.25)
                axes.step(centres, density, where="mid", color=colour, label=protection.name)
            axes.set_yticks([])
            axes.set_ylim(bottom=0.0)
            label(axes, title=one.name, x="profit of an hour")
        figure.axes[0].legend(loc="upper left")

    numbers = Table(
        name="profits",
        title="Distribution of the profit",
        columns=("profit", *(f"{name}, {policy}" for name, policy in counts)),
        rows=[(float(x), *(float(c[i]) for c in counts.values())) for i, x in enumerate(centres)],
    )
    return Picture(
        title="Profit with and without protection", numbers=numbers, draw=draw, inches=(13.0, 3.6)
    )
