"""Bugs in requests to the venue, in what its answers mean, in the book, and in the kill latch."""

from tests.mutants.mutant import Edit, mutant

VENUES = "tests/unit/venues"
GATEWAY = "tests/integration/test_venues_gateway.py"
GATE, OUTCOMES = "quoter/venues/egress/gate.py", "quoter/venues/ccxt/error_mapping.py"
LIMITER, BOOK = "quoter/venues/egress/rate_limiter.py", "quoter/state/book.py"
RULES = "quoter/venues/ccxt/connect/startup.py"
LATCH, OUTBOX = "quoter/service/killswitch/latch.py", "quoter/service/outbox.py"

WIRE = (
    mutant(
        "create_retried",
        "a create is sent again when its connection breaks",
        Edit(
            "quoter/venues/ccxt/request_sender.py",
            "                    return request.reader(await request.call())\n",
            "                    try:\n"
            "                        return request.reader(await request.call())\n"
            "                    except Exception:\n"
            "                        return request.reader(await request.call())\n",
        ),
        Edit(GATE, "        if call.create_sent:\n", "        if False:\n"),
        tests=(f"{GATEWAY}::test_nothing_is_sent_twice_on_a_dead_connection",),
    ),
    mutant(
        "redirects_followed",
        "a redirect is followed: at another host it is a breach, which kills",
        Edit(GATE, "        if self.status in REDIRECTS:\n", "        if False:\n"),
        tests=("tests/integration/test_venues_hosts.py",),
    ),
    mutant(
        "gate_lets_a_create_pass_twice",
        "a retry in the HTTP client may send a create again",
        Edit(GATE, "        if call.create_sent:\n", "        if False:\n"),
        tests=("tests/unit/venues/egress/test_gate.py",),
    ),
    mutant(
        "aiohttp_retries_allowed",
        "aiohttp may repeat requests that it takes for idempotent",
        Edit(
            GATE,
            "    session._retry_connection = False  # noqa: SLF001 - there is no public switch\n",
            "",
        ),
        tests=("tests/unit/venues/egress/test_gate.py",),
    ),
    mutant(
        "retries_not_asserted",
        "a retry that is configured for one method is not noticed at the start",
        Edit(
            "quoter/venues/ccxt/client.py",
            "if any(retries) or proxies or",
            "if proxies or",
        ),
        tests=("tests/unit/venues/ccxt/test_client.py",),
    ),
    mutant(
        "refused_answer_stays_in_memory",
        "an answer that is too large stays in memory with its error",
        Edit(GATE, "        body.clear()  # the traceback", "        pass  # the traceback"),
        tests=("tests/unit/venues/egress/test_gate.py",),
    ),
    mutant(
        "gate_checked_before_the_queue",
        "the gate is checked when ccxt queues a create, not when its bytes leave",
        Edit(
            GATE,
            "            self.pass_create(call)\n",
            "            call.create_sent = True\n",
        ),
        tests=("tests/unit/venues/egress/test_gate.py", GATEWAY),
    ),
    mutant(
        "shut_gate_lets_creates_pass",
        "a shut gate lets creates pass",
        Edit(GATE, "        if not self.is_open:\n", "        if False:\n"),
        tests=("tests/unit/venues/egress/test_gate.py",),
    ),
    mutant(
        "queued_creates_survive_a_kill",
        "creates that wait in the outbox survive a kill",
        Edit(OUTBOX, "        while self._creates.queue:\n", "        while False:\n"),
        tests=("tests/unit/service/test_outbox.py",),
    ),
    mutant(
        "former_rules_reach_the_comparison",
        "a create that was approved before the filters changed kills",
        Edit(GATE, "        if self._is_withdrawn(order):\n", "        if False:\n"),
        tests=(
            "tests/unit/venues/egress/test_gate.py",
            "tests/integration/test_venues_rules.py",
        ),
    ),
    mutant(
        "unreadable_rules_reach_ccxt",
        "ccxt rounds by rules that could not be read and that the engine does not know",
        Edit(
            RULES,
            "        rules = self._instrument({**held, **changed})",
            "        held.update(changed)\n        rules = self._instrument({**held, **changed})",
        ),
        tests=("tests/integration/test_venues_rules.py",),
    ),
    mutant(
        "older_rules_come_last",
        "of two reports at once, the older answer comes last and stays",
        Edit(RULES, "async with self._reading:", "async with asyncio.Lock():"),
        tests=("tests/integration/test_venues_rules.py",),
    ),
    mutant(
        "kills_cancels_wait_for_the_rules",
        "the cancels of a kill wait until the venue has answered what its rules are",
        Edit(
            "quoter/venues/ccxt/gateway.py",
            "        return await self._cancellation.cancel_all()\n",
            "        async with self._startup._reading:\n"
            "            return await self._cancellation.cancel_all()\n",
        ),
        tests=("tests/integration/test_venues_rules.py",),
    ),
    mutant(
        "renamed_market_reaches_the_comparison",
        "a market that the venue renamed kills at the next create",
        Edit(RULES, "            check_same_market(held, market)\n", ""),
        tests=("tests/integration/test_venues_rules.py",),
    ),
    mutant(
        "creates_wait_for_a_closed_market",
        "creates that were approved before the market closed are sent",
        Edit(RULES, "            self._change_rules(None)\n", ""),
        tests=("tests/integration/test_venues_rules.py",),
    ),
    mutant(
        "minimums_are_not_withdrawn",
        "creates below the new minimums are sent",
        Edit(
            GATE,
            "not rules.accepts(price=order.price, size=order.size)",
            "bool(order.price % rules.tick or order.size % rules.lot)",
        ),
        tests=("tests/integration/test_venues_rules.py",),
    ),
    mutant(
        "markets_bounded_within_a_cancel",
        "a process whose connect failed can't read the markets with its first cancel",
        Edit(
            GATE,
            "before, call.answer_bytes_max = call.answer_bytes_max, MARKETS_BYTES_MAX",
            "before = call.answer_bytes_max",
        ),
        tests=("tests/integration/test_venues_rules.py",),
    ),
    mutant(
        "closed_market_is_quoted",
        "the engine quotes a market that the venue lists as closed",
        Edit(
            "quoter/engine/market/market_rules.py",
            "text = self._refusal or self._why_unplaceable",
            "text = self._why_unplaceable",
        ),
        tests=("tests/unit/engine/market/test_market_rules.py",),
    ),
    mutant(
        "orders_left_at_a_closed_market",
        "a start that a closed market refuses leaves the orders of an earlier run",
        Edit(
            "quoter/app/startup.py",
            "            if is_down and ledger is not None:\n",
            "            if False:\n",
        ),
        tests=("tests/integration/test_daemon_answers.py",),
    ),
    mutant(
        "answers_unbounded",
        "an answer of hundreds of megabytes is read into memory",
        Edit(GATE, "            if len(body) > most:\n", "            if False:\n"),
        tests=("tests/unit/venues/egress/test_gate.py",),
    ),
    mutant(
        "create_age_unbounded",
        "a create leaves however long ago it was decided",
        Edit(
            GATE,
            "        if not age_ns <= self._age_ns_max:\n",
            "        if False:\n",
        ),
        tests=("tests/unit/venues/egress/test_gate.py",),
    ),
    mutant(
        "rate_limit_checked_before_the_queue",
        "requests admitted before a 429 are sent during the pause that it demands",
        Edit(
            GATE,
            "        if text := self._pause_reason(call.purpose):",
            '        if text := "":',
        ),
        tests=("tests/unit/venues/egress/test_gate.py",),
    ),
    mutant(
        "queries_use_the_cancels_share",
        "a burst of queries leaves no request weight for cancels",
        Edit(LIMITER, "keep = 0.0 if is_cancel else CANCELS_SHARE", "keep = 0.0"),
        tests=("tests/unit/venues/egress/test_rate_limiter.py",),
    ),
    mutant(
        "feed_requests_not_charged",
        "depth snapshots of the market feed are sent whatever is left of the budget",
        Edit(
            "quoter/venues/binance/rest.py",
            "self._limiter.read_wait_s(self._now_ns(), weight)",
            "0.0 * weight",
        ),
        tests=("tests/integration/test_venues_weight.py",),
    ),
    mutant(
        "feed_uses_the_cancels_share",
        "depth snapshots use up the weight that is kept for cancels",
        Edit(
            LIMITER,
            "wait_s = self._weight.wait_s(weight, now_ns, keep=CANCELS_SHARE)",
            "wait_s = self._weight.wait_s(weight, now_ns)",
        ),
        tests=("tests/integration/test_venues_weight.py",),
    ),
    mutant(
        "feed_has_a_budget_of_its_own",
        "the requests of the market feed are not counted with those of the gateway",
        Edit("quoter/venues/factory.py", "clock, limiter)", "clock, None)"),
        tests=("tests/integration/test_venues_weight.py",),
    ),
    mutant(
        "daemon_has_two_budgets",
        "the daemon's market feed has a rate limit of its own",
        Edit("quoter/app/daemon.py", "limiter=public.limiter,", "limiter=None,"),
        tests=(
            "tests/integration/test_daemon_feed.py"
            "::test_a_refusal_that_the_feed_meets_stops_the_gateways_requests_too",
        ),
    ),
    mutant(
        "cancels_sent_during_a_ban",
        "cancels are sent during a ban",
        Edit(LIMITER, "(is_cancel and not self._pause.is_ban)", "is_cancel"),
        tests=("tests/unit/venues/egress/test_rate_limiter.py",),
    ),
    mutant(
        "duplicate_id_after_a_restart",
        "every run numbers its orders from the same prefix",
        Edit(
            "quoter/app/settings_to_config.py",
            "base36(start_ns // NS_PER_MS)",
            "base36(0)",
        ),
        tests=("tests/unit/app/test_settings_to_config.py",),
    ),
)

