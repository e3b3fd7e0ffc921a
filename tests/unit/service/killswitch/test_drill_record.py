"""The age of the last passed drill is a metric; an unreadable record counts as none."""

import json
from math import isnan
from pathlib import Path

import pytest

from quoter.service.killswitch.drill_record import NAME, DrillRecord, last_passed_ns
from quoter.telemetry.metrics import Metrics
from tests.unit.engine.cases import EngineHarness


def test_a_passed_drill_is_recorded(tmp_path: Path) -> None:
    DrillRecord(ts_ns=7, passed=True, text="passed", latch_s=0.1).write(tmp_path)
    assert last_passed_ns(tmp_path) == 7
    assert json.loads((tmp_path / NAME).read_text())["latch_s"] == 0.1


def test_a_failed_drill_is_recorded_and_does_not_count(tmp_path: Path) -> None:
    DrillRecord(ts_ns=7, passed=False, text="no latch").write(tmp_path)
    assert last_passed_ns(tmp_path) is None


def test_a_failed_drill_keeps_the_time_of_the_last_passed_one(tmp_path: Path) -> None:
    DrillRecord(ts_ns=7, passed=True, text="passed").write(tmp_path)
    for ts_ns in (8, 9):
        DrillRecord(ts_ns=ts_ns, passed=False, text="no latch").write(tmp_path)
        assert last_passed_ns(tmp_path) == 7
        assert json.loads((tmp_path / NAME).read_text())["ts_ns"] == ts_ns
    DrillRecord(ts_ns=10, passed=True, text="passed").write(tmp_path)
    assert last_passed_ns(tmp_path) == 10


@pytest.mark.parametrize(("passed", "found_ns"), [(True, 7), (False, None)])
def test_a_record_of_an_earlier_version_is_read(
    tmp_path: Path, passed: bool, found_ns: int | None
) -> None:
    (tmp_path / NAME).write_text(json.dumps({"ts_ns": 7, "passed": passed, "text": ""}))
    assert last_passed_ns(tmp_path) == found_ns


@pytest.mark.parametrize(
    "content",
    [None, "", "{", "[]", "7", '{"passed": true}', '{"last_passed_ns": "x"}', "\x00"],
)
def test_an_unreadable_record_counts_as_no_drill(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / NAME).write_text(content)
    assert last_passed_ns(tmp_path) is None


def test_the_drill_age_is_a_metric_and_nan_without_a_drill() -> None:
    metrics = Metrics(symbol="ABC/USD", venue="test", environment="test")
    snapshot = EngineHarness().quoting().engine.snapshot()
    labels = {"symbol": "ABC/USD", "venue": "test"}
    metrics.update(snapshot)
    age = metrics.registry.get_sample_value("quoter_last_drill_age_seconds", labels)
    assert age is not None
    assert isnan(age)
    metrics.follow_drills(lambda: snapshot.ts_ns - 90_000_000_000)
    metrics.update(snapshot)
    assert metrics.registry.get_sample_value("quoter_last_drill_age_seconds", labels) == 90.0
