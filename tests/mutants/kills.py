"""Bugs in what stops us, what lifts a stop, and what flatten does."""

from tests.mutants.mutant import Edit, mutant

STOPS, KEEPER = (
    "quoter/service/killswitch/controller.py",
    "quoter/service/killswitch/latch_writer.py",
)
CAUSES, PLACING = "quoter/engine/halt_causes.py", "quoter/engine/placing/placing.py"
FLATTENING, OPERATORS = "quoter/engine/placing/flattening.py", "quoter/engine/commands/operator.py"
STOPPING = "quoter/engine/placing/stopping.py"
STATE_RULE, RISK_VIEW = "quoter/risk/order_rules.py", "quoter/risk/view.py"
STOPS_TESTS = "tests/unit/service/killswitch/test_controller.py"
MACHINE = "tests/property/test_stops_machine.py"
REARM_TESTS = "tests/unit/service/killswitch/test_controller_rearm.py"
FILE_TESTS = "tests/unit/service/killswitch/test_controller_file.py"
START, START_TESTS = "quoter/app/startup.py", "tests/unit/app/test_startup.py"
SIGNALS, SIGNALS_TESTS = "quoter/app/signals.py", "tests/unit/app/test_signals.py"
DAEMON_KILL = "tests/integration/test_daemon_kill.py"
FLATTEN_TESTS = "tests/unit/engine/placing/test_flattening.py"

