"""Bugs in what may leave this machine, and in stops of a process that did not place the orders."""

from tests.mutants.mutant import Edit, mutant

REQUEST_PATHS = "quoter/venues/egress/request_paths.py"
PATHS = "tests/unit/venues/egress/test_request_paths.py"

REQUESTS = (
    mutant(
        "get_is_always_a_read",
        "a create by GET, as at Deribit, passes as a read",
        Edit(REQUEST_PATHS, "    if _ACTS.search(path):\n        return False\n", ""),
        tests=(PATHS,),
    ),
    mutant(
        "cancel_posts_anywhere",
        "a call declared as a cancel may post a create",
        Edit(
            REQUEST_PATHS,
            "if purpose is Purpose.CANCEL and _CANCELS.search(path):",
            "if purpose is Purpose.CANCEL:",
        ),
        tests=(PATHS,),
    ),
    mutant(
        "dead_man_posted_as_a_cancel",
        "a cancel may arm the venue's switch, which cancels every order of the account",
        Edit(REQUEST_PATHS, '"(?i)cancel(?!.*after)"', '"(?i)cancel"'),
        tests=(PATHS,),
    ),
)

CANCELLATION = "quoter/venues/ccxt/order_cancellation.py"
CANCELS = "tests/unit/venues/ccxt/test_order_cancellation.py"
WRITE_AHEAD = "tests/unit/service/test_write_ahead.py"

STOPS = (
    mutant(
        "adopted_orders_need_our_prefix",
        "an order that only the ledger knows is left at the venue, and 0 left is reported",
        Edit(CANCELLATION, " or self._known.is_adopted(order.venue_id)", ""),
        tests=(CANCELS,),
    ),
    mutant(
        "unnamed_orders_not_cancelled",
        "an order in flight at a crash stays where the list lacks our id",
        Edit(
            CANCELLATION,
            "self._known.unnamed() if self._cancel_by is not None else ()",
            "()",
        ),
        tests=(CANCELS,),
    ),
    mutant(
        "unproven_cancels_not_counted",
        "a stop reports 0 left although a cancel by our id had no answer",
        Edit(CANCELLATION, "return len(unproven)", "return 0"),
        tests=(CANCELS,),
    ),
    mutant(
        "venue_id_recorded_at_a_state_change_only",
        "an order cancelled before its answer came is unknown to the next process",
        Edit(
            "quoter/service/write_ahead.py",
            "if isinstance(step.event, NAMING):",
            "if isinstance(step.event, NAMING) and step.orders:",
        ),
        tests=(WRITE_AHEAD,),
    ),
    mutant(
        "unreadable_ledger_knows_no_order",
        "the sentinel forgets the daemon's orders with its data folder",
        Edit(
            "quoter/service/sentinel/process.py",
            "            if orders is not None:  # else the orders that were read before stay "
            "known\n"
            "                self._gateway.adopt_orders(orders)\n",
            "            if orders := orders or KnownOrders({}):\n"
            "                self._gateway.adopt_orders(orders)\n",
        ),
        tests=("tests/unit/service/sentinel/test_process.py",),
    ),
)

RECONCILE = "quoter/engine/reconciliation/reconcile.py"
LISTS = "tests/unit/engine/reconciliation/test_reconcile.py"
BUCKET = "quoter/venues/egress/token_bucket.py"

OLDER_NEWS = (
    mutant(
        "older_list_of_orders_overrides",
        "an older list of open orders takes back what a newer one proved",
        Edit(RECONCILE, "if report.asked_ns >= self._open_orders_ns:", "if True:"),
        tests=(LISTS,),
    ),
    mutant(
        "older_list_of_trades_overrides",
        "an older list of trades takes back what a newer one proved",
        Edit(RECONCILE, "if report.asked_ns >= self._trades_ns:", "if True:"),
        tests=(LISTS,),
    ),
    mutant(
        "old_header_gives_budget_back",
        "an answer that was overtaken hands back budget that is spent",
        Edit(BUCKET, "min(self.tokens(now_ns), self.capacity - count)", "self.capacity - count"),
        tests=("tests/unit/venues/egress/test_rate_limiter.py",),
    ),
    mutant(
        "straddling_diff_left_out",
        "the book check ignores a diff that begins before the snapshot and ends after it",
        Edit(
            "quoter/venues/binance/depth_sync.py",
            "            if diff.last > snapshot.last:\n",
            "            if diff.first > snapshot.last:\n",
        ),
        tests=("tests/unit/venues/binance/test_depth_sync.py",),
    ),
    mutant(
        "fill_postpones_older_markouts",
        "each fill delays the markout of those before it, until none is measured",
        Edit(
            "quoter/pricing/estimators/markout.py",
            "self._next_s = min(self._next_s, t_s + HORIZONS_S[0])",
            "self._next_s = t_s + HORIZONS_S[0]",
        ),
        tests=("tests/unit/pricing/estimators/test_markout.py",),
    ),
    mutant(
        "peak_of_equity_kept_after_a_fall",
        "one loss keeps the market regime at reduce only for ever",
        Edit(
            "quoter/risk/monitors/market_regime.py",
            "            self._peak = equity\n\n    def _moved",
            "\n    def _moved",
        ),
        tests=("tests/unit/risk/monitors/test_market_regime.py",),
    ),
)
CALLERS = (
    mutant(
        "key_shared_by_callers",
        "a caller's idempotency key answers another caller, whose command is not done",
        Edit("quoter/service/control_api/routes.py", 'f"{caller} {keys[0]}"', 'f"{keys[0]}"'),
        tests=("tests/unit/service/control_api/test_routes.py",),
    ),
    mutant(
        "fields_of_commands_unredacted",
        "a secret in a field of a command reaches the ledger and the log",
        Edit(
            "quoter/service/operator_commands/audit.py",
            "self._redactor.text(reason), self._redactor.text(given)",
            "self._redactor.text(reason), given",
        ),
        tests=("tests/unit/service/operator_commands/test_audit.py",),
    ),
)

