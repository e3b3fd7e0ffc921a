"""Control of a running daemon: the control API, and reloads of the settings (SIGHUP)."""

import asyncio
from collections.abc import Callable
from dataclasses import asdict

import structlog

from quoter.domain.errors import BadSetting
from quoter.engine.engine import Engine
from quoter.ledger.ledger import Ledger
from quoter.service.clock import Clock
from quoter.service.control_api.auth import Role, Tokens
from quoter.service.control_api.live_params import LiveParamsService
from quoter.service.control_api.routes import ControlApi, ControlParts
from quoter.service.operator_commands.audit import fields_text, result_of
from quoter.service.runner import Runner
from quoter.settings import LIVE_PARAMS, Settings
from quoter.telemetry.redaction import Redactor

log = structlog.get_logger()

ROLES = {"read_token": Role.READ, "operator_token": Role.OPERATOR, "risk_token": Role.RISK}
ACTOR = "signal:SIGHUP"

type Load = Callable[[], Settings]


class LiveControl:
    """Control API and reloads of one daemon.

    `control` is None if no token is configured, and in a dry run.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        runner: Runner,
        engine: Engine,
        clock: Clock,
        ledger: Ledger | None,
        count_response: Callable[[int], None],
        load: Load | None,
    ) -> None:
        """Build the control API if a token is configured.

        `count_response`: called with the HTTP status of each response. `load`: reads the settings
        again; None if this run has no reload.
        """
        self._settings = settings
        self._audit = runner.audit
        self._load = load
        self._reloading: asyncio.Task[None] | None = None
        self._is_requested = False
        self.params = LiveParamsService(
            settings=settings,
            params=lambda: engine.controls.live_params.params,
            clock=clock,
            replies=runner.pending_replies,
        )
        self.control: ControlApi | None = None
        tokens = {ROLES[name]: token for name, token in settings.tokens().items()}
        if tokens and ledger is not None:
            parts = ControlParts(
                snapshot=engine.snapshot,
                kill_switch=runner.kill_switch,
                commands=runner.commands,
                params=self.params,
                audit=runner.audit,
                clock=clock,
                count_response=count_response,
                redactor=Redactor(settings.secrets()),
            )
            self.control = ControlApi(Tokens(tokens), parts)

    @property
    def can_reload(self) -> bool:
        """Whether the settings can be read again."""
        return self._load is not None

    def request_reload(self) -> None:
        """Start a reload; if one is running, start another when it ends."""
        self._is_requested = True
        if self._reloading is None or self._reloading.done():
            self._reloading = asyncio.create_task(self._reload_while_requested(), name="reload")

    async def _reload_while_requested(self) -> None:
        while self._is_requested:
            self._is_requested = False
            try:
                await self.reload()
            except Exception as error:  # noqa: BLE001 - the daemon goes on with its present settings
                # The error's text is not logged: it may quote the new content of a secret file.
                log.error("reload_failed", mistakes=[type(error).__name__])

    async def reload(self) -> None:
        """Read the settings again and apply changed live parameters.

        Other changed settings are logged as needing a restart. A mistake in any setting leaves all
        as they are. A refused live parameter keeps its value.
        """
        if self._load is None:
            return
        try:
            found = await asyncio.to_thread(self._load)
        except (BadSetting, OSError) as error:
            log.error("reload_failed", mistakes=str(error).splitlines())
            return
        self._log_restart_settings(found)
        now: dict[str, float] = asdict(self.params.params)
        wanted = {
            name: value for name in LIVE_PARAMS if (value := getattr(found, name)) != now[name]
        }
        for name in list(wanted):
            if (refused := self.params.refusal({name: wanted[name]})) is not None:
                log.warning("reload_refused", setting=name, reason=refused.text)
                del wanted[name]
        result = "nothing to change"
        if wanted:
            result = result_of(await self.params.change(wanted, actor=ACTOR, reason="reload"))
        log.warning("reload", changed=wanted, running={n: now[n] for n in wanted}, result=result)
        self._audit.record(ACTOR, "reload", "SIGHUP", fields_text(dict(wanted)), result)

    def _log_restart_settings(self, found: Settings) -> None:
        """Log each changed setting that needs a restart, without the values of secrets."""
        running, new = self._settings.redacted(), found.redacted()
        for name in running:
            if name in LIVE_PARAMS:
                continue
            if getattr(found, name) != getattr(self._settings, name):
                log.warning(
                    "reload_refused",
                    setting=name,
                    running=running[name],
                    new=new[name],
                    reason="needs a restart",
                )
