"""Certainty equivalent of hedging inventory above a threshold, against no hedging.

Removing the n-th lot is worth slope*(n - 1/2). Where that exceeds the cost of a taker order on the
hedge venue, inventory is reduced to the edge of the band in which holding is better.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from quoter.studies.common.batches import Batch, Sample
from quoter.studies.common.chain import stationary
from quoter.studies.common.estimates import mean_of, root_mean_of
from quoter.studies.common.market import BP, KAPPA, SIGMA
from quoter.studies.common.options import Options
from quoter.studies.common.pictures import COLOURS, label
from quoter.studies.common.report import Check, Picture, Report, Table, at_most, within, within_se
from quoter.studies.hedge.market import HOUR_S, LOTS_MAX, HedgedMaker, rule

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PATHS, QUICK_PATHS, PIECE = 2_000, 200, 500
GAMMAS = (0.1, 0.3)  # risk aversion per lot in units of kappa
COSTS_BP = (1.0, 2.0, 3.0, 5.0, 8.0)  # cost of hedging one lot: fee, half a spread, slippage, basis
NAIVE = (3, 0)  # everything is hedged at three lots
# largest loss of certainty equivalent, as a share of the best of all thresholds
RULE_LOSS_MAX = 0.0009


class Reference(NamedTuple):
    """Best (threshold, remainder), and its gain over no hedging in percent (None: not computed)."""

    best: tuple[int, int]
    gain_percent: float | None


REFERENCE = {
    (0.1, 1.0): Reference((4, 3), 1.0),
    (0.1, 2.0): Reference((5, 4), 0.2),
    (0.1, 3.0): Reference((7, 6), 0.0),
    (0.1, 5.0): Reference((11, 10), None),
    (0.3, 1.0): Reference((2, 1), 2.5),
    (0.3, 2.0): Reference((3, 2), 0.8),
    (0.3, 3.0): Reference((4, 3), 0.2),
    (0.3, 5.0): Reference((6, 5), None),
    (0.3, 8.0): Reference((8, 7), None),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One risk aversion at one cost."""

    gamma: float
    cost_bp: float
    rule: tuple[int, int]
    best: tuple[int, int]
    certainty: Mapping[tuple[int, int], float]  # by (at, down_to)
    unhedged: float
    rule_daemon: float
    unhedged_daemon: float

    @property
    def rule_certainty(self) -> float:
        return self.certainty.get(self.rule, self.unhedged)


def batches(options: Options) -> Sequence[Batch]:
    """Return batches of the rule at 1 bp and of no hedging, to check the exact chain."""
    paths = options.paths_or(PATHS, QUICK_PATHS)
    return [
        Batch(name=name, simulation=maker, paths=paths, piece=PIECE)
        for name, maker in _simulated().items()
    ]


def _simulated() -> dict[str, HedgedMaker]:
    at, down_to = rule(0.1, BP)
    return {
        "no hedging": HedgedMaker(gamma=0.1, at=LOTS_MAX + 1, down_to=0, cost=0.0),
        "rule at 1 bp": HedgedMaker(gamma=0.1, at=at, down_to=down_to, cost=BP),
    }


def _line(gamma: float, cost_bp: float) -> Line:
    cost = cost_bp * BP
    certainty = {
        (at, down_to): HedgedMaker(
            gamma=gamma, at=at, down_to=down_to, cost=cost
        ).certainty_per_hour()
        for at in range(2, LOTS_MAX + 1)
        for down_to in range(at)
    }
    none = HedgedMaker(gamma=gamma, at=LOTS_MAX + 1, down_to=0, cost=cost)
    at, down_to = rule(gamma, cost)
    ruled = HedgedMaker(gamma=gamma, at=at, down_to=down_to, cost=cost, is_daemon=True)
    return Line(
        gamma=gamma,
        cost_bp=cost_bp,
        rule=(at, down_to),
        best=max(certainty, key=lambda pair: certainty[pair]),
        certainty=certainty,
        unhedged=none.certainty_per_hour(),
        rule_daemon=ruled.certainty_per_hour(),
        unhedged_daemon=HedgedMaker(
            gamma=gamma, at=LOTS_MAX + 1, down_to=0, cost=cost, is_daemon=True
        ).certainty_per_hour(),
    )


def report(_options: Options, samples: Mapping[str, Sample]) -> Report:
    """Return the comparison of rule, best thresholds and no hedging."""
    lines = [_line(gamma, cost_bp) for gamma in GAMMAS for cost_bp in COSTS_BP]
    checks = [check for line in lines for check in _line_checks(line)]
    at_five = next(line for line in lines if (line.gamma, line.cost_bp) == (0.1, 5.0))
    naive = 100.0 * (at_five.certainty[NAIVE] / at_five.unhedged - 1.0)
    checks.append(within("gamma/k 0.1, 5 bp: all at 3 lots, gain %", -23.0, naive, 0.5))
    checks += _simulated_checks(samples)
    return Report(
        study="hedge",
        title="Threshold hedger against none",
        checks=checks,
        tables=(_table(lines),),
        pictures=(_gains(lines), _thresholds(lines)),
        findings=(
            "Certainty equivalents are exact (top eigenvalue of the tilted chain), in basis points"
            " of one lot per hour; their market has quotes that stop at the mid. Our own floor of a"
            " fifth of the half-spread before the mid is in the last two columns: it is reached"
            " beyond seven lots only.",
            "With a taker cost equal to our half-spread (5 bp), only extreme inventory is hedged.",
        ),
    )


