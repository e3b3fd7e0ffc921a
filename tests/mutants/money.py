"""Bugs in what we earn and owe, in how much of it is known, and in what stops us over it."""

from tests.mutants.mutant import Edit, mutant

FEES, FEES_TESTS = "quoter/engine/coin_fees.py", "tests/unit/engine/test_coin_fees.py"

COINS = (
    mutant(
        "coin_fees_unseen",
        "fees in a third coin never reach the profit",
        Edit("quoter/engine/parts.py", "charge=self.coin_fees.charge", "charge=lambda *_: None"),
        tests=(FEES_TESTS,),
    ),
    mutant(
        "price_for_ever",
        "the first price of a fee's coin serves for ever",
        Edit(FEES, " or turn.ts_ns - coin.priced_ns > PRICE_AGE_NS:", ":"),
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
        Edit("quoter/venues/coin_price.py", "ask if is_direct else 1 / bid", "ask"),
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
        Edit("quoter/risk/reject_streak.py", "is_full and reason in HURRIED:", "is_full:"),
        tests=("tests/unit/risk/test_reject_streak.py", "tests/unit/engine/test_placing.py"),
    ),
)

MUTANTS = (*COINS, *STORMS)
