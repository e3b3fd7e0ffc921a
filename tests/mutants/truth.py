"""Bugs in what a frozen process believes when it wakes."""

from tests.mutants.mutant import Edit, mutant

WS, FEED = "tests/integration/test_venues_ws.py", "tests/integration/test_venues_feed.py"

AWAKE = (
    mutant(
        "old_frames_are_news",
        "what waited in the socket while we stood still is taken for the market",
        Edit(
            "quoter/venues/streams/connection.py",
            "                    if now_s - self._last_frame_s > timings.stall_s:\n"
            "                        self.look()\n",
            "",
        ),
        tests=(f"{WS}::test_what_waited_while_our_loop_stood_still_is_told_as_old",),
    ),
    mutant(
        "old_pong_is_life",
        "a pong that waited for us hides that we stood still",
        Edit(
            "quoter/venues/streams/connection.py",
            "                missed = 0\n                self.look()\n",
            "                missed = 0\n",
        ),
        tests=(f"{WS}::test_a_pong_that_waited_while_our_loop_stood_still_is_no_sign_of_life",),
    ),
    mutant(
        "stall_keeps_the_book",
        "after a stall the old book counts until somebody finds a difference",
        Edit(
            "quoter/venues/binance/feed.py",
            "        self._emit(FeedUp(ts_ns=self._now_ns(), stream=Stream.MARKET))\n"
            "        self._begin_sync()\n\n    def lost",
            "        self._emit(FeedUp(ts_ns=self._now_ns(), stream=Stream.MARKET))\n\n"
            "    def lost",
        ),
        tests=(FEED,),
    ),
    mutant(
        "sleeper_measures_the_clock",
        "the venue's clock is believed though the answer waited for us",
        Edit(
            "quoter/venues/streams/latency_monitor.py",
            "if self._clock.latest is not None and answered_ns",
            "if False and answered_ns",
        ),
        tests=("tests/unit/venues/streams/test_latency_monitor.py",),
    ),
    mutant(
        "waiting_news_is_life",
        "news that was read before a hang and handled after it ends staleness",
        Edit(
            "quoter/engine/market/feed_health.py",
            "max(market.last_received_ns, step.event.ts_ns)",
            "step.ts_ns",
        ),
        tests=("tests/unit/engine/market/test_feed_health.py",),
    ),
    mutant(
        "frozen_blames_the_disk",
        "time in which the whole process stood still counts as the disk's",
        Edit("quoter/ledger/writer.py", "STALL_LOOKS = 5 ", "STALL_LOOKS = 1 "),
        tests=("tests/unit/ledger/test_writer.py",),
    ),
)

FOREIGN = (
    mutant(
        "own_ghost_is_an_orphan",
        "a fill of an order of this run that nobody sent only waits for its name",
        Edit(
            "quoter/engine/orders/unmatched_fills.py",
            "        if fill.client_id.startswith(self._run_prefix):\n",
            "        if False:\n",
        ),
        tests=("tests/unit/engine/orders/test_unmatched_fills.py",),
    ),
    mutant(
        "old_list_clears_foreign",
        "a list that was asked for before a foreign order was told of ends the pause",
        Edit(
            "quoter/engine/reconciliation/foreign_activity.py",
            "        if report.asked_ns < self._orders_ns:\n            return\n",
            "",
        ),
        tests=("tests/unit/engine/reconciliation/test_foreign_activity.py",),
    ),
    mutant(
        "foreign_fill_forgiven",
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
        "foreign_fill_told_for_ever",
        "every overlapping list tells of the same foreign fill anew",
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
        "filter_refusal_is_no_news",
        "an order that breaks a filter does not make us read the filters again",
        Edit(
            "quoter/engine/market/market_rules.py",
            "event.reason is RejectReason.FILTER:",
            "event.reason is RejectReason.AUTH:",
        ),
        tests=("tests/unit/engine/market/test_market_rules.py",),
    ),
    mutant(
        "old_grid_rests",
        "orders of the old grid stay when the tick changes",
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
        Edit("quoter/engine/market/market_rules.py", "            self._orders.regrid(now)\n", ""),
        tests=("tests/unit/engine/market/test_market_rules.py",),
    ),
    mutant(
        "impossible_size_goes_on",
        "nobody says that the venue takes no order of our size any more",
        Edit(
            "quoter/engine/market/market_rules.py",
            "active=bool(text), text=text)",
            "active=False, text=text)",
        ),
        tests=("tests/unit/engine/market/test_market_rules.py",),
    ),
)

PRIVATE = (
    mutant(
        "private_goodbye_unheard",
        "the venue announces the end of the private connection, and we wait for it",
        Edit(
            "quoter/venues/ccxt/guarded_exchange.py",
            '.get("e") == "serverShutdown":',
            '.get("e") == "":',
        ),
        tests=("tests/integration/test_venues_private.py",),
    ),
    mutant(
        "private_connection_grows_old",
        "the private connection lives until the venue ends it",
        Edit(
            "quoter/venues/ccxt/private_stream.py",
            "async with asyncio.timeout(self._timings.handover_s):",
            "async with asyncio.timeout(None):",
        ),
        tests=("tests/integration/test_venues_private.py",),
    ),
)

CHECKSUMS = (
    mutant(
        "kraken_checksum_unread",
        "a book of Kraken that does not add up is handed on",
        Edit("quoter/venues/ccxt/kraken_checksum.py", "if ours == theirs:", "if ours:"),
        tests=("tests/unit/venues/ccxt/test_kraken_checksum.py",),
    ),
    mutant(
        "wrong_book_left_behind",
        "who was woken just before sees the book that does not add up",
        Edit("quoter/venues/ccxt/kraken_checksum.py", "        bids.clear()\n", ""),
        tests=("tests/unit/venues/ccxt/test_kraken_checksum.py",),
    ),
)

BURST = (
    mutant(
        "backlog_untold",
        "nobody hears that what we read is old",
        Edit(
            "quoter/venues/binance/feed.py",
            "            alarm = self._lag.see(message.event_ms, message.ts_ns)\n",
            "            alarm = None\n",
        ),
        tests=("tests/simulation/test_burst.py",),
    ),
    mutant(
        "inbox_without_an_end",
        "news of the book is kept however much there is",
        Edit(
            "quoter/service/inbox.py",
            "        if len(market) >= BOOK_NEWS_MAX and",
            "        if False and",
        ),
        tests=("tests/simulation/test_burst.py",),
    ),
)

MUTANTS = (*AWAKE, *FOREIGN, *RULES, *PRIVATE, *CHECKSUMS, *BURST)
