"""Bugs in what looks after the process itself: tasks, loop, clocks, memory."""

from tests.mutants.mutant import Edit, mutant

TASKS, WATCH = "quoter/venues/supervised_tasks.py", "quoter/service/health/clock_skew.py"
UNIT = "tests/unit/service"
TASK_TESTS = ("tests/unit/venues/test_supervised_tasks.py",)
DEAF = "test_an_engine_that_hears_no_clock_sends_no_order_and_is_not_healthy"

MUTANTS = (
    mutant(
        "task_returns_unnoticed",
        "a task that should run for ever returns, and the rest goes on without it",
        Edit(TASKS, '    raise TaskEnded(name, "returned")\n', ""),
        tests=TASK_TESTS,
    ),
    mutant(
        "task_cancelled_from_inside_unnoticed",
        "a library cancels what a task waits for, and the task is gone without a word",
        Edit(
            TASKS,
            "        if task is not None and task.cancelling():\n            raise\n",
            "        raise\n",
        ),
        tests=TASK_TESTS,
    ),
    mutant(
        "sends_right_after_a_hang",
        "a create leaves before the engine has heard how late it is",
        Edit(
            "quoter/venues/egress/gate.py",
            "        if not silent_ns <= PULSE_NS_MAX:\n",
            "        if False:\n",
        ),
        tests=("tests/unit/venues/egress/test_gate.py",),
    ),
    mutant(
        "gate_hears_no_pulse",
        "nobody tells the last inch which tick the engine has handled",
        Edit(
            "quoter/service/health/process_health.py",
            "        if self._gateway is not None:\n"
            "            self._gateway.engine_heartbeat(ts_ns)\n",
            "",
        ),
        tests=(f"tests/integration/test_daemon_health.py::{DEAF}",),
    ),
    mutant(
        "every_look_is_a_new_hang",
        "one hang fills the disk with its stacks",
        Edit(
            "quoter/service/health/hang_detector.py",
            "        if not self._is_hung or was_hung:\n",
            "        if not self._is_hung:\n",
        ),
        tests=("tests/unit/service/health/test_hang_detector.py",),
    ),
    mutant(
        "clock_trusted_at_once",
        "one good look at the venue's clock ends the doubt",
        Edit(WATCH, "        if text or self._good == GOOD_ROUNDS:\n", "        if True:\n"),
        tests=("tests/unit/service/health/test_clock_skew.py",),
    ),
    mutant(
        "clock_by_the_slowest_answer",
        "the least certain sample of a round counts",
        Edit(
            WATCH,
            "sample.round_trip_ns < best.round_trip_ns",
            "sample.round_trip_ns > best.round_trip_ns",
        ),
        tests=("tests/unit/service/health/test_clock_skew.py",),
    ),
    mutant(
        "moved_clock_hidden_by_the_venues",
        "what the venue's clock says hides that ours was moved",
        Edit(
            "quoter/service/health/loop_monitor.py",
            "        text = self._clock.moved() or self._venue_clock\n",
            "        text = self._venue_clock\n",
        ),
        tests=("tests/unit/service/health/test_loop_monitor.py",),
    ),
    mutant(
        "recycled_for_ever",
        "a bound below what every run needs restarts us again and again",
        Edit(
            "quoter/service/health/resources.py",
            "        if now_ns - self._start_ns < YOUNG_NS:\n",
            "        if False:\n",
        ),
        tests=("tests/unit/service/health/test_resources.py",),
    ),
)
