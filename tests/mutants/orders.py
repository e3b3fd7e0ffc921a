"""Bugs in the state of orders, the inventory and the limits."""

from tests.mutants.mutant import Edit, mutant

ENGINE = "tests/unit/engine"
STATE_MACHINE_TESTS = (
    "tests/property/test_orders_machine.py::test_no_venue_behaviour_breaks_the_inventory_limit"
)
STATE_MACHINE_TESTS += "_or_leaves_an_order_unresolved"
LIFECYCLE, RECONCILE = (
    "quoter/engine/orders/lifecycle.py",
    "quoter/engine/reconciliation/reconcile.py",
)
HEADROOM, RISK_VIEW = "quoter/engine/limits/headroom.py", "quoter/risk/view.py"
REJECT_BACKOFF = "quoter/engine/placing/reject_backoff.py"
TABLE, ORDERS = "quoter/state/order_table.py", "quoter/state/open_orders.py"
INVENTORY, INSTRUMENT = "quoter/state/inventory.py", "quoter/domain/instrument.py"
EXPOSURE, STATE_RULE = "quoter/risk/order_rules.py", "quoter/risk/order_rules.py"

ORDER_STATE = (
    mutant(
        "wrong_number_is_an_absent_one",
        "a number that can't be read is replaced by that of another field",
        Edit(
            "quoter/venues/json_values.py",
            'if value not in (None, "")), None))',
            "if decimal(value) is not None), None))",
        ),
        tests=("tests/unit/venues/test_json_values.py",),
    ),
    mutant(
        "filled_order_with_a_short_size_is_cancelled",
        "an order that the venue calls filled ends with a smaller filled size",
        Edit(
            "quoter/engine/orders/lifecycle.py",
            "            filled = order.venue_filled = order.size\n",
            "",
        ),
        tests=("tests/unit/engine/orders/test_lifecycle.py",),
    ),
    mutant(
        "filled_word_is_not_read",
        "an order that the venue calls filled is taken for a cancelled one",
        Edit(
            "quoter/venues/ccxt/payloads.py",
            "is_short and not _says_filled(raw, profile):",
            "is_short:",
        ),
        tests=("tests/unit/venues/ccxt/test_payloads_doubtful.py",),
    ),
    mutant(
        "drop_on_timeout",
        "a create without an answer counts as no order",
        Edit(
            TABLE,
            "[state, OrderUpdate.NO_ANSWER] = S.UNKNOWN",
            "[state, OrderUpdate.NO_ANSWER] = S.CANCELED",
        ),
        tests=(
            "tests/unit/state/test_order_table.py",
            "tests/unit/engine/orders/test_lifecycle.py",
            STATE_MACHINE_TESTS,
        ),
    ),
    mutant(
        "drop_on_not_found",
        "one 'not found' closes an order",
        Edit(
            RECONCILE,
            "        if not step.ts_ns > order.created_ns + self._policy.fence_ns:\n"
            "            return\n",
            "        self._lifecycle.release(order, step)\n        return\n",
        ),
        tests=("tests/unit/engine/reconciliation/test_reconcile.py", STATE_MACHINE_TESTS),
    ),
    mutant(
        "cancel_reject_means_closed",
        "an order that a cancel did not find counts as closed",
        Edit(
            LIFECYCLE,
            "        if event.reason is CancelRejectReason.NOT_FOUND:\n"
            "            order.next_query_ns = step.ts_ns\n",
            "        if event.reason is CancelRejectReason.NOT_FOUND:\n"
            "            self.release(order, step)\n",
        ),
        tests=("tests/unit/engine/orders/test_lifecycle.py", STATE_MACHINE_TESTS),
    ),
    mutant(
        "cancel_sent_means_closed",
        "a sent cancel frees the headroom before it is answered",
        Edit(
            TABLE,
            "        table[state, OrderUpdate.CANCEL_SENT] = S.PENDING_CANCEL\n",
            "        table[state, OrderUpdate.CANCEL_SENT] = S.CANCELED\n",
        ),
        tests=(
            "tests/unit/state/test_order_table.py",
            "tests/unit/engine/orders/test_lifecycle.py",
            STATE_MACHINE_TESTS,
        ),
    ),
    mutant(
        "fence_without_second_query",
        "after the waiting time one 'not found' closes an order",
        Edit(
            RECONCILE,
            "        if not are_apart or order.has_missing_fills:\n",
            "        if order.has_missing_fills:\n",
        ),
        tests=("tests/unit/engine/reconciliation/test_reconcile.py",),
    ),
    mutant(
        "fence_without_waiting",
        "'not found' counts at once, though the create may still be on its way",
        Edit(RECONCILE, "order.created_ns + self._policy.fence_ns", "order.created_ns"),
        tests=("tests/unit/engine/reconciliation/test_reconcile.py", STATE_MACHINE_TESTS),
    ),
    mutant(
        "fence_without_the_lists",
        "two 'not found' answers close an order that the venue lists as open",
        Edit(
            RECONCILE,
            "        if was_absent and self._trades_ns >= order.not_found_ns:\n",
            "        if are_apart:\n",
        ),
        tests=("tests/unit/engine/reconciliation/test_reconcile.py",),
    ),
    mutant(
        "closed_before_its_fills",
        "an order is closed before its fills are booked",
        Edit(
            LIFECYCLE,
            "OrderUpdate.ENDED_UNSETTLED if order.has_missing_fills else OrderUpdate.ENDED\n",
            "OrderUpdate.ENDED\n",
        ),
        tests=("tests/unit/engine/orders/test_lifecycle.py", STATE_MACHINE_TESTS),
    ),
    mutant(
        "owed_fills_not_fetched",
        "fills that the venue reported without details are awaited, not fetched",
        Edit(
            "quoter/engine/reconciliation/order_queries.py",
            "                self._make_trades_due(step.ts_ns)\n            return\n",
            "            return\n",
        ),
        tests=("tests/unit/engine/reconciliation/test_reconcile.py",),
    ),
    mutant(
        "open_orders_not_compared",
        "orders missing from the venue's list are never queried",
        Edit(
            RECONCILE,
            "            if is_settled and order.client_id not in own:\n",
            "            if False:\n",
        ),
        tests=("tests/unit/engine/reconciliation/test_reconcile.py",),
    ),
    mutant(
        "open_orders_never_listed",
        "the periodic list of open orders is not requested",
        Edit(
            "quoter/engine/config.py",
            "open_orders_ns: int = 5 * NS_PER_S",
            "open_orders_ns: int = 5000 * NS_PER_S",
        ),
        tests=("tests/unit/engine/reconciliation/test_reconcile.py",),
    ),
    mutant(
        "reappearing_order_ignored",
        "an order that counts as closed is listed as open, and nothing follows",
        Edit(
            RECONCILE,
            "if closed is None or closed.changed_ns + CLOSED_GRACE_NS < report.asked_ns:\n",
            "if False:\n",
        ),
        tests=("tests/unit/engine/reconciliation/test_reconcile.py",),
    ),
    mutant(
        "time_to_live_off",
        "an old order stays as long as its price is right",
        Edit("quoter/engine/placing/requote.py", "age_ns >= policy.ttl_ns or ", ""),
        tests=("tests/unit/engine/placing/test_requote.py",),
    ),
)

