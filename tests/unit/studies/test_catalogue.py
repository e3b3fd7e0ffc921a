"""Each study from its batches to its report, with few paths."""

from pathlib import Path

import numpy as np
import pytest

from quoter.sim.model_markets import MARKETS
from quoter.studies.catalogue import STUDIES
from quoter.studies.common.batches import Sample, run_batches
from quoter.studies.common.estimates import Numbers
from quoter.studies.common.options import Options
from quoter.studies.common.report import Report
from quoter.studies.common.report_writer import write_report
from quoter.studies.crash import study as crash
from quoter.studies.crash.quoter import POLICIES
from quoter.studies.gamma import study as gamma
from quoter.studies.toxic import study as toxic
from quoter.studies.toxic.cases import PROTECTIONS

CHEAP = {"as-tables": 1_000, "widening": 200, "slicing": 500, "hedge": 30}


def ran(name: str, options: Options) -> Report:
    study = STUDIES[name]
    samples = run_batches(study.batches(options), seed=1, jobs=1, advance=lambda _share: None)
    return study.report(options, samples)


@pytest.mark.parametrize("name", CHEAP)
@pytest.mark.slow
def test_all_checks_of_every_study_are_met(name: str, tmp_path: Path) -> None:
    report = ran(name, Options(paths=CHEAP[name], is_quick=True))
    assert [check for check in report.checks if not check.is_met] == []
    write_report(report, tmp_path, settings={})
    drawn = {path.stem for path in tmp_path.glob("*.png")}
    assert drawn == {picture.numbers.name for picture in report.pictures}
    assert drawn <= {path.stem for path in tmp_path.glob("*.csv")}


@pytest.mark.slow
def test_all_24_published_figures_are_compared() -> None:
    report = ran("as-tables", Options(paths=1_000))
    whats = [check.what for check in report.checks]
    assert sum(what.startswith("published: ") for what in whats) == 24
    assert sum(what.startswith("exact: ") for what in whats) == 32


def test_gamma_reports_every_symbol_and_skips_the_law_for_large_ticks() -> None:
    options = Options(paths=2, markets=MARKETS)
    squares = {0.1: 4.2, 1.0: 2.5, 10.0: 1.4}
    samples: dict[str, Sample] = {}
    for batch in gamma.batches(options):
        ghat = float(batch.name.rsplit(" ", 1)[1])
        spread = np.array([0.99, 1.01]) * squares[ghat] ** 2
        samples[batch.name] = {"square_lots": spread, "at_limit": np.zeros(2)}
    report = gamma.report(options, samples)
    assert report.is_met
    lawful = [check.what for check in report.checks if "simulated" in check.what]
    assert len(lawful) == 9
    assert not any("XRP" in what for what in lawful)
    samples["BTCUSDT bare, gamma 1"]["square_lots"] *= 1.5
    off = [check.what for check in gamma.report(options, samples).checks if not check.is_met]
    assert "BTCUSDT gamma 1: simulated" in off


def toxic_sample(gain: float, *, profit: float) -> Sample:
    """Forty paths on which every protection adds `gain`."""
    noise: Numbers = np.linspace(-1.0, 1.0, 40)[:, None]
    makers = len(PROTECTIONS)
    return {
        "profit": profit + np.where(np.arange(makers) > 0, gain + 0.1 * noise, 0.0) + noise,
        "square_lots": np.full((40, makers), 4.0),
        "fills": np.full((40, makers), 1_000.0),
        "markout": np.zeros((40, makers)),
        "drawdown": np.ones((40, makers)),
    }


@pytest.mark.parametrize(
    ("environment", "gain", "is_met"),
    [("toxic", 9.0, True), ("toxic", 7.0, False), ("benign", -0.5, True), ("benign", -1.5, False)],
)
def test_checks_of_protection_fail_outside_their_limits(
    environment: str, gain: float, is_met: bool
) -> None:
    samples = {
        "benign": toxic_sample(-0.2, profit=64.0),
        "clustered": toxic_sample(-0.2, profit=72.0),
        "toxic": toxic_sample(12.0, profit=50.0),
        "very toxic": toxic_sample(50.0, profit=10.0),
    }
    samples[environment] = toxic_sample(gain, profit=float(samples[environment]["profit"][0, 0]))
    report = toxic.report(Options(), samples)
    acceptance = next(
        check
        for check in report.checks
        if check.what.startswith(f"{environment}: ") and "reference" not in check.what
    )
    assert acceptance.is_met is is_met


def test_crash_report_fails_if_a_limit_is_exceeded() -> None:
    makers, times = len(POLICIES), 4
    rng = np.random.default_rng(1)
    sample: Sample = {
        name: rng.normal(0.0, 1.0, (20, makers))
        for name in ("profit", "drop", "drawdown", "fills", "two_sided")
    }
    sample |= {
        "lots_most": np.full((20, makers), 11.0),
        "course": np.zeros((20, times, makers)),
        "price": np.full((20, times), 100.0),
    }
    report = crash.report(Options(), {"no crash": sample, "crash": sample})
    off = {check.what for check in report.checks if not check.is_met}
    assert "most lots of anyone with a limit" in off
    assert "GLFT, static sigma, limit 10: crash, profit" in off
