"""Bugs in the backtest: place in the queue, rows of tapes, ids of a recorded market, latency."""

from tests.mutants.mutant import Edit, mutant

FILL_MODELS = "tests/unit/sim/test_fill_models.py"
TAPE_RUN = "tests/unit/backtest/test_tape_run.py"

MUTANTS = (
    mutant(
        "same_tape_always_agrees",
        "fills that the backtests do not predict are said to agree",
        Edit(
            "deploy/peers/same_tape.py",
            "elif low <= ours.fills <= high:",
            "elif low <= ours.fills or ours.fills <= high:",
        ),
        tests=("tests/unit/deploy/test_peers.py",),
    ),
    mutant(
        "same_tape_judges_a_paused_run",
        "a run that was mostly paused is compared with backtests that were not",
        Edit(
            "deploy/peers/same_tape.py",
            "ours.two_sided_share < SHARE_MIN * share",
            "ours.two_sided_share < 0",
        ),
        tests=("tests/unit/deploy/test_peers.py",),
    ),
    mutant(
        "causes_of_the_start_are_not_counted",
        "a run that never started is shown as paused without a reason",
        Edit(
            "quoter/engine/run_statistics.py",
            "for cause in self.engine.causes.switch.causes:",
            "for cause in self._causes_since_ns:",
        ),
        tests=("tests/unit/engine/test_run_statistics.py",),
    ),
    mutant(
        "engine_ticks_once",
        "a backtest calls the engine's timers at its start only",
        Edit(
            "quoter/backtest/tape_run.py",
            "        self.schedule.at(self.schedule.now_ns + self._setup.tick_ns, self._tick)\n",
            "",
        ),
        tests=("tests/unit/paper/test_venue_as_backtest.py",),
    ),
    mutant(
        "cancellations_help_the_pessimist",
        "the pessimistic fill model takes cancellations from ahead of the order too",
        Edit(
            "quoter/sim/fill_models.py",
            "        if self.model is FillModel.PROBABLE:\n            left",
            "        if self.model.has_queue:\n            left",
        ),
        tests=(FILL_MODELS,),
    ),
    mutant(
        "trades_count_twice_in_the_queue",
        "a size that a trade reduced counts as a cancellation too",
        Edit("quoter/sim/fill_models.py", "        self.traded += lots\n", ""),
        tests=(FILL_MODELS,),
    ),
    mutant(
        "new_orders_stand_in_front",
        "an order that arrives stands before the size that its level shows",
        Edit(
            "quoter/sim/fill_models.py",
            "return cls(model, shown, shown)",
            "return cls(model, 0.0, shown)",
        ),
        tests=(FILL_MODELS,),
    ),
    mutant(
        "recorded_market_has_no_queue",
        "a print at the price of an account's order fills it whatever the fill model says",
        Edit(
            "quoter/sim/capture.py",
            "if resting.queue is not None and resting.ticks == ticks:",
            "if resting.queue is not None and resting.ticks > ticks:",
        ),
        tests=("tests/unit/sim/test_capture.py",),
    ),
    mutant(
        "late_diffs_get_the_ids_of_now",
        "a recorded diff that follows a best price gets an id above it, with an older book",
        Edit(
            "quoter/sim/capture.py",
            "        if recorded_id >= self._newest:\n",
            "        if recorded_id >= 0:\n",
        ),
        tests=("tests/unit/sim/test_capture.py",),
    ),
    mutant(
        "own_changes_overtake_the_recorded_ones",
        "changes by accounts are published before recorded ones that the best price includes",
        Edit(
            "quoter/sim/capture.py",
            "if recorded_id == 0 or is_behind or self._offset == self._offset_published:",
            "if recorded_id == 0 or self._offset == self._offset_published:",
        ),
        tests=("tests/unit/sim/test_capture.py",),
    ),
    mutant(
        "insurance_fund_trades_in_the_book",
        "prints of a futures market that are no trades fill orders of the backtest",
        Edit(
            "quoter/tapes/row_checks.py",
            "if row.kind not in REAL_PRINTS or not row.price:",
            "if not row.price:",
        ),
        tests=("tests/unit/tapes/test_reading.py",),
    ),
    mutant(
        "time_leaps_in_a_tape",
        "one row with a wrong time lets a backtest play centuries without a row",
        Edit(
            "quoter/tapes/row_checks.py",
            "        if newest_ns and ts_ns > newest_ns + LATE_NS:\n",
            "        if newest_ns and ts_ns < 0:\n",
        ),
        tests=("tests/unit/tapes/test_row_checks.py",),
    ),
    mutant(
        "trades_of_overlapping_files_count_twice",
        "trades that two files of a tape both have fill orders of the backtest twice",
        Edit("quoter/tapes/row_checks.py", "if key in self._trades:", "if key == self._best:"),
        tests=("tests/unit/tapes/test_row_checks.py",),
    ),
    mutant(
        "one_odd_number_decides_the_tick",
        "one damaged price makes the tick of a market without rules too fine",
        Edit(
            "quoter/tapes/steps.py",
            "using, wrong_max = 0, len(values) // WRONG_ONE_IN",
            "using, wrong_max = 0, 0",
        ),
        tests=("tests/unit/tapes/test_steps.py",),
    ),
    mutant(
        "contracts_traded_as_coins",
        "a tape of contracts is played as if its sizes were coins",
        Edit("quoter/tapes/tardis.py", "return venue in CONTRACTS or", "return False or"),
        tests=("tests/unit/tapes/test_tardis.py",),
    ),
    mutant(
        "levels_survive_a_later_snapshot",
        "levels that a later snapshot of a tape does not have stay in the book",
        Edit(
            "quoter/tapes/later_snapshots.py",
            "(dict.fromkeys(before, ZERO) | self._sides[side])",
            "self._sides[side]",
        ),
        tests=("tests/unit/tapes/test_tardis.py",),
    ),
    mutant(
        "events_of_the_venue_alone_are_rows",
        "a tape of hftbacktest shows the receiver what only the venue knew yet",
        Edit("quoter/tapes/hftbacktest.py", " if event.flags & LOCAL)", ")"),
        tests=("tests/unit/tapes/test_hftbacktest.py",),
    ),
    mutant(
        "lost_updates_of_bybit_leave_no_hole",
        "an update that is missing in Bybit's archive is not counted as a gap",
        Edit(
            "quoter/tapes/bybit.py",
            "number += max(1, data.update - update) if update else 1",
            "number += 1",
        ),
        tests=("tests/unit/tapes/test_bybit.py",),
    ),
    mutant(
        "microseconds_of_the_archive_are_milliseconds",
        "times in µs of Binance's archive are taken for ms",
        Edit(
            "quoter/tapes/columns.py",
            "S_BELOW, MS_BELOW, US_BELOW = 10**11, 10**14",
            "S_BELOW, MS_BELOW, US_BELOW = 10**11, 10**18",
        ),
        tests=("tests/unit/tapes/test_binance_archive.py",),
    ),
    mutant(
        "lines_of_any_length",
        "a packed line of any length is read into the memory",
        Edit("quoter/tapes/reading.py", "file.readline(LINE_MAX + 1)", "file.readline()"),
        Edit("quoter/tapes/reading.py", "if len(line) > LINE_MAX:", "if len(line) > 10**12:"),
        tests=("tests/unit/tapes/test_reading.py",),
    ),
    mutant(
        "random_latency_swaps_messages",
        "messages of one connection overtake each other",
        Edit(
            "quoter/backtest/latency.py",
            "max(self._latest_ns[channel], arrival_ns)",
            "arrival_ns",
        ),
        tests=("tests/unit/backtest/test_latency.py",),
    ),
    mutant(
        "venue_charges_another_fee",
        "the simulated venue's fee differs from the one that the engine has",
        Edit(
            "quoter/app/backtesting.py",
            "        market = replace(market, fee_maker=fee)\n",
            "        market = replace(market, fee_maker=fee * 10)\n",
        ),
        tests=(TAPE_RUN,),
    ),
)
