"""Bugs in who may steer a running daemon, how far, and what lifts a kill."""

from tests.mutants.mutant import Edit, mutant

SERVICE = "tests/unit/service"
AUTH, CONTROL = (
    "tests/unit/service/control_api/test_routes_auth.py",
    "tests/unit/service/control_api/test_routes.py",
)
TOKENS, STOPS = "quoter/service/control_api/auth.py", "quoter/service/killswitch/controller.py"
REARMING, API = "quoter/engine/commands/rearming.py", "quoter/service/control_api/routes.py"

MUTANTS = (
    mutant(
        "token_compared_with_a_clock",
        "the time that a comparison takes tells how much of a token is right",
        Edit(
            TOKENS,
            "            if hmac.compare_digest(digest, known):\n",
            "            if digest == known:\n",
        ),
        tests=(AUTH,),
    ),
    mutant(
        "role_not_asked",
        "any token may do everything",
        Edit(API, "        if caller.role < role:\n", "        if False:\n"),
        tests=(AUTH,),
    ),
    mutant(
        "browser_let_in",
        "a page in somebody's browser may send a request",
        Edit(
            API,
            "        if any(name in request.headers for name in ORIGIN_HEADERS):\n",
            "        if False:\n",
        ),
        tests=(AUTH,),
    ),
    mutant(
        "guessing_for_free",
        "wrong tokens are not counted",
        Edit(API, "            self._lock.failed(now_ns)\n", ""),
        tests=(AUTH,),
    ),
    mutant(
        "kill_locked_out",
        "whoever guesses tokens keeps everybody from killing",
        Edit(
            API,
            "            if caller is None or request.path != KILL_PATH:\n",
            "            if True:\n",
        ),
        tests=(AUTH,),
    ),
    mutant(
        "kill_waits_for_the_engine",
        "a kill shuts the gate only when the engine comes to it",
        Edit(
            STOPS,
            "            self._give_up(OVERTAKEN)\n            self._follow()\n",
            "            self._give_up(OVERTAKEN)\n",
        ),
        Edit(
            STOPS,
            "            self._keeper.keep(record)\n        self._follow()\n",
            "            self._keeper.keep(record)\n",
        ),
        tests=("tests/unit/service/killswitch/test_controller.py", CONTROL),
    ),
    mutant(
        "stale_kill_id",
        "the id of an earlier kill lifts a later one",
        Edit(
            STOPS,
            "        self._keep(renewed(self.latched, cause, text, self._clock.now_ns()))\n",
            "        self._keep(\n"
            "            self.latched or renewed(None, cause, text, self._clock.now_ns())\n"
            "        )\n",
        ),
        tests=(CONTROL,),
    ),
    mutant(
        "rearm_unreconciled",
        "a kill is lifted though nobody has looked at the venue since",
        Edit(
            REARMING,
            "        if not self._reconcile.is_clean_since(self._killed_ns):\n",
            "        if False:\n",
        ),
        tests=("tests/unit/engine/commands/test_rearming.py",),
    ),
    mutant(
        "rearm_past_the_limit",
        "any amount accepts an inventory past the limit",
        Edit(
            REARMING,
            "event.accept_inventory != held:\n",
            "event.accept_inventory is None:\n",
        ),
        tests=("tests/unit/engine/commands/test_rearming.py",),
    ),
    mutant(
        "rearm_into_the_next_kill",
        "a kill is lifted while the loss is past its limit or a foreign order is open",
        Edit(REARMING, "        return self._standing()\n", '        return ""\n'),
        tests=("tests/unit/engine/commands/test_rearming.py",),
    ),
    mutant(
        "flatten_outlives_a_kill",
        "after a re-arm the selling goes on that was asked for before the kill",
        Edit(
            "quoter/engine/commands/controls.py", "            self._operators.killed(step)\n", ""
        ),
        tests=("tests/unit/engine/commands/test_rearming.py",),
    ),
    mutant(
        "kill_from_memory",
        "a kill with a key that was used before is answered and not done",
        Edit(
            API,
            "        if verb is not None and verb.action is OperatorAction.KILL:\n",
            "        if False:\n",
        ),
        tests=(CONTROL,),
    ),
    mutant(
        "knob_leaps",
        "one change turns a knob as far as its bounds",
        Edit("quoter/settings/live_bounds.py", "STEP_MAX = 2.0 ", "STEP_MAX = 1e9 "),
        tests=("tests/unit/settings/test_live_bounds.py",),
    ),
    mutant(
        "knobs_turned_all_the_time",
        "changes follow each other at once",
        Edit(
            "quoter/service/control_api/live_params.py",
            "        if now_ns < self._next_ns:\n",
            "        if False:\n",
        ),
        tests=(CONTROL,),
    ),
    mutant(
        "references_thaw",
        "turning gamma solves its references anew, so that it means something else",
        Edit(
            "quoter/engine/quoting/calibration.py",
            "            self.gamma_lot = self._gamma(self.references, gamma)\n",
            "            self.references = References(\n"
            "                sigma=2 * self.references.sigma,\n"
            "                kappa=self.references.kappa,\n"
            "                intensity=self.references.intensity,\n"
            "            )\n"
            "            self.gamma_lot = self._gamma(self.references, gamma)\n",
        ),
        tests=("tests/unit/engine/commands/test_live_params.py",),
    ),
    mutant(
        "done_twice",
        "a request that is sent again is done again",
        Edit(
            "quoter/service/control_api/idempotency.py",
            "        while (kept := self._kept.get(key)) is not None:\n",
            "        while (kept := None) is not None:\n",
        ),
        tests=(CONTROL,),
    ),
)
