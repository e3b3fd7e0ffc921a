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
        "an order in flight at a crash stays where the list does not say our id",
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
            "            if orders is not None:  # else what was known before still counts\n"
            "                self._gateway.adopt_orders(orders)\n",
            "            self._gateway.adopt_orders(orders or KnownOrders({}))\n",
        ),
        tests=("tests/unit/service/sentinel/test_process.py",),
    ),
)

MUTANTS = (*REQUESTS, *STOPS)
