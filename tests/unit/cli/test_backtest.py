"""`quoter backtest`: table, JSON, warnings, and one-line errors."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from quoter.cli import main as cli
from quoter.domain.errors import BadSetting
from tests.unit.backtest.synthetic_tape import write_tape


@pytest.fixture(autouse=True)
def _working_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("QUOTER_FEE_MAKER_BPS", "0")


@pytest.fixture(scope="module")
def tape(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tape(tmp_path_factory.mktemp("tape") / "btc.txt", seconds=20.0)


def invoke(*words: object) -> Result:
    return CliRunner().invoke(cli.app, ["backtest", *map(str, words)])


@pytest.mark.slow
def test_json_has_a_run_for_every_fill_model_and_says_what_was_read(tape: Path) -> None:
    ran = invoke(tape, "--json")
    assert ran.exit_code == 0, ran.output
    found = json.loads(ran.stdout)
    assert [run["fill_model"] for run in found["runs"]] == [
        "front",
        "probable",
        "pessimistic",
        "certain",
    ]
    assert found["symbol"] == "BTCUSDT"
    assert found["rows"]["snapshot"] == 1
    assert found["left_out"] == {}
    assert all(run["ledger_equals_truth"] for run in found["runs"])
    assert found["runs"][0]["orders"] > 0
    assert "orders of 0.005, inventory up to 0.05 BTC" in ran.stderr


def test_table_shows_the_models_side_by_side(tape: Path) -> None:
    ran = invoke(tape, "--fill-model", "front", "--fill-model", "certain", "--seconds", "5")
    assert ran.exit_code == 0, ran.output
    assert "front" in ran.output
    assert "certain" in ran.output
    assert "pessimistic" not in ran.output
    assert "two-sided" in ran.output


def test_bad_rows_futures_and_a_missing_snapshot_are_said(tape: Path, tmp_path: Path) -> None:
    lines = tape.read_text().splitlines()[1:]
    lines.insert(5, "no row at all")
    odd = '{"t":5,"p":"60000","q":"1","m":true,"X":"INSURANCE_FUND"}'
    stamp = lines[6].partition(" ")[0]
    lines.insert(6, f'{stamp} {{"stream":"btcusdt@trade","data":{odd}}}')
    path = tmp_path / "odd.txt"
    path.write_text("\n".join(lines) + "\n")
    ran = invoke(path, "--json", "--fill-model", "certain")
    assert ran.exit_code == 0, ran.output
    found = json.loads(ran.stdout)
    assert found["left_out"] == {"unreadable": 1, "print: INSURANCE_FUND": 1}
    text = " ".join(found["warnings"])
    assert "line 6 can't be read" in text
    assert "futures" in text
    assert "no snapshot" in text


def test_run_that_ends_before_it_could_quote_says_why(tape: Path, tmp_path: Path) -> None:
    path = tmp_path / "short.txt"
    path.write_text("".join(tape.read_text().splitlines(keepends=True)[:2]))
    found = json.loads(invoke(path, "--json", "--fill-model", "front").stdout)
    (text,) = (each for each in found["warnings"] if each.startswith("front: ended"))
    assert "private_stream_down 0" in text


def test_limits_of_the_environment_are_used(tape: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUOTER_ORDER_SIZE", "0.002")
    found = json.loads(invoke(tape, "--json", "--seconds", "3").stdout)
    assert found["order_size"] == "0.002"


@pytest.mark.parametrize(
    ("text", "error"),
    [("", "combined streams"), ('1 {"lastUpdateId": 7, "bids": [], "asks": []}\n', "combined")],
)
def test_file_that_is_no_tape_is_one_line(tmp_path: Path, text: str, error: str) -> None:
    path = tmp_path / "empty"
    path.write_text(text)
    ran = invoke(path)
    assert isinstance(ran.exception, BadSetting)
    assert error in str(ran.exception)


def test_price_off_the_grid_of_the_filters_is_one_line(tape: Path, tmp_path: Path) -> None:
    filters = [
        {"filterType": "PRICE_FILTER", "tickSize": "1000"},
        {"filterType": "LOT_SIZE", "stepSize": "0.001", "minQty": "0.001", "maxQty": "9"},
    ]
    row = {"symbol": "BTCUSDT", "baseAsset": "BTC", "quoteAsset": "USDT", "filters": filters}
    path = tmp_path / "filters.json"
    path.write_text(json.dumps({"symbols": [row]}))
    ran = invoke(tape, "--filters", path)
    assert isinstance(ran.exception, BadSetting)
    assert "not multiples of the tick 1000" in str(ran.exception)
