"""Bugs in the market regimes, the references of gamma and the loss limits."""

from tests.mutants.mutant import Edit, mutant

MARKET_REGIME, REGIME = "quoter/risk/monitors/market_regime.py", "quoter/engine/quoting/regime.py"
LOSSES, QUOTE = "quoter/engine/limits/losses.py", "quoter/pricing/quote/terms.py"
INTENSITY = "quoter/pricing/estimators/intensity.py"
MEMORY = "quoter/pricing/estimators/reach_memory.py"
MEMORY_TESTS = "tests/unit/pricing/estimators/test_reach_memory.py"
VOLATILITY = "quoter/pricing/estimators/volatility.py"
CALIBRATION = "quoter/engine/quoting/calibration.py"
CALIBRATION_TESTS = "tests/unit/engine/quoting/test_calibration.py"
RISK_TESTS, ENGINE_TESTS = "tests/unit/risk/monitors/test_market_regime.py", "tests/unit/engine/"

ONSETS = "quoter/studies/tapes/onsets.py"
ONSET_TESTS = ("tests/unit/studies/tapes/test_onsets.py",)

MUTANTS = (
    mutant(
        "overlapping_onsets_count_as_independent",
        "the standard error of a median counts each onset as data of its own",
        Edit(ONSETS, "/ block_s)", "/ 1.0)"),
        tests=ONSET_TESTS,
    ),
    mutant(
        "jump_undecided_after_one_standstill",
        "one onset without a move makes a figure not decidable",
        Edit(ONSETS, "if 2 * still > len(moves_s):", "if still:"),
        tests=ONSET_TESTS,
    ),
    mutant(
        "takers_needed_without_precision",
        "takers that only notice a step are taken to measure it too",
        Edit(ONSETS, " + 1.0 / tolerance**2", ""),
        tests=ONSET_TESTS,
    ),
    mutant(
        "gamma_ratio_upside_down",
        "the shown gamma is that of the market over that in use",
        Edit(
            CALIBRATION,
            "return self.gamma_lot / self._gamma(now, self._config.gamma)",
            "return self._gamma(now, self._config.gamma) / self.gamma_lot",
        ),
        tests=(CALIBRATION_TESTS,),
    ),
    mutant(
        "sigma_ratio_of_one_second",
        "sigma is compared with moves of a second instead of half a minute",
        Edit(VOLATILITY, "coarse = self.rates[-1]", "coarse = self.rates[0]"),
        tests=(CALIBRATION_TESTS,),
    ),
    mutant(
        "gamma_ratio_of_its_own_references",
        "gamma is compared with the references that it was solved for",
        Edit(
            CALIBRATION,
            "self._gamma(now, self._config.gamma)",
            "self._gamma(references, self._config.gamma)",
        ),
        tests=(CALIBRATION_TESTS,),
    ),
    mutant(
        "regime_steps_down_without_calm",
        "a sign of the present regime does not restart the calm period",
        Edit(
            MARKET_REGIME,
            "if mid is None or (worst is not None and worst.level is self.level):",
            "if mid is None:",
        ),
        tests=(RISK_TESTS,),
    ),
    mutant(
        "regime_calm_without_market",
        "time without market data counts as calm",
        Edit(MARKET_REGIME, "if mid is None or (worst is not None", "if (worst is not None"),
        tests=(RISK_TESTS,),
    ),
    mutant(
        "regime_steps_down_to_normal_at_once",
        "after a calm period the regime goes to NORMAL in one step",
        Edit(MARKET_REGIME, "Regime(self.level - 1), ts_ns", "Regime.NORMAL, ts_ns"),
        tests=(RISK_TESTS,),
    ),
    mutant(
        "regime_quotes_both_sides_when_flat",
        "in REDUCE_ONLY a maker without inventory quotes both sides",
        Edit(
            QUOTE,
            "    if inputs.reduces_only and lots_towards >= 0.0:\n",
            "    if inputs.reduces_only and lots_towards > 0.0:\n",
        ),
        tests=("tests/unit/pricing/quote/test_terms.py",),
    ),
    mutant(
        "reduce_only_regime_raises_no_cause",
        "the REDUCE_ONLY regime is reported but raises no cause",
        Edit(REGIME, "active=is_reducing", "active=False"),
        tests=("tests/unit/engine/quoting/test_regime.py",),
    ),
    mutant(
        "usual_volatility_follows_the_crash",
        "usual volatility follows a crash as fast as the quotes' volatility",
        Edit(REGIME, "prior_s=FIRM_S", "prior_s=60.0"),
        tests=("tests/unit/engine/quoting/test_regime.py",),
    ),
    mutant(
        "usual_volatility_is_cut",
        "volatility counts no move above four times itself",
        Edit(
            VOLATILITY,
            "square = move * move",
            "square = min(move * move, 16.0 * self.variance * gap_s or move * move)",
        ),
        tests=(
            "tests/unit/engine/quoting/test_regime.py",
            "tests/unit/pricing/estimators/test_volatility.py",
        ),
    ),
    mutant(
        "short_volatility_is_not_drawn_to_the_long_one",
        "sigma of a market of rare jumps falls to nothing between them",
        Edit(VOLATILITY, "LONG_MOVES = 3.0", "LONG_MOVES = 1e-9"),
        tests=("tests/unit/pricing/estimators/test_volatility.py",),
    ),
    mutant(
        "bounce_is_divided_out_of_a_crash",
        "a bounce of the mid hides a growing volatility",
        Edit(
            VOLATILITY,
            "max(ratio * variance, variance - (1.0 - ratio) * self.long.variance)",
            "ratio * variance",
        ),
        tests=("tests/unit/pricing/estimators/test_volatility.py",),
    ),
    mutant(
        "scale_of_volatility_upside_down",
        "sigma is scaled up where the mid bounces, and down where it trends",
        Edit(
            VOLATILITY,
            "log(coarse.variance / fine.variance)",
            "log(fine.variance / coarse.variance)",
        ),
        tests=("tests/unit/pricing/estimators/test_volatility.py",),
    ),
    mutant(
        "usual_volatility_renewed_always",
        "usual volatility is renewed on every tick",
        Edit(REGIME, ">= RENEWAL_S", ">= 0.0"),
        tests=("tests/unit/engine/quoting/test_regime.py",),
    ),
    mutant(
        "skew_of_the_model_inverted",
        "pricing shifts quotes towards more inventory; the studies quote by it",
        Edit(
            QUOTE, "base + slope / 2.0, lots * slope, 0.0", "base + slope / 2.0, -lots * slope, 0.0"
        ),
        tests=(
            "tests/unit/studies/common",
            "tests/unit/studies/widening",
            "tests/unit/studies/slicing",
        ),
    ),
    mutant(
        "change_of_kappa_is_ignored",
        "kappa follows a change of the market in ten minutes only",
        Edit(MEMORY, "weight * exp(gain - best)", "weight"),
        tests=(MEMORY_TESTS,),
    ),
    mutant(
        "memory_of_reaches_is_ruled_out",
        "a memory that was wrong for a while is never used again",
        Edit(MEMORY, "(1.0 - SHARE) * weight / total + fresh", "weight / total"),
        tests=(MEMORY_TESTS,),
    ),
    mutant(
        "hidden_takers_prove_a_change",
        "takers that nobody saw count as evidence for a change of kappa",
        Edit(MEMORY, "per_reach = 1.0 / max(uncut, 1.0)", "per_reach = 1.0"),
        tests=(MEMORY_TESTS,),
    ),
    mutant(
        "weak_kept_figures_are_final",
        "references of a later start are fixed at once, however little was seen before",
        Edit(CALIBRATION, "is_known = is_known and _is_enough(seen.seconds, seen.reaches)", "pass"),
        tests=(CALIBRATION_TESTS,),
    ),
    mutant(
        "later_start_is_cold",
        "quotes of a later start are widened until ten more takers came",
        Edit(INTENSITY, "samples + self._reaches_before < COLD", "samples < COLD"),
        tests=(CALIBRATION_TESTS,),
    ),
    mutant(
        "kept_rate_does_not_fade",
        "the rate of a run of yesterday weighs as much as one of this minute",
        Edit(INTENSITY, "exp(-scale * evidence.age_s)", "1.0"),
        tests=(CALIBRATION_TESTS,),
    ),
    mutant(
        "coarse_scales_miss_the_first_mid",
        "after a gap the moves of 5 s and 30 s begin a second late",
        Edit(VOLATILITY, "if self._grid.t_s != t_s:", "if step is None:"),
        tests=("tests/unit/pricing/estimators/test_volatility.py",),
    ),
    mutant(
        "provisional_references_at_once",
        "provisional references jump to the first estimates",
        Edit(CALIBRATION, "ratio=2.0 ** (elapsed_s / DOUBLING_S)", "ratio=1e6"),
        tests=(CALIBRATION_TESTS,),
    ),
    mutant(
        "references_never_provisional",
        "the references of a first start stay those of its priors",
        Edit(CALIBRATION, "= is_known or not config.is_calibrating", "= True"),
        tests=(CALIBRATION_TESTS,),
    ),
    mutant(
        "references_fixed_without_takers",
        "references are fixed after ten minutes, whatever was seen",
        Edit(CALIBRATION, " and reaches >= PROVISIONAL_REACHES", ""),
        tests=(CALIBRATION_TESTS,),
    ),
    mutant(
        "prior_from_prints",
        "every recent trade counts as a taker who reached d0",
        Edit(
            "quoter/pricing/estimators/reach_prior.py",
            "reach_rate(estimator.reaches, span_s)",
            "reach_rate(len(trades), span_s)",
        ),
        tests=("tests/unit/pricing/estimators/test_reach_prior.py",),
    ),
    mutant(
        "drawdown_from_zero",
        "the drawdown is measured from zero, not from the highest equity",
        Edit(LOSSES, "return self._peak - self.equity", "return max(-self.equity, Decimal(0))"),
        tests=(f"{ENGINE_TESTS}limits/test_losses.py", "tests/property/test_losses.py"),
    ),
    mutant(
        "drawdown_on_ticks_only",
        "the loss of a fill is checked only at the next tick",
        Edit(
            LOSSES,
            "            self._causes.raise_cause(step, Cause.INVENTORY_BREACH, text)\n"
            "        self.check(step)\n",
            "            self._causes.raise_cause(step, Cause.INVENTORY_BREACH, text)\n",
        ),
        tests=(f"{ENGINE_TESTS}limits/test_losses.py",),
    ),
    mutant(
        "markout_loss_of_the_whole_run",
        "the markout loss of a minute is computed over the whole run",
        Edit(
            "quoter/risk/monitors/markout_loss.py",
            "lost = totals[0][1] - markouts",
            "lost = -markouts",
        ),
        tests=("tests/unit/risk/monitors/test_markout_loss.py",),
    ),
    mutant(
        "missing_mark_never_cleared",
        "a fair value that is known again does not clear MARK_MISSING",
        Edit(LOSSES, "self._causes.clear(step, Cause.MARK_MISSING)", "pass"),
        tests=(f"{ENGINE_TESTS}limits/test_losses.py",),
    ),
)