ANSWERS = (
    mutant(
        "unmapped_error_is_a_reject",
        "an error that is not in the table counts as proof that there is no order",
        Edit(
            OUTCOMES,
            "    meaning = _MEANINGS.get(type(error), UNKNOWN)\n",
            "    meaning = _MEANINGS.get(type(error), _reject(RejectReason.OTHER))\n",
        ),
        tests=("tests/unit/venues/ccxt/test_error_mapping.py",),
    ),
    mutant(
        "server_error_is_a_reject",
        "an error code in the body of a 5xx answer counts as a reject",
        Edit(
            OUTCOMES,
            "    if status in SERVER_ERRORS:\n        return UNKNOWN\n",
            "",
        ),
        tests=("tests/unit/venues/ccxt/test_error_mapping.py",),
    ),
    mutant(
        "duplicate_id_is_a_reject",
        "'duplicate order sent' counts as proof that there is no order",
        Edit(
            OUTCOMES,
            '        (re.compile(r"(?i)duplicate order sent"), UNKNOWN),  # the order exists\n',
            "",
        ),
        tests=("tests/unit/venues/ccxt/test_error_mapping.py",),
    ),
)

MARKET = (
    mutant(
        "stale_snapshot_accepted",
        "a snapshot older than the first buffered diff starts the book",
        Edit(
            "quoter/venues/binance/depth_sync.py",
            "        if self._buffer and snapshot.last < self._buffer[0].first - 1:\n",
            "        if False:\n",
        ),
        tests=("tests/unit/venues/binance/test_depth_sync.py",),
    ),
    mutant(
        "gap_ignored",
        "a delta is applied although it does not follow the previous one",
        Edit(BOOK, "        if delta.prev != self.last:\n", "        if False:\n"),
        tests=("tests/unit/state/test_book.py",),
    ),
    mutant(
        "gap_hidden_by_depth_sync",
        "the depth sync numbers a diff after a gap as if it followed",
        Edit(
            "quoter/venues/binance/depth_sync.py",
            "        if diff.last < self._newest or diff.first > self._local + 1:\n",
            "        if False:\n",
        ),
        tests=("tests/unit/venues/binance/test_depth_sync.py",),
    ),
    mutant(
        "crossed_book_accepted",
        "a book whose bid is at or above its ask is accepted",
        Edit(BOOK, "        if bids[-1] >= -asks[-1]:\n", "        if False:\n"),
        tests=("tests/unit/state/test_book.py",),
    ),
)

