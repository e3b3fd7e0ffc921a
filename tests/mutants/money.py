"""Bugs in what we earn and owe, in how much of it is known, and in what stops us over it."""

from tests.mutants.mutant import Edit, mutant

FEES, FEES_TESTS = (
    "quoter/engine/reconciliation/coin_fees.py",
    "tests/unit/engine/reconciliation/test_coin_fees.py",
)

COINS = (
    mutant(
        "coin_fees_unseen",
        "fees in a third coin never reach the profit",
        Edit(
            "quoter/engine/components.py", "charge=self.coin_fees.charge", "charge=lambda *_: None"
        ),
        tests=(FEES_TESTS,),
    ),
    mutant(
        "price_for_ever",
        "the first price of a fee's coin serves for ever",
        Edit(FEES, " or step.ts_ns - coin.priced_ns > PRICE_AGE_NS:", ":"),
        tests=(FEES_TESTS,),
    ),
    mutant(
        "unpriced_trades_on",
        "fees that nobody can price stop nothing",
        Edit(FEES, "active=bool(late)", "active=False"),
        tests=(FEES_TESTS,),
    ),
    mutant(
        "coin_price_upside_down",
        "a market the other way round tells its price upside down",
        Edit("quoter/venues/ccxt/coin_price.py", "ask if is_direct else 1 / bid", "ask"),
        tests=(
            "tests/integration/test_daemon_coin_fees.py"
            "::test_a_coin_costs_the_best_ask_of_its_market_either_way_round",
        ),
    ),
)

STORMS = (
    mutant(
        "slow_storm_is_none",
        "a venue that refuses every order goes on getting them while we rest between two",
        Edit(
            "quoter/risk/monitors/reject_streak.py",
            "is_full and reason in TRANSIENT_REJECTS:",
            "is_full:",
        ),
        tests=(
            "tests/unit/risk/monitors/test_reject_streak.py",
            "tests/unit/engine/placing/test_placing.py",
        ),
    ),
)

RECONCILE = "quoter/engine/reconciliation/reconcile.py"
BALANCES = "tests/unit/engine/reconciliation/test_balance_check.py"

BOOKS = (
    mutant(
        "difference_for_ever",
        "books that differ from the venue's only pause us, for however long",
        Edit(RECONCILE, "self._differs_since_ns and lasted_ns >= LASTING_NS:", "False:"),
        tests=(BALANCES,),
    ),
    mutant(
        "silence_is_a_difference",
        "a venue that does not answer for a minute kills us by its first, old answer",
        Edit(
            RECONCILE,
            "lasted_ns = asked_ns - self._differs_since_ns",
            "lasted_ns = step.ts_ns - self._differs_since_ns",
        ),
        tests=(BALANCES,),
    ),
    mutant(
        "holdings_beyond_the_limit",
        "what the venue says that we hold is held against no limit",
        Edit(
            "quoter/engine/reconciliation/venue_position.py", "self._beyond >= REPORTS:", "False:"
        ),
        tests=(BALANCES,),
    ),
    mutant(
        "holdings_of_before_the_fill",
        "balances that were asked for before a fill count against the limit after it",
        Edit(
            "quoter/engine/reconciliation/venue_position.py", "report.asked_ns > booked_ns and ", ""
        ),
        tests=(BALANCES,),
    ),
)

SIZES = (
    mutant(
        "order_larger_than_the_limit",
        "with many levels one order may be larger than all that we may hold",
        Edit("quoter/app/settings_to_config.py", "min(most, settings.inventory_max / 2)", "most"),
        tests=("tests/unit/app/test_settings_to_config.py",),
    ),
)

LIVE_PARAMS = (
    mutant(
        "protection_switched_off_live",
        "an operator may halve a protection until it is gone",
        Edit("quoter/settings/live_bounds.py", "if value >= least * (1 - ROUNDING):", "if True:"),
        tests=("tests/unit/settings/test_live_bounds.py",),
    ),
)

MUTANTS = (*COINS, *STORMS, *BOOKS, *SIZES, *LIVE_PARAMS)
