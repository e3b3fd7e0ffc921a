"""Bugs in how our fills are counted, and in what they are compared with."""

from tests.mutants.mutant import Edit, mutant

COOLDOWN = "quoter/pricing/estimators/side_cooldown.py"
COOLDOWN_TESTS = ("tests/unit/pricing/estimators/test_side_cooldown.py",)
EXPECTED = "quoter/pricing/estimators/expected_fills.py"
EXPECTED_TESTS = ("tests/unit/pricing/estimators/test_expected_fills.py",)
EXECUTIONS_TESTS = ("tests/unit/state/test_executions.py",)

MUTANTS = (
    mutant(
        "burst_counts_pieces",
        "an order that is filled in four pieces takes its side out",
        Edit(COOLDOWN, "self._filled[order] = t_s,", "self._filled[order + repr(t_s)] = t_s,"),
        tests=COOLDOWN_TESTS,
    ),
    mutant(
        "burst_ignores_the_expected_rate",
        "in a busy market chance takes a side out for most of the time",
        Edit(COOLDOWN, "max(rate, RATE_MIN)", "RATE_MIN"),
        tests=COOLDOWN_TESTS,
    ),
    mutant(
        "burst_explained_by_its_own_side",
        "a wave of takers on one side raises the limit that it is compared with",
        Edit(
            COOLDOWN,
            "self._sides[side.opposite].surely_at_least(t_s)",
            "state.surely_at_least(t_s)",
        ),
        tests=COOLDOWN_TESTS,
    ),
    mutant(
        "activity_known_from_the_intensity_only",
        "when flow grows on both sides, both are out until the intensity has followed",
        Edit(COOLDOWN, "max(recent, not_negative", "max(0.0, not_negative"),
        tests=COOLDOWN_TESTS,
    ),
    mutant(
        "orders_of_one_sweep_are_takers",
        "a taker who fills four levels at once is a burst",
        Edit(COOLDOWN, "t_s - newest_s <= ORDER_S", "False"),
        tests=COOLDOWN_TESTS,
    ),
    mutant(
        "move_against_the_side_ignored",
        "in a busy market the first fills of a crash are taken for usual ones",
        Edit(COOLDOWN, "burst_takers(0.0 if is_informed else usual)", "burst_takers(usual)"),
        tests=COOLDOWN_TESTS,
    ),
    mutant(
        "crossed_order_is_far_from_the_mid",
        "few fills are expected of an order that the mid has moved through",
        Edit(
            "quoter/engine/quoting/calibration.py", "(at(max(distance, 0.0))", "(at(abs(distance))"
        ),
        tests=("tests/unit/engine/quoting/test_calibration.py",),
    ),
    mutant(
        "expected_rate_of_before_the_orders",
        "orders count from the time of the last look, before they were placed",
        Edit(EXPECTED, "+ self._now * (1.0 - kept)", "+ rate * (1.0 - kept)"),
        tests=EXPECTED_TESTS,
    ),
    mutant(
        "limit_at_the_mean",
        "a limit of fills is about as often exceeded as not",
        Edit("quoter/domain/poisson.py", "    while tail > chance:", "    while tail > 0.5:"),
        tests=("tests/unit/domain/test_poisson.py",),
    ),
    mutant(
        "pieces_are_executions",
        "each piece of an order counts as a fill of its own",
        Edit(
            "quoter/state/executions.py",
            "if began_ns is not None and ts_ns - began_ns < MOMENT_NS:",
            "if began_ns is not None and ts_ns < began_ns:",
        ),
        tests=EXECUTIONS_TESTS,
    ),
    mutant(
        "execution_without_its_further_fills",
        "of the fills of an order in one report only the last one counts",
        Edit("quoter/state/executions.py", "sizes.get(order, Decimal(0)) + fill.size", "fill.size"),
        tests=EXECUTIONS_TESTS,
    ),
    mutant(
        "markout_cost_counts_pieces",
        "one lot in forty pieces costs its side as much as forty lots",
        Edit("quoter/pricing/estimators/markout.py", "FILL_KEPT**lots", "FILL_KEPT"),
        tests=("tests/unit/pricing/estimators/test_markout.py",),
    ),
)
