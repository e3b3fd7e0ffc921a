"""Bugs in what the daemon takes from, and tells, the world around it: log, connections, files."""

from tests.mutants.mutant import Edit, mutant

LOG_QUEUE = "quoter/telemetry/log_queue.py"
LOG_TESTS = ("tests/unit/telemetry/test_log_queue.py",)
CONNECTION_TESTS = "tests/unit/service/http/test_connections.py"

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
    mutant(
        "connections_without_bound",
        "strangers take every descriptor there is",
        Edit(
            "quoter/service/http/connections.py",
            "        if len(self._open) >= CONNECTIONS_MAX:\n",
            "        if False:\n",
        ),
        tests=(CONNECTION_TESTS,),
    ),
    mutant(
        "half_a_head_waited_for",
        "a request that never ends keeps its connection for ever",
        Edit(
            "quoter/service/http/connections.py",
            "call_later(HEAD_S_MAX, self.abort)",
            "call_later(1e9, self.abort)",
        ),
        tests=(CONNECTION_TESTS,),
    ),
    mutant(
        "full_table_kills",
        "that no file can be opened is taken for a kill file",
        Edit(
            "quoter/service/data_folder.py",
            "            if not is_there(path):\n                return None\n",
            "",
        ),
        tests=("tests/unit/service/test_data_folder.py",),
    ),
    mutant(
        "hang_up_lost",
        "a SIGHUP that comes while the settings are read is forgotten",
        Edit(
            "quoter/app/live_control.py",
            "            self._is_asked = False\n            try:\n",
            "            try:\n",
        ),
        Edit(
            "quoter/app/live_control.py",
            "                await self.reload()\n",
            "                await self.reload()\n                self._is_asked = False\n",
        ),
        tests=("tests/unit/app/test_live_control.py",),
    ),
    mutant(
        "metrics_rendered_for_everybody",
        "whoever asks for metrics all the time holds up the loop",
        Edit(
            "quoter/service/http/server.py",
            "        if now_s >= self._metrics_until_s:\n",
            "        if True:\n",
        ),
        tests=("tests/unit/service/http/test_server.py",),
    ),
    mutant(
        "host_cut_at_its_port",
        "a web page whose name begins like ours may read us",
        Edit(
            "quoter/service/http/server.py",
            "    found = HOST.fullmatch(header.lower())\n",
            "    found = HOST.match(header.lower())\n",
        ),
        tests=("tests/unit/service/http/test_server.py",),
    ),
    mutant(
        "repetition_untold",
        "a request with a key that was used before is answered from memory, and nobody knows",
        Edit(
            "quoter/service/control_api/routes.py",
            "        return reply if mine else self._repeated(call, reply)\n",
            "        return reply\n",
        ),
        tests=("tests/unit/service/control_api/test_routes.py",),
    ),
)
