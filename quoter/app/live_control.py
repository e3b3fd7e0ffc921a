"""What may be changed from outside while we trade: the control API, and SIGHUP."""

import asyncio
from collections.abc import Callable
from dataclasses import asdict

import structlog

from quoter.domain.errors import BadSetting
from quoter.engine.engine import Engine
from quoter.ledger.ledger import Ledger
from quoter.ledger.rows import Operation
from quoter.service.clock import Clock
from quoter.service.control_api.auth import Role, Tokens
from quoter.service.control_api.live_params import LiveParamsService
from quoter.service.control_api.routes import Control, Desk
from quoter.service.runner import Runner
from quoter.settings import LIVE_PARAMS, Settings
from quoter.telemetry.redaction import Redactor

log = structlog.get_logger()

ROLES = {"read_token": Role.READ, "operator_token": Role.OPERATOR, "risk_token": Role.RISK}
ACTOR = "signal:SIGHUP"

type Load = Callable[[], Settings]


class LiveControl:
    """One daemon's control API, None where no token is configured, and its reloads."""

    def __init__(
        self,
        settings: Settings,
        *,
        runner: Runner,
        engine: Engine,
        clock: Clock,
        ledger: Ledger | None,
        called: Callable[[int], None],
        load: Load | None,
    ) -> None:
        """`called` counts the API's answers by status.

        `load` reads the settings anew, None where they came from nowhere that can change.
        """
        self._settings = settings
        self._clock = clock
        self._ledger = ledger
        self._load = load
        self._reloading: asyncio.Task[None] | None = None
        self._is_asked = False
        self.params = LiveParamsService(
            settings=settings,
            params=lambda: engine.controls.live_params.params,
            clock=clock,
            asks=runner.pending_replies,
        )
        self.control: Control | None = None
        tokens = {ROLES[name]: token for name, token in settings.tokens().items()}
        if tokens and ledger is not None:
            desk = Desk(
                snapshot=engine.snapshot,
                stops=runner.kill_switch,
                asks=runner.pending_replies,
                params=self.params,
                clock=clock,
                note=ledger.record_operation,
                called=called,
                redactor=Redactor(settings.secrets()),
            )
            self.control = Control(Tokens(tokens), desk)

    @property
    def can_reload(self) -> bool:
        """Is there anything to read anew?"""
        return self._load is not None

    def hang_up(self) -> None:
        """SIGHUP: read the settings anew; once more afterwards if that is under way."""
        self._is_asked = True
        if self._reloading is None or self._reloading.done():
            self._reloading = asyncio.create_task(self._obey(), name="reload")

    async def _obey(self) -> None:
        while self._is_asked:
            self._is_asked = False
            try:
                await self.reload()
            except Exception as error:  # noqa: BLE001 - whatever it is, we go on as we were
                # Its text is no line of ours: it may hold what a secret's file holds by now.
                log.error("reload_failed", mistakes=[type(error).__name__])

    async def reload(self) -> None:
        """Turn the knobs that the settings now have otherwise; name what only a restart takes in.

        Settings with a mistake anywhere change nothing. A knob that would go too far at once stays.
        """
        if self._load is None:
            return
        try:
            found = await asyncio.to_thread(self._load)
        except (BadSetting, OSError) as error:
            log.error("reload_failed", mistakes=str(error).splitlines())
            return
        self._name_refused(found)
        now: dict[str, float] = asdict(self.params.params)
        wanted = {
            name: value for name in LIVE_PARAMS if (value := getattr(found, name)) != now[name]
        }
        for name in list(wanted):
            for line in self.params.refusals({name: wanted[name]}):
                log.warning("reload_refused", setting=name, reason=line)
                wanted.pop(name, None)
        result = "nothing to change"
        if wanted:
            turned = await self.params.turn(wanted, actor=ACTOR, reason="reload")
            result = "; ".join(turned.refusals) or "done"
        log.warning("reload", changed=wanted, running={n: now[n] for n in wanted}, result=result)
        if self._ledger is not None:
            now_ns = self._clock.now_ns()
            self._ledger.record_operation(
                Operation(now_ns, ACTOR, "reload", "SIGHUP", str(wanted), result)
            )

    def _name_refused(self, found: Settings) -> None:
        """Of a secret it is told that it changed, and nothing more."""
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
