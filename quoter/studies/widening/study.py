"""Cost and benefit of widening with inventory: exposed side, both sides, or none.

Exact long-run figures on the market of Avellaneda & Stoikov (sigma 2, k 1.5, A 140, limit 10 lots).
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from quoter.studies.common.batches import Batch, Sample
from quoter.studies.common.chain import Stationary, passage_s, stationary
from quoter.studies.common.estimates import mean_of, root_mean_of
from quoter.studies.common.options import Options
from quoter.studies.common.pictures import COLOURS, label
from quoter.studies.common.report import Check, Picture, Report, Table, within, within_se
from quoter.studies.widening.policies import (
    BOTH,
    EXPOSED,
    GAMMA,
    LOTS_MAX,
    POLICIES,
    SIGMA,
    SIMULATED,
    SKEW_ONLY,
    Policy,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PATHS, QUICK_PATHS, PIECE = 4_000, 400, 1_000
FAR, NEAR = 8.0, 1.0  # lots: start and end of the measured return of inventory


def batches(options: Options) -> Sequence[Batch]:
    """Return batches of the three policies that are simulated, to check the exact figures."""
    paths = options.paths_or(PATHS, QUICK_PATHS)
    return [
        Batch(name=policy.name, simulation=policy, paths=paths, piece=PIECE) for policy in SIMULATED
    ]


def report(_options: Options, samples: Mapping[str, Sample]) -> Report:
    """Return the comparison of the policies with the reference figures."""
    exact = {
        policy.name: stationary(policy.chain(), sigma=SIGMA, gamma=GAMMA) for policy in POLICIES
    }
    passages = {
        policy.name: passage_s(policy.chain(), start=FAR, within=NEAR) for policy in POLICIES
    }
    checks = [
        check
        for policy in POLICIES
        for check in _reference_checks(policy, exact[policy.name], passages[policy.name])
    ]
    checks += [
        check
        for policy in SIMULATED
        for check in _simulated_checks(policy.name, exact[policy.name], samples[policy.name])
    ]
    base, wide, both = exact[SKEW_ONLY.name], exact[EXPOSED.name], exact[BOTH.name]
    returns = passages[EXPOSED.name] / passages[SKEW_ONLY.name] - 1.0
    slower = passages[BOTH.name] / passages[SKEW_ONLY.name] - 1.0
    return Report(
        study="widening",
        title="Widening with inventory",
        checks=checks,
        tables=(_table(exact, passages),),
        pictures=(_distances(), _worth(exact, passages)),
        findings=(
            f"The exposed side alone, beta 1: sd(q) {wide.sd_lots / base.sd_lots - 1.0:+.1%}, mean"
            f" profit {wide.mean_rate / base.mean_rate - 1.0:+.2%}, return from 8 lots"
            f" {returns:+.0%}.",
            f"Both sides: sd(q) {both.sd_lots / base.sd_lots - 1.0:+.1%}, return {slower:+.0%}:"
            " widening the side that would unwind traps the inventory.",
        ),
    )


def _reference_checks(policy: Policy, ours: Stationary, passage: float) -> list[Check]:
    reference = policy.reference
    digits = 5.1e-5 if policy.name != "no skew, both 1" else 5.1e-3  # as printed there
    figures = [
        ("mean P&L", reference.mean, ours.mean_rate, 5.1e-4),
        ("CE", reference.certainty, ours.certainty_rate, 5.1e-4),
        ("sd(n)", reference.sd_lots, ours.sd_lots, 5.1e-4),
        ("return", reference.passage_s, passage, digits),
        ("sd", reference.sd, ours.sd_rate, 5.1e-4),
    ]
    return [
        within(f"{policy.name}: {what}", target, value, allowed)
        for what, target, value, allowed in figures
    ]


def _simulated_checks(name: str, truth: Stationary, sample: Sample) -> list[Check]:
    profit, sd = mean_of(sample["profit"]), root_mean_of(sample["square_lots"])
    return [
        within_se(f"{name}: mean P&L, simulated", truth.mean_rate, profit.value, profit.se),
        within_se(f"{name}: sd(n), simulated", truth.sd_lots, sd.value, sd.se),
    ]


def _table(exact: Mapping[str, Stationary], passages: Mapping[str, float]) -> Table:
    return Table(
        name="policies",
        title="Exact long-run figures per unit of time",
        columns=(
            "policy", "mean P&L", "sd", "CE", "sd(n)", "P(limit)", "8 lots to 1, s", "fills/s",
            "CE, reference", "sd(n), reference",
        ),
        rows=[
            (
                p.name, found.mean_rate, found.sd_rate, found.certainty_rate, found.sd_lots,
                found.limit_share, passages[p.name], found.fills_rate, p.reference.certainty,
                p.reference.sd_lots,
            )
            for p in POLICIES
            for found in [exact[p.name]]
        ],
    )  # fmt: skip


def _distances() -> Picture:
    lots = list(range(-LOTS_MAX, LOTS_MAX + 1))
    shown = {policy.name: policy.distances() for policy in SIMULATED}
    rows = [
        (
            n,
            *(
                float(side[i]) if abs(n) < LOTS_MAX or n * sign > 0 else None
                for bid, ask in shown.values()
                for side, sign in ((bid, -1), (ask, 1))
            ),
        )
        for i, n in enumerate(lots)
    ]

    def draw(figure: "Figure") -> None:
        axes = figure.subplots()
        axes.axhline(0.0, color="black", linewidth=0.8)
        styles = zip(COLOURS, ("-", "--", ":"), (4.0, 2.2, 2.6), shown.items(), strict=False)
        for colour, style, width, (name, (bid, ask)) in styles:
            axes.plot(lots[:-1], -bid[:-1], style, color=colour, linewidth=width, label=name)
            axes.plot(lots[1:], ask[1:], style, color=colour, linewidth=width)
        axes.set_xticks(lots[::2])
        label(axes, x="inventory, lots", y="quote less fair value, price")
        axes.text(-9.5, -0.42, "bid", fontweight="bold")
        axes.text(8.8, 0.38, "ask", fontweight="bold")
        axes.legend(loc="upper right")

    columns = ("lots", *(f"{side}, {name}" for name in shown for side in ("bid", "ask")))
    numbers = Table(name="quotes", title="Distances of the quotes", columns=columns, rows=rows)
    return Picture(title="Quotes against inventory", numbers=numbers, draw=draw)


def _worth(exact: Mapping[str, Stationary], passages: Mapping[str, float]) -> Picture:
    rows = [
        (name, found.certainty_rate, found.sd_lots, passages[name]) for name, found in exact.items()
    ]

    def draw(figure: "Figure") -> None:
        places = list(range(len(rows)))[::-1]
        titles = ("certainty equivalent", "sd of inventory, lots", "8 lots to 1, seconds")
        panels = figure.subplots(1, len(titles), sharey=True)
        for index, (axes, title) in enumerate(zip(panels, titles, strict=True), start=1):
            for place, row in zip(places, rows, strict=True):
                colour = COLOURS[1 if "both" in str(row[0]) else 0]
                axes.plot([row[index]], [place], "o", color=colour)
            axes.set_yticks(places, [row[0] for row in rows])
            label(axes, title=title)
        panels[0].set_xlim(30.0, 67.0)

    numbers = Table(
        name="worth",
        title="Value of each policy",
        columns=("policy", "CE", "sd(n)", "8 lots to 1, s"),
        rows=rows,
        note="Red: both sides are widened.",
    )
    return Picture(title="Value of each policy", numbers=numbers, draw=draw, inches=(12.0, 5.0))
