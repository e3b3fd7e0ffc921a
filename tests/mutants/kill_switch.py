"""Bugs in the kill switch, in re-arming, and in flatten."""

from tests.mutants.mutant import Edit, mutant

STOPS, LATCH_WRITER = (
    "quoter/service/killswitch/controller.py",
    "quoter/service/killswitch/latch_writer.py",
)
CAUSES, PLACING = "quoter/engine/halt_causes.py", "quoter/engine/placing/placing.py"
FLATTENING, OPERATORS = "quoter/engine/placing/flattening.py", "quoter/engine/commands/operator.py"
FILES = "quoter/service/operator_commands/file_commands.py"
STOPPING = "quoter/engine/placing/stopping.py"
STATE_RULE, RISK_VIEW = "quoter/risk/order_rules.py", "quoter/risk/view.py"
STOPS_TESTS = "tests/unit/service/killswitch/test_controller.py"
STATE_MACHINE_TESTS = "tests/property/test_stops_machine.py"
REARM_TESTS = "tests/unit/service/operator_commands/test_file_commands_rearm.py"
FILE_TESTS = "tests/unit/service/operator_commands/test_file_commands_kill.py"
START, START_TESTS = "quoter/app/startup.py", "tests/unit/app/test_startup.py"
SIGNALS, SIGNALS_TESTS = "quoter/app/signals.py", "tests/unit/app/test_signals.py"
DAEMON_KILL = "tests/integration/test_daemon_kill.py"
FLATTEN_TESTS = "tests/unit/engine/placing/test_flattening.py"

