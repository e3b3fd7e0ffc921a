"""Bugs after a frozen process wakes, and in foreign activity, market rules and streams."""

from tests.mutants.mutant import Edit, mutant

WS, FEED = "tests/integration/test_venues_ws.py", "tests/integration/test_venues_feed.py"
FEED_HEALTH = "tests/unit/engine/market/test_feed_health.py"

AFTER_STALL = (
    mutant(
        "trades_of_one_order_count_each",
        "an order that fills many resting orders counts as many takers who agree",
        Edit(
            "quoter/pricing/estimators/taker_orders.py",
            "            return False\n",
            "            return True\n",
        ),
        tests=("tests/unit/pricing/estimators/test_flow.py",),
    ),
    mutant(
        "cap_grows_with_the_order",
        "the cap of an order's size is computed from a mean that contains the order",
        Edit(
            "quoter/pricing/estimators/flow.py",
            "cap = SIZE_CAP * self._mean_before if",
            "cap = SIZE_CAP * self._mean_size if",
        ),
        tests=("tests/unit/pricing/estimators/test_flow.py",),
    ),
    mutant(
        "first_rate_counts_trades",
        "the first estimate of the rate of takers counts each trade of one order",
        Edit(
            "quoter/venues/ccxt/connect/market_history.py",
            'row.get("side") or number)',
            "number)",
        ),
        tests=("tests/unit/venues/ccxt/connect/test_market_history.py",),
    ),
    mutant(
        "warm_up_counts_trades",
        "the warm-up counts each trade of one window as a taker",
        Edit(
            "quoter/engine/quoting/calibration.py",
            "{(window, side) for window, side, reach in self._reaches if reach >= d0}",
            "[window for window, side, reach in self._reaches if reach >= d0]",
        ),
        tests=("tests/unit/engine/quoting/test_calibration.py",),
    ),
    mutant(
        "market_moves_across_orders_unpublished",
        "orders that the market moves across are filled before the book shows that it moved",
        Edit(
            "quoter/sim/market.py",
            "                self.publisher.publish_own_best(side, now_ns)\n",
            "",
        ),
        tests=("tests/unit/sim/test_flow.py",),
    ),
    mutant(
        "futures_replayed_as_spot",
        "a recording of futures is replayed as one of spot",
        Edit("quoter/tapes/binance_raw.py", "Depth(prev=None)", "Depth()"),
        tests=("tests/unit/sandbox/test_recorded_market.py",),
    ),
    mutant(
        "ids_that_run_back_accepted",
        "update ids of diffs run back, and later diffs are taken to follow",
        Edit(
            "quoter/venues/binance/depth_sync.py",
            "        if diff.last < self._newest or diff.first > self._local + 1:\n",
            "        if diff.first > self._local + 1:\n",
        ),
        tests=("tests/unit/venues/binance/test_depth_sync.py",),
    ),
    mutant(
        "restart_keeps_the_count_of_known_diffs",
        "after too many known diffs each buffered diff begins the sync anew, without an end",
        Edit(
            "quoter/venues/binance/depth_sync.py",
            "        self._newest = -1\n        self.known_in_a_row = 0\n",
            "        self._newest = -1\n",
        ),
        tests=("tests/unit/venues/binance/test_depth_sync.py",),
    ),
    mutant(
        "high_ids_stay_in_the_buffer",
        "diffs whose ids were too high make every later snapshot too old",
        Edit(
            "quoter/venues/binance/depth_sync.py",
            "(diff.first > self._newest + 1 or diff.last < self._newest)",
            "diff.first > self._newest + 1",
        ),
        tests=("tests/unit/venues/binance/test_depth_sync.py",),
    ),
    mutant(
        "depth_level_that_the_ticker_denies",
        "a level of the depth counts although the newer ticker has no such price",
        Edit(
            "quoter/state/book.py",
            "    return side.best_from(level.price, own)\n",
            "    return side.best(own)\n",
        ),
        tests=("tests/unit/state/test_book.py",),
    ),
    mutant(
        "one_old_list_kills",
        "one list of open orders outweighs the venue's report that an order ended",
        Edit(
            "quoter/engine/reconciliation/reconcile.py",
            "        return asked_ns - first_ns < OLD_LIST_NS\n",
            "        return False\n",
        ),
        tests=("tests/unit/engine/reconciliation/test_reconcile.py",),
    ),
    mutant(
        "old_list_of_an_earlier_run_kills",
        "an old list with an order of our own earlier run is taken for a second daemon",
        Edit(
            "quoter/engine/reconciliation/reconcile.py",
            "ended = client_id if closed else self._duplicate_instance.earlier_run(client_id)",
            "ended = client_id if closed else None",
        ),
        tests=("tests/unit/engine/reconciliation/test_reconcile.py",),
    ),
    mutant(
        "each_order_of_an_earlier_run_starts_the_ten_seconds_again",
        "a second daemon whose run we know is never noticed by lists, as it renews its orders",
        Edit(
            "quoter/engine/reconciliation/reconcile.py",
            "else self._duplicate_instance.earlier_run(client_id)",
            "else self._duplicate_instance.earlier_run(client_id) and client_id",
        ),
        tests=("tests/unit/engine/reconciliation/test_reconcile.py",),
    ),
    mutant(
        "every_list_is_called_old",
        "an ended order that every list shows as open is never believed",
        Edit(
            "quoter/engine/reconciliation/reconcile.py",
            "        return asked_ns - first_ns < OLD_LIST_NS\n",
            "        return True\n",
        ),
        tests=("tests/unit/engine/reconciliation/test_reconcile.py",),
    ),
    mutant(
        "frames_of_before_a_stall_count",
        "frames that waited while the process was frozen count as current",
        Edit(
            "quoter/venues/streams/connection.py",
            "                    if now_s - self._last_frame_s > timings.stall_s:\n"
            "                        self.check_stall()\n",
            "",
        ),
        tests=(f"{WS}::test_frames_buffered_during_a_hang_are_preceded_by_on_stall",),
    ),
    mutant(
        "snapshots_of_a_useless_book_in_a_row",
        "the pause between snapshots does not grow while each one is useless",
        Edit("quoter/venues/binance/feed.py", "* 2 ** min(fetched, 10)", "* 2 ** 0"),
        tests=(f"{FEED}::test_useless_book_is_requested_more_and_more_rarely",),
    ),
    mutant(
        "pong_of_before_a_stall_counts",
        "a pong that waited in the socket hides that the process was frozen",
        Edit(
            "quoter/venues/streams/connection.py",
            "                missed = 0\n                self.check_stall()\n",
            "                missed = 0\n",
        ),
        tests=(f"{WS}::test_pong_buffered_during_a_hang_is_preceded_by_on_stall",),
    ),
    mutant(
        "stall_keeps_the_book",
        "after a stall the old book is kept until a comparison finds a difference",
        Edit(
            "quoter/venues/binance/feed.py",
            "        self._emit(FeedUp(ts_ns=self._now_ns(), stream=Stream.MARKET))\n"
            "        self._begin_sync()\n\n    def on_lost",
            "        self._emit(FeedUp(ts_ns=self._now_ns(), stream=Stream.MARKET))\n\n"
            "    def on_lost",
        ),
        tests=(FEED,),
    ),
    mutant(
        "clock_sample_of_a_stall_counts",
        "the venue's clock is measured with an answer that waited in the socket",
        Edit(
            "quoter/venues/streams/latency_monitor.py",
            "if self._clock.latest is not None and answered_ns",
            "if False and answered_ns",
        ),
        tests=("tests/unit/venues/streams/test_latency_monitor.py",),
    ),
    mutant(
        "event_time_of_handling_counts",
        "updates read before a hang and handled after it make the book young",
        Edit(
            "quoter/engine/market/feed_health.py",
            "self._evidence.on_delta(\n                    event.ts_ns,",
            "self._evidence.on_delta(\n                    step.ts_ns,",
        ),
        tests=("tests/unit/engine/market/test_feed_health.py",),
    ),
    mutant(
        "trade_makes_the_book_young",
        "a public trade counts as an update of the book",
        Edit(
            "quoter/engine/market/feed_health.py",
            "            self._on_trade(event, step)\n",
            "            self._evidence.on_delta(\n"
            "                event.ts_ns, last=book.last, touch=None, changes_best=False\n"
            "            )\n",
        ),
        tests=(FEED_HEALTH,),
    ),
    mutant(
        "far_levels_keep_the_book_alive",
        "best prices that stand still are not confirmed while other levels change",
        Edit(
            "quoter/engine/market/feed_health.py",
            "self._evidence.still_ns(step.ts_ns) >= policy.still_ns",
            "False",
        ),
        tests=(FEED_HEALTH,),
    ),
    mutant(
        "far_levels_end_a_doubt",
        "an update of any level ends the doubt that a request of best prices raised",
        Edit(
            "quoter/engine/market/book_evidence.py",
            "        if touch is not None and touch == self._touch:\n",
            "        if False:\n",
        ),
        tests=(FEED_HEALTH,),
    ),
    mutant(
        "repeated_ticker_makes_the_book_young",
        "best prices with an id that is known already count as an update",
        Edit(
            "quoter/state/book.py",
            "if held is not None and top.update_id == held.update_id:",
            "if False:",
        ),
        tests=("tests/unit/state/test_book.py", FEED_HEALTH),
    ),
    mutant(
        "only_the_newest_ticker_is_compared",
        "a wrong book of a busy market is not noticed: its tickers are ahead of its depth",
        Edit("quoter/state/book.py", "deque(maxlen=TICKERS_MAX)", "deque(maxlen=1)"),
        tests=("tests/unit/state/test_book.py",),
    ),
    mutant(
        "any_depth_update_has_reached_the_ticker",
        "depth whose update ids have run back goes on for as long as they take to come back",
        Edit(
            "quoter/engine/market/book_evidence.py",
            "        if self._behind is not None and self._behind[0] <= last:\n",
            "        if True:\n",
        ),
        tests=(FEED_HEALTH,),
    ),
    mutant(
        "each_ticker_gives_the_depth_more_time",
        "depth that is silent beside a busy ticker is not noticed",
        Edit(
            "quoter/engine/market/book_evidence.py",
            "        if update_id > last and self._behind is None:\n",
            "        if update_id > last:\n",
        ),
        tests=(FEED_HEALTH,),
    ),
    mutant(
        "best_prices_are_not_compared",
        "best prices make the book young without a comparison",
        Edit(
            "quoter/engine/market/book_evidence.py",
            "        is_equal = _is_equal(report.bid, bid) and _is_equal(report.ask, ask)\n",
            "        is_equal = True\n",
        ),
        tests=(FEED_HEALTH,),
    ),
    mutant(
        "later_update_of_the_venue_is_no_sign",
        "a silent stream is not noticed while the best prices stand still",
        Edit(
            "quoter/engine/market/book_evidence.py",
            "        if report.last <= last or report.asked_ns <= self._updated_ns:\n",
            "        if True:\n",
        ),
        tests=(FEED_HEALTH,),
    ),
    mutant(
        "update_leaves_doubt_of_a_later_one",
        "a book whose best prices stand still is called wrong for two updates under way",
        Edit(
            "quoter/engine/market/book_evidence.py",
            "        self._later_ns = None\n        if touch",
            "        if touch",
        ),
        tests=(FEED_HEALTH,),
    ),
    mutant(
        "older_best_prices_confirm_the_book",
        "an answer from before our newest update confirms a book that stands still",
        Edit(
            "quoter/engine/market/book_evidence.py",
            "        if 0 < report.last < (last if is_equal else self._touch_last):\n",
            "        if False:\n",
        ),
        tests=(FEED_HEALTH,),
    ),
    mutant(
        "empty_lists_alone_end_a_reconnect",
        "a venue that was reset is quoted for the length of the balance check",
        Edit(
            "quoter/engine/reconciliation/reconcile.py",
            "min(self._open_orders_ns, self._trades_ns, self._balances_ns)\n"
            "        if self._reopened_ns",
            "min(self._open_orders_ns, self._trades_ns)\n        if self._reopened_ns",
        ),
        tests=("tests/unit/engine/reconciliation/test_reconcile.py",),
    ),
    mutant(
        "unread_reports_pause_nothing",
        "the venue answers a list with pages for an hour, and quoting goes on",
        Edit(
            "quoter/engine/reconciliation/reconcile.py",
            "        if not 0 < self._policy.unread_ns < age_ns:\n",
            "        if self._policy.unread_ns < age_ns or not age_ns < 0:\n",
        ),
        tests=("tests/unit/engine/reconciliation/test_reconcile.py",),
    ),
    mutant(
        "one_difference_is_proof",
        "best prices that the stream has not caught up with yet reconnect it",
        Edit(
            "quoter/engine/market/book_evidence.py",
            "        if report.asked_ns - self._mismatch_ns < self._policy.mismatch_ns:\n"
            '            return ""\n',
            "",
        ),
        tests=(FEED_HEALTH,),
    ),
    mutant(
        "snapshot_restores_trust",
        "after a proof one REST snapshot is enough to quote again",
        Edit(
            "quoter/engine/market/book_evidence.py",
            "            self._distrust = max(0, self._distrust - 1)\n        self._on_depth",
            "            self._distrust = 0\n        self._on_depth",
        ),
        tests=(FEED_HEALTH,),
    ),
    mutant(
        "refused_key_of_a_cancel_is_any_refusal",
        "a cancel that is refused because of the key is an anomaly only",
        Edit(
            "quoter/venues/ccxt/error_mapping.py",
            "    if meaning.reason is RejectReason.AUTH:\n        return CancelRejectReason.AUTH\n",
            "",
        ),
        tests=("tests/unit/venues/ccxt/test_error_mapping.py",),
    ),
    mutant(
        "report_shows_that_cancels_work",
        "a key that may read ends the pause although cancels are refused",
        Edit(
            "quoter/engine/orders/refused_cancels.py",
            "        if not self._names and asked_ns > self._refused_ns:\n",
            "        if asked_ns > self._refused_ns:\n",
        ),
        tests=("tests/unit/engine/orders/test_refused_cancels.py",),
    ),
    mutant(
        "old_report_shows_that_the_key_works",
        "a report that was requested before the refusal ends the pause",
        Edit(
            "quoter/engine/orders/refused_cancels.py",
            "        if not self._names and asked_ns > self._refused_ns:\n",
            "        if not self._names:\n",
        ),
        tests=("tests/unit/engine/orders/test_refused_cancels.py",),
    ),
    mutant(
        "kill_leaves_orders_and_says_done",
        "`quoter kill` ends with 0 while orders may rest",
        Edit(
            "quoter/cli/kill.py",
            "    if left == 0:\n",
            "    if True:\n",
        ),
        tests=("tests/unit/cli/test_kill.py",),
    ),
    mutant(
        "far_levels_restore_trust",
        "after a proof an update of any level is enough to quote again",
        Edit(
            "quoter/engine/market/feed_health.py",
            "changes_best = self._evidence.has_proofs and book.is_at_touch(event)",
            "changes_best = True",
        ),
        tests=(FEED_HEALTH,),
    ),
    mutant(
        "whole_books_restore_trust",
        "each book of a stream confirms it, with the same best prices too",
        Edit(
            "quoter/engine/market/book_evidence.py",
            "        if self._on_update(ts_ns, last, touch):\n",
            "        if self._on_update(ts_ns, last, touch) or True:\n",
        ),
        tests=(FEED_HEALTH,),
    ),
    mutant(
        "each_failed_reconnect_is_a_pause",
        "one outage latches `flapping` after six reconnects that failed",
        Edit(
            "quoter/risk/hysteresis.py",
            "        if before >= TradingState.PAUSED:\n",
            "        if False:\n",
        ),
        tests=("tests/unit/engine/test_halt_causes.py", FEED_HEALTH),
    ),
    mutant(
        "one_outage_uses_up_the_connect_budget",
        "an outage of some minutes latches `connect_budget`",
        Edit(
            "quoter/engine/halt_causes.py",
            "        if self._flaps.count(step.ts_ns) > 1:\n",
            "        if True:\n",
        ),
        tests=("tests/unit/engine/test_halt_causes.py",),
    ),
    mutant(
        "unseen_own_order_is_ignored",
        "an acknowledged order that the depth does not show proves nothing",
        Edit(
            "quoter/engine/market/feed_health.py",
            "        return side.covers(price) and side.size(price)",
            "        return False and side.size(price)",
        ),
        tests=(FEED_HEALTH,),
    ),
    mutant(
        "old_ids_are_ignored_without_limit",
        "a snapshot ahead of its stream freezes the book",
        Edit(
            "quoter/venues/binance/depth_sync.py",
            "KNOWN_DIFFS_MAX = 20 ",
            "KNOWN_DIFFS_MAX = 10**9 ",
        ),
        tests=(FEED,),
    ),
    mutant(
        "freeze_counts_as_disk_stall",
        "time in which the whole process was frozen counts as a stall of the disk",
        Edit("quoter/ledger/writer.py", "STALL_CHECKS = 5 ", "STALL_CHECKS = 1 "),
        tests=("tests/unit/ledger/test_writer.py",),
    ),
)

