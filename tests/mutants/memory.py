"""Bugs in what is remembered, pruned and bounded."""

from tests.mutants.mutant import Edit, mutant

WRITE_AHEAD = "quoter/service/write_ahead.py"
UPKEEP = "quoter/ledger/upkeep.py"
UPKEEP_TESTS = ("tests/unit/ledger/test_upkeep.py",)
WRITE_AHEAD_TESTS = ("tests/unit/service/test_write_ahead.py",)
GUARDED = "quoter/venues/ccxt/guarded_exchange.py"
PAPER_STREAMS = "tests/integration/paper/test_paper_streams.py"
OWN_ROWS_TESTS = (f"{PAPER_STREAMS}::test_rows_of_orders_and_fills_are_read_once_and_not_kept",)

MUTANTS = (
    mutant(
        "log_files_grow_without_a_limit",
        "the log of a dry run or a paper run fills the disk",
        Edit("quoter/telemetry/logs.py", "maxBytes=bytes_max, backupCount=1", "maxBytes=0"),
        tests=("tests/unit/telemetry/test_logs.py",),
    ),
    mutant(
        "forgotten_fill_booked_again",
        "a fill that the ledger has, but the engine no longer remembers, is booked twice",
        Edit(
            WRITE_AHEAD,
            "            counted = await self._ledger",
            "            await self._ledger",
        ),
        Edit(WRITE_AHEAD, "if may_have_forgotten(fill))", "if not fill)"),
        tests=WRITE_AHEAD_TESTS,
    ),
    mutant(
        "forgotten_fill_booked_again_on_a_slow_disk",
        "while the ledger can't answer, a fill older than all that is remembered is booked",
        Edit(WRITE_AHEAD, "if may_have_forgotten(fill))", "if not fill)"),
        tests=WRITE_AHEAD_TESTS,
    ),
    mutant(
        "text_ids_tell_the_age_of_a_trade",
        "while the ledger can't answer, a forgotten fill with an id that is no number is booked",
        Edit(
            "quoter/state/inventory.py",
            "not (are_numbers and int(new) > int(forgotten))",
            "(are_numbers and int(new) <= int(forgotten))",
        ),
        tests=("tests/unit/state/test_inventory.py",),
    ),
    mutant(
        "remembered_fill_may_change_its_price",
        "a trade id that comes again with another price is no conflict",
        Edit(
            "quoter/state/inventory.py",
            "    numbers = (plain(fill.price), plain(fill.size), plain(fill.fee))\n",
            "    numbers = (plain(fill.size), plain(fill.fee))\n",
        ),
        tests=("tests/unit/state/test_inventory.py",),
    ),
    mutant(
        "closed_order_without_its_venue_id",
        "the venue id that comes with the end of an order is not remembered",
        Edit(
            "quoter/state/open_orders.py",
            "        if closed is not None:\n            closed.venue_id = venue_id\n",
            "",
        ),
        tests=("tests/unit/state/test_open_orders.py",),
    ),
    mutant(
        "fill_lines_without_limit",
        "every fill of a busy day is written at level info",
        Edit(
            "quoter/telemetry/step_log.py",
            "        is_allowed = self._lines[event] <= LINES_MAX\n",
            "        is_allowed = True\n",
        ),
        tests=("tests/unit/telemetry/test_step_log.py",),
    ),
    mutant(
        "archived_fill_booked_again",
        "a trade that was moved to the archive is booked when the venue reports it again",
        Edit(
            "quoter/ledger/ledger.py",
            "            archived_ns = _archived_ns(connection, epoch)\n",
            "            archived_ns = 0\n",
        ),
        tests=UPKEEP_TESTS,
    ),
    mutant(
        "open_order_folded",
        "fills of an order that may still be open are folded, so a start can't compare its size",
        Edit(
            UPKEEP,
            "AND client_id NOT IN (SELECT client_id FROM intents"
            " WHERE epoch = ?1 AND state IS NULL)\n",
            "",
        ),
        tests=UPKEEP_TESTS,
    ),
    mutant(
        "matched_fill_stays_folded",
        "a fill that was folded without effect is booked later, and no sum contains it",
        Edit("quoter/ledger/ledger.py", "is_folded = 0, client_id = ?", "client_id = ?"),
        tests=UPKEEP_TESTS,
    ),
    mutant(
        "archive_failure_deletes_fills",
        "fills are deleted from the ledger although the archive could not be written",
        Edit(
            UPKEEP,
            "            self.failure = str(error)\n            return\n",
            "            self.failure = str(error)\n",
        ),
        tests=UPKEEP_TESTS,
    ),
    mutant(
        "text_of_a_cause_grows_old",
        "the text of an active cause keeps the figures of the moment in which it was raised",
        Edit(
            "quoter/risk/kill_switch.py",
            "            if not SEVERITY[cause].is_latched:\n"
            "                self._causes[cause] = text\n",
            "",
        ),
        tests=("tests/unit/risk/test_kill_switch.py",),
    ),
    mutant(
        "rows_of_ended_orders_kept",
        "ccxt's cache keeps the newest 10,000 orders and fills that were read",
        Edit(GUARDED, "        cache.clear()\n", "        pass\n"),
        tests=("tests/integration/test_venues_private.py::test_rows_of_ended_orders_are_not_kept",),
    ),
    mutant(
        "public_trades_kept",
        "ccxt's cache keeps the newest 10,000 public trades",
        Edit(GUARDED, "self.trades.get(symbol))", "None)"),
        tests=(f"{PAPER_STREAMS}::test_rows_of_public_trades_are_not_kept",),
    ),
    mutant(
        "ended_orders_of_kraken_kept",
        "the last values of 20,000 ended orders are kept",
        Edit(
            "quoter/venues/ccxt/kraken_executions.py",
            'if name and completed.get("exec_type") not in ENDS:',
            "if name:",
        ),
        tests=("tests/unit/venues/ccxt/test_kraken_executions.py",),
    ),
    mutant(
        "wire_log_of_hours",
        "a sandbox that is traded on needs 150 MB for the requests of the last hours",
        Edit(
            "quoter/sandbox/exchange/wire_log.py", "ENTRIES_MAX = 20_000", "ENTRIES_MAX = 100_000"
        ),
        tests=("tests/unit/sandbox/exchange/test_wire_log.py",),
    ),
    mutant(
        "fills_empty_the_cache_of_orders",
        "a fill drops the rows of orders that nobody has read, and fills are kept",
        Edit(
            GUARDED,
            "super().watch_my_trades(symbol), self.myTrades)",
            "super().watch_my_trades(symbol), self.orders)",
        ),
        tests=OWN_ROWS_TESTS,
    ),
    mutant(
        "rows_dropped_that_came_after_the_watch",
        "the cache is emptied a little after the watch: rows that come in between are lost",
        Edit(
            GUARDED,
            "        return _take(await super().watch_my_trades(symbol), self.myTrades)",
            "        rows = await super().watch_my_trades(symbol)\n"
            "        await asyncio.sleep(0.01)\n"
            "        return _take(rows, self.myTrades)",
        ),
        tests=OWN_ROWS_TESTS,
    ),
    mutant(
        "sums_of_two_states",
        "`quoter ledger` beside a daemon that folds counts fills twice or not at all",
        Edit(
            "quoter/ledger/reader.py",
            "        with self.one_state():\n            return self._sums(epoch)\n",
            "        return self._sums(epoch)\n",
        ),
        tests=UPKEEP_TESTS,
    ),
    mutant(
        "every_unsent_create_is_a_line",
        "a machine under load writes a warning for each create that it denies as too old",
        Edit(
            "quoter/telemetry/step_log.py",
            "        if _is_not_sent(step.event, change):\n",
            "        if False:\n",
        ),
        tests=("tests/unit/telemetry/test_step_log.py",),
    ),
)