MUTANTS = (
    mutant(
        "rearm_clears_a_newer_kill",
        "a re-arm clears a kill that its sender has not seen",
        Edit(
            STOPS,
            "        if isinstance(event, Rearm) and self.rearm_refusal(event) is not None:\n",
            "        if False:\n",
        ),
        tests=(STOPS_TESTS, STATE_MACHINE_TESTS),
    ),
    mutant(
        "settling_leaves_the_gate_open",
        "the process waits for the latch at its end, and creates still leave",
        Edit(
            STOPS,
            "        self.block_for_shutdown()\n        if self._writer",
            "        self._is_ending = True\n        if self._writer",
        ),
        tests=(STOPS_TESTS,),
    ),
    mutant(
        "latch_written_before_the_cancels",
        "a slow disk delays the loop and with it the cancels of the kill",
        Edit(
            LATCH_WRITER,
            "        self._wanted = record\n        self._idle.clear()\n",
            "        self._wanted = record\n"
            "        if record is not None:\n"
            "            self._latch.save(record)\n"
            "        self._idle.clear()\n",
        ),
        tests=(STOPS_TESTS,),
    ),
    mutant(
        "exit_before_the_latch_is_written",
        "the process ends without waiting until its latch is written",
        Edit(LATCH_WRITER, "                await self._idle.wait()\n", "                pass\n"),
        tests=(STOPS_TESTS,),
    ),
    mutant(
        "gate_opens_while_a_kill_is_queued",
        "the gate opens while an alarm that kills is still queued",
        Edit(
            STOPS,
            "        is_stopped = self._state >= TradingState.PAUSED or self._kills_queued > 0\n",
            "        is_stopped = self._state >= TradingState.PAUSED\n",
        ),
        tests=(STOPS_TESTS, STATE_MACHINE_TESTS),
    ),
    mutant(
        "kill_in_the_inbox_leaves_the_gate_open",
        "a breach found by the egress gate waits in the inbox while the gate may open again",
        Edit(
            "quoter/app/composition.py",
            "inbox = Inbox(kill_switch)",
            "inbox = Inbox()",
        ),
        tests=(f"{DAEMON_KILL}::test_gate_stays_shut_while_a_breach_alarm_is_queued",),
    ),
    mutant(
        "signal_keeps_the_kill_id",
        "a SIGUSR1 without a kill file keeps the kill id of the kill before it",
        Edit(
            FILES,
            "            self._clock.now_ns() <= self._signal_until_ns\n",
            "            True\n",
        ),
        tests=(REARM_TESTS, STATE_MACHINE_TESTS),
    ),
    mutant(
        "pending_rearm_survives_a_kill",
        "a re-arm that waits for clean books is not dropped by the next kill",
        Edit(
            FILES,
            " or self._kill_switch.kills_seen != waiting.kills_seen",
            "",
        ),
        tests=(REARM_TESTS,),
    ),
    mutant(
        "kill_file_removed_before_the_latch",
        "a crash or a full disk loses a kill that was requested by file",
        Edit(
            FILES,
            "        self._kill_file = request\n        self._kill(",
            "        self._folder.drop(KILL_REQUEST, request)\n        self._kill(",
        ),
        tests=(FILE_TESTS, STATE_MACHINE_TESTS),
    ),
    mutant(
        "start_removes_the_kill_file_first",
        "a start that can't write the latch loses the kill: the next start trades",
        Edit(
            START,
            "        text = folder.redactor.known(f\"file: {request.text or 'KILL file'}\")\n",
            "        text = folder.redactor.known(f\"file: {request.text or 'KILL file'}\")\n"
            "        folder.drop(KILL_REQUEST, request)\n",
        ),
        tests=(START_TESTS,),
    ),
    mutant(
        "signal_ignored_during_the_start",
        "a kill signal while the start waits for late creates is ignored",
        Edit(
            SIGNALS,
            "        self._is_kill_waiting = True\n",
            "        return\n",
        ),
        tests=(SIGNALS_TESTS, f"{DAEMON_KILL}::test_kill_during_the_start_starts_killed"),
    ),
    mutant(
        "start_keeps_the_signal_in_memory",
        "a kill signal during a start that fails is not written to the disk",
        Edit(SIGNALS, "        if self.folder is not None:\n", "        if False:\n"),
        tests=(SIGNALS_TESTS,),
    ),
    mutant(
        "drill_on_another_daemon",
        "a drill reads one daemon's state and kills another one, even in production",
        Edit("quoter/cli/drill.py", '        self._match(environment, state.get("run"))\n', ""),
        tests=("tests/integration/test_drill.py",),
    ),
    mutant(
        "start_obeys_an_old_rearm",
        "a re-arm request older than the kill clears it at the next start",
        Edit(
            START, "    return 0 < record.ts_ns < request.mtime_ns", "    return 0 < record.ts_ns"
        ),
        tests=(START_TESTS,),
    ),
    mutant(
        "gate_opens_before_the_latch_is_gone",
        "orders leave while the latch on the disk still says killed",
        Edit(
            STOPS,
            "        if is_stopped or is_latched or self._is_ending:\n",
            "        if is_stopped or self._is_ending:\n",
        ),
        tests=(STOPS_TESTS,),
    ),
    mutant(
        "rearm_with_live_orders",
        "a kill is cleared while its orders may still fill",
        Edit(
            "quoter/engine/commands/rearming.py",
            "        if len(self._orders):\n",
            "        if False:\n",
        ),
        tests=("tests/unit/engine/commands/test_rearming.py", STATE_MACHINE_TESTS),
    ),
    mutant(
        "repeated_pauses_never_latch",
        "a cause that pauses again and again resumes by itself for ever",
        Edit(
            CAUSES,
            "        if allowed is not None:\n",
            "        if False:\n",
        ),
        tests=("tests/unit/engine/test_halt_causes.py",),
    ),
    mutant(
        "lively_market_latches",
        "price jumps that are usual in this market stop quoting until a person resumes",
        Edit(
            "quoter/risk/hysteresis.py",
            "        return max(self.pauses_max, by_chance)\n",
            "        return self.pauses_max\n",
        ),
        tests=("tests/unit/risk/test_hysteresis.py",),
    ),
    mutant(
        "pauses_explain_themselves",
        "a wrong feed raises the expected rate of its own price jumps, and never latches",
        Edit(
            "quoter/risk/hysteresis.py",
            "self._policy.allowed(pauses[0].expected_per_s)",
            "self._policy.allowed(pauses[-1].expected_per_s)",
        ),
        tests=("tests/unit/risk/test_hysteresis.py",),
    ),
    mutant(
        "price_jumps_without_expectation",
        "the usual variance of the market is not asked for when a price jump is raised",
        Edit(
            "quoter/engine/limits/activity_limits.py",
            "Cause.PRICE_JUMP, text, expected_per_s=expected_per_s",
            "Cause.PRICE_JUMP, text",
        ),
        tests=("tests/unit/engine/limits/test_activity_limits.py",),
    ),
    mutant(
        "markout_losses_without_expectation",
        "markout losses that are usual in this market stop quoting until a person resumes",
        Edit(
            "quoter/engine/limits/losses.py",
            "self._expected_losses_per_s(), self._minute.text",
            "0.0, self._minute.text",
        ),
        tests=("tests/unit/engine/limits/test_losses.py",),
    ),
    mutant(
        "slow_machine_latches",
        "a loop that is late again and again stays paused until a person resumes",
        Edit(
            "quoter/risk/hysteresis.py",
            "MACHINE_CAUSES = frozenset({Cause.LOOP_LAG, Cause.CLOCK,",
            "MACHINE_CAUSES = frozenset({Cause.CLOCK,",
        ),
        tests=("tests/unit/risk/test_hysteresis.py",),
    ),
    mutant(
        "consequences_of_a_slow_machine_latch",
        "book_stale, raised because the machine is slow, counts as a fault of the feed",
        Edit(
            "quoter/risk/hysteresis.py",
            "        if any(machine in active for machine in MACHINE_CAUSES):\n",
            "        if False:\n",
        ),
        tests=("tests/unit/engine/test_halt_causes.py",),
    ),
    mutant(
        "resume_file_is_carried_out_twice",
        "a RESUME file that can't be removed is carried out again and again",
        Edit(
            "quoter/service/operator_commands/file_commands.py",
            "        if request is None or request == self._resume_file:\n            return\n"
            "        self._resume_file",
            "        if request is None:\n            return\n        self._resume_file",
        ),
        tests=("tests/unit/service/operator_commands/test_file_commands_resume.py",),
    ),
    mutant(
        "cause_cleared_without_delay",
        "a cause is cleared at the moment its condition ends",
        Edit(
            CAUSES,
            "        if clean_ns <= 0 or cause in self._given:\n",
            "        if clean_ns >= 0:\n",
        ),
        tests=("tests/unit/engine/test_halt_causes.py",),
    ),
    mutant(
        "unverified_cancels_ignored",
        "orders whose cancel can't be verified raise no cause",
        Edit(STOPPING, "        if not late:\n", "        if late or not late:\n"),
        tests=("tests/unit/engine/placing/test_stopping.py",),
    ),
    mutant(
        "flatten_flips",
        "flatten sells the whole inventory although a part may be sold already",
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
        tests=(FLATTEN_TESTS, STATE_MACHINE_TESTS),
    ),
    mutant(
        "flatten_many_slices_at_once",
        "flatten sends the next slice before the last one has ended",
        Edit(
            FLATTENING,
            "        if self._placing.is_taking:\n",
            "        if False:\n",
        ),
        tests=(FLATTEN_TESTS,),
    ),
    mutant(
        "flatten_accepted_while_killed",
        "a flatten that was accepted while killed sells right after the re-arm",
        Edit(OPERATORS, "if self._causes.state is TradingState.KILLED:", "if False:"),
        tests=(FLATTEN_TESTS,),
    ),
    mutant(
        "taking_order_outside_reduce_only",
        "a taking order passes the rules outside of REDUCE_ONLY",
        Edit(
            STATE_RULE,
            '        return "an order that takes liquidity is only allowed in REDUCE_ONLY" if takes'
            " else None\n",
            "        return None\n",
        ),
        tests=("tests/unit/risk/test_order_rules_trading_state.py",),
    ),
    mutant(
        "newest_cause_sets_the_state",
        "the trading state follows the cause that was raised last and not the most severe one",
        Edit(
            "quoter/risk/kill_switch.py",
            "max(states, default=TradingState.RUNNING)",
            "next(reversed(tuple(states)), TradingState.RUNNING)",
        ),
        tests=("tests/unit/risk/test_kill_switch.py",),
    ),
    mutant(
        "study_quotes_without_markout_on_the_bid",
        "the studies' bid ignores the cost of adverse selection, unlike the daemon's",
        Edit(
            "quoter/studies/common/quotes.py",
            " + np.minimum(markout_cost_bid, most)",
            "",
        ),
        tests=("tests/unit/studies/common/test_quotes.py",),
    ),
    mutant(
        "kill_id_before_its_kill",
        "a kill id is shown beside RUNNING, while its latch is being written",
        Edit(
            STOPS,
            "return self.kill_id() if shown is TradingState.KILLED else None",
            "return self.kill_id()",
        ),
        tests=("tests/unit/service/control_api/test_routes.py",),
    ),
    mutant(
        "taking_order_without_ioc_check",
        "the serialised request of a taking order is not compared with what was approved",
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