FOREIGN = (
    mutant(
        "unsent_own_fill_is_awaited",
        "a fill of an order with this run's prefix that was never sent is only awaited",
        Edit(
            "quoter/engine/orders/unmatched_fills.py",
            "        if fill.client_id.startswith(self._run_prefix):\n",
            "        if False:\n",
        ),
        tests=("tests/unit/engine/orders/test_unmatched_fills.py",),
    ),
    mutant(
        "old_list_clears_foreign",
        "a list requested before a foreign order was reported ends the pause",
        Edit(
            "quoter/engine/reconciliation/foreign_activity.py",
            "        if report.asked_ns < self._orders_ns:\n            return\n",
            "",
        ),
        tests=("tests/unit/engine/reconciliation/test_foreign_activity.py",),
    ),
    mutant(
        "any_balance_report_ends_foreign_pause",
        "any comparison of balances ends the pause after a foreign fill",
        Edit(
            "quoter/engine/reconciliation/reconcile.py",
            "        if self._balances.compare(report, step.ts_ns):\n"
            "            self.foreign.on_balances_equal(report.asked_ns, step)\n",
            "        self.foreign.on_balances_equal(report.asked_ns, step)\n"
            "        if self._balances.compare(report, step.ts_ns):\n"
            "            pass\n",
        ),
        tests=("tests/unit/engine/reconciliation/test_foreign_activity.py",),
    ),
    mutant(
        "foreign_fill_reported_again",
        "every overlapping trade list reports the same foreign fill again",
        Edit(
            "quoter/engine/orders/unmatched_fills.py",
            " or fill.trade_id in self._foreign:",
            ":",
        ),
        tests=("tests/unit/engine/reconciliation/test_foreign_activity.py",),
    ),
)

