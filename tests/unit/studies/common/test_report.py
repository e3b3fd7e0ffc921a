"""What is beside its target, what is written, and how it reads."""

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


def test_without_an_error_only_the_target_itself_is_right() -> None:
    assert within_se("x", 1.0, 1.0, 0.0).is_met
    assert within_se("x", 1.0, 1.1, 0.0).z == inf
    assert not within_se("x", 1.0, 1.1, 0.0).is_met


def test_a_figure_that_is_no_number_is_off() -> None:
    """NaN compares false with everything: no rule may read that as fine."""
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


def test_a_gain_must_be_large_and_sure() -> None:
    assert at_least("gain", 8.0, Estimate(value=9.0, se=1.0), z_min=5.0).is_met
    assert not at_least("gain", 8.0, Estimate(value=9.0, se=2.0), z_min=5.0).is_met
    assert not at_least("gain", 8.0, Estimate(value=7.9, se=0.1), z_min=5.0).is_met


def test_a_loss_may_be_excused_by_few_paths_only_where_asked() -> None:
    loss = Estimate(value=0.02, se=0.01)
    assert not at_most("loss", 0.015, loss).is_met
    assert at_most("loss", 0.015, loss, slack_se=1.0).is_met
    assert at_most("loss", 0.015, loss, slack_se=1.0).rule == "<= 0.015 + 1 SE"


def test_an_exact_figure_has_what_its_digits_leave_open() -> None:
    assert within("x", 2.5, 2.504, 0.005).is_met
    assert not within("x", 2.5, 2.506, 0.005).is_met


def test_one_figure_off_is_a_report_off() -> None:
    assert report().is_met
    assert not report(ours=3.0).is_met
    assert [row[-1] for row in checks_table(report(ours=3.0)).rows] == ["OFF"]


def test_the_folder_has_numbers_beside_pictures(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "down"
    write_report(report(), folder, settings={"seed": 1})
    names = {path.name for path in folder.iterdir()}
    assert names == {"checks.csv", "t.csv", "line.csv", "line.png", "results.json", "summary.md"}
    with (folder / "line.csv").open() as file:
        assert list(csv.reader(file)) == [["x", "y"], ["0.0", "1.5"], ["1.0", ""]]
    told = json.loads((folder / "results.json").read_text())
    assert told["is_met"] is True
    assert told["settings"] == {"seed": 1}
    assert told["tables"]["t"] == [{"name": "x", "is": True}]
    assert told["tables"]["checks"][0]["figure"] == "mean"
    assert (folder / "line.png").read_bytes().startswith(b"\x89PNG")


def test_the_summary_reads_from_top_to_bottom() -> None:
    text = markdown(report(), {"seed": 1, "quick": False})
    expected = (
        "# A study", "seed 1, quick no", "* One remark.", "| mean | 1 | 1 |", "| x | yes |", "N.",
        "![A line](line.png)", "[line.csv](line.csv)",
    )  # fmt: skip
    places = [text.index(words) for words in expected]
    assert places == sorted(places)


def test_cells_are_short() -> None:
    assert [cell(value) for value in (None, True, 1 / 3, 7, "x")] == [
        "",
        "yes",
        "0.333333",
        "7",
        "x",
    ]
    assert cell(1 / 3, digits=2) == "0.33"


def test_json_stays_json_where_a_figure_is_infinite(tmp_path: Path) -> None:
    off = Report(study="a", title="A", checks=[within_se("x", 1.0, 1.1, 0.0)], tables=())
    write_report(off, tmp_path, settings={})
    told = (tmp_path / "results.json").read_text()
    assert json.loads(told, parse_constant=pytest.fail)["tables"]["checks"][0]["z"] == "inf"
