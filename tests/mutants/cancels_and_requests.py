"""Bugs in the outbox, the egress gate, the rate limiter and the verification of requests."""

from tests.mutants.mutant import Edit, mutant

OUTBOX = "quoter/service/outbox.py"
OUTBOX_TESTS = "tests/unit/service/test_outbox.py"
LIMITER, LIMITER_TESTS = (
    "quoter/venues/egress/rate_limiter.py",
    "tests/unit/venues/egress/test_rate_limiter.py",
)
ENDINGS_TESTS = "tests/integration/test_venues_endings.py"
VERIFY, VERIFY_TESTS = (
    "quoter/venues/egress/request_verification.py",
    "tests/unit/venues/egress/test_request_verification.py",
)
GATE, GATE_TESTS = "quoter/venues/egress/gate.py", "tests/unit/venues/egress/test_gate.py"

MUTANTS = (
    mutant(
        "kill_behind_hung_cancels",
        "a kill's cancels wait until hung cancels time out",
        Edit(
            OUTBOX,
            "self._put(self._kills if is_kill else self._cancels, command)",
            "self._put(self._cancels, command)",
        ),
        tests=(OUTBOX_TESTS,),
    ),
    mutant(
        "cancel_all_behind_hung_kills",
        "hung cancels of a kill delay the request for what is still open",
        Edit(
            OUTBOX,
            "                        self._put(self._all, command)\n",
            "                        self._put(self._kills, command)\n",
        ),
        tests=(OUTBOX_TESTS,),
    ),
    mutant(
        "cancels_left_behind_by_a_kill",
        "cancels queued behind hung ones stay queued when everything must be cancelled",
        Edit(OUTBOX, "                    self._move_cancels_to_kill_lane()\n", ""),
        tests=(OUTBOX_TESTS,),
    ),
    mutant(
        "growing_order_while_reducing",
        "an order approved before REDUCE_ONLY leaves although it adds",
        Edit(
            GATE,
            "        if self.reduces_only and not order.reduces:\n",
            "        if False:\n",
        ),
        tests=(GATE_TESTS,),
    ),
    mutant(
        "gate_not_set_to_reduce",
        "the egress gate is not set to reduce-only",
        Edit(
            "quoter/service/killswitch/controller.py",
            "is_on=change.after is TradingState.REDUCE_ONLY",
            "is_on=False",
        ),
        tests=("tests/unit/service/killswitch/test_controller.py",),
    ),
    mutant(
        "every_order_marked_reducing",
        "an order approved while both sides were allowed counts as a reducing one",
        Edit(
            "quoter/risk/order_rules.py",
            "reduces=view.state is TradingState.REDUCE_ONLY",
            "reduces=True",
        ),
        tests=("tests/unit/risk/test_order_rules.py",),
    ),
    mutant(
        "kill_waits_for_our_own_budget",
        "a used-up local request budget delays the cancels of a kill",
        Edit(LIMITER, "        if not is_paced:\n", "        if False:\n"),
        tests=(LIMITER_TESTS,),
    ),
    mutant(
        "kill_cancels_paced",
        "the cancels of a kill wait for the request budget like any other",
        Edit(
            "quoter/venues/ccxt/order_cancellation.py",
            "is_paced = is_paced and order.reason is not CancelReason.KILL",
            "is_paced = is_paced is not False",
        ),
        tests=(f"{ENDINGS_TESTS}::test_kills_cancels_do_not_wait_for_the_rate_limiter",),
    ),
    mutant(
        "budget_reset_with_the_rules",
        "every exchangeInfo resets the used request budget",
        Edit(
            LIMITER,
            'bucket = self._orders.setdefault(f"{window_s:g}s", fresh)',
            'bucket = self._orders[f"{window_s:g}s"] = fresh',
        ),
        tests=(LIMITER_TESTS,),
    ),
    mutant(
        "price_and_size_swapped",
        "a request with price and size swapped passes",
        Edit(
            VERIFY,
            "            found.append([decimal(value) for value in values] == [approved])\n",
            "            found.append(approved in {order.price, order.size})\n",
        ),
        tests=(VERIFY_TESTS,),
    ),
    mutant(
        "price_and_size_in_any_field",
        "price and size are accepted in any field",
        Edit(
            VERIFY,
            "        if values := _of(leaves, names):\n",
            "        if values := _of(leaves, frozenset()):\n",
        ),
        Edit(VERIFY, " if _plain(name) not in named]", "]"),
        tests=(VERIFY_TESTS,),
    ),
    mutant(
        "batch_of_orders_passes",
        "a second order in the same request leaves with the approved one",
        Edit(VERIFY, "        if len(value) > 1 and ", "        if False and "),
        tests=(VERIFY_TESTS,),
    ),
    mutant(
        "order_type_not_verified",
        "the order type in the request is not verified",
        Edit(VERIFY, "all(_is_kind(value, ours) for value in _of(leaves, KIND_NAMES))", "True"),
        tests=(VERIFY_TESTS,),
    ),
    mutant(
        "suspend_not_counted",
        "time in suspend does not count, and old books look fresh",
        Edit("quoter/venues/boot_clock.py", '"CLOCK_BOOTTIME"', '"CLOCK_MONOTONIC"'),
        tests=("tests/unit/venues/test_boot_clock.py",),
    ),
)
