"""Tables 1-3 of Avellaneda & Stoikov 2008: published, simulated and exact figures.

The published figures are compared with 1000 simulated paths, as in the paper. The exact values are
compared with many more. The published third gamma is 1; we add 0.5.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from quoter.pricing.models.certainty import certainty_equivalent
from quoter.studies.as_tables.paper import Exact, PaperMarket, exact
from quoter.studies.common.batches import Batch, Sample
from quoter.studies.common.estimates import Estimate, mean_of, sd_of
from quoter.studies.common.options import Options
from quoter.studies.common.pictures import COLOURS, label
from quoter.studies.common.report import Check, Picture, Report, Table, within_se

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PATHS, QUICK_PATHS, PIECE = 200_000, 10_000, 10_000
PAPER_PATHS = 1_000


class Published(NamedTuple):
    """A row of the paper's tables, as printed."""

    spread: float
    profit: float
    profit_sd: float
    lots: float
    lots_sd: float


class Row(NamedTuple):
    """One strategy at one risk aversion. `published`: None if the paper does not print it."""

    market: PaperMarket
    published: Published | None

    @property
    def name(self) -> str:
        return f"{self.market.gamma:g} {self.strategy}"

    @property
    def strategy(self) -> str:
        return "symmetric" if self.market.is_symmetric else "inventory"


PRINTED: dict[float, tuple[Published | None, Published | None]] = {  # inventory, symmetric
    0.1: (Published(1.49, 65.0, 6.6, 0.08, 2.9), Published(1.49, 68.4, 12.7, 0.26, 8.4)),
    0.01: (Published(1.35, 68.6, 8.7, 0.12, 5.1), Published(1.35, 68.8, 12.8, 0.09, 8.7)),
    1.0: (Published(3.02, 31.4, 5.0, 0.02, 1.7), Published(3.02, 44.0, 11.0, 0.0, 5.1)),
    0.5: (None, None),
}
ROWS = tuple(
    Row(PaperMarket(gamma=gamma, is_symmetric=is_symmetric), printed[is_symmetric])
    for gamma, printed in PRINTED.items()
    for is_symmetric in (False, True)
)


def batches(options: Options) -> Sequence[Batch]:
    """Return one batch per row, with at least as many paths as the paper."""
    paths = max(PAPER_PATHS, options.paths_or(PATHS, QUICK_PATHS))
    return [Batch(name=r.name, simulation=r.market, paths=paths, piece=PIECE) for r in ROWS]


def report(_options: Options, samples: Mapping[str, Sample]) -> Report:
    """Return the comparison of published, simulated and exact figures."""
    paths = samples[ROWS[0].name]["profit"].size
    exacts = {row.name: exact(row.market) for row in ROWS}
    published = [
        check
        for row in ROWS
        if row.published is not None
        for check in _published(row, row.published, samples[row.name])
    ]
    simulated = [check for row in ROWS for check in _exact(row, exacts[row.name], samples)]
    worst = max(abs(check.z or 0.0) for check in published)
    furthest = max(abs(check.z or 0.0) for check in simulated)
    return Report(
        study="as-tables",
        title="Avellaneda & Stoikov 2008, tables 1-3",
        checks=[*published, *simulated],
        tables=(_table(exacts, samples, paths), _certainty(exacts, samples)),
        pictures=(_histograms(samples), _scatter(exacts)),
        findings=(
            f"{sum(c.is_met for c in published)} of {len(published)} published figures are within"
            f" 4 SE of our first {PAPER_PATHS} paths (furthest {worst:.2f}). The SE is that of one"
            " such run; the difference of two independent runs spreads by 1.41 of it.",
            f"{sum(c.is_met for c in simulated)} of {len(simulated)} figures of all {paths} paths"
            f" are within 4 SE of the exact values (furthest {furthest:.2f}).",
            "The paper's average spread at gamma 1 is 3.02, ours 3.0317: it averages the horizon"
            " over continuous time, the simulation over the 200 moments at which quotes are set.",
        ),
    )


def _published(row: Row, published: Published, sample: Sample) -> list[Check]:
    first = {name: values[:PAPER_PATHS] for name, values in sample.items()}
    return [
        within_se(f"published: {row.name} {what}", target, ours.value, ours.se)
        for (what, ours), target in zip(_figures(first), published[1:], strict=True)
    ]


def _exact(row: Row, truth: Exact, samples: Mapping[str, Sample]) -> list[Check]:
    targets = (truth.profit, truth.profit_sd, truth.lots, truth.lots_sd)
    return [
        within_se(f"exact: {row.name} {what}", target, ours.value, ours.se)
        for (what, ours), target in zip(_figures(samples[row.name]), targets, strict=True)
    ]


def _figures(sample: Sample) -> list[tuple[str, Estimate]]:
    profit, lots = sample["profit"], sample["lots"]
    return [
        ("profit", mean_of(profit)),
        ("sd(profit)", sd_of(profit)),
        ("q", mean_of(lots)),
        ("sd(q)", sd_of(lots)),
    ]


