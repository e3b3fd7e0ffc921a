"""What a sweep concludes from its cells, and what it warns of."""

from copy import replace
from pathlib import Path

import msgspec
import pytest

from quoter.sim.fill_models import FillModel
from quoter.sweep.cell import Cell, CellResult, failed
from quoter.sweep.summary import groups, warnings
from tests.unit.backtest.synthetic_tape import write_tape
from tests.unit.sweep.cells import FIGURES, cells, result, with_model

STEADY = [1.0, 1.2, 0.8, 1.1] * 30
SAMPLES = len(STEADY)


def texts_of(cells: list[Cell], results: list[CellResult]) -> str:
    found = groups(cells, {each.identity: each for each in results})
    return "\n".join(warnings(found))


@pytest.fixture
def two(tape: Path) -> list[Cell]:
    return cells(tape, "QUOTER_GAMMA=1,2")


def test_best_variant_and_paired_differences(two: list[Cell]) -> None:
    better = [each + 0.5 for each in STEADY]
    results = [result(two[0], STEADY), result(two[1], better)]
    (group,) = groups(two, {each.identity: each for each in results})
    first, best = group.variants
    assert group.best is best
    assert best.minus_best is None
    assert best.minus_first is not None
    assert best.minus_first.value == pytest.approx(0.5 * SAMPLES)
    assert best.minus_first.se == pytest.approx(0.0, abs=1e-9)
    assert best.profit.se > 0.0
    assert first.minus_first is None
    assert not first.is_near_best


def test_difference_within_noise_is_a_warning(two: list[Cell]) -> None:
    noisy = [each + 0.01 if n % 2 else each - 5.0 * (n % 4 - 1) for n, each in enumerate(STEADY)]
    text = texts_of(two, [result(two[0], STEADY), result(two[1], noisy)])
    assert "within noise of 1 of 1 others" in text
    clear = [each + 0.5 for each in STEADY]
    assert "within noise" not in texts_of(two, [result(two[0], STEADY), result(two[1], clear)])


def test_negative_edge_is_a_warning_only_if_no_cell_has_one(two: list[Cell]) -> None:
    losing = [result(cell, STEADY, edge=-0.1) for cell in two]
    assert "edge net of fees is negative" in texts_of(two, losing)
    assert "edge net" not in texts_of(two, [losing[0], result(two[1], STEADY, edge=0.1)])


def test_answer_that_depends_on_the_fill_model_is_a_warning(two: list[Cell]) -> None:
    both = [*two, *(with_model(cell, FillModel.PESSIMISTIC) for cell in two)]
    better, loss = [each + 0.5 for each in STEADY], [-each for each in STEADY]
    series = [STEADY, better, STEADY, loss]
    text = texts_of(both, [result(c, s) for c, s in zip(both, series, strict=True)])
    assert "best variant depends on the fill model" in text
    assert "profit or loss depends on the fill model: GAMMA=2" in text
    same = texts_of(both, [result(c, s) for c, s in zip(both, [STEADY, better] * 2, strict=True)])
    assert "depends on the fill model" not in same


def test_seeds_are_averaged(tape: Path) -> None:
    (one,) = cells(tape)
    other = replace(one, delay=replace(one.delay, seed=2))
    results = [result(one, [1.0] * 100), result(other, [3.0] * 100)]
    (group,) = groups([one, other], {each.identity: each for each in results})
    (variant,) = group.variants
    assert variant.profit.value == pytest.approx(200.0)
    assert len(variant.figures) == 2


def test_tapes_of_one_name_are_shown_by_their_path(tape: Path, tmp_path: Path) -> None:
    other = write_tape(tmp_path / tape.name, seconds=3.0, seed=2)
    both = [*cells(tape), *cells(other)]
    found = groups(both, {cell.identity: result(cell, STEADY) for cell in both})
    assert [group.tape for group in found] == [str(tape), str(other)]


def test_failed_cells_are_left_out(two: list[Cell]) -> None:
    results = [result(two[0], STEADY), failed(two[1], "a reason")]
    (group,) = groups(two, {each.identity: each for each in results})
    assert [one.variant for one in group.variants] == ["GAMMA=1"]
    assert groups(two, {}) == []


def test_short_tape_and_a_kill_are_warnings(two: list[Cell]) -> None:
    killed = msgspec.structs.replace(FIGURES, state="KILLED", notes=("a note",))
    short = [msgspec.structs.replace(result(cell, [1.0, 2.0]), figures=killed) for cell in two]
    text = texts_of(two, short)
    assert "samples of 30 s: 2" in text
    assert "killed by the kill switch before the end: GAMMA=1, GAMMA=2" in text
    assert "btc.txt: a note" in text
