"""The programs of deploy/peers: verdicts of the same-tape test, and names that they import."""

import ast
from importlib import import_module
from pathlib import Path

import pytest

from deploy.peers.same_tape import SHARE_MIN, Seen, Verdict, predicted, verdict
from quoter.engine.run_statistics import RunStatistics

FOLDER = Path(__file__).parents[3] / "deploy" / "peers"
PROGRAMS = sorted(FOLDER.glob("*.py"))


class Counted(Seen):
    """A run of which only the fills and the share of two-sided time are known."""

    def __init__(self, fills: int, two_sided: float = 0.9) -> None:
        super().__init__("run")
        self._figures = fills, two_sided

    @property
    def fills(self) -> int:
        return self._figures[0]

    @property
    def two_sided_share(self) -> float:
        return self._figures[1]


def test_interval_of_equal_counts_is_that_of_a_poisson_count() -> None:
    low, high = predicted([[100] * 6, [100] * 6])
    half = 2.23 * (100 * 7 / 6) ** 0.5  # 24.1
    assert (low, high) == pytest.approx((100 - half, 100 + half))


def test_interval_widens_with_the_spread_of_seeds_and_contains_both_latencies() -> None:
    low, high = predicted([[80, 120] * 3, [180, 220] * 3])  # variance 480 of each group
    assert low == pytest.approx(100 - 2.23 * (480 * 7 / 6) ** 0.5)
    assert high == pytest.approx(200 + 2.23 * (480 * 7 / 6) ** 0.5)


@pytest.mark.parametrize(
    ("ours", "found"),
    [
        (Counted(100), Verdict.AGREES),
        (Counted(76), Verdict.AGREES),
        (Counted(75), Verdict.DIFFERS),
        (Counted(125), Verdict.DIFFERS),
        (Counted(0), Verdict.DIFFERS),
        (Counted(100, two_sided=0.9 * SHARE_MIN - 0.01), Verdict.NOT_JUDGED),
        (Counted(0, two_sided=0.0), Verdict.NOT_JUDGED),
    ],
)
def test_verdict(ours: Counted, found: Verdict) -> None:
    assert verdict(ours, [[Counted(100)] * 6] * 2) is found


@pytest.mark.parametrize("fills", [0, 3, 50])
def test_backtests_with_too_few_fills_judge_nothing(fills: int) -> None:
    assert verdict(Counted(fills), [[Counted(3)] * 6] * 2) is Verdict.NOT_JUDGED


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda path: path.name)
def test_names_that_a_program_imports_exist(program: Path) -> None:
    """Their packages are not installed here, so that neither mypy nor a test runs them."""
    missing = [
        f"{module}.{name}"
        for module, name in imported(program)
        if name not in names_of(module) and not is_module(f"{module}.{name}")
    ]
    assert missing == []


def test_a_moved_name_is_noticed() -> None:
    assert "RunStatistics" in names_of(RunStatistics.__module__)
    assert "no_such_name" not in names_of("tape_events")
    assert not is_module("quoter.backtest.no_such_module")


def imported(program: Path) -> list[tuple[str, str]]:
    """Return the names that a program imports from quoter and from its neighbours."""
    ours = {path.stem for path in PROGRAMS}
    return [
        (node.module, alias.name)
        for node in ast.walk(ast.parse(program.read_text()))
        if isinstance(node, ast.ImportFrom) and node.module is not None
        for alias in node.names
        if node.module in ours or node.module.split(".")[0] == "quoter"
    ]


def names_of(module: str) -> set[str]:
    """Return the names of a module of quoter, or those that a program of the folder defines."""
    if module.startswith("quoter"):
        return set(vars(import_module(module))) if is_module(module) else set()
    found = set[str]()
    for node in ast.parse((FOLDER / f"{module}.py").read_text()).body:
        match node:
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                found.add(name)
            case ast.Assign(targets=targets):
                found |= {
                    each.id for each in ast.walk(ast.Tuple(targets)) if isinstance(each, ast.Name)
                }
            case ast.AnnAssign(target=ast.Name(id=name)):
                found.add(name)
            case _:
                pass
    return found


def is_module(name: str) -> bool:
    """Whether a module exists."""
    try:
        import_module(name)
    except ModuleNotFoundError:
        return False
    return True
