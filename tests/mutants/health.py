"""Bugs in the supervision of the process itself: tasks, event loop, clocks, memory."""

from tests.mutants.mutant import Edit, mutant

WRITE_AHEAD = "quoter/service/write_ahead.py"
TASKS, WATCH = "quoter/venues/supervised_tasks.py", "quoter/service/health/clock_skew.py"
UNIT = "tests/unit/service"
TASK_TESTS = ("tests/unit/venues/test_supervised_tasks.py",)
ENGINE_WITHOUT_TICKS = "test_engine_without_ticks_sends_no_order_and_is_unhealthy"

MUTANTS = (
    mutant(
        "task_returns_unnoticed",
        "a task that should run for ever returns, and the daemon goes on without it",
        Edit(TASKS, '    raise TaskEnded(name, "returned")\n', ""),
        tests=TASK_TESTS,
    ),
    mutant(
        "task_cancelled_from_inside_unnoticed",
        "a library cancels what a task awaits, and the task ends unnoticed",
        Edit(
            TASKS,
            "        if task is not None and task.cancelling():\n            raise\n",
            "        raise\n",
        ),
        tests=TASK_TESTS,
    ),
    mutant(
        "create_sent_after_a_hang",
        "a create leaves before the engine has handled a tick after a hang",
        Edit(
            "quoter/venues/egress/gate.py",
            "        if not silent_ns <= ENGINE_HEARTBEAT_NS_MAX:\n",
            "        if False:\n",
        ),
        tests=("tests/unit/venues/egress/test_gate.py",),
    ),
    mutant(
        "gate_gets_no_engine_heartbeat",
        "the egress gate does not receive the time of the last handled tick",
        Edit(
            "quoter/service/health/process_health.py",
            "        if self._gateway is not None:\n"
            "            self._gateway.engine_heartbeat(ts_ns)\n",
            "",
        ),
        tests=(f"tests/integration/test_daemon_health.py::{ENGINE_WITHOUT_TICKS}",),
    ),
    mutant(
        "every_check_reports_a_hang",
        "one hang writes its stacks to the disk at every check",
        Edit(
            "quoter/service/health/hang_detector.py",
            "        if not self._is_hung or was_hung:\n",
            "        if not self._is_hung:\n",
        ),
        tests=("tests/unit/service/health/test_hang_detector.py",),
    ),
    mutant(
        "clock_cleared_by_one_sample",
        "one good sample of the venue's clock clears the cause",
        Edit(WATCH, "        if text or self._good == GOOD_ROUNDS:\n", "        if True:\n"),
        tests=("tests/unit/service/health/test_clock_skew.py",),
    ),
    mutant(
        "clock_uses_the_slowest_sample",
        "the least certain sample of a round is used",
        Edit(
            WATCH,
            "sample.round_trip_ns < best.round_trip_ns",
            "sample.round_trip_ns > best.round_trip_ns",
        ),
        tests=("tests/unit/service/health/test_clock_skew.py",),
    ),
    mutant(
        "moved_clock_hidden_by_the_venues",
        "the check of the venue's clock hides that the local clock was moved",
        Edit(
            "quoter/service/health/loop_monitor.py",
            "self._set_cause(Cause.CLOCK, self._clock.moved() or self._venue_clock)",
            "self._set_cause(Cause.CLOCK, self._venue_clock)",
        ),
        tests=("tests/unit/service/health/test_loop_monitor.py",),
    ),
    mutant(
        "slow_disk_kills",
        "a disk that is slow for a second latches a kill",
        Edit(
            WRITE_AHEAD,
            "            alarm = self._stall_alarm(str(stalled))\n",
            "            alarm = self._alarm(Cause.LEDGER_FAILED, str(stalled))\n",
        ),
        tests=("tests/unit/service/test_write_ahead.py",),
    ),
    mutant(
        "silent_disk_never_kills",
        "quoting waits for ever for a disk that holds back a fill",
        Edit(WRITE_AHEAD, "if self._stalled_s > limit_s and", "if False and"),
        tests=("tests/unit/service/test_write_ahead.py",),
    ),
    mutant(
        "late_conflict_lost",
        "a fill that differs from the ledger is accepted if the disk was slow",
        Edit(
            WRITE_AHEAD,
            "            stalled.done.add_done_callback(self._late_fill_ended)\n",
            "            stalled.done.add_done_callback(self._late_fills.discard)\n",
        ),
        tests=("tests/unit/service/test_write_ahead.py",),
    ),
    mutant(
        "lost_folder_ignored",
        "quoting continues after the data folder was moved away",
        Edit(
            "quoter/service/operator_commands/file_commands.py",
            "        if not self._is_folder_lost and self._folder.is_lost():\n",
            "        if False:\n",
        ),
        tests=("tests/unit/service/operator_commands/test_file_commands_lost_folder.py",),
    ),
    mutant(
        "calm_time_does_not_grow",
        "a machine that is slow all day changes between quoting and pausing every 10 s",
        Edit(
            "quoter/service/recovery.py",
            "min(self._doublings + 1, DOUBLINGS_MAX) if is_relapse else 0",
            "0",
        ),
        tests=("tests/unit/service/health/test_loop_monitor.py",),
    ),
    mutant(
        "restarts_for_memory_in_a_loop",
        "a memory limit below what every run needs restarts the daemon again and again",
        Edit(
            "quoter/service/health/resources.py",
            "        if now_ns - self._start_ns < MIN_RUN_NS:\n",
            "        if False:\n",
        ),
        tests=("tests/unit/service/health/test_resources.py",),
    ),
)
