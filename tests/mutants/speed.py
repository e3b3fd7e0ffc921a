"""Bugs in what is not computed again because nothing that it depends on has changed."""

from tests.mutants.mutant import Edit, mutant

BOOK, VIEW = "quoter/state/book.py", "quoter/engine/market/view.py"
REQUOTE, ORDERS = "quoter/engine/placing/requote.py", "quoter/state/open_orders.py"

MUTANTS = (
    mutant(
        "missized_order_is_settled",
        "an order of the wrong size is not looked at again at the end of its hold time",
        Edit(
            REQUOTE,
            "        if is_missized or not 0 <= behind < tolerance_ticks:\n",
            "        if not 0 <= behind < tolerance_ticks:\n",
        ),
        tests=("tests/unit/engine/placing/test_requote.py",),
    ),
    mutant(
        "aggressive_order_is_settled",
        "an order that waits for spare budget is not looked at again",
        Edit(
            REQUOTE,
            "        if is_missized or not 0 <= behind < tolerance_ticks:\n",
            "        if is_missized or not abs(behind) < tolerance_ticks:\n",
        ),
        tests=("tests/unit/engine/placing/test_requote.py",),
    ),
    mutant(
        "state_without_revision",
        "an order whose state changes leaves everything that was computed from it as it was",
        Edit(
            ORDERS,
            "        order.state = state\n        self.revision += 1\n",
            "        order.state = state\n",
        ),
        tests=("tests/unit/state/test_open_orders.py",),
    ),
    mutant(
        "market_of_an_earlier_step",
        "orders are judged by the market of the first order ever",
        Edit(
            "quoter/engine/limits/risk_views.py",
            "        if step is not self._step:\n",
            "        if self._step is None:\n",
        ),
        tests=("tests/unit/engine/limits/test_risk_views.py",),
    ),
    mutant(
        "repeated_quote_after_restart",
        "a quote that repeats the one before a confirmed price level is no reference for the next",
        Edit(
            "quoter/risk/monitors/price_jump.py",
            "        self._quoted.clear()\n",
            "",
        ),
        tests=("tests/unit/risk/monitors/test_price_jump.py",),
    ),
    mutant(
        "flow_of_before_the_trade",
        "a trade does not change the flow signal of its own moment",
        Edit(
            "quoter/pricing/estimators/flow.py",
            "        self._z_s = nan\n        if self._takers",
            "        if self._takers",
        ),
        tests=("tests/unit/pricing/estimators/test_flow.py",),
    ),
    mutant(
        "unknown_order_still_counts_as_wanted",
        "orders are not looked at again when one of them is no longer known to rest",
        Edit(
            ORDERS,
            "        if order.is_wanted is not was_wanted:\n            self.size_revision += 1\n",
            "",
        ),
        tests=("tests/unit/state/test_open_orders.py",),
    ),
    mutant(
        "best_prices_of_an_earlier_ticker",
        "the best prices stay those of the ticker before",
        Edit(
            BOOK,
            "        if self.ready and is_newest and top.update_id >= self.last:\n"
            "            self._published = None\n",
            "        if self.ready and is_newest and top.update_id >= self.last:\n",
        ),
        tests=("tests/unit/state/test_book.py",),
    ),
    mutant(
        "order_that_is_not_ours_until_the_next_update",
        "an order of ours in an unchanged book counts as another's",
        Edit(
            VIEW,
            "        if any(is_smaller) or self._orders.revision != self._orders_revision:\n",
            "        if any(is_smaller):\n",
        ),
        tests=("tests/unit/engine/market/test_view.py",),
    ),
    mutant(
        "end_that_the_book_never_shows",
        "an order of ours that was filled is taken out of the book until its next update",
        Edit(
            VIEW,
            "        if any(is_smaller) or self._orders.revision != self._orders_revision:\n",
            "        if self._orders.revision != self._orders_revision:\n",
        ),
        tests=("tests/unit/engine/market/test_view.py",),
    ),
    mutant(
        "mark_on_an_old_grid",
        "a mid that has not changed is valued on the grid of the tick before",
        Edit(
            "quoter/state/attribution.py",
            "        figures = mid, self._instrument.now\n",
            "        figures = (mid,)\n",
        ),
        tests=("tests/unit/state/test_attribution.py",),
    ),
    mutant(
        "missing_fills_are_noticed_in_reports_only",
        "fills that the venue reports and our books lack pause nothing between two reports",
        Edit(
            "quoter/engine/reconciliation/reconcile.py",
            "        self._check_missing_fills(in_question, step)\n",
            "        self._check_missing_fills((), step)\n",
        ),
        tests=("tests/unit/engine/reconciliation",),
    ),
    mutant(
        "fill_factor_of_the_start",
        "the correction of A by our own fills is computed once and never again",
        Edit(
            "quoter/engine/quoting/calibration.py",
            "not 0.0 <= t_s - self._fill_factor_s < FILL_FACTOR_S:",
            "self._fill_factor_s == -inf:",
        ),
        tests=("tests/unit/engine/quoting/test_estimators.py",),
    ),
    mutant(
        "fill_factor_on_every_tick",
        "every tick changes the inputs of the quote, which is computed ten times a second",
        Edit(
            "quoter/engine/quoting/calibration.py",
            "not 0.0 <= t_s - self._fill_factor_s < FILL_FACTOR_S:",
            "t_s:",
        ),
        tests=("tests/unit/engine/quoting/test_estimators.py",),
    ),
)