LIMITS = (
    mutant(
        "limit_ignores_open_orders",
        "the inventory limit ignores what open orders could still fill",
        Edit(
            EXPOSURE,
            "view.leaves_buy + intent.size\n        if not worst <= limits.inventory_max:",
            "intent.size\n        if not worst <= limits.inventory_max:",
        ),
        Edit(
            EXPOSURE,
            "worst = view.inventory - view.leaves_sell - intent.size",
            "worst = view.inventory - intent.size",
        ),
        Edit(
            HEADROOM,
            "        size_max = self._limit() - signed - leaves\n",
            "        size_max = self._limit() - signed\n",
        ),
        tests=("tests/unit/risk/test_order_rules_worst_case_exposure.py", STATE_MACHINE_TESTS),
    ),
    mutant(
        "headroom_ignores_open_orders",
        "only the order rules know the worst case: every quote is denied in turn",
        Edit(
            HEADROOM,
            "        size_max = self._limit() - signed - leaves\n",
            "        size_max = self._limit() - signed\n",
        ),
        tests=("tests/unit/engine/placing/test_placing.py", f"{ENGINE}/test_engine.py"),
    ),
    mutant(
        "limit_counts_acknowledged_only",
        "only acknowledged orders count as exposure",
        Edit(
            ORDERS,
            "        return self._leaves[side]\n",
            "        resting = (o for o in self.of_side(side) if o.venue_id)\n"
            "        return sum((o.leaves for o in resting), start=ZERO)\n",
        ),
        tests=("tests/unit/engine/placing/test_placing.py", STATE_MACHINE_TESTS),
    ),
    mutant(
        "limit_ignores_unknown_orders",
        "an order in state UNKNOWN leaves headroom for another one",
        Edit(
            ORDERS,
            "        return self._leaves[side]\n",
            "        lost = (o for o in self.of_side(side) if o.state is OrderState.UNKNOWN)\n"
            "        return self._leaves[side] - sum((o.leaves for o in lost), start=ZERO)\n",
        ),
        tests=("tests/unit/engine/placing/test_placing.py", STATE_MACHINE_TESTS),
    ),
    mutant(
        "reduce_only_by_side",
        "a reducing order may be larger than the inventory that it reduces",
        Edit(
            STATE_RULE,
            "    if not intent.size <= headroom:\n",
            "    if not (view.inventory * intent.side.sign < 0):\n",
        ),
        tests=("tests/unit/risk/test_order_rules_trading_state.py",),
    ),
    mutant(
        "reduce_only_ignores_resting",
        "two reducing orders may take the position past the target",
        Edit(
            HEADROOM,
            "            size_max = min(size_max, -signed - leaves)\n",
            "            size_max = min(size_max, -signed)\n",
        ),
        Edit(RISK_VIEW, "return -view.inventory - view.leaves_buy", "return -view.inventory"),
        Edit(RISK_VIEW, "return view.inventory - view.leaves_sell", "return view.inventory"),
        tests=(
            "tests/unit/risk/test_order_rules_trading_state.py",
            "tests/unit/engine/placing/test_placing.py",
        ),
    ),
    mutant(
        "float_lots",
        "sizes are computed in floats",
        Edit(
            INSTRUMENT,
            "return self.lot * (size // self.lot)",
            "return self.lot * floor(float(size) / float(self.lot))",
        ),
        tests=("tests/unit/domain/test_instrument.py",),
    ),
    mutant(
        "bids_round_up",
        "a bid is rounded towards the market",
        Edit(INSTRUMENT, "else floor(ticks)", "else ceil(ticks)"),
        tests=("tests/unit/domain/test_instrument.py",),
    ),
    mutant(
        "sizes_round_up",
        "an order is larger than what was decided",
        Edit(
            INSTRUMENT,
            "self.lot * (size // self.lot)",
            'self.lot * (size / self.lot).to_integral_value("ROUND_CEILING")',
        ),
        tests=("tests/unit/domain/test_instrument.py",),
    ),
    mutant(
        "flattening_keeps_the_rules_of_the_start",
        "after a change of the tick no slice is at a price that the venue takes",
        Edit(
            "quoter/engine/placing/placing.py",
            "        return self._instrument.now\n",
            "        return self._config.instrument\n",
        ),
        tests=("tests/unit/engine/placing/test_flattening.py",),
    ),
    mutant(
        "reject_streak_unbounded",
        "a venue that rejects every order is sent orders for ever",
        Edit(
            REJECT_BACKOFF,
            "        if self._streaks[side].refused(reason, step.ts_ns):\n",
            "        if False:\n",
        ),
        tests=("tests/unit/engine/placing/test_placing.py",),
    ),
    mutant(
        "unrequested_ends_uncounted",
        "orders that another process cancels are sent again for ever",
        Edit(
            REJECT_BACKOFF,
            "        if self._ends[side].refused(event.reason, step.ts_ns):\n",
            "        if False:\n",
        ),
        tests=("tests/unit/engine/placing/test_reject_backoff.py",),
    ),
    mutant(
        "other_runs_order_left_open",
        "the second daemon of an instance does not cancel what the first one places",
        Edit(
            "quoter/engine/reconciliation/reconcile.py",
            "        if self._duplicate_instance.is_of_other_run(order.client_id):\n",
            "        if False:\n",
        ),
        tests=("tests/unit/engine/reconciliation/test_reconcile.py",),
    ),
    mutant(
        "repriced_from_the_same_book",
        "a post-only reject is followed by an order at the same price",
        Edit(
            REJECT_BACKOFF,
            "is_newer = self._market.book.ts_ns > self._priced_ns[side]",
            "is_newer = True",
        ),
        tests=("tests/unit/engine/placing/test_placing.py",),
    ),
    mutant(
        "balances_not_fetched_after_reject",
        "a side without funds is tried again without fetching the balances",
        Edit(REJECT_BACKOFF, " and side not in self._unfunded_ns", ""),
        tests=("tests/unit/engine/placing/test_placing.py",),
    ),
)

