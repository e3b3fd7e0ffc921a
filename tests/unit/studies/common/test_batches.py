"""Batches: the same seed gives the same numbers with any number of processes."""

from dataclasses import dataclass

import numpy as np
import pytest

from quoter.studies.common.batches import Batch, Sample, run_batches


@dataclass(frozen=True, slots=True, kw_only=True)
class Uniform:
    """Draw one number per path, or raise if `breaks`."""

    breaks: bool = False

    def simulate(self, rng: np.random.Generator, paths: int) -> Sample:
        if self.breaks:
            raise ZeroDivisionError("no market")
        return {"x": rng.random(paths), "pair": rng.random((paths, 2))}


def batch(name: str, paths: int, *, piece: int = 4, weight: float = 1.0) -> Batch:
    return Batch(name=name, simulation=Uniform(), paths=paths, piece=piece, weight=weight)


def run(*batches: Batch, seed: int = 1, jobs: int = 1) -> dict[str, Sample]:
    return run_batches(batches, seed=seed, jobs=jobs, advance=lambda _share: None)


@pytest.mark.slow
def test_results_do_not_depend_on_the_number_of_processes() -> None:
    one, two = (run(batch("a", 10), batch("b", 5), jobs=jobs) for jobs in (1, 2))
    for name in ("a", "b"):
        np.testing.assert_array_equal(one[name]["x"], two[name]["x"])
        np.testing.assert_array_equal(one[name]["pair"], two[name]["pair"])
    assert one["a"]["pair"].shape == (10, 2)


def test_larger_runs_start_with_the_same_paths() -> None:
    few, many = run(batch("a", 8))["a"]["x"], run(batch("a", 40))["a"]["x"]
    np.testing.assert_array_equal(few, many[:8])


def test_seed_name_and_piece_determine_the_numbers() -> None:
    found = run(batch("a", 8), batch("b", 8))
    other = run(batch("a", 8), seed=2)
    drawn = [found["a"]["x"][:4], found["a"]["x"][4:], found["b"]["x"][:4], other["a"]["x"][:4]]
    assert len({tuple(numbers.tolist()) for numbers in drawn}) == 4


def test_progress_adds_up_to_one_by_weight() -> None:
    shares: list[float] = []
    run_batches(
        [batch("light", 4), batch("heavy", 4, weight=3.0)], seed=1, jobs=1, advance=shares.append
    )
    assert shares == pytest.approx([0.25, 0.75])


def test_exception_of_a_simulation_ends_the_run() -> None:
    broken = Batch(name="broken", simulation=Uniform(breaks=True), paths=2, piece=1)
    for jobs in (1, 2):
        with pytest.raises(ZeroDivisionError, match="no market"):
            run(broken, jobs=jobs)


def test_duplicate_names_and_too_much_work_raise() -> None:
    with pytest.raises(ValueError, match="same name"):
        run(batch("a", 4), batch("a", 4))
    with pytest.raises(ValueError, match="pieces of work"):
        run(batch("a", 100_001, piece=1))
