"""Bugs in the sandbox exchange that would let a client pass which fails at the venue."""

from tests.mutants.mutant import Edit, mutant

BARS, BARS_TESTS = "quoter/sandbox/exchange/bars.py", "tests/unit/sandbox/exchange/test_bars.py"
FORMS = "tests/integration/test_sandbox_forms.py"
FAULTS = "tests/integration/test_sandbox_faults.py"
ORDERS = "tests/integration/test_sandbox_orders.py"
SESSION = "tests/integration/test_sandbox_session.py"
REAL_TESTS = "tests/unit/sim/test_real_like.py"
FLOW, FLOW_TESTS = "quoter/sim/flow.py", "tests/unit/sim/test_flow.py"

MUTANTS = (
    mutant(
        "prints_beyond_the_book",
        "simulated takers skip the levels before the price that they reach",
        Edit(
            FLOW,
            "        return *hits[:-1], replace(hits[-1], lots=min(lots, hits[-1].lots))\n",
            "        return (replace(hits[-1], lots=min(lots, hits[-1].lots)),)\n",
        ),
        tests=("tests/property/test_sim_prints.py",),
    ),
    mutant(
        "prints_end_at_a_trillion_lots",
        "simulated takers trade next to nothing in a market with 18 decimals",
        Edit("quoter/sim/market.py", "TAKER_LOTS_MAX = 10**40", "TAKER_LOTS_MAX = 10**12"),
        tests=(FLOW_TESTS,),
    ),
    mutant(
        "prints_of_a_crash_end_with_the_calm_book",
        "the book of a crash is as deep as that of a calm market, so trades show a short reach",
        Edit(FLOW, "kappa = self._conditions.kappa", "kappa = 1.0"),
        tests=(FLOW_TESTS,),
    ),
    mutant(
        "prints_leave_the_book_as_it_was",
        "levels that were traded with do not change",
        Edit(
            FLOW,
            "                self._background.traded(side, hit.ticks, hit.lots)\n"
            "                self._market.publisher.touch(side, hit.ticks)\n",
            "                pass\n",
        ),
        tests=(FLOW_TESTS,),
    ),
    mutant(
        "real_like_orders_stand_first",
        "an order trades before what was in the queue when it arrived",
        Edit(
            "quoter/sim/matching.py",
            "return int(queue.ahead) if queue is not None and queue.model in QUEUED else 0",
            "return 0",
        ),
        tests=(REAL_TESTS,),
    ),
    mutant(
        "real_like_queue_keeps_what_was_cancelled",
        "cancels ahead of an order do not bring it forward",
        Edit(FLOW, "resting.queue.on_shown(shown)", "pass"),
        tests=(REAL_TESTS,),
    ),
    mutant(
        "real_like_followers_add_takers",
        "takers who follow others come on top of the intensity of a real-like market",
        Edit(
            "quoter/sim/takers.py",
            "self._first = 1.0 - spec.real.followers if spec.real is not None else 1.0",
            "self._first = 1.0",
        ),
        tests=(REAL_TESTS,),
    ),
    mutant(
        "real_like_bursts_end_with_the_first_follower",
        "takers who follow others are followed by none, so that bursts are short",
        Edit(
            "quoter/sim/takers.py",
            "        self._follow(taker, now_ns)\n        return taker",
            "        if not same:\n            self._follow(taker, now_ns)\n        return taker",
        ),
        tests=(REAL_TESTS,),
    ),
    mutant(
        "real_like_moves_draw_no_takers",
        "a move of the mid comes alone, without the takers that follow it",
        Edit(
            "quoter/sim/takers.py",
            "self._follow(Taker(side, self._best, self._lots(), self._pieces()), now_ns)",
            "pass",
        ),
        tests=(REAL_TESTS,),
    ),
    mutant(
        "real_like_takers_at_the_best_price_reach_none",
        "takers at the best price do not trade when the mid is half a tick away",
        Edit("quoter/sim/takers.py", "(spec.spread_ticks + 1) / 2.0", "spec.spread_ticks / 2.0"),
        tests=(REAL_TESTS,),
    ),
    mutant(
        "real_like_echo_adds_variance",
        "the volatility of a market that trends within seconds is above its sigma",
        Edit("quoter/sim/moves.py", "usual / (1.0 + real.echo)", "usual"),
        tests=(REAL_TESTS,),
    ),
    mutant(
        "prints_of_a_rest_name_the_wrong_taker",
        "the rest of an order that takes is published as a trade of the other side",
        Edit("quoter/sim/market.py", "taker=placed.side)", "taker=placed.side.opposite)"),
        tests=("tests/unit/sim/test_exchange.py",),
    ),
    mutant(
        "sandbox_closed_bars_unsent",
        "a kline stream never sends a closed bar",
        Edit(
            "quoter/sandbox/exchange/statistics.py",
            '"x": bar is not bars[-1],',
            '"x": False,',
        ),
        tests=(FORMS,),
    ),
    mutant(
        "sandbox_weeks_from_thursday",
        "weekly klines start on Thursday",
        Edit(BARS, 'MONDAY_MS if interval == "1w" else 0', "0"),
        tests=(BARS_TESTS,),
    ),
    mutant(
        "sandbox_empty_bar_keeps_old_ids",
        "a bar takes over the ids of a later one without trades",
        Edit(BARS, "        if not later.trades:\n            return\n", ""),
        tests=(BARS_TESTS,),
    ),
    mutant(
        "sandbox_session_lends_its_rights",
        "a session that is logged on signs for any key that a request names",
        Edit(
            "quoter/sandbox/api/ws_api.py",
            'is_logged_on=bool(session.api_key) and "apiKey" not in params,',
            "is_logged_on=bool(session.api_key),",
        ),
        tests=(SESSION,),
    ),
    mutant(
        "sandbox_quote_size_overspends",
        "a market order for an amount of money ignores the amount",
        Edit(
            "quoter/sim/market.py", "planned(units), planned(None)", "planned(None), planned(None)"
        ),
        tests=(ORDERS,),
    ),
    mutant(
        "sandbox_restriction_ignored",
        "a cancel under a restriction always succeeds",
        Edit(
            "quoter/sandbox/api/trading.py",
            "order.is_open and restriction.value",
            "not order.is_open and restriction.value",
        ),
        tests=(ORDERS,),
    ),
    mutant(
        "sandbox_unknown_path_streams_ignored",
        "a connection for an unknown stream stays open and silent",
        Edit(
            "quoter/sandbox/streams/market_streams.py",
            "if None in streams:\n            return await _refused(request)",
            "if False:\n            return await _refused(request)",
        ),
        tests=(FORMS,),
    ),
    mutant(
        "sandbox_old_list_is_the_present_one",
        "the fault of an old list answers with the present list",
        Edit(
            "quoter/sandbox/api/pipeline.py",
            "        return armed.old.setdefault(key, answer)\n",
            "        armed.old[key] = answer\n        return answer\n",
        ),
        tests=(FAULTS,),
    ),
    mutant(
        "sandbox_foreign_list_is_our_own",
        "the fault of a foreign list answers with our list",
        Edit(
            "quoter/sandbox/api/pipeline.py",
            "        return handler(replace(request, api_key=other))\n",
            "        return answer\n",
        ),
        tests=(FAULTS,),
    ),
    mutant(
        "sandbox_reset_keeps_balances",
        "a reset of the exchange keeps orders, trades and balances",
        Edit(
            "quoter/sandbox/exchange/venue.py",
            "        self.exchange, self.history = self._new_exchange(), self._new_history()\n",
            "        self.history = self._new_history()\n",
        ),
        tests=(FAULTS,),
    ),
    mutant(
        "list_of_faults_is_incomplete",
        "a kind of fault is missing in the document",
        Edit(
            "quoter/sandbox/exchange/faults.py",
            '    CLOCK_SKEW = "clock_skew"',
            '    EARTHQUAKE = "earthquake"\n    CLOCK_SKEW = "clock_skew"',
        ),
        tests=("tests/unit/sandbox/exchange/test_faults_list.py",),
    ),
)
