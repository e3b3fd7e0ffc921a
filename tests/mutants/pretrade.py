"""Bugs in the controls before an order leaves: prices, markets, paces, and what is compared."""

from tests.mutants.mutant import Edit, mutant

RISK, UNIT = "quoter/risk", "tests/unit/risk"
PRETRADE, CASES = (
    "quoter/engine/limits/activity_limits.py",
    "tests/unit/engine/limits/test_activity_limits.py",
)
VERIFY, VERIFIED = (
    "quoter/venues/egress/request_verification.py",
    "tests/unit/venues/egress/test_request_verification.py",
)

MUTANTS = (
    mutant(
        "collar_by_the_nearest",
        "an order that adds needs only one reference on its side: a false book is enough",
        Edit(
            "quoter/risk/order_rules.py", "    if not reduces(intent, view):\n", "    if False:\n"
        ),
        tests=("tests/unit/risk/test_order_rules_price_collar.py",),
    ),
    mutant(
        "collar_without_reference",
        "a reference that is no number lets every price pass",
        Edit(
            "quoter/risk/order_rules.py",
            "    if not (low.is_finite() and high.is_finite() and 0 < low <= high):\n"
            '        return f"no reference price: {low} .. {high}"\n',
            "    if not (low.is_finite() and high.is_finite() and 0 < low <= high):\n"
            "        return None\n",
        ),
        tests=("tests/unit/risk/test_order_rules_price_collar.py", CASES),
    ),
    mutant(
        "rule_that_fails_passes",
        "a rule that can't be evaluated lets the order through",
        Edit(
            "quoter/risk/order_rules.py",
            '            text = f"can\'t be evaluated: {error!r}"\n',
            "            text = None if error else None\n",
        ),
        tests=("tests/unit/risk/test_order_rules.py",),
    ),
    mutant(
        "another_book",
        "an order may be priced from another book than the one it is judged by",
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
        "jump_settles_by_time",
        "after a jump five seconds are enough, whatever a fresh book says",
        Edit(
            PRETRADE,
            "0 < self._snapshot_requested_ns <= step.ts_ns:",
            "self._jump_until_ns <= step.ts_ns + 5_000 * MS:",
        ),
        tests=(CASES,),
    ),
    mutant(
        "rate_flickers",
        "a window of orders counts as kept again one order below its cap",
        Edit("quoter/risk/monitors/message_rate.py", "CLEAR_SHARE = 0.8", "ROOM_SHARE = 1.0"),
        tests=("tests/unit/risk/monitors/test_message_rate.py",),
    ),
    mutant(
        "throttle_by_volume_alone",
        "fills may come as fast as they like while they are small",
        Edit(
            "quoter/risk/monitors/repeated_execution.py",
            "        if not fills <= fills_max:\n",
            "        if False:\n",
        ),
        tests=("tests/unit/risk/monitors/test_repeated_execution.py",),
    ),
    mutant(
        "worth_bars_the_way_back",
        "above the worth that is allowed not even reducing orders pass",
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
        "difference_only_refused",
        "a request that says something else is refused and trading goes on",
        Edit(
            VERIFY,
            '                raise gate.breach(f"{call.client_id}: {name} is',
            '                raise gate.refuse(f"{call.client_id}: {name} is',
        ),
        tests=(VERIFIED,),
    ),
    mutant(
        "self_trade_not_compared",
        "an order that lost its self-trade prevention on the way leaves",
        Edit(VERIFY, '            "selfTradePreventionMode": self._self_trade,\n', ""),
        Edit(
            VERIFY,
            'frozenset({"newOrderRespType",',
            'frozenset({"selfTradePreventionMode", "newOrderRespType",',
        ),
        tests=(VERIFIED,),
    ),
    mutant(
        "unknown_fields_pass",
        "whatever else stands in the request, nobody asks",
        Edit(VERIFY, "        if unknown or len(form) != len(rows):\n", "        if False:\n"),
        tests=(VERIFIED,),
    ),
)