RULES = (
    mutant(
        "reconnect_keeps_the_rules",
        "a finer tick that came while the streams were down is noticed ten minutes later",
        Edit(
            "quoter/engine/market/market_rules.py",
            "        elif self._was_down:\n",
            "        elif False:\n",
        ),
        tests=("tests/unit/engine/market/test_market_rules.py",),
    ),
    mutant(
        "filter_reject_does_not_reload_rules",
        "a reject because of a filter does not reload the market rules",
        Edit(
            "quoter/engine/market/market_rules.py",
            "event.reason in SUSPECT:",
            "event.reason is RejectReason.AUTH:",
        ),
        tests=("tests/unit/engine/market/test_market_rules.py",),
    ),
    mutant(
        "coarse_tick_is_called_ready",
        "a start on a market whose tick exceeds a limit in basis points is not refused",
        Edit(
            "quoter/risk/tick_limits.py",
            "        if 0.0 < limit < share\n",
            "        if 0.0 < limit < 0.0\n",
        ),
        tests=("tests/unit/risk/test_tick_limits.py", "tests/unit/app/test_limit_checks.py"),
    ),
    mutant(
        "orders_on_the_old_grid_stay",
        "orders on the old price grid stay open when the tick changes",
        Edit(
            "quoter/engine/components.py",
            "        self.placing.cancel_all(CancelReason.REQUOTE, step)\n",
            "",
        ),
        tests=("tests/unit/engine/market/test_market_rules.py",),
    ),
    mutant(
        "ticks_of_two_grids",
        "live orders are still counted in the old tick",
        Edit(
            "quoter/engine/components.py", "        self.orders.regrid(self.instrument.now)\n", ""
        ),
        tests=("tests/unit/engine/market/test_market_rules.py",),
    ),
    mutant(
        "impossible_size_raises_no_cause",
        "an order size that the venue no longer accepts raises no cause",
        Edit(
            "quoter/engine/market/market_rules.py",
            "active=self._is_paused, text=text)",
            "active=False, text=text)",
        ),
        tests=("tests/unit/engine/market/test_market_rules.py",),
    ),
)