def _table(exacts: Mapping[str, Exact], samples: Mapping[str, Sample], paths: int) -> Table:
    columns = ["gamma", "strategy", "spread published", "spread"]
    for what in ("profit", "sd(profit)", "final q", "sd(final q)"):
        columns += [f"{what}, {source}" for source in ("published", "1000 paths", "all", "exact")]
    rows = []
    for row in ROWS:
        profit, lots = samples[row.name]["profit"], samples[row.name]["lots"]
        truth, published = exacts[row.name], row.published
        row_cells: list[float | str | None] = [row.market.gamma, row.strategy]
        row_cells += [published.spread if published else None, row.market.spread_mean()]
        for index, (estimate, sample, right) in enumerate(
            (
                (mean_of, profit, truth.profit),
                (sd_of, profit, truth.profit_sd),
                (mean_of, lots, truth.lots),
                (sd_of, lots, truth.lots_sd),
            )
        ):
            row_cells += [
                published[index + 1] if published else None,
                estimate(sample[:PAPER_PATHS]).value,
                estimate(sample).value,
                right if abs(right) > 1e-12 else 0.0,
            ]
        rows.append(row_cells)
    return Table(
        name="tables",
        title=f"The paper's tables: published, {PAPER_PATHS} paths, {paths} paths, exact",
        columns=tuple(columns),
        rows=rows,
    )


def _certainty(exacts: Mapping[str, Exact], samples: Mapping[str, Sample]) -> Table:
    """Return certainty equivalents; mean-variance if too few effective paths are left."""
    rows = []
    for row in ROWS:
        sample = samples[row.name]
        ours = certainty_equivalent(sample["profit"].tolist(), gamma=row.market.gamma)
        is_shown = ours.is_publishable
        rows.append(
            (
                row.market.gamma,
                row.strategy,
                exacts[row.name].certainty_equivalent,
                ours.equivalent if is_shown else None,
                ours.error if is_shown else None,
                ours.ess,
                None if is_shown else ours.mean_variance,
                float(sample["capped"].mean()),
            )
        )
    return Table(
        name="certainty",
        title="Certainty equivalents",
        columns=(
            "gamma", "strategy", "exact", "simulated", "SE", "effective paths", "mean-variance",
            "share of steps with a capped fill chance",
        ),
        rows=rows,
        note="Simulated ones are shown if at least 100 effective paths and 1 % of all remain;"
        " otherwise mean - gamma/2 * variance is shown.",
    )  # fmt: skip


def _histograms(samples: Mapping[str, Sample]) -> Picture:
    shown = [row for row in ROWS if row.market.gamma != 0.5]
    edges = np.linspace(0.0, 120.0, 61)
    centres = (edges[1:] + edges[:-1]) / 2.0
    counts = {
        row.name: np.histogram(samples[row.name]["profit"], edges, density=True)[0] for row in shown
    }

    def draw(figure: "Figure") -> None:
        gammas = sorted({row.market.gamma for row in shown})
        for axes, gamma in zip(figure.subplots(1, 3, sharey=True), gammas, strict=True):
            for row in shown:
                if row.market.gamma == gamma:
                    colour = COLOURS[int(row.market.is_symmetric)]
                    axes.fill_between(centres, counts[row.name], color=colour, alpha=0.2)
                    axes.plot(centres, counts[row.name], color=colour, label=row.strategy)
            label(axes, title=f"gamma {gamma:g}", x="profit at the end")
        label(figure.axes[0], y="density")
        figure.axes[0].legend(loc="upper left")

    numbers = Table(
        name="profit",
        title="Distribution of the profit",
        columns=("profit", *counts),
        rows=[(float(x), *(float(c[i]) for c in counts.values())) for i, x in enumerate(centres)],
        note="Inventory skew reduces the mean a little and the risk a lot.",
    )
    return Picture(
        title="Profit with and without inventory skew", numbers=numbers, draw=draw, inches=(11, 4)
    )


def _scatter(exacts: Mapping[str, Exact]) -> Picture:
    rows = [
        (row.market.gamma, row.strategy, truth.lots_sd, truth.profit_sd, truth.profit)
        for row in ROWS
        for truth in [exacts[row.name]]
    ]
    printed = [
        (r.market.is_symmetric, r.published.lots_sd, r.published.profit)
        for r in ROWS
        if r.published is not None
    ]

    def draw(figure: "Figure") -> None:
        axes = figure.subplots()
        for index, strategy in enumerate(("inventory", "symmetric")):
            ours = sorted((r[2], r[4], r[0]) for r in rows if r[1] == strategy)
            axes.plot(
                [o[0] for o in ours], [o[1] for o in ours], "o-", color=COLOURS[index],
                label=f"{strategy}, exact",
            )  # fmt: skip
            theirs = [(x, y) for is_symmetric, x, y in printed if is_symmetric == bool(index)]
            axes.plot(
                [x for x, _ in theirs], [y for _, y in theirs], "x", color=COLOURS[index],
                markersize=10, markeredgewidth=2, label=f"{strategy}, published",
            )  # fmt: skip
            for x, y, gamma in ours:
                is_crowded = strategy == "symmetric" and gamma == 0.1
                axes.annotate(
                    f"gamma {gamma:g}", (x, y), textcoords="offset points",
                    xytext=(-9, 3) if is_crowded else (8, -13),
                    horizontalalignment="right" if is_crowded else "left",
                )  # fmt: skip
        axes.set_xlim(right=9.9)
        label(axes, x="sd of final inventory, lots", y="mean profit")
        axes.legend(loc="lower right")

    numbers = Table(
        name="frontier",
        title="Profit against inventory",
        columns=("gamma", "strategy", "sd(final q)", "sd(profit)", "profit"),
        rows=rows,
    )
    return Picture(title="Cost and benefit of inventory control", numbers=numbers, draw=draw)
