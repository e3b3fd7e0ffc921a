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
        "paper_report_overtakes_an_answer",
        "after a busy loop, an order's end is emitted before its acknowledgement",
        Edit(
            "quoter/paper/venue.py",
            "asyncio.get_running_loop().call_soon(self._emit, event)",
            "self._emit(event)",
        ),
        tests=("tests/unit/paper/test_real_time.py",),
    ),
    mutant(
        "paper_flush_later_than_in_a_backtest",
        "a paper run publishes changes of our orders at other times than a backtest",
        Edit("quoter/paper/venue.py", "FLUSH_NS = 100 * NS_PER_MS", "FLUSH_NS = 110 * NS_PER_MS"),
        tests=("tests/unit/paper/test_venue_as_backtest.py",),
    ),
    mutant(
        "recording_does_not_say_the_latency",
        "the recording of a paper run does not say how its fills were simulated",
        Edit(
            "quoter/app/recording.py",
            "fills = fill_terms(settings, start_ns).texts if is_paper",
            "fills = NO_FILLS if is_paper",
        ),
        tests=("tests/unit/app/test_recording.py",),
    ),
    mutant(
        "sums_of_removed_trades_are_lost",
        "the simulated venue's own ledger forgets what its removed executions changed",
        Edit(
            "quoter/sim/truth.py",
            "            self._apply(trade, self._before[trade.account])",
            "            pass",
        ),
        tests=("tests/unit/sim/test_truth.py",),
    ),
    mutant(
        "paper_check_asks_for_a_key",
        "quoter check wants the balances of an account in a paper run",
        Edit(
            "quoter/cli/check.py",
            "if self._settings.environment is Environment.PAPER:\n            return self._paper",
            "if False:\n            return self._paper",
        ),
        tests=("tests/integration/test_daemon_paper.py",),
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
