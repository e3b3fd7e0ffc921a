"""The way from a kill to a shut gate and a latch on disk, and back: outside the engine's queues."""

from dataclasses import replace
from decimal import Decimal
from typing import NamedTuple

import structlog

from quoter.domain.events import Alarm, Event, OperatorCommand
from quoter.domain.reasons import OperatorAction
from quoter.domain.step import StateChange, Step
from quoter.domain.trading import Cause, TradingState
from quoter.engine.commands.operator import REARM_REFUSED
from quoter.risk.kill_switch import SEVERITY, is_kill
from quoter.service.clock import Clock
from quoter.service.data_folder import KILL_REQUEST, REARM_REQUEST, DataFolder, Request
from quoter.service.killswitch.latch import Latch, LatchRecord, renewed
from quoter.service.killswitch.latch_writer import LatchWriter
from quoter.service.killswitch.rearm_answers import RearmAnswers
from quoter.service.killswitch.rearm_files import RearmRequest
from quoter.telemetry.redaction import Redactor
from quoter.venues.ports import Emit, OrderGateway

log = structlog.get_logger()

OVERTAKEN = "another kill has come meanwhile"
REARM_PATIENCE_NS = 30_000_000_000  # a re-arm by file is asked for again until the books are clean
REARM_AGAIN_NS = 1_000_000_000
SIGNAL_AFTER_NS = 1_000_000_000  # `quoter kill` signals at once when it has left its file


class _Wish(NamedTuple):
    """A re-arm by file that waits for its conditions."""

    event: OperatorCommand
    kill_id: str
    until_ns: int
    next_ns: int