STOPS = (
    mutant(
        "latch_not_synced",
        "a kill is only in the file system's cache, not on the disk",
        Edit(LATCH, "            os.fsync(file.fileno())\n", ""),
        tests=("tests/unit/service/killswitch/test_latch.py",),
    ),
    mutant(
        "latch_folder_not_synced",
        "the latch is on the disk, but its directory entry is not",
        Edit(
            LATCH,
            "        part.replace(self._path)\n        sync_folder(self._folder)\n",
            "        part.replace(self._path)\n",
        ),
        tests=("tests/unit/service/killswitch/test_latch.py",),
    ),
    mutant(
        "unreadable_latch_means_not_killed",
        "a latch that can't be read counts as not killed",
        Edit(
            LATCH,
            "        except FileNotFoundError:\n            return None\n",
            "        except (OSError, ValueError, KeyError, TypeError, OverflowError):\n"
            "            return None\n",
        ),
        tests=("tests/unit/service/killswitch/test_latch.py",),
    ),
    mutant(
        "resume_clears_a_kill",
        "an operator's resume clears a kill",
        Edit(
            "quoter/risk/kill_switch.py",
            "lambda severity: severity.state is not TradingState.KILLED",
            "lambda _: True",
        ),
        tests=("tests/unit/risk/test_kill_switch.py",),
    ),
)

