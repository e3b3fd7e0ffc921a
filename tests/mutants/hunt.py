"""Apply a mutant to a copy of the tree and run its tests there. The work tree is never changed.

A failed test counts only if it passes on the unchanged copy.
"""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from queue import SimpleQueue
from tempfile import TemporaryDirectory

from tests.mutants.catalogue import FALLBACK
from tests.mutants.mutant import BrokenMutant, Mutant
from tests.tidy.repository import ROOT

COPIED = ("quoter", "tests", "deploy", "pyproject.toml", "README.md")
PYTEST = (
    "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "--no-header", "--tb=no", "-rfE",
    "--timeout=60", "-W", "ignore",
)  # fmt: skip
PASSED, FAILED = 0, 1  # pytest's exit codes; any other one means that nothing was tested
SELECTION_S_MAX = 300.0


class Result(StrEnum):
    """Result for a mutant."""

    KILLED = "killed"
    SURVIVED = "SURVIVED"
    BROKEN = "BROKEN"  # its patch does not apply, or its tests do not run


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """A mutant, its result, and the test that killed it (or the reason why it is broken)."""

    mutant: Mutant
    result: Result
    by: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Run:
    """Result of one pytest run; `failed` is the name of the first failed test, or empty."""

    code: int
    failed: str
    last: str


class Copy:
    """A copy of the tree with at most one mutant applied at a time."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._sound: dict[str, bool] = {}
        for name in COPIED:
            source = ROOT / name
            if source.is_dir():
                ignored = shutil.ignore_patterns("__pycache__", ".*_cache")
                shutil.copytree(source, root / name, ignore=ignored)
            else:
                shutil.copy(source, root / name)

    def run(self, mutant: Mutant) -> Verdict:
        """Run the mutant's own tests first, then the fallback, until a test fails."""
        started_s = time.monotonic()
        result, by = Result.SURVIVED, ""
        try:
            for selection in (*mutant.tests, *FALLBACK):
                killer = self._hunt(mutant, selection)
                if killer:
                    result, by = Result.KILLED, killer
                    break
        except BrokenMutant as error:
            result, by = Result.BROKEN, str(error)
        return Verdict(mutant=mutant, result=result, by=by, seconds=time.monotonic() - started_s)

    def _hunt(self, mutant: Mutant, selection: str) -> str:
        """Return the name of the test that fails, or an empty text. Raises BrokenMutant."""
        with self._planted(mutant):
            run = self._pytest(selection)
        if run.code == PASSED:
            return ""
        if run.code != FAILED or not run.failed:
            raise BrokenMutant(f"{selection} did not run: {run.last}")
        if not self._is_sound(run.failed):
            raise BrokenMutant(f"{run.failed} fails without the mutant too")
        return run.failed

    def _is_sound(self, test: str) -> bool:
        if test not in self._sound:
            self._sound[test] = self._pytest(test).code == PASSED
        return self._sound[test]

    @contextmanager
    def _planted(self, mutant: Mutant) -> Iterator[None]:
        """Apply the mutant for the length of the block."""
        before: dict[Path, str] = {}
        try:
            for edit in mutant.edits:
                path = self.root / edit.path
                text = path.read_text()
                before.setdefault(path, text)
                path.write_text(edit.apply(text))
            yield
        finally:
            for path, text in before.items():
                path.write_text(text)

    def _pytest(self, selection: str) -> Run:
        # The installed package points to the work tree: the copy must come first on the path.
        environment = {**os.environ, "PYTHONPATH": str(self.root), "PYTHONDONTWRITEBYTECODE": "1"}
        try:
            done = subprocess.run(
                [sys.executable, *PYTEST, selection],
                cwd=self.root,
                env=environment,
                capture_output=True,
                text=True,
                check=False,
                timeout=SELECTION_S_MAX,
            )
        except subprocess.TimeoutExpired:
            return Run(-1, "", f"not finished within {SELECTION_S_MAX:g} s")
        lines = done.stdout.strip().splitlines() or [done.stderr.strip()[-200:]]
        failed = [line.split(" ", 1)[1] for line in lines if line.startswith("FAILED ")]
        name = failed[0].split(" - ")[0] if failed else ""
        return Run(done.returncode, name, lines[-1])


def hunt(
    mutants: Sequence[Mutant], *, jobs: int, report: Callable[[Verdict], None]
) -> list[Verdict]:
    """Test every mutant, `jobs` at a time; return the verdicts in the order of the mutants."""
    found: dict[str, Verdict] = {}
    with TemporaryDirectory(prefix="quoter-mutants-") as folder:
        copies: SimpleQueue[Copy] = SimpleQueue()
        for number in range(jobs):
            root = Path(folder) / str(number)
            root.mkdir()
            copies.put(Copy(root))

        def run(mutant: Mutant) -> Verdict:
            copy = copies.get()
            try:
                return copy.run(mutant)
            finally:
                copies.put(copy)

        with ThreadPoolExecutor(jobs) as pool:
            for done in as_completed([pool.submit(run, mutant) for mutant in mutants]):
                verdict = done.result()
                found[verdict.mutant.name] = verdict
                report(verdict)
    return [found[mutant.name] for mutant in mutants]
