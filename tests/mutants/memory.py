"""Bugs in what is remembered, pruned and bounded."""

from tests.mutants.mutant import Edit, mutant

WRITE_AHEAD = "quoter/service/write_ahead.py"
WRITE_AHEAD_TESTS = ("tests/unit/service/test_write_ahead.py",)

MUTANTS = (
    mutant(
        "forgotten_fill_booked_again",
        "a fill that the ledger has, but the engine no longer remembers, is booked twice",
        Edit(
            WRITE_AHEAD,
            "            counted = await self._ledger",
            "            await self._ledger",
        ),
        Edit(WRITE_AHEAD, "if may_have_forgotten(fill))", "if not fill)"),
        tests=WRITE_AHEAD_TESTS,
    ),
    mutant(
        "forgotten_fill_booked_again_on_a_slow_disk",
        "while the ledger can't answer, a fill older than all that is remembered is booked",
        Edit(WRITE_AHEAD, "if may_have_forgotten(fill))", "if not fill)"),
        tests=WRITE_AHEAD_TESTS,
    ),
    mutant(
        "remembered_fill_may_change_its_price",
        "a trade id that comes again with another price is no conflict",
        Edit(
            "quoter/state/inventory.py",
            "    numbers = (plain(fill.price), plain(fill.size), plain(fill.fee))\n",
            "    numbers = (plain(fill.size), plain(fill.fee))\n",
        ),
        tests=("tests/unit/state/test_inventory.py",),
    ),
    mutant(
        "closed_order_without_its_venue_id",
        "the venue id that comes with the end of an order is not remembered",
        Edit(
            "quoter/state/open_orders.py",
            "        if closed is not None:\n            closed.venue_id = venue_id\n",
            "",
        ),
        tests=("tests/unit/state/test_open_orders.py",),
    ),
    mutant(
        "fill_lines_without_limit",
        "every fill of a busy day is written at level info",
        Edit(
            "quoter/telemetry/step_log.py",
            "        is_allowed = self._lines[event] <= LINES_MAX\n",
            "        is_allowed = True\n",
        ),
        tests=("tests/unit/telemetry/test_step_log.py",),
    ),
)
