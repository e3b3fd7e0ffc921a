"""Random faults break no rule of deploy/docs/reliability.md, and planted bugs break one."""

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from quoter.domain.trading import TradingState
from quoter.domain.units import NS_PER_S
from tests.simulation.__main__ import main
from tests.simulation.chaos.breach import Breach
from tests.simulation.chaos.invariants import NOTICED_S_MAX
from tests.simulation.chaos.plan import Fault, draw
from tests.simulation.chaos.planted_bugs import PLANTED_BUGS, caught, wrong_limit
from tests.simulation.chaos.run import Job, Verdict, World, command, run, run_plan
from tests.simulation.runs import in_parallel

ROOT = Path(__file__).parents[2]
SEEDS = 240
SECONDS = 60.0


@pytest.fixture(scope="module")
def verdicts() -> list[Verdict]:
    jobs = [Job(seed, SECONDS, replays=seed % 10 == 0) for seed in range(SEEDS)]
    return in_parallel(run, jobs)


def test_no_seed_breaks_a_rule(verdicts: list[Verdict]) -> None:
    """Each line of a failure ends with the command that runs its seed again."""
    breaches = [f"{v.breach} | {command(v.seed, v.seconds)}" for v in verdicts if v.breach]
    assert breaches == []


def test_every_fault_fires_and_every_rule_is_checked(
    verdicts: list[Verdict],
) -> None:
    fired, checks = Counter[Fault](), Counter[str]()
    for verdict in verdicts:
        fired += verdict.fired
        checks += verdict.checks
    assert {fault for fault in Fault if not fired[fault]} == set()
    rules = {f"I{number}" for number in range(1, 10)} | {"Q1", "Q2", "Q3", "Q4", "latched"}
    assert {rule for rule in rules if not checks[rule]} == set()


def test_runs_trade_and_restart(verdicts: list[Verdict]) -> None:
    """A maker that never quotes would break no rule."""
    assert sum(v.fills for v in verdicts) > 10 * SEEDS
    assert sum(v.starts > 1 for v in verdicts) > SEEDS / 10  # processes that crashed and restarted
    assert all(v.creates for v in verdicts)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_same_seed_gives_the_same_trace(seed: int, verdicts: list[Verdict]) -> None:
    again = run(Job(seed, SECONDS))
    assert again.trace == verdicts[seed].trace
    assert again.trace != verdicts[seed + 10].trace


@pytest.fixture(scope="module")
def catches() -> dict[str, tuple[int, str]]:
    return dict(zip(PLANTED_BUGS, in_parallel(caught, list(PLANTED_BUGS)), strict=True))


@pytest.mark.parametrize("bug", PLANTED_BUGS)
def test_planted_bug_is_caught(bug: str, catches: dict[str, tuple[int, str]]) -> None:
    _, breach = catches[bug]
    _, rules = PLANTED_BUGS[bug]
    assert breach.startswith(rules), f"{bug}: {breach or 'no breach'}"


def test_breach_has_its_rule_and_time() -> None:
    verdict = run_plan(draw(21, SECONDS), make_engine=wrong_limit)
    assert verdict.breach.startswith("I2: can reach")
    assert 0 < verdict.at_s < SECONDS


def test_book_that_is_wrong_is_a_breach_at_once_and_with_wrong_ids_in_three_seconds() -> None:
    world = World(draw(1, SECONDS, only=()))
    world.run_until(20.0)
    engine, invariants = world.process.engine, world.invariants
    assert engine is not None
    assert engine.causes.state is TradingState.RUNNING
    now_ns, last = world.schedule.now_ns, engine.market.book.last
    invariants.each_book(engine, now_ns)
    invariants.books[last] = 1.0, 2.0
    with pytest.raises(Breach, match="I5"):
        invariants.each_book(engine, now_ns)
    invariants.misnumbered(now_ns)
    limit_ns = round(NOTICED_S_MAX * NS_PER_S)
    invariants.each_book(engine, now_ns + limit_ns)
    with pytest.raises(Breach, match="I5"):
        invariants.each_book(engine, now_ns + limit_ns + 1)


def test_one_seed_can_be_run_again(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the command that the summary prints for a breach."""
    words = command(7, 45.0).split()
    assert words[:3] == [".venv/bin/python", "-m", "tests.simulation"]
    monkeypatch.setattr("sys.argv", [*words[2:], "--verbose"])
    assert main() == 0
    shown = capsys.readouterr().out
    assert all(str(window.fault) in shown for window in draw(7, 45.0).windows)
    assert "RequestReport" in shown  # what the engine did at the end
    assert "no breach" in shown


def test_many_seeds_without_breach_print_a_table_and_exit_with_zero() -> None:
    words = [sys.executable, "-m", "tests.simulation", "--seeds", "2", "--seconds", "45"]
    done = subprocess.run(words, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    assert "2 seeds" in done.stdout
    assert "0 breaches" in done.stdout


def test_run_too_short_for_its_faults_raises() -> None:
    with pytest.raises(ValueError, match="leave no room"):
        draw(1, 30.0)
