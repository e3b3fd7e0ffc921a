"""Bugs in what the daemon takes from, and tells, the world around it: log, connections, files."""

from tests.mutants.mutant import Edit, mutant

LOG_QUEUE = "quoter/telemetry/log_queue.py"
LOG_TESTS = ("tests/unit/telemetry/test_log_queue.py",)

MUTANTS = (
    mutant(
        "log_without_bound",
        "a log that nobody reads fills the memory",
        Edit(
            LOG_QUEUE,
            "        if self._lines.qsize() >= (RESUME_LINES if self._gap else LINES_MAX):\n",
            "        if False:\n",
        ),
        tests=LOG_TESTS,
    ),
    mutant(
        "log_loses_the_crash",
        "the process ends without what its log still had to say",
        Edit(LOG_QUEUE, "        atexit.register(self.finish)\n", ""),
        tests=LOG_TESTS,
    ),
    mutant(
        "end_waits_for_the_log",
        "a stalled reader of the log keeps a process from ending",
        Edit(LOG_QUEUE, "        thread.join(FLUSH_S_MAX)\n", "        thread.join()\n"),
        tests=LOG_TESTS,
    ),
)
