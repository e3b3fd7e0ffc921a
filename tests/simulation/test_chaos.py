"""Faults from seeds against the rules of reliability.md, and bugs on purpose against the rules."""

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.simulation.__main__ import main
from tests.simulation.chaos.plan import Fault, draw
from tests.simulation.chaos.run import Job, Verdict, command, run, run_plan
from tests.simulation.chaos.sabotage import SABOTAGE, caught, wrong_limit
from tests.simulation.runs import in_parallel

ROOT = Path(__file__).parents[2]
SEEDS = 320
SECONDS = 60.0


@pytest.fixture(scope="module")
def verdicts() -> list[Verdict]:
    jobs = [Job(seed, SECONDS, replays=seed % 10 == 0) for seed in range(SEEDS)]
    return in_parallel(run, jobs)


def test_no_seed_breaks_a_rule(verdicts: list[Verdict]) -> None:
    """Each line of a failure ends in the command that shows it again."""
    breaches = [f"{v.breach} | {command(v.seed, v.seconds)}" for v in verdicts if v.breach]
    assert breaches == []


def test_every_fault_of_the_catalogue_fires_and_every_rule_is_asked(
    verdicts: list[Verdict],
) -> None:
    fired, checks = Counter[Fault](), Counter[str]()
    for verdict in verdicts:
        fired += verdict.fired
        checks += verdict.checks
    assert {fault for fault in Fault if not fired[fault]} == set()
    rules = {f"I{number}" for number in range(1, 10)} | {"Q1", "Q2", "Q3", "Q4", "latched"}
    assert {rule for rule in rules if not checks[rule]} == set()


def test_runs_do_something(verdicts: list[Verdict]) -> None:
    """A maker that never quotes breaks no rule either."""
    assert sum(v.fills for v in verdicts) > 10 * SEEDS
    assert sum(v.starts > 1 for v in verdicts) > SEEDS / 10  # processes that died and came back
    assert all(v.creates for v in verdicts)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_same_seed_is_the_same_run_to_the_byte(seed: int, verdicts: list[Verdict]) -> None:
    again = run(Job(seed, SECONDS))
    assert again.trace == verdicts[seed].trace
    assert again.trace != verdicts[seed + 10].trace


@pytest.fixture(scope="module")
def catches() -> dict[str, tuple[int, str]]:
    return dict(zip(SABOTAGE, in_parallel(caught, list(SABOTAGE)), strict=True))


@pytest.mark.parametrize("bug", SABOTAGE)
def test_a_bug_on_purpose_is_caught(bug: str, catches: dict[str, tuple[int, str]]) -> None:
    _, breach = catches[bug]
    _, rules = SABOTAGE[bug]
    assert breach.startswith(rules), f"{bug}: {breach or 'no breach'}"


def test_a_breach_names_its_rule_and_when() -> None:
    verdict = run_plan(draw(21, SECONDS), make_engine=wrong_limit)
    assert verdict.breach.startswith("I2: can reach")
    assert 0 < verdict.at_s < SECONDS


def test_one_seed_can_be_seen_again(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What the summary prints for a breach is what this takes."""
    words = command(7, 45.0).split()
    assert words[:3] == ["python", "-m", "tests.simulation"]
    monkeypatch.setattr("sys.argv", [*words[2:], "--verbose"])
    assert main() == 0
    shown = capsys.readouterr().out
    assert all(str(window.fault) in shown for window in draw(7, 45.0).windows)
    assert "RequestReport" in shown  # what the engine did at the end
    assert "no breach" in shown


def test_many_seeds_end_in_a_table_and_in_zero_without_a_breach() -> None:
    words = [sys.executable, "-m", "tests.simulation", "--seeds", "2", "--seconds", "45"]
    done = subprocess.run(words, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    assert "2 seeds" in done.stdout
    assert "0 breaches" in done.stdout


def test_a_run_too_short_for_its_faults_is_refused() -> None:
    with pytest.raises(ValueError, match="leave no room"):
        draw(1, 30.0)
