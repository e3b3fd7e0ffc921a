"""Bugs in the sweep: which cells are equal, what is kept, and how errors are computed."""

from tests.mutants.mutant import Edit, mutant

GRID = "tests/unit/sweep/test_grid.py"
SUMMARY = "tests/unit/sweep/test_summary.py"

MUTANTS = (
    mutant(
        "setting_without_effect_is_varied",
        "a sweep over QUOTER_SYMBOL shows the same backtest as several markets",
        Edit(
            "quoter/sweep/grid.py",
            "if name.removeprefix(PREFIX).lower() not in SETTINGS_READ:",
            "if name.removeprefix(PREFIX).lower() in HIDDEN:",
        ),
        tests=(GRID,),
    ),
    mutant(
        "cells_of_other_code_are_kept",
        "after a change of the code a sweep shows the results of the old code",
        Edit("quoter/sweep/cell.py", '            "code": self.code,\n', ""),
        tests=(GRID,),
    ),
    mutant(
        "fill_models_share_a_cell",
        "the result of one fill model is shown for another",
        Edit("quoter/sweep/cell.py", '            "model": self.model,\n', ""),
        tests=(GRID,),
    ),
    mutant(
        "failed_cell_counts_as_finished",
        "a cell that failed is not run again",
        Edit(
            "quoter/sweep/store.py", "        if result.figures is None:\n            return\n", ""
        ),
        Edit(
            "quoter/sweep/store.py",
            "if found.identity == identity and found.figures is not None",
            "if found.identity == identity",
        ),
        tests=("tests/unit/sweep/test_store.py",),
    ),
    mutant(
        "neighbours_are_drawn_one_by_one",
        "the errors ignore that neighbouring samples depend on each other",
        Edit(
            "quoter/sweep/bootstrap.py",
            "return ceil(round(cbrt(samples), 9))",
            "return 1 if samples else ceil(round(cbrt(samples), 9))",
        ),
        tests=("tests/unit/sweep/test_bootstrap.py",),
    ),
    mutant(
        "differences_are_not_paired",
        "the error of a difference counts what both variants share",
        Edit("quoter/sweep/summary.py", "draws[name] - draws[other])", "draws[name])"),
        tests=(SUMMARY,),
    ),
    mutant(
        "best_within_noise_is_not_said",
        "a best variant is shown as better than others that may be as good",
        Edit(
            "quoter/sweep/summary.py",
            "self.minus_best is not None and not self.minus_best.excludes_zero",
            "self.minus_best is not None and self.minus_best.excludes_zero",
        ),
        tests=(SUMMARY,),
    ),
    mutant(
        "hummingbot_skews_the_wrong_way",
        "a long inventory raises the reservation price of the baseline",
        Edit("quoter/backtest/baselines.py", "inputs.lots * slope", "-inputs.lots * slope"),
        tests=("tests/unit/backtest/test_baselines.py",),
    ),
)
