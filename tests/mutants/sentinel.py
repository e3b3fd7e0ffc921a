"""Bugs in the external stops: sentinel, heartbeat, dead man's switch."""

from tests.mutants.mutant import Edit, mutant

SERVICE = "tests/unit/service"
SENTINEL_TESTS = "tests/integration/test_sentinel.py"
DEAD_MAN_TESTS = "tests/integration/test_dead_man.py"

MUTANTS = (
    mutant(
        "sentinel_trusts_the_timestamp",
        "a heartbeat with a later time counts although its number does not change",
        Edit(
            "quoter/service/external_stops/heartbeat_files.py",
            '        return f"{self.run}-{self.seq}-{self.status}"\n',
            '        return f"{self.run}-{self.ts_ns}-{self.status}"\n',
        ),
        tests=("tests/unit/service/sentinel/test_heartbeat_monitor.py", SENTINEL_TESTS),
    ),
    mutant(
        "sentinel_cancels_foreign_orders",
        "every order of the account is cancelled, foreign ones too",
        Edit(
            "quoter/venues/ccxt/order_cancellation.py",
            "if self._config.is_own(order.client_id) or self._known",
            "if True or self._known",
        ),
        tests=(
            f"{SENTINEL_TESTS}::test_orders_of_a_silent_daemon_are_cancelled_and_it_is_latched",
        ),
    ),
    mutant(
        "sentinel_does_not_latch",
        "a daemon that wakes up after the sentinel's cancels trades on",
        Edit(
            "quoter/service/sentinel/process.py",
            "            if not self._latch.is_set():\n",
            "            if self._latch.is_set():\n",
        ),
        tests=(
            f"{SENTINEL_TESTS}::test_orders_of_a_silent_daemon_are_cancelled_and_it_is_latched",
        ),
    ),
    mutant(
        "sentinel_latches_a_handled_silence",
        "between a re-arm and the next start the next sentinel kills again",
        Edit(
            "quoter/service/sentinel/process.py",
            "is_latching=not is_starting and label != self._handled, label=label\n",
            "is_latching=not is_starting, label=label\n",
        ),
        tests=(
            f"{SENTINEL_TESTS}::test_handled_silence_is_not_latched_again_by_the_next_sentinel",
        ),
    ),
    mutant(
        "sentinel_cancels_once",
        "a create that arrives after the sentinel's cancels stays open for ever",
        Edit(
            "quoter/service/sentinel/process.py",
            "            await _wait(self._alarm, RECHECK_S)\n",
            "            await self._alarm.wait()\n",
        ),
        tests=(f"{SENTINEL_TESTS}::test_failed_start_is_latched_only_if_it_left_orders",),
    ),
    mutant(
        "gate_ignores_the_latch_file",
        "a create leaves although the latch is on the disk",
        Edit(
            "quoter/venues/egress/gate.py",
            "        if text := self._block_reason():\n            raise self.refuse(text)\n",
            "",
        ),
        tests=("tests/unit/venues/egress/test_gate.py", DEAD_MAN_TESTS),
    ),
    mutant(
        "foreign_latch_ignored",
        "a latch that another process wrote does not kill the running daemon",
        Edit(
            "quoter/service/operator_commands/file_commands.py",
            "        alarm = self._kill_switch.adopt_foreign_latch()\n"
            "        if alarm is not None:\n",
            "        alarm = None\n        if alarm is not None:\n",
        ),
        tests=("tests/unit/service/killswitch/test_controller_sentinel.py",),
    ),
    mutant(
        "heartbeat_ignores_the_engine",
        "an engine that handles no events is reported as healthy",
        Edit(
            "quoter/service/external_stops/heartbeat.py",
            "self._clock.now_ns() - engine.ts_ns <= TICK_AGE_NS_MAX",
            "self._clock.now_ns() - engine.ts_ns >= 0",
        ),
        tests=("tests/unit/service/external_stops/test_heartbeat.py",),
    ),
    mutant(
        "dead_man_counts_from_the_answer",
        "the dead man's switch is expected later than it may fire",
        Edit(
            "quoter/service/external_stops/dead_man.py",
            "            self._fires_s = None if self._is_over else asked_s + self.timeout_s\n",
            "            self._fires_s = None if self._is_over else self._monotonic_s()"
            " + self.timeout_s\n",
        ),
        tests=("tests/unit/service/external_stops/test_dead_man.py",),
    ),
    mutant(
        "unreadable_heartbeat_is_absent",
        "a sentinel claims to watch a daemon whose heartbeat it can't read",
        Edit(
            "quoter/service/sentinel/heartbeat_monitor.py",
            "            and is_there\n",
            "            and False\n",
        ),
        tests=(
            "tests/unit/service/sentinel/test_heartbeat_monitor.py",
            "tests/unit/service/sentinel/test_process.py",
        ),
    ),
    mutant(
        "dead_man_task_ends_early",
        "a clean stop with a slow venue crashes: the switch's task ends before the run",
        Edit(
            "quoter/service/external_stops/dead_man.py",
            "        await asyncio.Event().wait()",
            "        return",
        ),
        tests=("tests/unit/service/external_stops/test_external_stops.py",),
    ),
    mutant(
        "dead_man_failures_ignored",
        "refreshes fail and nothing pauses before the switch fires",
        Edit(
            "quoter/service/external_stops/dead_man.py",
            "        if not text and self._failures >= FAILURES_MAX:\n",
            "        if not text and self._failures > 10 * FAILURES_MAX:\n",
        ),
        tests=("tests/unit/service/external_stops/test_dead_man.py", DEAD_MAN_TESTS),
    ),
    mutant(
        "sentinel_ends_at_half_a_list",
        "a list that lacks a market in which the daemon trades ends the sentinel",
        Edit(
            "quoter/service/sentinel/process.py",
            " and not (has_run or self._has_known_orders)",
            "",
        ),
        tests=("tests/unit/service/sentinel/test_process.py",),
    ),
    mutant(
        "start_believes_one_list",
        "a start ends at the first list of markets that lacks ours",
        Edit(
            "quoter/app/startup.py",
            "is_down or isinstance(error, MarketUnlisted)",
            "is_down",
        ),
        tests=("tests/integration/test_daemon_answers.py",),
    ),
)