SLOTS = "quoter/venues/egress/request_slots.py"
KRAKEN = "tests/integration/test_kraken_nonces.py"

NONCES = (
    mutant(
        "nonces_overtake_each_other",
        "signed requests leave on parallel connections, and the venue refuses those that come late",
        Edit("quoter/venues/profiles/kraken.py", "has_nonces=True", "has_nonces=False"),
        tests=(KRAKEN,),
    ),
    mutant(
        "slot_until_the_answer",
        "a cancel waits until a create that hangs has its answer",
        Edit(
            SLOTS,
            "timer = asyncio.get_running_loop().call_later(SLOT_S_MAX",
            "timer = asyncio.get_running_loop().call_later(60.0",
        ),
        tests=(KRAKEN,),
    ),
    mutant(
        "overtaken_cancel_not_repeated",
        "an order stays open because another request had a later nonce",
        Edit(
            "quoter/venues/ccxt/request_sender.py",
            "return self._client.slots is not None and is_refused",
            "return False",
        ),
        tests=(KRAKEN,),
    ),
    mutant(
        "cancels_wait_behind_reads",
        "a kill waits for its slot behind queries and lists",
        Edit(SLOTS, "Purpose.READ: 2", "Purpose.READ: 0"),
        tests=("tests/unit/venues/egress/test_request_slots.py",),
    ),
)

SHOWN = "quoter/service/announcements.py"
LATCH_FIRST = "tests/integration/test_daemon_latch_first.py"

ANNOUNCEMENTS = (
    mutant(
        "kill_announced_before_its_latch",
        "a crash after KILLED was logged leaves no latch, and the next start trades",
        Edit(SHOWN, "if not self._is_unwritten() or", "if True or"),
        tests=(LATCH_FIRST,),
    ),
    mutant(
        "silent_disk_hides_a_kill",
        "a kill is not shown while the disk is silent",
        Edit(SHOWN, "or held_ns > HOLD_NS_MAX or is_full", "or is_full"),
        tests=(LATCH_FIRST,),
    ),
    mutant(
        "state_page_ahead_of_the_latch",
        "`/state` shows a kill that a crash would lose",
        Edit(SHOWN, "        if not self._held:\n            return now\n", "        return now\n"),
        tests=(LATCH_FIRST,),
    ),
    mutant(
        "heartbeat_ahead_of_the_latch",
        "the heartbeat shows a kill that a crash would lose",
        Edit(
            SHOWN,
            "return self._shown[0] if self._held else self._engine.causes.state",
            "return self._engine.causes.state",
        ),
        tests=(LATCH_FIRST,),
    ),
)

ASSUMED = "quoter/venues/ccxt/connect/assumed_market.py"
WITHOUT_MARKETS = (
    mutant(
        "kill_needs_the_list_of_markets",
        "a kill can't cancel while the venue answers with a page",
        Edit(
            "quoter/venues/ccxt/gateway.py",
            "        if self._config.is_cancel_only:\n            assume_market",
            "        if False:\n            assume_market",
        ),
        tests=("tests/unit/venues/ccxt/connect/test_assumed_market.py",),
    ),
    mutant(
        "renamed_coin_is_listed_by_the_wrong_name",
        "the list of another market is empty, and a kill says that no order is left",
        Edit(ASSUMED, " or {base, quote} & renamed", ""),
        tests=("tests/unit/venues/ccxt/connect/test_assumed_market.py",),
    ),
    mutant(
        "assumed_market_is_kept",
        "a sentinel that assumed its market never learns whether the venue lists it",
        Edit(
            "quoter/venues/ccxt/connect/startup.py",
            "partial(self._client.load_markets, reload=True)",
            "self._client.load_markets",
        ),
        tests=("tests/unit/venues/ccxt/connect/test_assumed_market.py",),
    ),
    mutant(
        "order_rate_limit_is_unknown",
        "an order that OKX refused for the account's rate keeps its reservation, without a pause",
        Edit("quoter/venues/profiles/okx.py", '        "50061": "RateLimitExceeded",', ""),
        tests=("tests/unit/venues/ccxt/test_error_mapping.py",),
    ),
    mutant(
        "order_that_does_not_exist_at_bitget",
        "a cancel of an ended order is repeated as if there were no answer",
        Edit("quoter/venues/profiles/bitget.py", '        "25204": "OrderNotFound",', ""),
        tests=("tests/unit/venues/ccxt/test_error_mapping.py",),
    ),
    mutant(
        "filters_of_any_venue",
        "a field `filters` of another venue is read as Binance's",
        Edit(
            "quoter/venues/ccxt/connect/market_rules.py",
            "_filters(market) if has_filters else None",
            "_filters(market)",
        ),
        tests=("tests/unit/venues/ccxt/connect/test_market_rules.py",),
    ),
)

MUTANTS = (
    *REQUESTS,
    *STOPS,
    *OLDER_NEWS,
    *CALLERS,
    *NONCES,
    *ANNOUNCEMENTS,
    *WITHOUT_MARKETS,
)
