"""The way from a kill to a shut gate and a latch on disk, and back: outside the engine's queues."""

from dataclasses import replace
from decimal import Decimal, InvalidOperation
from typing import NamedTuple

import structlog

from quoter.domain.events import Operator
from quoter.domain.reasons import OperatorAction
from quoter.domain.step import StateChange, Step
from quoter.domain.trading import Cause, TradingState
from quoter.risk.kill_switch import SEVERITY
from quoter.service.clock import Clock
from quoter.service.data_folder import KILL_REQUEST, REARM_REQUEST, DataFolder
from quoter.service.latch import Latch, LatchRecord
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
    """Shuts and opens the gate, keeps the latch. `gateway` is None in a dry run, `folder` too."""

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
        self._latch = Latch(folder.path) if folder is not None else None
        self.latched = latched  # what is on the disk
        self._unlatched: tuple[Cause, str] | None = None  # a kill that the disk did not take yet
        self._kills = 0  # on their way to the engine
        self._wish: _Wish | None = None
        self._post = post
        self._clock = clock

    def kill_id(self) -> str | None:
        """What a re-arm must name; None if nothing is latched."""
        return self.latched.kill_id if self.latched is not None else None

    def operate(self, action: OperatorAction, actor: str, text: str) -> None:
        """Hand a wish to the engine."""
        now_ns = self._clock.now_ns()
        self._post(Operator(ts_ns=now_ns, action=action, actor=actor, text=text))

    def shut(self, actor: str, text: str) -> Operator:
        """Shut the gate this instant; the kill that the engine must hear of at once."""
        if self._gateway is not None:
            self._gateway.shut()
        self._kills += 1
        now_ns = self._clock.now_ns()
        return Operator(ts_ns=now_ns, action=OperatorAction.KILL, actor=actor, text=text)

    def kill(self, actor: str, text: str) -> None:
        """Shut the gate this instant, then let the engine hear of it."""
        self._post(self.shut(actor, text))

    def kill_by_signal(self) -> None:
        """SIGUSR1: `quoter kill` leaves its reason in the request file."""
        reason = self._folder.take_request(KILL_REQUEST) if self._folder is not None else None
        self.kill("signal", reason or SIGNAL_TEXT)

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

    def after(self, step: Step) -> None:
        """Follow the engine; a further kill of a killed daemon makes earlier re-arms void."""
        change, event = step.state, step.event
        if change is not None:
            self.changed(change)
        if isinstance(event, Operator) and event.action is OperatorAction.KILL:
            self._kills = max(0, self._kills - 1)
            was_killed = change is None or change.before is TradingState.KILLED
            if was_killed and event.text != SIGNAL_TEXT:  # `quoter kill` leaves a file as well
                self._renew(f"{Cause.OPERATOR_KILL}: {event.actor}: {event.text}")
        elif change is not None and change.before is TradingState.KILLED:
            kills = [each for each in change.raised if SEVERITY[each[0]].state is change.before]
            if kills and change.after is TradingState.KILLED:
                self._renew("; ".join(f"{cause}: {text}" for cause, text in kills))

    def _renew(self, text: str) -> None:
        """Another kill id, on the same latch: who re-arms must have seen this one too."""
        if self._latch is None or self.latched is None:
            return
        old, self.latched, self._wish = self.latched, None, None
        self._unlatched = old.cause, f"{old.text}; then {text}"[:TEXT_CHARS_MAX]
        self._write_latch()

    def changed(self, change: StateChange) -> None:
        """Follow the engine: into KILLED, or out of it."""
        if self._gateway is None:
            return
        if change.after is TradingState.KILLED and change.before is not TradingState.KILLED:
            self._gateway.shut()
            if self._latch is not None and self.latched is None:
                self._unlatched = next(
                    (cause, text)
                    for cause, text in change.raised
                    if SEVERITY[cause].state is TradingState.KILLED
                )
                self._write_latch()
        elif self._kills:
            return  # its kill is behind this turn in the queue: the gate stays shut
        elif change.before is TradingState.KILLED and change.after is not TradingState.KILLED:
            if self._latch is not None:
                self._latch.clear()
            self.latched = self._unlatched = self._wish = None
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
        self._write_latch(is_again=True)

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
        is_current = self.latched is not None and self.latched.kill_id == wish.kill_id
        now_ns = self._clock.now_ns()
        if self._kills or not is_current or now_ns > wish.until_ns:
            self._wish = None
        elif now_ns >= wish.next_ns:
            self._wish = wish._replace(next_ns=now_ns + REARM_AGAIN_NS)
            self._post(replace(wish.event, ts_ns=now_ns))

    def _write_latch(self, *, is_again: bool = False) -> None:
        """A disk that does not take it is asked again until it does: see `look`."""
        if self._latch is None or self._unlatched is None:
            return
        try:
            self.latched = self._latch.write(*self._unlatched, self._clock.now_ns())
        except OSError as error:
            if not is_again:
                log.critical("latch_not_written", error=str(error), cause=self._unlatched[0])
        else:
            self._unlatched = None
