"""The way from a kill to a shut gate and a latch on disk, and back: outside the engine's queues."""

import structlog

from quoter.domain.events import Alarm, Operator
from quoter.domain.reasons import OperatorAction
from quoter.domain.step import StateChange
from quoter.domain.trading import Cause, TradingState
from quoter.risk.kill_switch import SEVERITY
from quoter.service.clock import Clock
from quoter.service.data_folder import KILL_REQUEST, REARM_REQUEST, DataFolder
from quoter.service.latch import Latch, LatchRecord
from quoter.venues.ports import Emit, OrderGateway

log = structlog.get_logger()


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
        self._post = post
        self._clock = clock

    def operate(self, action: OperatorAction, actor: str, text: str) -> None:
        """Hand a wish to the engine."""
        now_ns = self._clock.now_ns()
        self._post(Operator(ts_ns=now_ns, action=action, actor=actor, text=text))

    def kill(self, actor: str, text: str) -> None:
        """Shut the gate this instant, then let the engine hear of it."""
        if self._gateway is not None:
            self._gateway.shut()
        self.operate(OperatorAction.KILL, actor, text)

    def kill_by_signal(self) -> None:
        """SIGUSR1: `quoter kill` leaves its reason in the request file."""
        reason = self._folder.take_request(KILL_REQUEST) if self._folder is not None else None
        self.kill("signal", reason or "SIGUSR1")

    def rearm(self, kill_id: str, actor: str) -> bool:
        """Ask for the end of the kill that `kill_id` names; False if it is not that one."""
        if self.latched is None or kill_id != self.latched.kill_id:
            log.warning("rearm_refused", given=kill_id, actor=actor)
            return False
        self.operate(OperatorAction.REARM, actor, kill_id)
        return True

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
        elif change.before is TradingState.KILLED and change.after is not TradingState.KILLED:
            if self._latch is not None:
                self._latch.clear()
            self.latched = self._unlatched = None
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
        self._write_latch(is_again=True)
        self._adopt_latch()

    def _adopt_latch(self) -> None:
        """A kill that another process latched: the sentinel, which took us for dead."""
        if self._latch is None or self.latched is not None or self._unlatched is not None:
            return
        record = self._latch.read()
        if record is None:
            return
        self.latched = record
        if self._gateway is not None:
            self._gateway.shut()
        text = f"{record.text} (latched by another process as {record.cause})"
        now_ns = self._clock.now_ns()
        self._post(Alarm(ts_ns=now_ns, cause=Cause.SENTINEL_KILL, active=True, text=text))

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
