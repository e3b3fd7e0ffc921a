"""Bugs in who may control a running daemon, how far, and what clears a kill."""

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
        "token_comparison_leaks_time",
        "the time of a comparison shows how much of a token is right",
        Edit(
            TOKENS,
            "            if hmac.compare_digest(digest, known):\n",
            "            if digest == known:\n",
        ),
        tests=(AUTH,),
    ),
    mutant(
        "refusal_without_reason",
        "a refused request of a known caller is logged without its reason",
        Edit(
            API,
            "actor=str(caller), reason=reason)",
            "actor=str(caller))",
        ),
        tests=(CONTROL,),
    ),
    mutant(
        "role_not_checked",
        "any token may send any command",
        Edit(API, "        if caller.role < role:\n", "        if False:\n"),
        tests=(AUTH,),
    ),
    mutant(
        "browser_requests_accepted",
        "a web page in an operator's browser may send a request",
        Edit(
            API,
            "        if any(name in request.headers for name in ORIGIN_HEADERS):\n",
            "        if False:\n",
        ),
        tests=(AUTH,),
    ),
    mutant(
        "wrong_tokens_not_counted",
        "wrong tokens are not counted, so guessing is never locked out",
        Edit(API, "            self._lock_out.failed(now_ns)\n", ""),
        tests=(AUTH,),
    ),
    mutant(
        "kill_locked_out",
        "the lockout after wrong tokens also blocks an authorised kill",
        Edit(
            API,
            "            if caller is None or request.path != KILL_PATH:\n",
            "            if True:\n",
        ),
        tests=(AUTH,),
    ),
    mutant(
        "kill_waits_for_the_engine",
        "a kill shuts the egress gate only when the engine handles it",
        Edit(
            STOPS,
            "        self.kills_seen += 1\n        self._update_gate()\n",
            "        self.kills_seen += 1\n",
        ),
        Edit(
            STOPS,
            "            self._writer.keep(record)\n        self._update_gate()\n",
            "            self._writer.keep(record)\n",
        ),
        tests=("tests/unit/service/killswitch/test_controller.py", CONTROL),
    ),
    mutant(
        "stale_kill_id",
        "the id of an earlier kill re-arms after a later one",
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
        "rearm_without_reconciliation",
        "a kill is cleared without a clean reconciliation since it was raised",
        Edit(
            REARMING,
            "        if not self._reconcile.is_clean_since(self._killed_ns):\n",
            "        if False:\n",
        ),
        tests=("tests/unit/engine/commands/test_rearming.py",),
    ),
    mutant(
        "rearm_above_inventory_limit",
        "any accepted amount allows a re-arm with an inventory above the limit",
        Edit(
            REARMING,
            "command.accept_inventory != held:\n",
            "command.accept_inventory is None:\n",
        ),
        tests=("tests/unit/engine/commands/test_rearming.py",),
    ),
    mutant(
        "rearm_while_a_kill_cause_holds",
        "a re-arm succeeds while the loss is above its limit or a foreign order is open",
        Edit(REARMING, "        if text := self._remaining_kill():\n", "        if text := '':\n"),
        tests=("tests/unit/engine/commands/test_rearming.py",),
    ),
    mutant(
        "flatten_continues_after_a_kill",
        "a flatten that was requested before a kill continues after the re-arm",
        Edit("quoter/engine/commands/controls.py", "            self._handler.killed(step)\n", ""),
        tests=("tests/unit/engine/commands/test_rearming.py",),
    ),
    mutant(
        "kill_answered_from_the_cache",
        "a kill with a reused idempotency key is answered from the cache and not executed",
        Edit(
            API,
            "        if name == OperatorAction.KILL:\n",
            "        if False:\n",
        ),
        tests=(CONTROL,),
    ),
    mutant(
        "live_parameter_step_unbounded",
        "one change moves a live parameter to the end of its range",
        Edit("quoter/settings/live_bounds.py", "STEP_MAX = 2.0 ", "STEP_MAX = 1e9 "),
        tests=("tests/unit/settings/test_live_bounds.py",),
    ),
    mutant(
        "live_parameter_changes_not_spaced",
        "changes of live parameters may follow each other at once",
        Edit(
            "quoter/service/control_api/live_params.py",
            "        if now_ns < self._next_ns:\n",
            "        if False:\n",
        ),
        tests=(CONTROL,),
    ),
    mutant(
        "references_solved_again",
        "a live change of gamma solves the references again, which changes gamma's meaning",
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
        "a repeated request with the same idempotency key is executed again",
        Edit(
            "quoter/service/control_api/idempotency.py",
            "        while (kept := self._kept.get(key)) is not None:\n",
            "        while (kept := None) is not None:\n",
        ),
        tests=(CONTROL,),
    ),
)
