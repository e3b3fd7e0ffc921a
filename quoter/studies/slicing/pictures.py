"""Pictures of the study `slicing`."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from quoter.studies.common.estimates import Estimate
from quoter.studies.common.pictures import COLOURS, label
from quoter.studies.common.report import Picture, Table

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def costs_picture(
    intervals_s: Sequence[float], costs: Mapping[str, Sequence[Estimate]], sd: Sequence[float]
) -> Picture:
    """Return a picture of cost and timing risk by interval (0: at once)."""
    names = [f"{name}, {what}" for name in costs for what in ("bp", "SE")]
    rows = [
        (
            interval,
            *(figure for one in costs.values() for figure in (one[i].value, one[i].se)),
            sd[i],
        )
        for i, interval in enumerate(intervals_s)
    ]

    def draw(figure: "Figure") -> None:
        left, right = figure.subplots(1, 2, width_ratios=(3, 2))
        places = range(len(intervals_s))
        marks = ["at once", *(f"{interval:g}" for interval in intervals_s[1:])]
        for colour, (name, found) in zip(COLOURS, costs.items(), strict=False):
            values = [one.value for one in found]
            errors = [4.0 * one.se for one in found]
            left.errorbar(
                places, values, yerr=errors, fmt="o-", color=colour, label=name, capsize=3
            )
        right.plot(places, sd, "o-", color=COLOURS[5])
        for axes in (left, right):
            axes.set_xticks(list(places), marks)
            label(axes, x="seconds between slices")
        label(left, title="average cost, bp (bars: 4 SE)")
        label(right, title="timing risk: sd of the cost, bp")
        left.legend(loc="lower right")
        left.set_ylim(0.0, 9.5)

    numbers = Table(
        name="costs_by_interval",
        title="Costs by interval",
        columns=("interval s (0: at once)", *names, "sd with our sign, bp"),
        rows=rows,
    )
    return Picture(title="Cost and risk of slicing", numbers=numbers, draw=draw, inches=(11.5, 4.6))


def reversion_picture(after_s: Sequence[float], skews: Mapping[str, Sequence[Estimate]]) -> Picture:
    """Return a picture of the quotes above fair value after ten lots were bought at once."""
    rows = [(at, *(found[i].value for found in skews.values())) for i, at in enumerate(after_s)]

    def draw(figure: "Figure") -> None:
        axes = figure.subplots()
        axes.axhline(0.0, color="black", linewidth=0.8)
        for colour, (name, found) in zip(COLOURS, skews.items(), strict=False):
            axes.plot(after_s, [one.value for one in found], "o-", color=colour, label=name)
        label(axes, x="seconds after ten lots at once", y="both quotes against fair value, bp")
        axes.legend(loc="upper right")

    numbers = Table(
        name="reversion",
        title="Quotes after the purchase",
        columns=("seconds after", *(f"{name}, bp" for name in skews)),
        rows=rows,
        note="With our sign the quotes revert because inventory does; with the opposite sign they"
        " stay displaced for minutes.",
    )
    return Picture(title="After the purchase", numbers=numbers, draw=draw)