SHARED_COINS = (
    mutant(
        "shared_coin_not_named",
        "another market's orders with a coin of ours are not noticed at the start",
        Edit(
            "quoter/venues/ccxt/connect/shared_coins.py",
            'if row.get("symbol") != symbol and ours & _coins(client, text(row.get("symbol")))',
            "if False",
        ),
        tests=("tests/integration/test_venues_shared_coins.py",),
    ),
)

COUNTER = "quoter/venues/egress/order_counter.py"
COUNTER_TESTS = "tests/unit/venues/egress/test_order_counter.py"
ORDER_COUNTS = (
    mutant(
        "public_requests_counted_for_the_account",
        "requests for the venue's time use up the count of the account's reads at Kraken",
        Edit(LIMITER, "self._public if is_public else self._weight", "self._weight"),
        tests=(COUNTER_TESTS,),
    ),
    mutant(
        "no_count_kept_for_cancels",
        "creates use up Kraken's count of orders, so that a stop's cancels are refused",
        Edit(COUNTER, "self._limits.create_cost + reserved:", "self._limits.create_cost:"),
        tests=(COUNTER_TESTS,),
    ),
    mutant(
        "cancel_of_an_unknown_order_is_free",
        "the cancel of an order from an earlier run counts as that of an old one",
        Edit(COUNTER, "_created_ns.get(client_id, now_ns)", "_created_ns.get(client_id, 0)"),
        tests=(COUNTER_TESTS,),
    ),
    mutant(
        "cancelled_order_keeps_its_share",
        "after a few replaced quotes no create is admitted any more",
        Edit(
            COUNTER,
            "now_ns), now_ns)\n        self._uncancelled.discard(client_id)",
            "now_ns), now_ns)",
        ),
        tests=(COUNTER_TESTS,),
    ),
)

MUTANTS = (*WIRE, *ANSWERS, *MARKET, *STOPS, *SHARED_COINS, *ORDER_COUNTS)
