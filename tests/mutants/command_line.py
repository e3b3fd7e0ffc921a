"""Bugs in how the command line reads a daemon's answers."""

from tests.mutants.mutant import Edit, mutant

CALL, CLIENT, COMMANDS = (
    f"quoter/cli/{name}.py" for name in ("daemon_client", "control_client", "control")
)
TEST_CALL, TEST_CLIENT, TEST_COMMANDS = (
    f"tests/unit/cli/test_{name}.py" for name in ("daemon_client", "control_client", "control")
)

MUTANTS = (
    mutant(
        "any_answer_is_done",
        "any HTTP answer counts as success: a kill that was not done exits with 0",
        Edit(CLIENT, '    if reply.body.get("result") != RequestResult.DONE:\n', "    if False:\n"),
        Edit(
            CLIENT,
            '    if state not in STATES or (name == "kill" and state != "KILLED"):\n',
            "    if False:\n",
        ),
        tests=(TEST_CLIENT,),
    ),
    mutant(
        "kill_done_without_killed_state",
        "a kill is reported as done although the daemon goes on trading",
        Edit(CLIENT, ' or (name == "kill" and state != "KILLED"):\n', ":\n"),
        tests=(TEST_CLIENT,),
    ),
    mutant(
        "no_answer_means_not_done",
        "a request without an answer is reported as not done, though the daemon may still do it",
        Edit(CLIENT, "        if error.is_sent and body is not None:\n", "        if False:\n"),
        tests=(TEST_CLIENT,),
    ),
    mutant(
        "timeout_per_byte",
        "a peer that sends one byte now and then blocks a command for ever",
        Edit(CALL, "    return outcome.result(timeout=seconds)\n", "    return outcome.result()\n"),
        tests=(TEST_CALL,),
    ),
    mutant(
        "terminal_control_codes_pass",
        "control codes in another process's answer reach the terminal",
        Edit(CALL, "            return clean(value)\n", "            return value\n"),
        tests=(TEST_CALL,),
    ),
    mutant(
        "resume_without_seen_causes",
        "a resume also clears causes that were raised after the caller had looked",
        Edit(
            COMMANDS,
            '    body = {"reason": reason or "quoter resume", "seen": seen}\n',
            '    body = {"reason": reason or "quoter resume"}\n',
        ),
        tests=(TEST_COMMANDS,),
    ),
    mutant(
        "exponents_in_json",
        "small estimates in `/state` have exponents",
        Edit(
            "quoter/domain/number_text.py",
            "    return token if token.startswith('\"') else plain(Decimal(token))\n",
            "    return token\n",
        ),
        tests=("tests/unit/domain/test_number_text.py",),
    ),
    mutant(
        "names_escaped_after_the_widths",
        "a name that the output can't hold breaks the columns of `quoter ledger`",
        Edit(
            "quoter/cli/records/ledger.py",
            'clean(name).encode(encoding, "backslashreplace").decode(encoding)',
            "clean(name)",
        ),
        tests=("tests/integration/test_daemon_symbols.py",),
    ),
    mutant(
        "kill_by_a_guessed_folder",
        "a kill with an unreadable .env takes the default folder for the daemon's",
        Edit("quoter/cli/kill.py", "return DATA_DIR, False", "return DATA_DIR, True"),
        tests=("tests/unit/cli/test_kill.py",),
    ),
    mutant(
        "fault_with_a_field_of_another_kind",
        "a field that a kind of fault ignores is accepted, and the test tests nothing",
        Edit(
            "quoter/cli/sandbox_faults.py", "        if name not in known:\n", "        if False:\n"
        ),
        tests=("tests/unit/cli/test_sandbox_faults.py",),
    ),
    mutant(
        "cleared_fault_that_was_not_armed",
        "clearing a fault that does not exist counts as done",
        Edit(
            "quoter/cli/sandbox_faults.py",
            "    if fault_id is not None and not count:\n",
            "    if False:\n",
        ),
        tests=("tests/integration/test_sandbox_fault_command.py",),
    ),
    mutant(
        "log_lines_on_the_screen",
        "log lines of a dry run are written over the screen of the terminal",
        Edit(
            "quoter/app/process_hardening.py",
            "redactor=redactor, file=file)\n",
            "redactor=redactor)\n",
        ),
        tests=("tests/integration/test_daemon_dry.py",),
    ),
    mutant(
        "oldest_run_reported",
        "a report without a run id shows an old run",
        Edit("quoter/recording/files.py", "    return files[-1]\n", "    return files[0]\n"),
        tests=("tests/unit/recording/test_files.py",),
    ),
    mutant(
        "digits_of_other_scripts",
        "a setting with underscores or Arabic digits is read as a number",
        Edit(
            "quoter/settings/parse.py",
            "    if isinstance(value, str) and has_other_digits(value):\n",
            "    if False:\n",
        ),
        tests=("tests/unit/settings/test_model.py",),
    ),
    mutant(
        "unknown_exchange_without_its_setting",
        "an exchange that does not exist is reported without the setting, as a fault of the venue",
        Edit(
            "quoter/venues/ccxt/client.py",
            'raise VenueUnfit(f"ccxt.pro has',
            'raise VenueError(f"ccxt.pro has',
        ),
        tests=("tests/unit/app/test_setting_errors.py",),
    ),
)
