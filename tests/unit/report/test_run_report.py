"""A recorded run becomes a page, JSON and CSV with the figures of the engine and the ledger."""

import csv
import json
import re
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from quoter.app.manifest import code_hash
from quoter.cli import main as cli
from quoter.domain.errors import BadSetting
from quoter.ledger.schema import NAME
from quoter.recording.files import FOLDER
from quoter.tapes.messages import TapeError
from quoter.tapes.own_recording import own_symbol
from tests.unit.backtest.synthetic_tape import START_NS, write_tape
from tests.unit.recording.cases import RUN, header, write
from tests.unit.replay.recorded import checkpointed, records_of
from tests.unit.report.cases import trading_events

EVENTS = trading_events()


def invoke(*words: object) -> Result:
    return CliRunner().invoke(cli.app, [*map(str, words)])


def report_of(place: object, out: Path, *words: str) -> dict[str, Any]:
    """Make a report; return its JSON."""
    ran = invoke("report", place, "--out", out, *words)
    assert ran.exit_code == 0, ran.output
    found: dict[str, Any] = json.loads((out / "report.json").read_text())
    return found


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def figures(report: dict[str, Any]) -> dict[str, Any]:
    return {row["figure"]: row["value"] for row in report["tables"]["figures"]}


def parts(report: dict[str, Any]) -> dict[str, str]:
    return {row["part"]: row["amount"] for row in report["tables"]["profit"]}


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A data folder with the recording of a short run, without a ledger."""
    (tmp_path / FOLDER).mkdir()
    write(tmp_path / FOLDER, [[header()], records_of(EVENTS)])
    return tmp_path


def test_page_holds_everything_and_requests_nothing(run: Path) -> None:
    report_of(run, run / "out")
    page = (run / "out" / "report.html").read_text()
    assert "default-src 'none'" in page
    assert not re.findall(r"(?:src|href|url)\s*[=(]\s*[\"']?(?!#)[^\"'#)]", page)
    assert "<script" not in page
    assert page.count("<svg") == page.count("</svg>") > 10
    for word in ("Profit and its parts", "Inventory", "Why a side was not quoted", "paused"):
        assert word in page
    assert "prefers-color-scheme:dark" in page
    assert not re.findall(r"\b(?:nan|inf|None)\b", re.sub(r"<td>[^<]*</td>", "", page))


def test_tables_are_the_same_as_json_and_csv(run: Path) -> None:
    report = report_of(run, run / "out")
    for name, rows in report["tables"].items():
        found = rows_of(run / "out" / f"{name}.csv")
        if name == "fills":
            found = found[::-1]
        texts = [{k: "" if v is None else str(v) for k, v in row.items()} for row in rows]
        assert found == texts, name


def test_the_last_values_over_time_are_those_of_the_end(run: Path) -> None:
    report = report_of(run, run / "out")
    profit = report["over_time"]["profit_over_time"]
    assert profit["ts_ns"][-1] == report["last_ns"]
    for part in ("total", "spread"):
        assert profit[part][-1] == float(parts(report)[part])
    assert len(profit["total"]) == len(rows_of(run / "out" / "profit_over_time.csv"))


def test_times_of_uptime_add_up_to_the_run(run: Path) -> None:
    report = report_of(run, run / "out")
    total_s = (report["last_ns"] - report["first_ns"]) / 1e9
    uptime = report["uptime_s"]
    assert sum(uptime.values()) == pytest.approx(total_s)
    absent = report["tables"]["absences"]
    assert sum(row["bid_s"] for row in absent) == pytest.approx(uptime["ask_only"] + uptime["none"])
    assert sum(row["ask_s"] for row in absent) == pytest.approx(uptime["bid_only"] + uptime["none"])


def test_periods_of_a_run_add_up(run: Path) -> None:
    middle = "2023-11-14T22:13:28"
    whole = parts(report_of(run, run / "whole"))
    first = parts(report_of(run, run / "first", "--until", middle))
    second = parts(report_of(run, run / "second", "--since", middle))
    assert float(first["spread"]) != 0 != float(second["spread"])
    for name in ("total", "spread", "fees"):
        sums = float(first[name]) + float(second[name])
        assert sums == pytest.approx(float(whole[name])), name


def test_run_that_this_version_decides_differently_is_reported_up_to_there(tmp_path: Path) -> None:
    records = records_of(EVENTS)
    cut = next(i for i, each in enumerate(records) if i > 60 and "CancelOrder" in str(each))
    (tmp_path / FOLDER).mkdir()
    path = write(tmp_path / FOLDER, [[header()], records[:cut], records[cut + 1 :]])[0]
    ran = invoke("report", path, "--out", tmp_path / "out")
    assert ran.exit_code == 1, ran.output
    assert "decides differently from the run at 2023-11-14" in ran.output
    assert code_hash() not in ran.output
    assert "decides differently" in (tmp_path / "out" / "report.html").read_text()


@pytest.mark.parametrize(
    ("words", "error"),
    [
        ([RUN, "--since", "yesterday"], "--since: must be a time such as"),
        ([RUN, "--since", "2033-01-01"], "the run has no event in this period"),
    ],
)
def test_bad_times_are_one_line(
    run: Path, words: list[str], error: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(run)
    ran = invoke("report", *words, "--data-dir", run)
    assert isinstance(ran.exception, BadSetting)
    assert error in str(ran.exception)


def test_run_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    for place in ("0zzzzzzz", tmp_path):
        ran = invoke("report", place, "--data-dir", tmp_path)
        assert isinstance(ran.exception, SystemExit)
        assert ran.exit_code == 2
        assert "quoter report: " in ran.output
        assert "recording" in ran.output


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """The data folder of a kept backtest, and what the backtest printed."""
    folder = tmp_path_factory.mktemp("kept")
    tape = write_tape(folder / "btc.txt", seconds=30.0)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("QUOTER_FEE_MAKER_BPS", "1")
        words = ("--fill-model", "front", "--json", "--keep", folder / "keep")
        ran = invoke("backtest", tape, *words)
        assert ran.exit_code == 0, ran.output
        again = invoke("backtest", tape, *words)
        assert "holds a run already; name another folder" in str(again.exception)
    return folder / "keep" / "front", json.loads(ran.stdout)["runs"][0]


@pytest.mark.slow
def test_report_of_a_backtest_has_the_figures_that_the_backtest_printed(
    kept: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    folder, printed = kept
    report = report_of(folder, tmp_path / "out")
    found, split = figures(report), parts(report)
    assert printed["fills"] > 5
    assert split["total"] == printed["pnl_quote"]["total"]
    assert split["spread"] == printed["pnl_quote"]["spread"]
    assert split["fees"] == f"-{printed['pnl_quote']['fees']}"
    assert found["orders"] == printed["orders"]
    assert found["executions"] == printed["fills"]
    assert found["filled_base"] == printed["filled_base"]
    assert found["drawdown_max_quote"] == printed["drawdown_max_quote"]
    assert found["inventory_sd_orders"] == printed["inventory_sd_orders"]
    assert found["two_sided_share"] == printed["two_sided_share"]
    assert found["inventory_min_base"] == printed["inventory_min_base"]
    assert found["inventory_max_base"] == printed["inventory_max_base"]
    causes = {row["cause"]: row["seconds"] for row in report["tables"]["causes"]}
    assert causes == printed["causes_s"]
    assert report["ledger_equals_recording"] is True
    assert report["warnings"] == []
    assert report["first_ns"] == START_NS
    assert report["simulated_fills"]["latency_ms"] == "10"
    assert len(rows_of(tmp_path / "out" / "fills.csv")) == found["fills"]


@pytest.mark.slow
def test_fills_that_differ_from_the_ledger_are_found(
    kept: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    folder, _ = kept
    with closing(sqlite3.connect(folder / NAME)) as ledger, ledger:
        ledger.execute("UPDATE fills SET fee = '0.1' WHERE rowid = 1")
    ran = invoke("report", folder, "--out", tmp_path / "out", "--json")
    assert ran.exit_code == 1
    found = json.loads(ran.stdout)
    assert found["ledger_equals_recording"] is False
    assert "differ from those of the ledger" in found["warnings"][0]


def test_a_recording_without_its_first_file_gives_the_rest_and_says_what_is_missing(
    tmp_path: Path,
) -> None:
    (tmp_path / FOLDER).mkdir()
    first, _ = write(tmp_path / FOLDER, *checkpointed(EVENTS))
    whole = parts(report_of(tmp_path, tmp_path / "whole"))
    first.unlink()
    ran = invoke("report", tmp_path, "--out", tmp_path / "rest")
    assert ran.exit_code == 0, ran.output
    before = re.search(r"files of its recording \(1 to 1\) .* before it was (\S+) USD", ran.output)
    assert before is not None, ran.output
    report = json.loads((tmp_path / "rest" / "report.json").read_text())
    assert report["files_removed"] == 1
    assert report["first_ns"] > EVENTS[0].ts_ns
    assert report["warnings"][0] in (tmp_path / "rest" / "report.html").read_text()
    assert float(parts(report)["total"]) != 0
    both = float(parts(report)["total"]) + float(before[1].replace("\N{MINUS SIGN}", "-"))
    assert both == pytest.approx(float(whole["total"]), abs=0.01)


def test_replay_of_a_recording_without_its_first_file_says_from_when_it_is(tmp_path: Path) -> None:
    (tmp_path / FOLDER).mkdir()
    first, _ = write(tmp_path / FOLDER, *checkpointed(EVENTS))
    first.unlink()
    ran = invoke("replay", RUN, "--data-dir", tmp_path)
    assert ran.exit_code == 0, ran.output
    assert re.search(r"\(1 to 1\) were removed, .* it is replayed from 2023-\S+ on", ran.output)
    assert "No difference" in ran.output
    with pytest.raises(TapeError, match="the run's first files, with its book, were removed"):
        own_symbol(tmp_path / FOLDER / f"{RUN}-0002.rec")
