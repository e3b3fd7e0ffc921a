"""Cells of a sweep: combinations, identity, and wrong arguments in one line."""

from copy import replace
from pathlib import Path

import pytest

from quoter.backtest.baselines import Strategy
from quoter.domain.errors import BadSetting
from quoter.sim.fill_models import FillModel
from quoter.sweep.grid import cells_of, parsed_grid, tape_of
from tests.unit.backtest.synthetic_tape import write_tape
from tests.unit.sweep.cells import cells, request


def test_every_combination_is_a_cell(tape: Path) -> None:
    wanted = replace(
        request(tape, "QUOTER_GAMMA=0.5,1", "QUOTER_SIZE_ETA=0,1"),
        models=(FillModel.FRONT, FillModel.CERTAIN),
        seeds=3,
    )
    found = cells_of(wanted)
    assert len(found) == 2 * 2 * 2 * 3
    assert found[0].changes == (("QUOTER_GAMMA", "0.5"), ("QUOTER_SIZE_ETA", "0"))
    assert {cell.delay.seed for cell in found} == {1, 2, 3}
    assert {cell.settings["gamma"] for cell in found} == {"0.5", "1.0"}


def test_values_that_mean_the_same_are_one_cell(tape: Path) -> None:
    assert len(cells(tape, "QUOTER_GAMMA=1,1.0,1e0")) == 1


def test_baselines_are_not_multiplied_by_the_grid(tape: Path) -> None:
    wanted = replace(request(tape, "QUOTER_GAMMA=0.5,2"), strategies=tuple(Strategy))
    found = cells_of(wanted)
    assert [cell.variant for cell in found] == [
        "GAMMA=0.5",
        "GAMMA=2",
        "glft",
        "symmetric",
        "hummingbot-1",
        "hummingbot-10",
    ]
    assert found[2].settings["widening_beta"] == "0.0"


def test_identity_changes_with_whatever_the_result_depends_on(tape: Path, tmp_path: Path) -> None:
    (one,) = cells(tape)
    other_tape = write_tape(tmp_path / "btc.txt", seconds=3.0, seed=2)
    others = [
        *cells(tape, "QUOTER_GAMMA=2"),
        *cells(tape, seconds=2.0),
        *cells(other_tape),
        replace(one, model=FillModel.CERTAIN),
        replace(one, strategy=Strategy.SYMMETRIC),
        replace(one, delay=replace(one.delay, seed=2)),
        replace(one, code="0" * 16),
    ]
    assert len({cell.identity for cell in (one, *others)}) == 1 + len(others)


def test_identity_does_not_change_with_the_place_of_the_tape(tape: Path, tmp_path: Path) -> None:
    copy = tmp_path / "other-name.txt"
    copy.write_bytes(tape.read_bytes())
    assert [cell.identity for cell in cells(copy)] == [cell.identity for cell in cells(tape)]


def test_cells_hold_no_secret(tape: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text("k" * 40)
    monkeypatch.setenv("QUOTER_API_KEY_FILE", str(key))
    monkeypatch.setenv("QUOTER_API_SECRET", "s" * 40)
    (cell,) = cells(tape)
    assert not [name for name in cell.settings if name.startswith("api_")]


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("QUOTER_GAMA=1", "did you mean QUOTER_GAMMA"),
        ("QUOTER_GAMMA", "must be QUOTER_GAMMA=value"),
        ("QUOTER_GAMMA=1,,2", "must be QUOTER_GAMMA=value"),
        ("gamma=1", "is not a setting"),
        ("QUOTER_SYMBOL=ETH/USDT", "QUOTER_SYMBOL: can't be varied"),
        ("QUOTER_EXCHANGE=okx", "QUOTER_EXCHANGE: can't be varied"),
        ("QUOTER_ENVIRONMENT=paper,sandbox", "QUOTER_ENVIRONMENT: can't be varied"),
        ("QUOTER_DATA_DIR=a,b", "QUOTER_DATA_DIR: can't be varied"),
        ("QUOTER_PORT=1,2", "QUOTER_PORT: can't be varied"),
        ("QUOTER_PAPER_LATENCY_MS=1,2", "QUOTER_PAPER_LATENCY_MS: can't be varied"),
    ],
)
def test_wrong_change_is_named(text: str, error: str) -> None:
    with pytest.raises(BadSetting, match=error):
        parsed_grid([text])


def test_secret_is_refused_without_its_value() -> None:
    with pytest.raises(BadSetting, match="QUOTER_API_SECRET: can't be varied") as caught:
        parsed_grid(["QUOTER_API_SECRET=a1b2c3d4"])
    assert "a1b2c3d4" not in str(caught.value)


def test_setting_that_is_given_twice_is_named() -> None:
    with pytest.raises(BadSetting, match="given twice"):
        parsed_grid(["QUOTER_GAMMA=1", "QUOTER_GAMMA=2"])


def test_value_that_no_setting_may_have_is_refused_before_anything_runs(tape: Path) -> None:
    with pytest.raises(BadSetting, match="--set QUOTER_GAMMA=-1"):
        cells(tape, "QUOTER_GAMMA=1,-1")


def test_file_that_is_missing_or_no_tape_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match="no such file"):
        tape_of(str(tmp_path / "none.gz"), symbol=None, filters=None)
    path = tmp_path / "notes.txt"
    path.write_text("no tape\n")
    with pytest.raises(BadSetting, match=r"notes\.txt"):
        tape_of(str(path), symbol=None, filters=None)
