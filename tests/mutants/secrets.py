"""Bugs in what protects the key: allowed hosts, redaction, code integrity, permissions."""

from tests.mutants.mutant import Edit, mutant

GATE = "quoter/venues/egress/gate.py"
LOGS, INTEGRITY = "quoter/telemetry/logs.py", "quoter/venues/egress/code_integrity.py"
CANARY = "tests/integration/test_canary.py"
HOSTS = "tests/integration/test_venues_hosts.py"

WIRE = (
    mutant(
        "foreign_host_accepted",
        "a URL of another environment is requested",
        Edit(
            GATE,
            "        if parts.hostname not in self._hosts and parts.netloc not in self._hosts:\n",
            "        if False:\n",
        ),
        tests=("tests/unit/venues/egress/test_gate.py", HOSTS),
    ),
    mutant(
        "header_of_the_demo_not_checked",
        "a request without the header of the demo leaves for a host that serves real money too",
        Edit(GATE, "        self._gate.check_headers(str(req.url), req.headers)\n", ""),
        tests=(f"{HOSTS}::test_request_without_the_header_of_the_demo_sends_nothing",),
    ),
    mutant(
        "header_of_the_demo_of_any_value",
        "any value of the header passes for the demo account",
        Edit(GATE, "headers.get(needed.name) != needed.value", "needed.name not in headers"),
        tests=("tests/unit/venues/egress/test_gate.py",),
    ),
    mutant(
        "breach_not_reported",
        "a request to a foreign host is denied without an alarm",
        Edit(
            "quoter/venues/ccxt/gateway.py",
            "        self._client.gate.report_breaches(wire_mismatch_alarm(emit, self._now_ns))\n",
            "",
        ),
        tests=(f"{HOSTS}::test_gateway_reports_breaches_to_the_engine",),
    ),
    mutant(
        "breach_leaves_the_gate_open",
        "creates go on leaving until the engine has handled a breach",
        Edit(
            GATE,
            "        self.is_open = False\n        if self._on_breach",
            "        if self._on_breach",
        ),
        tests=("tests/unit/venues/egress/test_gate.py",),
    ),
    mutant(
        "key_without_tls",
        "a signed request to a real venue may be sent without TLS",
        Edit(
            GATE,
            "        if parts.scheme not in self._schemes and parts.hostname not in LOOPBACK:\n",
            "        if False:\n",
        ),
        tests=("tests/unit/venues/egress/test_gate.py",),
    ),
)

SINKS = (
    mutant(
        "log_lines_unredacted",
        "log lines are not searched for secrets",
        Edit(LOGS, "            _redact(redactor),\n", ""),
        Edit(LOGS, "        return redactor.known(str(line))\n", "        return str(line)\n"),
        tests=(f"{CANARY}::test_no_crash_reveals_a_secret",),
    ),
    mutant(
        "thread_crash_bypasses_the_log",
        "an exception in a thread is printed by Python's own hook",
        Edit(LOGS, "    threading.excepthook = _log_thread_crash\n", ""),
        tests=(f"{CANARY}::test_no_crash_reveals_a_secret",),
    ),
    mutant(
        "venue_errors_unredacted",
        "error texts of the venue keep secrets, and the latch file with them",
        Edit(
            "quoter/venues/redaction.py",
            "        for form in secret_spellings(secret):\n",
            "        for form in ():\n",
        ),
        tests=(f"{CANARY}::test_no_error_path_reveals_a_secret",),
    ),
    mutant(
        "cut_before_redaction",
        "a long line is cut before redaction, which leaves half a secret at its end",
        Edit(
            "quoter/telemetry/redaction.py",
            "clean(self.known(value[:SCAN_CHARS_MAX]))",
            "clean(value)",
        ),
        tests=("tests/unit/telemetry/test_redaction.py",),
    ),
    mutant(
        "venue_ids_not_cleaned",
        "an id with control characters reaches the ledger and the screen",
        Edit(
            "quoter/venues/json_values.py",
            "        return printable(value[:NAME_CHARS_MAX])\n",
            "        return value\n",
        ),
        tests=("tests/unit/venues/test_json_values.py",),
    ),
)

