"""What a study found: checks, tables, pictures, remarks; and how they are put into a folder."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING

from quoter.studies.common.estimates import Estimate

if TYPE_CHECKING:
    from matplotlib.figure import Figure

type Cell = str | float | int | bool | None

Z_MAX = 4.0  # of a single figure: it happens by chance once in 16,000 times


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One figure beside the one it should be; `se` None means exact, `z` None not applicable."""

    what: str
    target: float
    ours: float
    se: float | None
    z: float | None
    rule: str
    is_met: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows under columns; `name` is the file's stem."""

    name: str
    title: str
    columns: tuple[str, ...]
    rows: Sequence[Sequence[Cell]]
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A drawing with the very numbers that it shows."""

    title: str
    numbers: Table
    draw: Callable[["Figure"], None]  # onto an empty one
    inches: tuple[float, float] = (9.0, 5.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Everything one study has to say."""

    study: str
    title: str
    checks: Sequence[Check]
    tables: Sequence[Table]
    pictures: Sequence[Picture] = ()
    remarks: Sequence[str] = ()

    @property
    def is_met(self) -> bool:
        """Is every figure where it should be?"""
        return all(check.is_met for check in self.checks)


def within_se(
    what: str, target: float, ours: float, se: float, *, z_max: float = Z_MAX, rule: str = ""
) -> Check:
    """`ours` may be `z_max` standard errors away from the target."""
    z = inf  # an error that is no number excuses nothing
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
    """An exact figure, equal but for what the target's printed digits leave open."""
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
    """Not below the target, and more than `z_min` standard errors above zero."""
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
    """Not above the target by more than `slack_se` standard errors."""
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
    """All checks of a report as one table; the verdict is a word."""
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
    """A number as it is read, not as it is stored; nothing for None."""
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:.{digits}g}"
        case _:
            return str(value)
