"""Profit and drawdown of five makers in a crash like that of 10 October 2025, compressed.

REDUCE_ONLY is not part of it. Profits are in units of one lot times one percent of the first price.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from quoter.studies.common.batches import Batch, Sample
from quoter.studies.common.estimates import Estimate, mean_of, quantile_of
from quoter.studies.common.market import FAIR, LOTS_MAX
from quoter.studies.common.options import Options
from quoter.studies.common.pictures import COLOURS, label
from quoter.studies.common.report import Check, Picture, Report, Table, at_most, within_se
from quoter.studies.crash.market import ONSET_S, RECOVERED_S, SECONDS, STEP_S, tape
from quoter.studies.crash.quoter import POLICIES, Policy, Quoters

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PATHS, QUICK_PATHS, PIECE = 300, 40, 75
REFERENCE_PATHS = 300  # of the reference run
COURSE_STEPS = 200  # steps between two recorded equities: 10 s
CALM, CRASH = "no crash", "crash"


class Reference(NamedTuple):
    """Figures of the reference run: mean profit without a crash.

    With a crash: mean, 5 % quantile, largest drop of equity, and share of time with quotes.
    """

    calm: float
    crash: float
    quantile: float
    drop: float
    two_sided: float


REFERENCE = {
    Policy.SYMMETRIC: Reference(43.6, -1539.0, -2617.0, -3703.0, 1.00),
    Policy.GLFT: Reference(42.4, -128.0, -163.0, -169.0, 0.71),
    Policy.ADAPTIVE: Reference(42.3, 55.0, 32.0, -39.0, 0.96),
    Policy.FLOW: Reference(42.0, 127.0, 107.0, -15.0, 1.00),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """Forty minutes of the market; crash `onset_s` seconds after the start (None: no crash)."""

    onset_s: float | None
    seconds: float = SECONDS

    def simulate(self, rng: np.random.Generator, paths: int) -> Sample:
        """Return the results per path and maker; course (equity) and price also by time."""
        onset_s = 10.0 * self.seconds if self.onset_s is None else self.onset_s
        drawn = tape(rng, paths=paths, steps=round(self.seconds / STEP_S), onset_s=onset_s)
        quoters = Quoters(paths, onset_s)
        course = quoters.run(drawn, COURSE_STEPS)
        drop = quoters.equity_min - quoters.equity_before
        return {
            "profit": quoters.equity.T,
            "drop": np.where(np.isfinite(drop), drop, 0.0).T,
            "drawdown": quoters.drawdown.T,
            "lots_most": quoters.lots_most.T,
            "fills": quoters.crash_fills.T,
            "two_sided": quoters.uptime.T,
            "course": course.transpose(2, 0, 1),
            "price": drawn.price[::COURSE_STEPS].T,
        }


def batches(options: Options) -> Sequence[Batch]:
    """Return two batches to compare: the same makers, with and without the crash."""
    paths = options.paths_or(PATHS, QUICK_PATHS)
    return [
        Batch(name=name, simulation=Scenario(onset_s=onset_s), paths=paths, piece=PIECE)
        for name, onset_s in ((CALM, None), (CRASH, ONSET_S))
    ]


def report(_options: Options, samples: Mapping[str, Sample]) -> Report:
    """Return the comparison of the makers with the reference run."""
    checks = [
        check
        for policy, reference in REFERENCE.items()
        for check in _checks(policy, reference, samples)
    ]
    most = max(
        float(samples[name]["lots_most"][:, POLICIES.index(policy)].max())
        for name in (CALM, CRASH)
        for policy in POLICIES
        if policy is not Policy.SYMMETRIC
    )
    checks.append(at_most("most lots of anyone with a limit", float(LOTS_MAX), most))
    return Report(
        study="crash",
        title="A crash without a breaker",
        checks=checks,
        tables=(_table(samples),),
        pictures=(_course(samples), _drops(samples)),
        findings=(
            "The first four makers are those of the reference run, with our base half-spread and"
            " slope; the last is the daemon's own quote with its volatility, flow alpha and the"
            " level WIDE (fast sigma above twice the usual: half-spread x 1.5, minimum distance).",
            "Quotes are 0.1 s late and stay for 0.25 s; the venue does not fail here, and wide"
            " quotes keep being filled. A real crash can be worse.",
            "Errors of the difference to the reference run include its own sampling (300 paths).",
        ),
    )


def _checks(policy: Policy, reference: Reference, samples: Mapping[str, Sample]) -> list[Check]:
    """Return checks against the reference run; the errors include both runs and rounding."""
    index = POLICIES.index(policy)
    figures: list[tuple[str, float, Estimate, float]] = [
        ("no crash, profit", reference.calm, mean_of(samples[CALM]["profit"][:, index]), 0.05),
        ("crash, profit", reference.crash, mean_of(samples[CRASH]["profit"][:, index]), 0.5),
        (
            "crash, 5 % quantile",
            reference.quantile,
            quantile_of(samples[CRASH]["profit"][:, index], 0.05),
            0.5,
        ),
        ("crash, worst drop", reference.drop, mean_of(samples[CRASH]["drop"][:, index]), 0.5),
        (
            "crash, two-sided",
            reference.two_sided,
            mean_of(samples[CRASH]["two_sided"][:, index]),
            0.005,
        ),
    ]
    both = 1.0 + samples[CRASH]["profit"].shape[0] / REFERENCE_PATHS
    return [
        within_se(
            f"{policy.value}: {what}",
            target,
            ours.value,
            sqrt(both * ours.se**2 + rounding**2 / 3.0),
        )
        for what, target, ours, rounding in figures
    ]


def _table(samples: Mapping[str, Sample]) -> Table:
    rows = []
    for index, policy in enumerate(POLICIES):
        calm, crash = (
            {name: values[..., index] for name, values in samples[which].items() if name != "price"}
            for which in (CALM, CRASH)
        )
        reference = REFERENCE.get(policy)
        profit, drop = mean_of(crash["profit"]), mean_of(crash["drop"])
        rows.append(
            (
                policy.value,
                reference.calm if reference else None,
                mean_of(calm["profit"]).value,
                mean_of(calm["profit"]).se,
                reference.crash if reference else None,
                profit.value,
                profit.se,
                quantile_of(crash["profit"], 0.05).value,
                reference.drop if reference else None,
                drop.value,
                drop.se,
                float(crash["lots_most"].max()),
                float(crash["two_sided"].mean()),
                float(crash["fills"].mean()),
            )
        )
    return Table(
        name="makers",
        title="Makers",
        columns=(
            "maker", "no crash, reference", "no crash", "SE", "crash, reference", "crash", "SE ",
            "crash, 5 % quantile", "worst drop, reference", "worst drop", "SE  ", "most lots",
            "two-sided in the crash", "fills in the crash",
        ),
        rows=rows,
    )  # fmt: skip


def _course(samples: Mapping[str, Sample]) -> Picture:
    price = samples[CRASH]["price"].mean(axis=0)
    equity = samples[CRASH]["course"].mean(axis=0)  # times x makers
    seconds = [step * COURSE_STEPS * STEP_S - ONSET_S for step in range(price.size)]

    def draw(figure: "Figure") -> None:
        top, bottom = figure.subplots(2, 1, sharex=True, height_ratios=(1, 2))
        top.plot(seconds, price, color="black")
        label(top, y="price", title="mean of all paths")
        for colour, policy in zip(COLOURS, POLICIES, strict=False):
            line = equity[:, POLICIES.index(policy)]
            bottom.plot(seconds, line, color=colour, label=policy.value)
        bottom.set_ylim(-200.0, 150.0)
        label(bottom, x="seconds after the onset", y="equity")
        bottom.legend(loc="center right", bbox_to_anchor=(1.0, 0.42), fontsize=9)
        for axes in (top, bottom):
            axes.axvspan(0.0, RECOVERED_S, color="#dddddd", alpha=0.5)

    numbers = Table(
        name="course",
        title="Price and equity",
        columns=("seconds", "price", *(policy.value for policy in POLICIES)),
        rows=[(seconds[i], float(price[i]), *equity[i].tolist()) for i in range(price.size)],
        note=f"The first price is {FAIR:g}; the maker without a limit leaves the picture.",
    )
    return Picture(
        title="Price and equity in the crash", numbers=numbers, draw=draw, inches=(9.0, 6.5)
    )


def _drops(samples: Mapping[str, Sample]) -> Picture:
    drops = samples[CRASH]["drop"]
    shares = (0.05, 0.25, 0.5, 0.75, 0.95)
    spread = {
        policy.value: [float(np.quantile(drops[:, index], share)) for share in shares]
        for index, policy in enumerate(POLICIES)
    }

    def draw(figure: "Figure") -> None:
        axes = figure.subplots()
        places = list(range(len(spread)))[::-1]
        for place, colour, drop in zip(places, COLOURS, spread.values(), strict=False):
            most, high, middle, low, least = (max(-value, 0.1) for value in drop)
            axes.plot([most, least], [place, place], color=colour, linewidth=1.5)
            axes.plot([high, low], [place, place], color=colour, linewidth=9, alpha=0.6)
            axes.plot([middle], [place], "o", color="black", markersize=5)
        axes.set_xscale("log")
        axes.set_yticks(places, list(spread))
        label(axes, x="worst drop of equity after the onset (5, 25, 50, 75, 95 % of the paths)")

    numbers = Table(
        name="drops",
        title="Worst drop",
        columns=("maker", *(f"{share:.0%}" for share in shares)),
        rows=[(name, *drop) for name, drop in spread.items()],
        note="Drops of less than 0.1 are drawn at 0.1.",
    )
    return Picture(title="Worst drop of equity", numbers=numbers, draw=draw, inches=(9.0, 3.8))
