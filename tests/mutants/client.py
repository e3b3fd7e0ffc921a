"""Bugs in what the command line takes for a daemon's word."""

from tests.mutants.mutant import Edit, mutant

CALL, CLIENT, VERBS = (
    f"quoter/cli/{name}.py" for name in ("daemon_client", "control_client", "control")
)
TEST_CALL, TEST_CLIENT, TEST_VERBS = (
    f"tests/unit/cli/test_{name}.py" for name in ("daemon_client", "control_client", "control")
)

MUTANTS = (
    mutant(
        "any_answer_is_done",
        "a kill that nobody did exits with 0",
        Edit(CLIENT, '    if reply.body.get("result") != DONE:\n', "    if False:\n"),
        Edit(
            CLIENT,
            '    if state not in STATES or (verb == "kill" and state != "KILLED"):\n',
            "    if False:\n",
        ),
        tests=(TEST_CLIENT,),
    ),
    mutant(
        "kill_done_is_not_killed",
        "a daemon that goes on trading is told to be killed",
        Edit(CLIENT, ' or (verb == "kill" and state != "KILLED"):\n', ":\n"),
        tests=(TEST_CLIENT,),
    ),
    mutant(
        "silence_is_no",
        "what a frozen daemon does when it wakes up was said not to be done",
        Edit(CLIENT, "        if error.is_sent and body is not None:\n", "        if False:\n"),
        tests=(TEST_CLIENT,),
    ),
    mutant(
        "time_of_each_byte",
        "who drips a byte now and then holds a verb for ever",
        Edit(CALL, "    return outcome.result(timeout=seconds)\n", "    return outcome.result()\n"),
        tests=(TEST_CALL,),
    ),
    mutant(
        "terminal_obeys",
        "a stranger's answer commands the terminal",
        Edit(CALL, "            return clean(value)\n", "            return value\n"),
        tests=(TEST_CALL,),
    ),
    mutant(
        "resume_unseen",
        "a resume lifts what came after its caller had looked",
        Edit(
            VERBS,
            '    body = {"reason": reason or "quoter resume", "seen": seen}\n',
            '    body = {"reason": reason or "quoter resume"}\n',
        ),
        tests=(TEST_VERBS,),
    ),
)
