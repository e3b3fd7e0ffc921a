"""The table of checks: name, verdict and the value that was seen."""

from dataclasses import dataclass, field

from deploy.e2e.shell import say

SEEN_CHARS_MAX = 90


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One row; `holds` is None for information such as a version."""

    name: str
    holds: bool | None
    seen: str


@dataclass(slots=True)
class Checks:
    """Rows in order; each is also printed at once."""

    rows: list[Check] = field(default_factory=list)

    def record(self, name: str, *, holds: bool, seen: str) -> None:
        """Add a check with its verdict."""
        self._add(Check(name=name, holds=holds, seen=seen))

    def note(self, name: str, seen: str) -> None:
        """Add information without a verdict."""
        self._add(Check(name=name, holds=None, seen=seen))

    def all_hold(self) -> bool:
        """Whether there is at least one check and none failed."""
        verdicts = [row.holds for row in self.rows if row.holds is not None]
        return bool(verdicts) and all(verdicts)

    def table(self) -> str:
        """Return one aligned line per row."""
        width = max((len(row.name) for row in self.rows), default=0)
        lines = [f"{_verdict(row):<5} {row.name:<{width}}  {_short(row.seen)}" for row in self.rows]
        return "\n".join(["", *lines, "", "every check held" if self.all_hold() else "NOT GOOD"])

    def _add(self, row: Check) -> None:
        self.rows.append(row)
        say(f"[{_verdict(row).strip()}] {row.name}: {row.seen}")


def _verdict(row: Check) -> str:
    match row.holds:
        case None:
            return "-"
        case True:
            return "ok"
        case False:
            return "FAIL"


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= SEEN_CHARS_MAX else line[:SEEN_CHARS_MAX] + "…"