def _line_checks(line: Line) -> list[Check]:
    name = f"gamma/k {line.gamma:g}, {line.cost_bp:g} bp"
    loss = 1.0 - line.rule_certainty / line.certainty[line.best]
    checks = [at_most(f"{name}: loss of the rule against the best", RULE_LOSS_MAX, loss)]
    reference = REFERENCE.get((line.gamma, line.cost_bp))
    if reference is None:
        return checks
    for index, what in enumerate(("at", "down to")):
        best = f"{name}: best to hedge {what}"
        checks.append(within(best, reference.best[index], line.best[index], 0.0))
    if reference.gain_percent is not None:
        gain = 100.0 * (line.rule_certainty / line.unhedged - 1.0)
        checks.append(within(f"{name}: gain of the rule, %", reference.gain_percent, gain, 0.1))
    return checks


def _simulated_checks(samples: Mapping[str, Sample]) -> list[Check]:
    checks = []
    for name, maker in _simulated().items():
        truth = stationary(maker.chain(), sigma=SIGMA, gamma=GAMMAS[0] * KAPPA)
        profit, sd = mean_of(samples[name]["profit"]), root_mean_of(samples[name]["square_lots"])
        unit = HOUR_S / BP
        checks += [
            within_se(
                f"{name}: profit bp/h, exact and simulated",
                truth.mean_rate * unit,
                profit.value * unit,
                profit.se * unit,
            ),
            within_se(f"{name}: sd(n), exact and simulated", truth.sd_lots, sd.value, sd.se),
        ]
    return checks


def _table(lines: Sequence[Line]) -> Table:
    return Table(
        name="hedging",
        title="Certainty equivalent, bp of a lot per hour",
        columns=(
            "gamma/k", "cost bp/lot", "rule: hedge at", "rule: down to", "best: at",
            "best: down to", "none", "rule", "best", "all at 3 lots", "none, our floor",
            "rule, our floor",
        ),
        rows=[
            (
                line.gamma, line.cost_bp, *line.rule, *line.best, line.unhedged,
                line.rule_certainty, line.certainty[line.best], line.certainty[NAIVE],
                line.unhedged_daemon, line.rule_daemon,
            )
            for line in lines
        ],
        note="A rule beyond the limit of 12 lots is no hedging.",
    )  # fmt: skip


def _gains(lines: Sequence[Line]) -> Picture:
    rows = [
        (
            line.gamma,
            line.cost_bp,
            100.0 * (line.rule_certainty / line.unhedged - 1.0),
            100.0 * (line.certainty[line.best] / line.unhedged - 1.0),
            100.0 * (line.certainty[NAIVE] / line.unhedged - 1.0),
        )
        for line in lines
    ]

    def draw(figure: "Figure") -> None:
        for axes, gamma in zip(figure.subplots(1, 2), GAMMAS, strict=True):
            ours = [row for row in rows if row[0] == gamma]
            costs = [row[1] for row in ours]
            axes.axhline(0.0, color="black", linewidth=0.8)
            axes.plot(costs, [row[3] for row in ours], "o-", color=COLOURS[0], label="best")
            axes.plot(costs, [row[2] for row in ours], "x--", color=COLOURS[1], label="rule")
            axes.plot(costs, [row[4] for row in ours], ".:", color=COLOURS[5], label="all at 3")
            axes.set_ylim(-3.0, 3.0)
            label(axes, title=f"gamma/k {gamma:g}", x="cost of a hedged lot, bp")
            axes.legend(loc="upper right")
        label(figure.axes[0], y="gain over no hedging, %")

    numbers = Table(
        name="gains",
        title="Gain of hedging",
        columns=("gamma/k", "cost bp/lot", "rule %", "best %", "all at 3 lots %"),
        rows=rows,
        note="Hedging everything is below the range of the picture.",
    )
    return Picture(title="When hedging pays", numbers=numbers, draw=draw, inches=(10, 4.2))


def _thresholds(lines: Sequence[Line]) -> Picture:
    shown = [line for line in lines if line.gamma == GAMMAS[0]]
    rows = [
        (line.cost_bp, at, line.certainty[at, at - 1], line.unhedged)
        for line in shown
        for at in range(2, LOTS_MAX + 1)
    ]

    def draw(figure: "Figure") -> None:
        axes = figure.subplots()
        for colour, line in zip(COLOURS, shown, strict=False):
            ours = [(row[1], row[2]) for row in rows if row[0] == line.cost_bp]
            x, y = [at for at, _ in ours], [value for _, value in ours]
            axes.plot(x, y, "o-", color=colour, markersize=4, label=f"{line.cost_bp:g} bp")
            axes.plot([line.best[0]], [line.certainty[line.best]], "*", color=colour, markersize=14)
        axes.axhline(shown[0].unhedged, color="black", linewidth=0.8)
        label(axes, x="hedge at, lots (down to one less)", y="certainty equivalent, bp per hour")
        axes.legend(title="cost of a lot; star: best", loc="lower right")
        axes.set_ylim(5_000.0, 6_100.0)

    numbers = Table(
        name="thresholds",
        title="Certainty equivalent by threshold",
        columns=("cost bp/lot", "hedge at", "certainty bp/h", "no hedging"),
        rows=rows,
    )
    return Picture(title="Where to hedge (gamma/k 0.1)", numbers=numbers, draw=draw)
