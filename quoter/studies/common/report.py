"""Report of a study: checks, tables, pictures and findings."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING

from quoter.studies.common.estimates import Estimate

if TYPE_CHECKING:
    from matplotlib.figure import Figure

type Cell = str | float | int | bool | None

Z_MAX = 4.0  # limit for one figure; chance alone exceeds it once in 16,000 times


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """Comparison of a figure with its target. `se` None: exact figure; `z` None: not applicable."""

    what: str
    target: float
    ours: float
    se: float | None
    z: float | None
    rule: str
    is_met: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Table of results; `name` is the stem of its file."""

    name: str
    title: str
    columns: tuple[str, ...]
    rows: Sequence[Sequence[Cell]]
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """Picture with the table of the numbers that it shows."""

    title: str
    numbers: Table
    draw: Callable[["Figure"], None]  # called with an empty figure
    inches: tuple[float, float] = (9.0, 5.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Results of one study."""

    study: str
    title: str
    checks: Sequence[Check]
    tables: Sequence[Table]
    pictures: Sequence[Picture] = ()
    findings: Sequence[str] = ()

    @property
    def is_met(self) -> bool:
        """Whether every check is met."""
        return all(check.is_met for check in self.checks)


def within_se(
    what: str, target: float, ours: float, se: float, *, z_max: float = Z_MAX, rule: str = ""
) -> Check:
    """Return a check that `ours` is within `z_max` standard errors of the target."""
    z = inf  # an error that is not a number fails the check
    if se > 0.0:
        z = (ours - target) / se
    elif se == 0.0 and ours == target:
        z = 0.0
    return Check(
        what=what,
        target=target,
        ours=ours,
        se=se,
        z=z,
        rule=rule or f"|z| <= {z_max:g}",
        is_met=abs(z) <= z_max,
    )


def within(what: str, target: float, ours: float, allowed: float, *, rule: str = "") -> Check:
    """Return a check of an exact figure.

    `allowed`: the largest difference, from rounding of the target.
    """
    return Check(
        what=what,
        target=target,
        ours=ours,
        se=None,
        z=None,
        rule=rule or (f"+-{allowed:.3g}" if allowed else "equal"),
        is_met=abs(ours - target) <= allowed,
    )


def at_least(what: str, target: float, ours: Estimate, *, z_min: float = 0.0) -> Check:
    """Return a check that `ours` is >= target, and more than `z_min` standard errors above zero."""
    z = ours.value / ours.se if ours.se > 0.0 else inf
    rule = f">= {target:g}" + (f" and z > {z_min:g}" if z_min else "")
    return Check(
        what=what,
        target=target,
        ours=ours.value,
        se=ours.se,
        z=z,
        rule=rule,
        is_met=ours.value >= target and z > z_min,
    )


def at_most(what: str, target: float, ours: Estimate | float, *, slack_se: float = 0.0) -> Check:
    """Return a check that `ours` exceeds the target by at most `slack_se` standard errors."""
    found = ours if isinstance(ours, Estimate) else Estimate(value=ours, se=0.0)
    return Check(
        what=what,
        target=target,
        ours=found.value,
        se=found.se or None,
        z=None,
        rule=f"<= {target:g}" + (f" + {slack_se:g} SE" if slack_se else ""),
        is_met=found.value <= target + slack_se * found.se,
    )


def checks_table(report: Report) -> Table:
    """Return all checks of a report as one table."""
    rows = [
        (c.what, c.target, c.ours, c.se, c.z, c.rule, "ok" if c.is_met else "OFF")
        for c in report.checks
    ]
    return Table(
        name="checks",
        title="Checks",
        columns=("figure", "target", "ours", "SE", "z", "rule", "verdict"),
        rows=rows,
    )


def cell(value: Cell, *, digits: int = 6) -> str:
    """Return a table cell as short text; empty for None."""
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:.{digits}g}"
        case _:
            return str(value)
