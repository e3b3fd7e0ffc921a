"""Keeps the egress gate and the kill latch consistent with the trading state and every kill.

Runs beside the engine, not behind its queue: a kill closes the gate when it is queued, before the
engine has handled it.
"""

from collections.abc import Callable

import structlog

from quoter.domain.events import Alarm, Event, Kill, Rearm
from quoter.domain.outcomes import RefusalReason, Refused
from quoter.domain.step import StateChange
from quoter.domain.trading import Cause, TradingState
from quoter.risk.kill_switch import SEVERITY
from quoter.service.clock import Clock
from quoter.service.data_folder import DataFolder
from quoter.service.killswitch.latch import Latch, LatchRecord, renewed
from quoter.service.killswitch.latch_writer import LatchWriter
from quoter.telemetry.redaction import Redactor
from quoter.venues.ports import OrderGateway

log = structlog.get_logger()

NEWER_KILL = "another kill came meanwhile"


class KillSwitchController:
    """Opens and closes the egress gate and keeps the latch.

    `gateway` and `folder` are None in a dry run. The gate is open only while the trading state
    allows orders, no kill is queued, the process is not ending, and the disk holds no latch.
    """

    def __init__(
        self,
        *,
        gateway: OrderGateway | None,
        folder: DataFolder | None,
        latched: LatchRecord | None,
        clock: Clock,
    ) -> None:
        self._gateway = gateway
        self._redactor = folder.redactor if folder is not None else Redactor()
        self.latched = latched  # the kill in force; the disk follows
        # Cause and text of a kill that was latched before the engine handled it: it keeps its kill
        # id.
        self._known = (latched.cause, latched.text) if latched is not None else None
        self._writer: LatchWriter | None = None
        if folder is not None:
            self._writer = LatchWriter(Latch(folder.path), latched, on_settled=self._settled)
        self._on_settled: list[Callable[[], None]] = []
        self._clock = clock
        self._state = TradingState.PAUSED
        self._kills_queued = 0  # not yet handled by the engine
        self.kills_seen = 0  # every kill that was ever queued
        self._is_ending = False

    def kill_id(self) -> str | None:
        """Return the id that a re-arm must name; None if no kill is latched."""
        return self.latched.kill_id if self.latched is not None else None

    def shown_kill_id(self, shown: TradingState) -> str | None:
        """Return the kill id for a client that is shown this state; None unless it is KILLED.

        A kill is shown only after its latch is on the disk (`service/announcements.py`). Before
        that the id would contradict the shown state, and a crash could still lose the kill.
        """
        return self.kill_id() if shown is TradingState.KILLED else None

    def when_settled(self, callback: Callable[[], None]) -> None:
        """Call `callback` each time that the disk has caught up with the latch in force."""
        self._on_settled.append(callback)

    # kills on their way to the engine: called by the inbox

    def kill_queued(self) -> None:
        """Close the gate now, because a kill is about to be queued."""
        self._kills_queued += 1
        self.kills_seen += 1
        self._update_gate()

    def kill_taken(self) -> None:
        """Record that the engine handles a queued kill now; its state keeps the gate closed."""
        self._kills_queued -= 1

    # operator commands

    def latch_kill(self, command: Kill) -> None:
        """Close the gate now and latch an operator's kill, before the engine has handled it.

        A kill on top of a kill gets a new kill id, because a re-arm under way must not lift it too.
        """
        self._latch(Cause.OPERATOR_KILL, command.cause_text)

    def rearm_refusal(self, command: Rearm) -> Refused | None:
        """Return why a re-arm can't be given to the engine, or None if it can."""
        if self.latched is None:
            return Refused(RefusalReason.NOT_KILLED, "no kill is in force: nothing to re-arm")
        if command.kill_id != self.latched.kill_id:
            text = "kill_id: not the id of the kill in force; see /state"
            return Refused(RefusalReason.WRONG_KILL_ID, text)
        if self._kills_queued:
            return Refused(RefusalReason.NEWER_KILL, NEWER_KILL)
        return None

    def refusal(self, event: Event) -> Refused | None:
        """Return why the engine must not handle this event, or None if it may.

        Only a re-arm is ever refused: when another kill came after the re-arm was queued.
        """
        if isinstance(event, Rearm) and self.rearm_refusal(event) is not None:
            return Refused(RefusalReason.NEWER_KILL, NEWER_KILL)
        return None

    def block_for_shutdown(self) -> None:
        """Close the gate for good: the process is ending."""
        self._is_ending = True
        self._update_gate()

    # what the engine and other processes did

    def state_changed(self, change: StateChange) -> None:
        """Update gate and latch after a change of the trading state.

        Never waits for the disk, so that cancels are not delayed.
        """
        self._state = change.after
        if self._gateway is not None:
            self._gateway.set_reduce_only(is_on=change.after is TradingState.REDUCE_ONLY)
        self._update_gate()
        for cause, text in change.raised:
            is_known = self.latched is not None and (
                cause is Cause.OPERATOR_KILL or (cause, text) == self._known
            )
            if SEVERITY[cause].state is TradingState.KILLED and not is_known:
                self._latch(cause, text)
        if change.before is TradingState.KILLED and change.after is not TradingState.KILLED:
            self._known = None
            self._keep(None)

    def adopt_foreign_latch(self) -> Alarm | None:
        """Adopt a latch that another process (the sentinel) wrote; return the alarm to queue.

        None if there is none, or a kill is in force already.
        """
        if self._writer is None or self.latched is not None:
            return None
        record = self._writer.adopt()
        if record is None:
            return None
        text = f"{record.text} (latched by another process as {record.cause})"
        self.latched, self._known = record, (Cause.SENTINEL_KILL, text)
        return Alarm(ts_ns=self._clock.now_ns(), cause=Cause.SENTINEL_KILL, active=True, text=text)

    def _latch(self, cause: Cause, text: str) -> None:
        """Latch a kill under a new kill id, also on top of another kill."""
        text = self._redactor.known(text)
        self._keep(renewed(self.latched, cause, text, self._clock.now_ns()))

    def _keep(self, record: LatchRecord | None) -> None:
        self.latched = record
        if self._writer is not None:
            self._writer.keep(record)
        self._update_gate()

    def _settled(self) -> None:
        for callback in self._on_settled:
            callback()
        self._update_gate()

    def _update_gate(self) -> None:
        if self._gateway is None:
            return
        is_on_disk = self._writer is not None and not self._writer.is_clear
        is_latched = self.latched is not None or is_on_disk
        is_stopped = self._state >= TradingState.PAUSED or self._kills_queued > 0
        if is_stopped or is_latched or self._is_ending:
            self._gateway.close_gate()
        else:
            self._gateway.open_gate()

    # the latch on the disk

    @property
    def has_disk(self) -> bool:
        """Whether there is a data folder to keep the latch in."""
        return self._writer is not None

    def is_unwritten(self) -> bool:
        """Whether a kill is in force that is not on the disk, so that a restart would lose it."""
        return self._writer is not None and self._writer.is_unwritten

    async def written(self, seconds: float) -> bool:
        """Wait until the latch in force is on the disk; False if it is not within `seconds`.

        True at once without a data folder.
        """
        return self._writer is None or await self._writer.written(seconds)

    async def run(self) -> None:
        """Write the latch until cancelled; returns at once without a data folder."""
        if self._writer is not None:
            await self._writer.run()

    async def settle(self) -> None:
        """Close the gate for good and wait, bounded in time, until the latch is on the disk."""
        self.block_for_shutdown()
        if self._writer is not None:
            await self._writer.settle()
