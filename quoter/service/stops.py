"""The way from a kill to a shut gate and a latch on disk, and back: outside the engine's queues."""

from dataclasses import replace
from decimal import Decimal, InvalidOperation
from typing import NamedTuple

import structlog

from quoter.domain.events import Alarm, Event, Operator
from quoter.domain.reasons import OperatorAction
from quoter.domain.step import StateChange
from quoter.domain.trading import Cause, TradingState
from quoter.risk.kill_switch import SEVERITY
from quoter.service.clock import Clock
from quoter.service.data_folder import KILL_REQUEST, REARM_REQUEST, DataFolder
from quoter.service.latch import Latch, LatchRecord, new_record
from quoter.service.latch_keeper import LatchKeeper
from quoter.telemetry.redaction import Redactor
from quoter.venues.ports import Emit, OrderGateway

log = structlog.get_logger()

REARM_PATIENCE_NS = 30_000_000_000  # a re-arm by file is asked for again until the books are clean
REARM_AGAIN_NS = 1_000_000_000
SIGNAL_TEXT = "SIGUSR1"
TEXT_CHARS_MAX = 500


class _Wish(NamedTuple):
    """A re-arm by file that waits for its conditions."""

    event: Operator
    kill_id: str
    until_ns: int
    next_ns: int


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
        self._redactor = folder.redactor if folder is not None else Redactor()
        self.latched = latched  # the kill in force; the disk follows
        # The kill that the engine hears of from us, because it was latched before.
        self._told = (latched.cause, latched.text) if latched is not None else None
        self._keeper: LatchKeeper | None = None
        if folder is not None:
            self._keeper = LatchKeeper(Latch(folder.path), latched, on_cleared=self._follow)
        self._wish: _Wish | None = None
        self._post = post
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
        self._post(Operator(ts_ns=now_ns, action=action, actor=actor, text=text))

    def shut(self, actor: str, text: str) -> Operator:
        """Shut the gate this instant; the kill that the engine must hear of at once.

        Killed already: a new kill id, for who is about to re-arm has not seen this one.
        """
        self._kills += 1
        self._follow()
        if self.latched is not None and text != SIGNAL_TEXT:  # `quoter kill` leaves a file as well
            self._renew(f"{Cause.OPERATOR_KILL}: {actor}: {text}")
        now_ns = self._clock.now_ns()
        return Operator(ts_ns=now_ns, action=OperatorAction.KILL, actor=actor, text=text)

    def kill(self, actor: str, text: str) -> None:
        """Shut the gate this instant, then let the engine hear of it."""
        self._post(self.shut(actor, text))

    def kill_by_signal(self) -> None:
        """SIGUSR1: `quoter kill` leaves its reason in the request file."""
        reason = self._folder.take_request(KILL_REQUEST) if self._folder is not None else None
        self.kill("signal", reason or SIGNAL_TEXT)

    def end(self, actor: str, text: str) -> None:
        """The process ends: the gate stays shut from now on, whatever the state."""
        self._is_ending = True
        self._follow()
        self.operate(OperatorAction.DRAIN, actor, text)

    def rearming(
        self, kill_id: str, actor: str, text: str, *, accept_inventory: Decimal | None = None
    ) -> Operator | None:
        """The wish to end the kill that `kill_id` names; None if it is not that one."""
        if self.latched is None or self._kills or kill_id != self.latched.kill_id:
            log.warning("rearm_refused", given=kill_id, actor=actor)
            return None
        return Operator(
            ts_ns=self._clock.now_ns(),
            action=OperatorAction.REARM,
            actor=actor,
            text=f"{kill_id}: {text}",
            accept_inventory=accept_inventory,
        )

    def refusal(self, event: Event) -> str:
        """Why the engine must not hear this: a re-arm that a newer kill has overtaken. Or empty."""
        if not isinstance(event, Operator):
            return ""
        if event.action is OperatorAction.KILL:
            self._kills = max(0, self._kills - 1)  # from here on the state says it
        if event.action is not OperatorAction.REARM:
            return ""
        is_meant = not self._kills and event.text.partition(":")[0] == self.kill_id()
        return "" if is_meant else "another kill has come meanwhile"

    def changed(self, change: StateChange) -> None:
        """Follow the engine. Never waits: cancels leave beside the latch, not behind it."""
        self._state = change.after
        self._follow()
        for cause, text in change.raised:
            if SEVERITY[cause].state is TradingState.KILLED:
                self._latch(cause, text)
        if change.before is TradingState.KILLED and change.after is not TradingState.KILLED:
            self._wish = None
            self._keep(None)

    def _latch(self, cause: Cause, text: str) -> None:
        """Another kill on top of one takes a new id; a person's took it when it was asked for."""
        text = self._redactor.known(text)
        if self.latched is None:
            self._keep(new_record(cause, text, self._clock.now_ns()))
        elif cause is not Cause.OPERATOR_KILL and (cause, text) != self._told:
            self._renew(f"{cause}: {text}")

    def _renew(self, text: str) -> None:
        """Another kill id, on the same latch: who re-arms must have seen this one too."""
        old, self._wish = self.latched, None
        if old is not None:
            story = f"{old.text}; then {self._redactor.known(text)}"[:TEXT_CHARS_MAX]
            self._keep(new_record(old.cause, story, self._clock.now_ns()))

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
        is_stopped = self._state >= TradingState.PAUSED or self._kills > 0
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
        self._follow()
        now_ns = self._clock.now_ns()
        self._post(Alarm(ts_ns=now_ns, cause=Cause.SENTINEL_KILL, active=True, text=text))

    def _wish_for(self, wanted: str) -> None:
        """The file holds the kill id, and behind it the inventory that is accepted, if any."""
        kill_id, _, amount = wanted.partition(" ")
        try:
            accepted = Decimal(amount) if amount else None
        except InvalidOperation:
            log.warning("rearm_refused", given=wanted, actor="file")
            return
        event = self.rearming(kill_id, "file", "quoter rearm", accept_inventory=accepted)
        if event is not None:
            now_ns = event.ts_ns
            self._wish = _Wish(event, kill_id, now_ns + REARM_PATIENCE_NS, now_ns)

    def _ask_again(self, wish: _Wish) -> None:
        now_ns = self._clock.now_ns()
        if self._kills or self.kill_id() != wish.kill_id or now_ns > wish.until_ns:
            self._wish = None
        elif now_ns >= wish.next_ns:
            self._wish = wish._replace(next_ns=now_ns + REARM_AGAIN_NS)
            self._post(replace(wish.event, ts_ns=now_ns))

    @property
    def has_disk(self) -> bool:
        """Is there a latch to keep?"""
        return self._keeper is not None

    async def run(self) -> None:
        """Write the latch, until cancelled; only if `has_disk`."""
        if self._keeper is not None:
            await self._keeper.run()

    async def settle(self) -> None:
        """The end: wait until the latch is on the disk, bounded in time."""
        self._is_ending = True
        if self._keeper is not None:
            await self._keeper.settle()