PRIVATE = (
    mutant(
        "private_shutdown_notice_ignored",
        "the venue's shutdown notice on the private connection is ignored",
        Edit(
            "quoter/venues/ccxt/guarded_exchange.py",
            '.get("e") == "serverShutdown":',
            '.get("e") == "":',
        ),
        tests=("tests/integration/test_venues_private.py",),
    ),
    mutant(
        "private_connection_never_replaced",
        "the private connection is used until the venue closes it",
        Edit(
            "quoter/venues/ccxt/private_stream.py",
            "async with asyncio.timeout(self._timings.handover_s):",
            "async with asyncio.timeout(None):",
        ),
        tests=("tests/integration/test_venues_private.py",),
    ),
    mutant(
        "replaced_private_connection_stays_open",
        "the private connection that another has replaced is not closed",
        Edit(
            "quoter/venues/ccxt/private_stream.py",
            "            await self._release(first.client)\n",
            "",
        ),
        tests=(
            "tests/integration/test_venues_private.py::test_announced_end_is_preceded_by_a_handover_without_loss",
        ),
    ),
)

CHECKSUMS = (
    mutant(
        "kraken_checksum_ignored",
        "a Kraken book with a wrong checksum is handed on",
        Edit("quoter/venues/ccxt/books/kraken_checksum.py", "if ours == theirs:", "if ours:"),
        tests=("tests/unit/venues/ccxt/books/test_kraken_checksum.py",),
    ),
    mutant(
        "wrong_book_not_cleared",
        "a reader woken just before sees the book with the wrong checksum",
        Edit("quoter/venues/ccxt/books/kraken_checksum.py", "        bids.clear()\n", ""),
        tests=("tests/unit/venues/ccxt/books/test_kraken_checksum.py",),
    ),
    mutant(
        "lost_book_update_accepted",
        "a book goes on after an update that does not follow the one before",
        Edit(
            "quoter/venues/ccxt/books/sequence.py",
            "            raise ValueError(gap)",
            "            pass",
        ),
        tests=("tests/unit/venues/ccxt/books/test_sequence.py",),
    ),
    mutant(
        "absent_book_number_accepted",
        "an update of Bitget with neither number nor checksum counts as verified",
        Edit(
            "quoter/venues/profiles/forms.py",
            "if found is None and self.checksum and _whole_number(row.get(self.checksum)):",
            "if found is None and self.checksum:",
        ),
        tests=("tests/unit/venues/ccxt/books/test_sequence.py",),
    ),
    mutant(
        "book_kept_over_reconnect",
        "ccxt's book of the former connection is used after a reconnect",
        Edit(
            "quoter/venues/ccxt/guarded_exchange.py",
            "        self.orderbooks.clear()\n",
            "",
        ),
        tests=("tests/integration/test_feed_books.py",),
    ),
    mutant(
        "whole_book_added_to_the_former",
        "a whole book is added to the one before it instead of replacing it",
        Edit(
            "quoter/venues/ccxt/books/sequence.py",
            "            self.orderbooks.clear()  # ccxt would",
            "            pass  # ccxt would",
        ),
        tests=("tests/integration/test_feed_books.py",),
    ),
    mutant(
        "old_trades_after_a_reconnect",
        "the last trades of the market, sent at each subscription, count as new",
        Edit(
            "quoter/venues/ccxt/feed.py",
            "isinstance(traded_ms, int) and traded_ms < opened_ms",
            "traded_ms is None",
        ),
        tests=("tests/integration/test_feed_books.py",),
    ),
    mutant(
        "absent_side_of_a_book_is_empty",
        "a book without one of its sides counts as a book with an empty side",
        Edit(
            "quoter/venues/ccxt/feed.py",
            "    if not isinstance(side, list | tuple):\n        return None\n",
            "    side = as_list(side)\n",
        ),
        tests=("tests/unit/venues/ccxt/test_feed_levels.py",),
    ),
)

BURST = (
    mutant(
        "backlog_not_reported",
        "a backlog of old frames raises no alarm",
        Edit(
            "quoter/venues/binance/feed.py",
            "            alarm = self._latency.observe(message.event_ms, message.ts_ns)\n",
            "            alarm = None\n",
        ),
        tests=("tests/simulation/test_burst.py",),
    ),
    mutant(
        "inbox_unbounded",
        "book events are queued without a limit",
        Edit(
            "quoter/service/inbox.py",
            "        if len(market) >= MARKET_EVENTS_MAX:\n",
            "        if False:\n",
        ),
        tests=("tests/simulation/test_burst.py", "tests/unit/service/test_inbox.py"),
    ),
    mutant(
        "inbox_unbounded_for_trades",
        "trades are queued without a limit while no book event comes",
        Edit(
            "quoter/service/inbox.py",
            "        if len(market) >= MARKET_EVENTS_MAX:\n",
            "        if len(market) >= MARKET_EVENTS_MAX and not isinstance(event, Trade):\n",
        ),
        tests=("tests/unit/service/test_inbox.py",),
    ),
)

MUTANTS = (*AFTER_STALL, *FOREIGN, *RULES, *PRIVATE, *CHECKSUMS, *BURST)
