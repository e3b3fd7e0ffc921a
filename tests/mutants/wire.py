"""Bugs on the way to the venue: what a kill waits for, what our own pace lets through."""

from tests.mutants.mutant import Edit, mutant

OUTBOX = "quoter/service/outbox.py"
OUTBOX_TESTS = "tests/unit/service/test_outbox.py"
LIMITER, LIMITER_TESTS = (
    "quoter/venues/egress/rate_limiter.py",
    "tests/unit/venues/egress/test_rate_limiter.py",
)
ENDINGS_TESTS = "tests/integration/test_venues_endings.py"
VERIFY, VERIFIED = (
    "quoter/venues/egress/request_verification.py",
    "tests/unit/venues/egress/test_request_verification.py",
)
TRANSPORT, TRANSPORT_TESTS = "quoter/venues/egress/gate.py", "tests/unit/venues/egress/test_gate.py"

MUTANTS = (
    mutant(
        "kill_behind_hung_cancels",
        "a kill's cancels wait until those that hang run into their time limit",
        Edit(
            OUTBOX,
            "self._put(self._kills if is_kill else self._cancels, command)",
            "self._put(self._cancels, command)",
        ),
        tests=(OUTBOX_TESTS,),
    ),
    mutant(
        "cancel_all_behind_hung_kills",
        "cancels of a kill that hang hold up the question what is left",
        Edit(
            OUTBOX,
            "                        self._put(self._all, command)\n",
            "                        self._put(self._kills, command)\n",
        ),
        tests=(OUTBOX_TESTS,),
    ),
    mutant(
        "cancels_left_behind_by_a_kill",
        "what waits behind hung cancels stays there when everything must go",
        Edit(OUTBOX, "                    self._hurry_cancels()\n", ""),
        tests=(OUTBOX_TESTS,),
    ),
    mutant(
        "growing_order_while_reducing",
        "what was approved before the state was REDUCE_ONLY leaves all the same",
        Edit(
            TRANSPORT,
            "        if self.reduces_only and not order.reduces:\n",
            "        if False:\n",
        ),
        tests=(TRANSPORT_TESTS,),
    ),
    mutant(
        "gate_not_told_to_reduce",
        "the last inch never hears that only reducing orders may leave",
        Edit(
            "quoter/service/killswitch/controller.py",
            "is_on=change.after is TradingState.REDUCE_ONLY",
            "is_on=False",
        ),
        tests=("tests/unit/service/killswitch/test_controller.py",),
    ),
    mutant(
        "every_order_reduces",
        "an order approved while both sides were allowed passes for a reducing one",
        Edit(
            "quoter/risk/order_rules.py",
            "reduces=view.state is TradingState.REDUCE_ONLY",
            "reduces=True",
        ),
        tests=("tests/unit/risk/test_order_rules.py",),
    ),
    mutant(
        "kill_waits_for_our_own_budget",
        "a spent budget of ours holds back what a kill needs",
        Edit(LIMITER, "        if not is_paced:\n", "        if False:\n"),
        tests=(LIMITER_TESTS,),
    ),
    mutant(
        "kills_cancels_paced",
        "the cancels of a kill wait for the budget like any other",
        Edit(
            "quoter/venues/ccxt/order_closing.py",
            "is_paced = is_paced and order.reason is not CancelReason.KILL",
            "is_paced = is_paced is not False",
        ),
        tests=(f"{ENDINGS_TESTS}::test_a_kill_waits_for_no_budget_of_ours",),
    ),
    mutant(
        "budget_full_again_with_the_rules",
        "every exchangeInfo gives back what was spent",
        Edit(
            LIMITER,
            'bucket = self._orders.setdefault(f"{window_s:g}s", fresh)',
            'bucket = self._orders[f"{window_s:g}s"] = fresh',
        ),
        tests=(LIMITER_TESTS,),
    ),
    mutant(
        "price_and_size_swapped",
        "a request that asks for the price as its size, and the other way round, passes",
        Edit(
            VERIFY,
            "            found.append([decimal(value) for value in values] == [approved])\n",
            "            found.append(approved in {order.price, order.size})\n",
        ),
        tests=(VERIFIED,),
    ),
    mutant(
        "named_fields_not_looked_at",
        "price and size count wherever they stand",
        Edit(
            VERIFY,
            "        if values := _of(leaves, names):\n",
            "        if values := _of(leaves, frozenset()):\n",
        ),
        Edit(VERIFY, " if _plain(name) not in named]", "]"),
        tests=(VERIFIED,),
    ),
    mutant(
        "batch_of_orders",
        "a second order in the same request leaves with the approved one",
        Edit(VERIFY, "        if len(value) > 1 and ", "        if False and "),
        tests=(VERIFIED,),
    ),
    mutant(
        "market_order_named",
        "the kind of an order is whatever the request says",
        Edit(VERIFY, "all(_is_kind(value, ours) for value in _of(leaves, KIND_NAMES))", "True"),
        tests=(VERIFIED,),
    ),
    mutant(
        "asleep_is_no_time",
        "over a suspend of the machine our time stands still, and old books look fresh",
        Edit("quoter/venues/boot_clock.py", '"CLOCK_BOOTTIME"', '"CLOCK_MONOTONIC"'),
        tests=("tests/unit/venues/test_boot_clock.py",),
    ),
)
