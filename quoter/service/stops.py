"""The way from a kill to a shut gate and a latch on disk, and back: outside the engine's queues."""

from dataclasses import replace

import structlog

from quoter.domain.events import Event, Operator
from quoter.domain.reasons import OperatorAction
from quoter.domain.step import StateChange
from quoter.domain.trading import TradingState
from quoter.risk.kill_switch import SEVERITY
from quoter.service.clock import Clock
from quoter.service.data_folder import KILL_REQUEST, REARM_REQUEST, DataFolder
from quoter.service.latch import Latch, LatchRecord, new_record
from quoter.service.latch_keeper import LatchKeeper
from quoter.venues.ports import Emit, OrderGateway

log = structlog.get_logger()


class Stops:
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
        self.latched = latched  # the kill in force; the disk follows
        self._keeper: LatchKeeper | None = None
        if folder is not None:
            self._keeper = LatchKeeper(Latch(folder.path), latched, on_cleared=self._follow)
        self._post = post
        self._clock = clock
        self._state = TradingState.PAUSED
        self._kills_underway = 0  # asked for, not yet heard by the engine
        self._is_ending = False
        self._rearming = ""  # the kill id that was given back

    def operate(self, action: OperatorAction, actor: str, text: str) -> None:
        """Hand a wish to the engine."""
        now_ns = self._clock.now_ns()
        self._post(Operator(ts_ns=now_ns, action=action, actor=actor, text=text))

    def kill(self, actor: str, text: str) -> None:
        """Shut the gate this instant, then let the engine hear of it.

        Killed already: a new kill id, for who is about to re-arm has not seen this one.
        """
        self._kills_underway += 1
        self._follow()
        if self.latched is not None:
            self._keep(new_record(self.latched.cause, self.latched.text, self._clock.now_ns()))
        self.operate(OperatorAction.KILL, actor, text)

    def end(self, actor: str, text: str) -> None:
        """The process ends: the gate stays shut from now on, whatever the state."""
        self._is_ending = True
        self._follow()
        self.operate(OperatorAction.DRAIN, actor, text)

    def kill_by_signal(self) -> None:
        """SIGUSR1: `quoter kill` leaves its reason in the request file."""
        reason = self._folder.take_request(KILL_REQUEST) if self._folder is not None else None
        self.kill("signal", reason or "SIGUSR1")

    def rearm(self, kill_id: str, actor: str) -> bool:
        """Ask for the end of the kill that `kill_id` names; False if it is not that one."""
        is_news = self._kills_underway > 0
        if is_news or self.latched is None or kill_id != self.latched.kill_id:
            log.warning("rearm_refused", given=kill_id, actor=actor)
            return False
        self._rearming = kill_id
        self.operate(OperatorAction.REARM, actor, kill_id)
        return True

    def admits(self, event: Event) -> bool:
        """May the engine hear this? Not a re-arm that a newer kill has overtaken."""
        if not isinstance(event, Operator):
            return True
        if event.action is OperatorAction.KILL:
            self._kills_underway -= 1  # from here on the state says it
        if event.action is not OperatorAction.REARM or self.latched is None:
            return True
        is_meant = self._rearming == self.latched.kill_id
        if not is_meant:
            log.warning("rearm_refused", given=self._rearming, actor=event.actor)
        return is_meant

    def changed(self, change: StateChange) -> None:
        """Follow the engine. Never waits: cancels leave beside the latch, not behind it."""
        self._state = change.after
        self._follow()
        kills = [
            (cause, text)
            for cause, text in change.raised
            if SEVERITY[cause].state is TradingState.KILLED
        ]
        if kills:
            self._latch(new_record(*kills[0], self._clock.now_ns()))
        elif change.before is TradingState.KILLED and change.after is not TradingState.KILLED:
            self._keep(None)

    def _latch(self, record: LatchRecord) -> None:
        """Another kill on top of one keeps its story and takes a new id."""
        latched = self.latched
        if latched is None:
            self._keep(record)
        elif (latched.cause, latched.text) != (record.cause, record.text):
            self._keep(replace(latched, kill_id=record.kill_id, ts_ns=record.ts_ns))

    def _keep(self, record: LatchRecord | None) -> None:
        self.latched = record
        if self._keeper is not None:
            self._keeper.keep(record)
        else:
            self._follow()

    def _follow(self) -> None:
        """Bring the gate to what everything together allows."""
        if self._gateway is None:
            return
        is_latched = self._keeper is not None and not self._keeper.is_clear
        is_stopped = self._state >= TradingState.PAUSED or self._kills_underway > 0
        if is_stopped or is_latched or self._is_ending:
            self._gateway.shut()
        else:
            self._gateway.open_gate()

    def look(self) -> None:
        """Kill and re-arm by file: they need no token, no network and no HTTP server."""
        if self._folder is None:
            return
        text = self._folder.take_request(KILL_REQUEST)
        if text is not None:
            self.kill("file", text or "KILL file")
        kill_id = self._folder.take_request(REARM_REQUEST)
        if kill_id is not None:
            self.rearm(kill_id, "file")

    async def run(self) -> None:
        """Write the latch, until cancelled."""
        if self._keeper is not None:
            await self._keeper.run()

    async def settle(self) -> None:
        """The end: wait until the latch is on the disk, bounded in time."""
        self._is_ending = True
        if self._keeper is not None:
            await self._keeper.settle()
