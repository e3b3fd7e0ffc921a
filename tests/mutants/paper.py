"""Bugs in paper trading: the gate, the account of an earlier run, our orders in the book."""

from tests.mutants.mutant import Edit, mutant

GATEWAY = "tests/unit/paper/test_gateway.py"
FEED = "tests/unit/paper/test_feed.py"
APP = "tests/unit/app/test_paper.py"

MUTANTS = (
    mutant(
        "paper_orders_pass_a_closed_gate",
        "an order of a paper run is sent after a kill",
        Edit(
            "quoter/paper/gateway.py", "            gate.pass_create(call)\n", "            pass\n"
        ),
        tests=(GATEWAY,),
    ),
    mutant(
        "paper_account_begins_anew",
        "a restart of a paper run forgets what was traded since the first start",
        Edit(
            "quoter/app/paper.py",
            "balances={**epoch.opening, **reader.traded_balances(epoch)},",
            "balances=epoch.opening,",
        ),
        tests=(APP,),
    ),
    mutant(
        "paper_trade_ids_come_again",
        "a restart after the clock was set back gives trades the ids of earlier ones",
        Edit("quoter/app/paper.py", "*(number + 1 for number in newest)", "*(0 for _ in newest)"),
        tests=(APP,),
    ),
    mutant(
        "paper_book_lost_in_silence",
        "a gap of the live book does not pause a paper run",
        Edit("quoter/paper/feed.py", "        if text and is_new:\n", "        if False:\n"),
        tests=(FEED,),
    ),
    mutant(
        "best_prices_without_our_orders",
        "requested best prices lack our orders, so that the book seems wrong",
        Edit(
            "quoter/paper/venue.py",
            "if side.sign * (best - level.price) > 0:",
            "if False:",
        ),
        tests=(FEED,),
    ),
    mutant(
        "changed_rules_are_not_noticed",
        "a paper run goes on with rules that the venue has changed",
        Edit(
            "quoter/paper/gateway.py",
            'refusal = "" if rules == self._rules',
            'refusal = "" if True',
        ),
        tests=(GATEWAY,),
    ),
    mutant(
        "key_sent_with_a_paper_run",
        "a paper run takes the key of the settings to the real venue",
        Edit(
            "quoter/app/settings_to_config.py",
            "with_key = with_key and not is_paper",
            "with_key = with_key or is_paper",
        ),
        tests=(APP,),
    ),
)
