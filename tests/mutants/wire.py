"""Bugs on the way to the venue: what a kill waits for, what our own pace lets through."""

from tests.mutants.mutant import Edit, mutant

OUTBOX = "quoter/service/outbox.py"
OUTBOX_TESTS = "tests/unit/service/test_outbox.py"

MUTANTS = (
    mutant(
        "kill_behind_hung_cancels",
        "a kill's cancels wait until those that hang run into their time limit",
        Edit(
            OUTBOX,
            "self._put(self._kills if is_kill else self._cancels, command)",
            "self._put(self._cancels, command)",
        ),
        tests=(OUTBOX_TESTS,),
    ),
    mutant(
        "cancel_all_behind_hung_kills",
        "cancels of a kill that hang hold up the question what is left",
        Edit(
            OUTBOX,
            "                        self._put(self._all, command)\n",
            "                        self._put(self._kills, command)\n",
        ),
        tests=(OUTBOX_TESTS,),
    ),
    mutant(
        "cancels_left_behind_by_a_kill",
        "what waits behind hung cancels stays there when everything must go",
        Edit(OUTBOX, "                    self._hurry_cancels()\n", ""),
        tests=(OUTBOX_TESTS,),
    ),
)
