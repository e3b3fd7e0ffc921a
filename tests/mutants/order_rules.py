"""Bugs in the rules before an order is sent: prices, books, rates and requests."""

from tests.mutants.mutant import Edit, mutant

RISK, UNIT = "quoter/risk", "tests/unit/risk"
ACTIVITY_LIMITS, ACTIVITY_LIMITS_TESTS = (
    "quoter/engine/limits/activity_limits.py",
    "tests/unit/engine/limits/test_activity_limits.py",
)
REPEATED = "quoter/risk/monitors/repeated_execution.py"
REPEATED_TESTS = ("tests/unit/risk/monitors/test_repeated_execution.py",)
VERIFY, VERIFY_TESTS = (
    "quoter/venues/egress/request_verification.py",
    "tests/unit/venues/egress/test_request_verification.py",
)

MUTANTS = (
    mutant(
        "collar_needs_one_reference",
        "an order that adds needs only one reference price: a false book is enough",
        Edit(
            "quoter/risk/order_rules.py", "    if not reduces(intent, view):\n", "    if False:\n"
        ),
        tests=("tests/unit/risk/test_order_rules_price_collar.py",),
    ),
    mutant(
        "collar_without_reference",
        "without a finite reference price every price passes",
        Edit(
            "quoter/risk/order_rules.py",
            "    if not (low.is_finite() and high.is_finite() and 0 < low <= high):\n"
            '        return f"no reference price can be used: lowest {plain(low)}, '
            'highest {plain(high)}"\n',
            "    if not (low.is_finite() and high.is_finite() and 0 < low <= high):\n"
            "        return None\n",
        ),
        tests=("tests/unit/risk/test_order_rules_price_collar.py", ACTIVITY_LIMITS_TESTS),
    ),
    mutant(
        "rule_that_fails_passes",
        "a rule that can't be evaluated lets the order pass",
        Edit(
            "quoter/risk/order_rules.py",
            '            text = f"can\'t be evaluated: {type(error).__name__}: {error}"\n',
            "            text = None if error else None\n",
        ),
        tests=("tests/unit/risk/test_order_rules.py",),
    ),
    mutant(
        "another_book",
        "an order may be priced from another book than the one it is checked against",
        Edit(
            "quoter/risk/order_rules.py",
            "    if intent.book_seq != view.book_seq:\n",
            "    if False:\n",
        ),
        tests=(
            "tests/unit/risk/test_order_rules_market_data.py",
            "tests/unit/risk/test_order_rules.py",
        ),
    ),
    mutant(
        "jump_cleared_by_time",
        "after a price jump five seconds are enough, without a fresh book",
        Edit(
            ACTIVITY_LIMITS,
            "0 < self._snapshot_requested_ns <= step.ts_ns:",
            "self._jump_until_ns <= step.ts_ns + 5_000 * MS:",
        ),
        tests=(ACTIVITY_LIMITS_TESTS,),
    ),
    mutant(
        "message_rate_without_hysteresis",
        "the message rate counts as within its limit again one order below it",
        Edit("quoter/risk/monitors/message_rate.py", "CLEAR_SHARE = 0.8", "CLEAR_SHARE = 1.0"),
        tests=("tests/unit/risk/monitors/test_message_rate.py",),
    ),
    mutant(
        "small_changes_use_up_the_orders_of_the_fills",
        "the requote tolerance stays while new orders per fill run short, until quoting pauses",
        Edit(
            "quoter/engine/placing/placing.py",
            "policy.tolerance_ticks(half * factor,",
            "policy.tolerance_ticks(half,",
        ),
        Edit(
            "quoter/engine/placing/placing.py",
            "has_spare_budget = factor <= 1.0 and self._budget",
            "has_spare_budget = self._budget",
        ),
        tests=("tests/unit/engine/placing/test_placing.py",),
    ),
    mutant(
        "spare_orders_do_not_grow_with_fills",
        "many fills allow no more changes of quotes than none",
        Edit(
            "quoter/risk/monitors/message_rate.py",
            "        allowed = max(JUDGED_FROM, self._per_fill * fills)",
            "        allowed = JUDGED_FROM",
        ),
        tests=("tests/unit/risk/monitors/test_message_rate.py",),
    ),
    mutant(
        "debt_of_a_budget_without_end",
        "orders that had to be sent leave a debt that hours of few orders do not repay",
        Edit(
            "quoter/risk/monitors/message_budget.py",
            "max(self._lowest, self._tokens - 1.0)",
            "self._tokens - 1.0",
        ),
        tests=("tests/unit/risk/monitors/test_message_budget.py",),
    ),
    mutant(
        "rate_of_a_budget_fixed_at_its_start",
        "many fills give a budget no faster growth",
        Edit(
            "quoter/risk/monitors/message_budget.py",
            "S_PER_NS * self.rate_per_s",
            "S_PER_NS * self._first_per_s",
        ),
        Edit(
            "quoter/risk/monitors/message_budget.py",
            "        self.rate_per_s = rate_per_s",
            "        self.rate_per_s = self._first_per_s = rate_per_s",
        ),
        tests=("tests/unit/risk/monitors/test_message_budget.py",),
    ),
    mutant(
        "repeated_execution_by_turnover_only",
        "far more fills than expected pass while the inventory limit is large",
        Edit(REPEATED, "        if not filled <= busy and not", "        if False and not"),
        tests=REPEATED_TESTS,
    ),
    mutant(
        "repeated_execution_counts_pieces",
        "an order that is filled in forty pieces counts forty times",
        Edit(REPEATED, "self._lots.add(ts_ns, lots)", "self._lots.add(ts_ns, 1.0)"),
        tests=REPEATED_TESTS,
    ),
    mutant(
        "turnover_ignores_the_expected_market",
        "a small inventory limit stops a daemon that trades what its market always brings",
        Edit(REPEATED, "max(self._inventory_lots, expected)", "self._inventory_lots"),
        tests=REPEATED_TESTS,
    ),
    mutant(
        "notional_denies_reducing_orders",
        "above the notional limit even reducing orders are denied",
        Edit(
            "quoter/risk/order_rules.py",
            "        worst = view.inventory + view.leaves_buy + intent.size\n    else:\n"
            "        worst = view.leaves",
            "        worst = abs(view.inventory) + view.leaves_buy + intent.size\n    else:\n"
            "        worst = view.leaves",
        ),
        tests=("tests/unit/risk/test_order_rules_position_notional.py",),
    ),
    mutant(
        "mismatch_only_denied",
        "a request that differs from the approved order is denied, and trading goes on",
        Edit(
            VERIFY,
            'raise gate.breach(f"{call.client_id}: {text}")',
            'raise gate.refuse(f"{call.client_id}: {text}")',
        ),
        tests=(VERIFY_TESTS,),
    ),
    mutant(
        "self_trade_prevention_not_verified",
        "an order that lost its self-trade prevention leaves",
        Edit(VERIFY, '            "selfTradePreventionMode": self._self_trade,\n', ""),
        Edit(
            VERIFY,
            'frozenset({"newOrderRespType",',
            'frozenset({"selfTradePreventionMode", "newOrderRespType",',
        ),
        tests=(VERIFY_TESTS,),
    ),
    mutant(
        "unknown_fields_pass",
        "unknown fields in the request are not checked",
        Edit(VERIFY, "        if unknown or len(form) != len(rows):\n", "        if False:\n"),
        tests=(VERIFY_TESTS,),
    ),
)