class KillSwitchController:
    """Shuts and opens the gate, keeps the latch. `gateway` is None in a dry run, `folder` too.

    The gate is open while the state allows orders, nobody has asked for a kill or for the end, and
    the disk holds no latch.
    """

    def __init__(
        self,
        *,
        gateway: OrderGateway | None,
        folder: DataFolder | None,
        latched: LatchRecord | None,
        post: Emit,
        clock: Clock,
    ) -> None:
        self._gateway = gateway
        self._folder = folder
        self._redactor = folder.redactor if folder is not None else Redactor()
        self.latched = latched  # the kill in force; the disk follows
        # The kill that the engine hears of from us, because it was latched before.
        self._told = (latched.cause, latched.text) if latched is not None else None
        self._keeper: LatchWriter | None = None
        if folder is not None:
            self._keeper = LatchWriter(Latch(folder.path), latched, on_settled=self._settled)
        self._obeyed: Request | None = None  # a KILL file that waits for the latch
        self._signal_until_ns = 0  # so long a signal may be that of a KILL file we found first
        self._wish: _Wish | None = None
        self._answers = RearmAnswers(folder.path if folder is not None else None)
        self._hand_on = post
        self._clock = clock
        self._state = TradingState.PAUSED
        self._kills = 0  # on their way to the engine
        self._is_ending = False

    def kill_id(self) -> str | None:
        """What a re-arm must name; None if nothing is latched."""
        return self.latched.kill_id if self.latched is not None else None

    def operate(self, action: OperatorAction, actor: str, text: str) -> None:
        """Hand a wish to the engine."""
        now_ns = self._clock.now_ns()
        self.post(OperatorCommand(ts_ns=now_ns, action=action, actor=actor, text=text))

    def post(self, event: Event) -> None:
        """The only way to the engine: a kill shuts the gate now, whatever is heard before it."""
        if is_kill(event):
            self._kills += 1
            self._give_up(OVERTAKEN)
            self._follow()
        self._hand_on(event)

    def shut(self, actor: str, text: str) -> OperatorCommand:
        """Shut the gate this instant and latch; the kill that the engine must hear of at once.

        Killed already: a new kill id, for who is about to re-arm has not seen this one.
        """
        self._latch(Cause.OPERATOR_KILL, f"{actor}: {text}")
        return self._operator_kill(actor, text)

    def _operator_kill(self, actor: str, text: str) -> OperatorCommand:
        action, now_ns = OperatorAction.KILL, self._clock.now_ns()
        return OperatorCommand(ts_ns=now_ns, action=action, actor=actor, text=text)

    def kill(self, actor: str, text: str) -> None:
        """Shut the gate this instant, then let the engine hear of it."""
        self.post(self.shut(actor, text))

    def kill_by_signal(self) -> None:
        """SIGUSR1: alone, or beside the file of a `quoter kill`, which is one kill and not two."""
        if self._kill_by_file("signal"):
            return
        is_known = self.latched is not None and self._clock.now_ns() <= self._signal_until_ns
        self._signal_until_ns = 0
        if is_known:
            self.post(self._operator_kill("signal", "of the KILL file"))
        else:
            self.kill("signal", "SIGUSR1")

    def _kill_by_file(self, actor: str) -> bool:
        """Obey a new KILL file; it stays until the latch is on the disk, should we die before."""
        request = self._folder.request(KILL_REQUEST) if self._folder is not None else None
        if request is None or request == self._obeyed:
            return False
        self._obeyed = request
        self.kill(actor, request.text or "KILL file")
        return True

    def end(self, actor: str, text: str) -> None:
        """The process ends: the gate stays shut from now on, whatever the state."""
        self._is_ending = True
        self._follow()
        self.operate(OperatorAction.DRAIN, actor, text)

    def rearming(
        self, kill_id: str, actor: str, text: str, *, accept_inventory: Decimal | None = None
    ) -> OperatorCommand | None:
        """The wish to end the kill that `kill_id` names; None if it is not that one."""
        if self.latched is None or self._kills or kill_id != self.latched.kill_id:
            log.warning("rearm_refused", given=kill_id, actor=actor)
            return None
        return OperatorCommand(
            ts_ns=self._clock.now_ns(),
            action=OperatorAction.REARM,
            actor=actor,
            text=f"{kill_id}: {text}",
            accept_inventory=accept_inventory,
        )

    def refusal(self, event: Event) -> str:
        """Why the engine must not hear this: a re-arm that a newer kill has overtaken. Or empty.

        Asked of everything that was posted, right before its turn.
        """
        if is_kill(event):
            self._kills = max(0, self._kills - 1)  # from here on the state says it
        if not isinstance(event, OperatorCommand) or event.action is not OperatorAction.REARM:
            return ""
        is_meant = not self._kills and event.text.partition(":")[0] == self.kill_id()
        return "" if is_meant else OVERTAKEN

    def changed(self, change: StateChange) -> None:
        """Follow the engine. Never waits: cancels leave beside the latch, not behind it."""
        self._state = change.after
        if self._gateway is not None:
            self._gateway.set_reduce_only(is_on=change.after is TradingState.REDUCE_ONLY)
        self._follow()
        for cause, text in change.raised:
            is_known = self.latched is not None and (
                cause is Cause.OPERATOR_KILL or (cause, text) == self._told
            )
            if SEVERITY[cause].state is TradingState.KILLED and not is_known:
                self._latch(cause, text)
        if change.before is TradingState.KILLED and change.after is not TradingState.KILLED:
            self._wish = self._told = None
            self._keep(None)

    def _latch(self, cause: Cause, text: str) -> None:
        """Every kill has an id that nobody has seen before, on top of another one too."""
        text = self._redactor.known(text)
        self._keep(renewed(self.latched, cause, text, self._clock.now_ns()))

    def _keep(self, record: LatchRecord | None) -> None:
        self.latched = record
        if self._keeper is not None:
            self._keeper.keep(record)
        self._follow()

    def _settled(self) -> None:
        """The disk says what was decided: the KILL file that led to it has had its day."""
        folder, request = self._folder, self._obeyed
        if folder is not None and request is not None and folder.drop(KILL_REQUEST, request):
            self._obeyed = None
        self._follow()

    def _follow(self) -> None:
        """Bring the gate to what everything together allows."""
        if self._gateway is None:
            return
        is_kept = self._keeper is not None and not self._keeper.is_clear
        is_latched = self.latched is not None or is_kept
        is_stopped = self._state >= TradingState.PAUSED or self._kills > 0
        if is_stopped or is_latched or self._is_ending:
            self._gateway.close_gate()
        else:
            self._gateway.open_gate()

    def look(self) -> None:
        """Kill and re-arm by file: they need no token, no network and no HTTP server."""
        if self._folder is None:
            return
        if self._kill_by_file("file"):
            self._signal_until_ns = self._clock.now_ns() + SIGNAL_AFTER_NS
        wanted = self._folder.take_request(REARM_REQUEST)
        if wanted is not None:
            self._wish_for(wanted)
        if self._wish is not None:
            self._ask_again(self._wish)
        self._adopt_latch()

    def _adopt_latch(self) -> None:
        """A kill that another process latched: the sentinel, which took us for dead."""
        if self._keeper is None or self.latched is not None:
            return
        record = self._keeper.found()
        if record is None:
            return
        text = f"{record.text} (latched by another process as {record.cause})"
        self.latched, self._told = record, (Cause.SENTINEL_KILL, text)
        now_ns = self._clock.now_ns()
        self.post(Alarm(ts_ns=now_ns, cause=Cause.SENTINEL_KILL, active=True, text=text))

    def _wish_for(self, wanted: str) -> None:
        """A request that was left in the folder."""
        try:
            request = RearmRequest.parse(wanted)
        except ValueError:
            log.warning("rearm_refused", given=wanted, actor="file")
            return
        event = self.rearming(
            request.kill_id, "file", request.reason, accept_inventory=request.accept_inventory
        )
        self._answers.begin()
        if event is None:
            self._answers.give_up(request.kill_id, "that is not the id of the kill in force")
        else:
            until_ns = event.ts_ns + REARM_PATIENCE_NS
            self._wish = _Wish(event, request.kill_id, until_ns, event.ts_ns)

    def _ask_again(self, wish: _Wish) -> None:
        now_ns = self._clock.now_ns()
        if self.kill_id() != wish.kill_id:
            self._give_up(OVERTAKEN)
        elif now_ns > wish.until_ns:
            self._give_up(f"not within {REARM_PATIENCE_NS / 1e9:g} s")
        elif now_ns >= wish.next_ns:
            self._wish = wish._replace(next_ns=now_ns + REARM_AGAIN_NS)
            self.post(replace(wish.event, ts_ns=now_ns))

    def _give_up(self, why: str) -> None:
        """A re-arm by file, if one is under way, is not tried again; who left it is told."""
        if self._wish is not None:
            self._answers.give_up(self._wish.kill_id, why)
            self._wish = None

    def answered(self, step: Step) -> None:
        """What the engine says to a re-arm by file goes to who left the file."""
        wish, event = self._wish, step.event
        if wish is None or not isinstance(event, OperatorCommand) or event.text != wish.event.text:
            return
        for what, detail in step.anomalies:
            if what == REARM_REFUSED:
                self._answers.not_yet(wish.kill_id, detail)

    @property
    def has_disk(self) -> bool:
        """Is there a latch to keep?"""
        return self._keeper is not None

    def is_unwritten(self) -> bool:
        """Is there a kill that the disk does not have? A restart would forget it."""
        return self._keeper is not None and self._keeper.is_unwritten

    async def written(self, seconds: float) -> bool:
        """Wait for the disk to have the latch; False if it has not within so many seconds."""
        return self._keeper is None or await self._keeper.written(seconds)

    async def run(self) -> None:
        """Write the latch, until cancelled; only if `has_disk`."""
        if self._keeper is not None:
            await self._keeper.run()

    async def settle(self) -> None:
        """The end: wait until the latch is on the disk, bounded in time."""
        self._is_ending = True
        if self._keeper is not None:
            await self._keeper.settle()
