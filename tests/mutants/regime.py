"""Bugs in the ladder of market regimes, and in the limits of loss that go with it."""

from tests.mutants.mutant import Edit, mutant

LADDER, WATCH = "quoter/risk/monitors/market_regime.py", "quoter/engine/quoting/regime.py"
LOSSES, QUOTE = "quoter/engine/limits/losses.py", "quoter/pricing/quote/terms.py"
RISK_TESTS, ENGINE_TESTS = "tests/unit/risk/monitors/test_market_regime.py", "tests/unit/engine/"

MUTANTS = (
    mutant(
        "ladder_steps_down_without_calm",
        "a sign of the present rung does not start the calm anew",
        Edit(
            LADDER,
            "if mid is None or (worst is not None and worst.level is self.level):",
            "if mid is None:",
        ),
        tests=(RISK_TESTS,),
    ),
    mutant(
        "ladder_calm_in_the_dark",
        "a market that nobody sees counts as calm",
        Edit(LADDER, "if mid is None or (worst is not None", "if (worst is not None"),
        tests=(RISK_TESTS,),
    ),
    mutant(
        "ladder_falls_to_the_ground",
        "calm steps down all rungs at once",
        Edit(LADDER, "Regime(self.level - 1), ts_ns", "Regime.NORMAL, ts_ns"),
        tests=(RISK_TESTS,),
    ),
    mutant(
        "regime_reduces_by_side",
        "while only the way out is quoted, a flat maker quotes both sides",
        Edit(
            QUOTE,
            "    if inputs.reduces_only and lots_towards >= 0.0:\n",
            "    if inputs.reduces_only and lots_towards > 0.0:\n",
        ),
        tests=("tests/unit/pricing/quote/test_terms.py",),
    ),
    mutant(
        "regime_says_it_and_goes_on",
        "the ladder's top rung is told and is no cause",
        Edit(WATCH, "active=is_reducing", "active=False"),
        tests=("tests/unit/engine/quoting/test_regime.py",),
    ),
    mutant(
        "usual_is_what_quotes_use",
        "usual volatility follows the crash as fast as quotes do",
        Edit(WATCH, "prior_s=FIRM_S", "prior_s=60.0"),
        tests=("tests/unit/engine/quoting/test_regime.py",),
    ),
    mutant(
        "drawdown_from_zero",
        "a drawdown is measured from zero, not from the highest equity",
        Edit(LOSSES, "return self._peak - self.equity", "return max(-self.equity, Decimal(0))"),
        tests=(f"{ENGINE_TESTS}test_engine_loss.py", "tests/property/test_losses.py"),
    ),
    mutant(
        "drawdown_on_ticks_only",
        "a fill's loss is judged at the next tick",
        Edit(
            LOSSES,
            "            self._causes.raise_cause(step, Cause.INVENTORY_BREACH, text)\n"
            "        self.check(step)\n",
            "            self._causes.raise_cause(step, Cause.INVENTORY_BREACH, text)\n",
        ),
        tests=(f"{ENGINE_TESTS}test_engine_loss.py",),
    ),
    mutant(
        "toxic_minute_from_zero",
        "the loss of a minute's fills is that of the whole run",
        Edit(
            "quoter/risk/monitors/markout_loss.py",
            "lost = totals[0][1] - markouts",
            "lost = -markouts",
        ),
        tests=("tests/unit/risk/monitors/test_markout_loss.py",),
    ),
    mutant(
        "missing_mark_never_settles",
        "a fair value that came back does not end the cause",
        Edit(LOSSES, "self._causes.clear(step, Cause.MARK_MISSING)", "pass"),
        tests=(f"{ENGINE_TESTS}test_engine_loss.py",),
    ),
)