MUTANTS = (
    mutant(
        "kill_lost_to_a_rearm_under_way",
        "a re-arm lifts a kill that its sender has not seen",
        Edit(
            STOPS,
            "        is_meant = not self._kills and ",
            "        is_meant = True or ",
        ),
        tests=(STOPS_TESTS, MACHINE),
    ),
    mutant(
        "latch_before_the_cancels",
        "a slow disk holds up the loop, and the cancels of the kill with it",
        Edit(
            KEEPER,
            "        self._wanted = record\n        self._idle.clear()\n",
            "        self._wanted = record\n"
            "        if record is not None:\n"
            "            self._latch.save(record)\n"
            "        self._idle.clear()\n",
        ),
        tests=(STOPS_TESTS,),
    ),
    mutant(
        "latch_lost_at_the_end",
        "a process that ends does not wait for its latch",
        Edit(KEEPER, "                await self._idle.wait()\n", "                pass\n"),
        tests=(STOPS_TESTS,),
    ),
    mutant(
        "gate_shut_after_the_queue",
        "the gate opens again while an alarm that kills waits to be heard",
        Edit(
            STOPS,
            "        is_stopped = self._state >= TradingState.PAUSED or self._kills > 0\n",
            "        is_stopped = self._state >= TradingState.PAUSED\n",
        ),
        tests=(STOPS_TESTS, MACHINE),
    ),
    mutant(
        "breach_past_the_stops",
        "what the last inch finds out goes to the engine's queue behind the back of the stops",
        Edit(
            "quoter/service/runner.py",
            "self._gateway.run(self.kill_switch.post)",
            "self._gateway.run(self.inbox.put)",
        ),
        tests=(f"{DAEMON_KILL}::test_the_gate_stays_shut_over_a_breach_that_nobody_has_heard",),
    ),
    mutant(
        "signal_is_always_the_files",
        "a bare SIGUSR1 leaves the kill id of the kill before it good",
        Edit(
            STOPS,
            "is_known = self.latched is not None and self._clock.now_ns() <= self._signal_until_ns",
            "is_known = self.latched is not None",
        ),
        tests=(REARM_TESTS, MACHINE),
    ),
    mutant(
        "wish_survives_a_kill",
        "a re-arm that waits for clean books goes on waiting when somebody kills again",
        Edit(
            STOPS,
            "            self._kills += 1\n            self._give_up(OVERTAKEN)\n",
            "            self._kills += 1\n",
        ),
        tests=(REARM_TESTS,),
    ),
    mutant(
        "kill_file_gone_before_the_latch",
        "a process that dies, or a full disk, loses a kill by file",
        Edit(
            STOPS,
            "        self._obeyed = request\n        self.kill(",
            "        self._folder.drop(KILL_REQUEST, request)\n        self.kill(",
        ),
        tests=(FILE_TESTS, MACHINE),
    ),
    mutant(
        "start_takes_the_kill_file_first",
        "a start that can't latch loses the kill: the next one trades",
        Edit(
            START,
            "        text = folder.redactor.known(f\"file: {wish.text or 'KILL file'}\")\n",
            "        text = folder.redactor.known(f\"file: {wish.text or 'KILL file'}\")\n"
            "        folder.drop(KILL_REQUEST, wish)\n",
        ),
        tests=(START_TESTS,),
    ),
    mutant(
        "signal_swallowed_by_the_start",
        "a kill while the start waits for late creates is forgotten",
        Edit(
            SIGNALS,
            "        self._is_kill_waiting = True\n",
            "        return\n",
        ),
        tests=(SIGNALS_TESTS, f"{DAEMON_KILL}::test_a_kill_during_the_start_comes_up_killed"),
    ),
    mutant(
        "signal_of_the_start_in_memory_only",
        "a kill during a start that fails is forgotten",
        Edit(SIGNALS, "        if self.folder is not None:\n", "        if False:\n"),
        tests=(SIGNALS_TESTS,),
    ),
    mutant(
        "drill_on_another_daemon",
        "a drill looks at one daemon's page and kills another, production's too",
        Edit("quoter/cli/drill.py", '        self._match(environment, told.get("run"))\n', ""),
        tests=("tests/integration/test_drill.py",),
    ),
    mutant(
        "old_rearm_at_the_start",
        "a re-arm that was left before a kill lifts it at the next start",
        Edit(START, "    return 0 < record.ts_ns < asked.mtime_ns", "    return 0 < record.ts_ns"),
        tests=(START_TESTS,),
    ),
    mutant(
        "gate_opens_before_the_latch_is_gone",
        "orders leave while the disk still says killed",
        Edit(
            STOPS,
            "        if is_stopped or is_latched or self._is_ending:\n",
            "        if is_stopped or self._is_ending:\n",
        ),
        tests=(STOPS_TESTS,),
    ),
    mutant(
        "rearm_with_orders_alive",
        "a kill is lifted while its orders may still fill",
        Edit(
            "quoter/engine/commands/rearming.py",
            "        if len(self._orders):\n",
            "        if False:\n",
        ),
        tests=("tests/unit/engine/commands/test_rearming.py", MACHINE),
    ),
    mutant(
        "flap_never_latches",
        "what pauses us again and again resumes by itself for ever",
        Edit(
            CAUSES,
            "        if self._flaps.add(cause, step.ts_ns):\n",
            "        if False:\n",
        ),
        tests=("tests/unit/engine/test_halt_causes.py",),
    ),
    mutant(
        "no_quiet_before_settling",
        "a cause is gone the moment its condition is",
        Edit(
            CAUSES,
            "        if clean_ns <= 0 or cause in self._given:\n",
            "        if clean_ns >= 0:\n",
        ),
        tests=("tests/unit/engine/test_halt_causes.py",),
    ),
    mutant(
        "unverified_cancels_are_fine",
        "orders that will not end are nobody's business",
        Edit(STOPPING, "active=bool(late)", "active=False"),
        tests=("tests/unit/engine/placing/test_stopping.py",),
    ),
    mutant(
        "flatten_flips",
        "flatten sells what it holds though something of that may be sold already",
        Edit(
            PLACING,
            "            quote = quote._replace(size=self._headroom.size(quote, state))\n",
            "            quote = quote._replace(size=9 * self._headroom.size(quote, state))\n",
        ),
        Edit(
            RISK_VIEW,
            "        return -view.inventory - view.leaves_buy\n",
            "        return -view.inventory\n",
        ),
        Edit(
            RISK_VIEW,
            "    return view.inventory - view.leaves_sell\n",
            "    return view.inventory\n",
        ),
        tests=(FLATTEN_TESTS, MACHINE),
    ),
    mutant(
        "flatten_many_slices_at_once",
        "the next slice does not wait for what became of the last",
        Edit(
            FLATTENING,
            "        if self._placing.is_taking:\n",
            "        if False:\n",
        ),
        tests=(FLATTEN_TESTS,),
    ),
    mutant(
        "flatten_while_killed",
        "a killed daemon sells as soon as it is re-armed",
        Edit(OPERATORS, " and self._causes.state is TradingState.KILLED", " and False"),
        tests=(FLATTEN_TESTS,),
    ),
    mutant(
        "taking_order_while_running",
        "an order that takes passes the gate while nobody asked for flat",
        Edit(
            STATE_RULE,
            '        return "a taking order outside of REDUCE_ONLY" if takes else None\n',
            "        return None\n",
        ),
        tests=("tests/unit/risk/test_order_rules_trading_state.py",),
    ),
    mutant(
        "taking_order_may_rest",
        "the serialised request of a taking order is not held against what was approved",
        Edit(
            "quoter/venues/egress/request_verification.py",
            '{"type": "LIMIT", "timeInForce": "IOC"}',
            '{"type": "LIMIT"}',
        ),
        Edit(
            "quoter/venues/egress/request_verification.py",
            'frozenset({"newOrderRespType",',
            'frozenset({"timeInForce", "newOrderRespType",',
        ),
        tests=("tests/unit/venues/egress/test_request_verification.py",),
    ),
)
