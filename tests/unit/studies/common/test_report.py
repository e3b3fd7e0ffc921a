"""Reports: checks, files and text."""

import csv
import json
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from quoter.studies.common.estimates import Estimate
from quoter.studies.common.report import (
    Picture,
    Report,
    Table,
    at_least,
    at_most,
    cell,
    checks_table,
    within,
    within_se,
)
from quoter.studies.common.report_writer import markdown, write_report

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NUMBERS = Table(name="line", title="Line", columns=("x", "y"), rows=[(0.0, 1.5), (1.0, None)])


def draw(figure: "Figure") -> None:
    figure.subplots().plot([0.0, 1.0], [1.5, 2.5])


def report(*, ours: float = 1.0) -> Report:
    return Report(
        study="a",
        title="A study",
        checks=[within_se("mean", 1.0, ours, 0.1)],
        tables=[Table(name="t", title="T", columns=("name", "is"), rows=[("x", True)], note="N.")],
        pictures=[Picture(title="A line", numbers=NUMBERS, draw=draw)],
        findings=["One remark."],
    )


@pytest.mark.parametrize(("ours", "is_met"), [(1.39, True), (0.61, True), (1.41, False)])
def test_four_standard_errors_are_allowed(ours: float, is_met: bool) -> None:
    check = within_se("x", 1.0, ours, 0.1)
    assert check.is_met is is_met
    assert check.z == pytest.approx((ours - 1.0) / 0.1)


def test_zero_error_requires_the_exact_target() -> None:
    assert within_se("x", 1.0, 1.0, 0.0).is_met
    assert within_se("x", 1.0, 1.1, 0.0).z == inf
    assert not within_se("x", 1.0, 1.1, 0.0).is_met


def test_nan_fails_every_check() -> None:
    """NaN compares false with everything; no check may pass with it."""
    nan = float("nan")
    bad = Estimate(value=nan, se=nan)
    checks = [
        within_se("x", 1.0, nan, 0.1),
        within_se("x", 1.0, 1.0, nan),
        within("x", 1.0, nan, 0.1),
        at_least("x", 1.0, bad),
        at_most("x", 1.0, bad),
        at_most("x", 1.0, nan),
    ]
    assert [check.is_met for check in checks] == [False] * len(checks)


def test_at_least_requires_size_and_significance() -> None:
    assert at_least("gain", 8.0, Estimate(value=9.0, se=1.0), z_min=5.0).is_met
    assert not at_least("gain", 8.0, Estimate(value=9.0, se=2.0), z_min=5.0).is_met
    assert not at_least("gain", 8.0, Estimate(value=7.9, se=0.1), z_min=5.0).is_met


def test_at_most_allows_slack_only_if_given() -> None:
    loss = Estimate(value=0.02, se=0.01)
    assert not at_most("loss", 0.015, loss).is_met
    assert at_most("loss", 0.015, loss, slack_se=1.0).is_met
    assert at_most("loss", 0.015, loss, slack_se=1.0).rule == "<= 0.015 + 1 SE"


def test_within_allows_the_rounding_of_the_target() -> None:
    assert within("x", 2.5, 2.504, 0.005).is_met
    assert not within("x", 2.5, 2.506, 0.005).is_met


def test_one_failed_check_fails_the_report() -> None:
    assert report().is_met
    assert not report(ours=3.0).is_met
    assert [row[-1] for row in checks_table(report(ours=3.0)).rows] == ["OFF"]


def test_folder_contains_numbers_and_pictures(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "down"
    write_report(report(), folder, settings={"seed": 1})
    names = {path.name for path in folder.iterdir()}
    assert names == {"checks.csv", "t.csv", "line.csv", "line.png", "results.json", "summary.md"}
    with (folder / "line.csv").open() as file:
        assert list(csv.reader(file)) == [["x", "y"], ["0.0", "1.5"], ["1.0", ""]]
    results = json.loads((folder / "results.json").read_text())
    assert results["is_met"] is True
    assert results["settings"] == {"seed": 1}
    assert results["tables"]["t"] == [{"name": "x", "is": True}]
    assert results["tables"]["checks"][0]["figure"] == "mean"
    assert (folder / "line.png").read_bytes().startswith(b"\x89PNG")


def test_summary_has_all_parts_in_order() -> None:
    text = markdown(report(), {"seed": 1, "quick": False})
    expected = (
        "# A study", "seed 1, quick no", "* One remark.", "| mean | 1 | 1 |", "| x | yes |", "N.",
        "![A line](line.png)", "[line.csv](line.csv)",
    )  # fmt: skip
    places = [text.index(words) for words in expected]
    assert places == sorted(places)


def test_cells_are_short_text() -> None:
    assert [cell(value) for value in (None, True, 1 / 3, 7, "x")] == [
        "",
        "yes",
        "0.333333",
        "7",
        "x",
    ]
    assert cell(1 / 3, digits=2) == "0.33"


def test_infinite_figure_is_written_as_valid_json(tmp_path: Path) -> None:
    off = Report(study="a", title="A", checks=[within_se("x", 1.0, 1.1, 0.0)], tables=())
    write_report(off, tmp_path, settings={})
    results = (tmp_path / "results.json").read_text()
    assert json.loads(results, parse_constant=pytest.fail)["tables"]["checks"][0]["z"] == "inf"
