"""Bugs in reports of runs, and in what they are made of."""

from tests.mutants.mutant import Edit, mutant

CURVE = ("tests/unit/report/test_markout_curve.py",)
REPORT = ("tests/unit/report/test_run_report.py",)

MUTANTS = (
    mutant(
        "report_markouts_of_sells_have_the_wrong_sign",
        "a fall of the price after a sale counts against us",
        Edit(
            "quoter/report/markout_curve.py",
            "        signed = fill.size * fill.side.sign\n        for side",
            "        signed = fill.size\n        for side",
        ),
        tests=CURVE,
    ),
    mutant(
        "report_error_of_a_mean_without_the_number_of_blocks",
        "standard errors do not become smaller with more fills",
        Edit(
            "quoter/report/markout_curve.py",
            "return spread**0.5 / self._n_all, self._count",
            "return (spread / self._count) ** 0.5, self._count",
        ),
        tests=CURVE,
    ),
    mutant(
        "report_does_not_compare_with_the_ledger",
        "fills that the ledger has otherwise go unnoticed",
        Edit(
            "quoter/report/run_report.py",
            "return self.ledger == self.recording",
            "return self.ledger.fills == self.recording.fills",
        ),
        tests=REPORT,
    ),
    mutant(
        "report_of_a_period_counts_the_whole_run",
        "--since does not take away what was earned before",
        Edit(
            "quoter/report/observer.py",
            "return now if self.before is None else difference(now, self.before)",
            "return now",
        ),
        tests=REPORT,
    ),
    mutant(
        "report_lets_a_run_with_other_decisions_pass",
        "the report of a run that this version decides differently looks complete",
        Edit(
            "quoter/report/page.py",
            "    if replayed.difference is not None:\n",
            "    if False:\n",
        ),
        tests=REPORT,
    ),
    mutant(
        "timeline_forgets_extremes",
        "a short excursion of the inventory disappears from the picture of a long run",
        Edit("quoter/report/timeline.py", "map(_higher, first.high, second.high)", "second.high"),
        tests=("tests/unit/report/test_timeline.py",),
    ),
)