BOOKS = (
    mutant(
        "dedup_by_order_id",
        "the second fill of an order counts as a repetition of the first",
        Edit(
            INVENTORY,
            "        known = self._seen.get(fill.trade_id)\n        if known is not None:\n",
            "        known = self._seen.get(fill.trade_id)\n"
            "        if any(seen.client_id == fill.client_id for seen in self._seen.values()):\n"
            "            return False\n"
            "        if known is not None:\n",
        ),
        tests=(
            "tests/unit/state/test_inventory.py",
            "tests/unit/engine/orders/test_lifecycle.py",
            STATE_MACHINE_TESTS,
        ),
    ),
    mutant(
        "no_dedup",
        "a fill that is reported twice is booked twice",
        Edit(
            INVENTORY,
            "        known = self._seen.get(fill.trade_id)\n        if known is not None:\n",
            "        known = self._seen.get(fill.trade_id)\n        if False:\n",
        ),
        tests=("tests/unit/state/test_inventory.py",),
    ),
    mutant(
        "conflict_ignored",
        "one trade id with two contents is accepted",
        Edit(INVENTORY, "            if known != _digest(fill):\n", "            if False:\n"),
        tests=("tests/unit/state/test_inventory.py",),
    ),
    mutant(
        "inventory_from_cumulative",
        "the size of a fill is read from the order's cumulative quantity",
        Edit(
            "quoter/venues/profiles/binance.py", '"amount": ("qty", "l")', '"amount": ("qty", "z")'
        ),
        tests=("tests/unit/venues/ccxt/test_payloads.py",),
    ),
    mutant(
        "inventory_from_claims",
        "a filled quantity that the venue reported without details counts as booked",
        Edit(
            ORDERS,
            "        return self.venue_filled > self.filled\n",
            "        return False\n",
        ),
        tests=("tests/unit/state/test_open_orders.py", STATE_MACHINE_TESTS),
    ),
    mutant(
        "catch_up_by_time",
        "missed trades are requested by local time, not from the last trade id",
        Edit(RECONCILE, "from_trade_id=self._confirmed_id,", 'from_trade_id="",'),
        tests=("tests/unit/engine/reconciliation/test_reconcile.py",),
    ),
    mutant(
        "catch_up_from_stream_trade_id",
        "the newest trade of the stream counts as proof of all trades before it",
        Edit(
            RECONCILE,
            "from_trade_id=self._confirmed_id,",
            "from_trade_id=self._inventory.newest_trade_id,",
        ),
        tests=("tests/unit/engine/reconciliation/test_reconcile.py",),
    ),
)

MUTANTS = (*ORDER_STATE, *LIMITS, *BOOKS)
