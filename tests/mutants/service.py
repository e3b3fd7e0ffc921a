"""Bugs in logging, HTTP connections, files and signals of the daemon process."""

from tests.mutants.mutant import Edit, mutant

LOG_QUEUE = "quoter/telemetry/log_queue.py"
LOG_TESTS = ("tests/unit/telemetry/test_log_queue.py",)
CONNECTION_TESTS = "tests/unit/service/http/test_connections.py"

MUTANTS = (
    mutant(
        "log_queue_unbounded",
        "a log whose reader stalls fills the memory",
        Edit(
            LOG_QUEUE,
            "        if self._lines.qsize() >= (RESUME_LINES if self._gap else LINES_MAX):\n",
            "        if False:\n",
        ),
        tests=LOG_TESTS,
    ),
    mutant(
        "exit_loses_queued_log_lines",
        "the process ends without writing its queued log lines",
        Edit(LOG_QUEUE, "        atexit.register(self.finish)\n", ""),
        tests=LOG_TESTS,
    ),
    mutant(
        "exit_waits_for_the_log_reader",
        "a stalled reader of the log prevents the process from ending",
        Edit(LOG_QUEUE, "        thread.join(FLUSH_S_MAX)\n", "        thread.join()\n"),
        tests=LOG_TESTS,
    ),
    mutant(
        "connections_unbounded",
        "HTTP clients can use up all file descriptors",
        Edit(
            "quoter/service/http/connections.py",
            "        if len(self._open) >= CONNECTIONS_MAX:\n",
            "        if False:\n",
        ),
        tests=(CONNECTION_TESTS,),
    ),
    mutant(
        "incomplete_head_never_times_out",
        "a request head that never ends keeps its connection for ever",
        Edit(
            "quoter/service/http/connections.py",
            "call_later(HEAD_S_MAX, self.abort)",
            "call_later(1e9, self.abort)",
        ),
        tests=(CONNECTION_TESTS,),
    ),
    mutant(
        "idle_connection_costs_a_server_protocol",
        "each connection makes the server's protocol, also one that sends no request",
        Edit(
            "quoter/service/http/connections.py",
            "        if is_complete or len(self._held) > HEAD_BYTES_MAX:\n",
            "        if True:\n",
        ),
        tests=(CONNECTION_TESTS,),
    ),
    mutant(
        "endless_head_is_held",
        "the head of a request is kept without a limit of its length",
        Edit(
            "quoter/service/http/connections.py",
            "        if is_complete or len(self._held) > HEAD_BYTES_MAX:\n",
            "        if is_complete:\n",
        ),
        tests=(CONNECTION_TESTS,),
    ),
    mutant(
        "no_descriptors_reads_as_kill_file",
        "an error when opening the kill file counts as a kill file",
        Edit(
            "quoter/service/data_folder.py",
            "            if not may_exist(path):\n                return None\n",
            "",
        ),
        tests=("tests/unit/service/test_data_folder.py",),
    ),
    mutant(
        "sighup_lost_during_a_reload",
        "a SIGHUP that comes while the settings are read is lost",
        Edit(
            "quoter/app/live_control.py",
            "            self._is_requested = False\n            try:\n",
            "            try:\n",
        ),
        Edit(
            "quoter/app/live_control.py",
            "                await self.reload()\n",
            "                await self.reload()\n                self._is_requested = False\n",
        ),
        tests=("tests/unit/app/test_live_control.py",),
    ),
    mutant(
        "metrics_not_cached",
        "frequent requests for metrics delay the loop",
        Edit(
            "quoter/service/http/server.py",
            "        if now_s >= self._metrics_until_s:\n",
            "        if True:\n",
        ),
        tests=("tests/unit/service/http/test_server.py",),
    ),
    mutant(
        "host_header_prefix_accepted",
        "a web page whose host name begins like ours may read our pages",
        Edit(
            "quoter/service/http/server.py",
            "    found = HOST.fullmatch(header.lower())\n",
            "    found = HOST.match(header.lower())\n",
        ),
        tests=("tests/unit/service/http/test_server.py",),
    ),
    mutant(
        "repeated_request_not_audited",
        "a request that is answered from the idempotency cache leaves no audit line",
        Edit(
            "quoter/service/control_api/routes.py",
            "        return reply if is_first else self._repeated(asked, reply)\n",
            "        return reply\n",
        ),
        tests=("tests/unit/service/control_api/test_routes.py",),
    ),
)