START = (
    mutant(
        "patched_method_runs",
        "a replaced method of ccxt is not noticed",
        Edit(
            INTEGRITY,
            "        and function.__code__.co_filename == sys.modules[base.__module__].__file__\n",
            "",
        ),
        tests=("tests/unit/venues/egress/test_code_integrity.py",),
    ),
    mutant(
        "changed_file_runs",
        "the files of ccxt are not compared with what was installed",
        Edit(INTEGRITY, "        _check_file(dist, module, record)\n", ""),
        tests=("tests/unit/venues/egress/test_code_integrity.py",),
    ),
    mutant(
        "record_not_anchored",
        "a changed file of ccxt passes if its recorded hash is changed too",
        Edit(INTEGRITY, "    if digest(record) != RECORD_DIGEST:\n", "    if False:\n"),
        tests=("tests/unit/venues/egress/test_code_integrity.py",),
    ),
    mutant(
        "withdraw_right_ignored",
        "a key that may withdraw money is accepted",
        Edit(
            "quoter/venues/ccxt/connect/key_permissions.py",
            "    if found.excess:\n",
            "    if False:\n",
        ),
        tests=("tests/unit/venues/ccxt/connect/test_key_permissions.py",),
    ),
    mutant(
        "key_permissions_checked_once",
        "a permission that the key gets later is not noticed",
        Edit(
            "quoter/venues/ccxt/gateway.py",
            '            spawn(tasks, "key_rights", self.key_monitor.run(emit))\n',
            "",
        ),
        tests=("tests/integration/test_venues_keys.py",),
    ),
    mutant(
        "plain_text_in_production",
        "production takes its secret from the environment",
        Edit(
            "quoter/settings/load.py",
            "    if settings.environment is Environment.PRODUCTION and uses_key:\n",
            "    if False:\n",
        ),
        tests=("tests/unit/settings/test_exposure.py",),
    ),
)

SHAPE = "quoter/settings/secret_shape.py"
SHAPE_TESTS = ("tests/unit/settings/test_secret_shape.py",)

VALUES = (
    mutant(
        "json_accepted_as_a_key",
        "a file with JSON is sent as the key",
        Edit(SHAPE, 'text[:1] in tuple("{[")', "False"),
        tests=SHAPE_TESTS,
    ),
    mutant(
        "lower_case_name_before_a_key",
        "a pasted line with a name in lower case is sent as the key",
        Edit(SHAPE, " or (field in KEYS and PAIR.match(text))", ""),
        tests=SHAPE_TESTS,
    ),
    mutant(
        "public_key_accepted",
        "a public key is sent to the venue's signature check",
        Edit(SHAPE, "    if kind in REFUSED_KINDS or ", "    if "),
        tests=SHAPE_TESTS,
    ),
    mutant(
        "line_ends_of_a_key_kept_as_text",
        "a private key in one line fails at its first signature",
        Edit(SHAPE, 'text.replace("\\\\n", "\\n").replace("\\r", "")', "text"),
        tests=SHAPE_TESTS,
    ),
    mutant(
        "invisible_character_in_a_key",
        "a key with a zero width space is sent",
        Edit(SHAPE, "not text.isprintable() or ", ""),
        Edit(SHAPE, "return text.isascii() and ", "return "),
        tests=SHAPE_TESTS,
    ),
    mutant(
        "setting_given_twice",
        "of two values in .env the last one counts silently",
        Edit(
            "quoter/settings/load.py",
            "if (first := lines.setdefault(name, binding.original.line)) != binding.original.line:",
            "if (first := 0):",
        ),
        tests=SHAPE_TESTS,
    ),
    mutant(
        "dollar_in_env_file",
        "a value with ${NAME} in .env is expanded",
        Edit(
            "quoter/settings/load.py",
            '    if "${" in value:\n        return',
            "    if False:\n        return",
        ),
        tests=SHAPE_TESTS,
    ),
)

MUTANTS = (*WIRE, *SINKS, *START, *VALUES)
