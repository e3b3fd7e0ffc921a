"""The sentinel: a second process that cancels the daemon's orders and latches its kill switch.

It does both when the daemon's heartbeat stops or the account exceeds the inventory limit. It also
cancels orders that are left while a daemon starts, or after a kill. It has four tasks:
* read the heartbeat, without waiting for the network;
* intervene;
* check the venue periodically for orders that should not exist and holdings beyond the limit;
* read from the ledger the venue's ids of the daemon's orders.
"""

import asyncio
import os
import time
from collections.abc import Callable
from contextlib import suppress
from math import inf
from pathlib import Path

import structlog

from quoter.domain.errors import MarketUnfit, MarketUnlisted, VenueError
from quoter.domain.orders import NO_KNOWN_ORDERS, KnownOrders
from quoter.domain.trading import Cause
from quoter.service.external_stops.heartbeat_files import (
    HEARTBEAT,
    SENTINEL_HEARTBEAT,
    DaemonHeartbeat,
    RunStatus,
    SentinelHeartbeat,
    read_heartbeat,
    write_heartbeat,
)
from quoter.service.killswitch.latch import Latch
from quoter.service.sentinel.heartbeat_monitor import DaemonState, HeartbeatMonitor
from quoter.service.sentinel.venue_audit import VenueAudit
from quoter.service.start_pauses import START_TRIES, start_pauses
from quoter.telemetry.sentinel_metrics import SentinelMetrics
from quoter.venues.ports import CancelGateway
from quoter.venues.supervised_tasks import Finished, spawn

log = structlog.get_logger()

POLL_S = 0.1
HEARTBEAT_S = 0.5
LEDGER_S = 1.0  # well within the silence after which we act
RECHECK_S = 5.0  # a create in flight may arrive late
RETRIES_S = (0.25, 0.5, 1.0, 2.0)  # then the last one repeatedly
TRY_S_MAX = 5.0
ALIVE_S = 2.0  # age of our last pass of the loop; above it `is_alive` is False
VENUE_S_MAX = 30.0  # without a reply of the venue for this long we could not cancel
# States in which the daemon cannot be monitored.
UNMONITORED = frozenset({DaemonState.OTHER_MARKET, DaemonState.UNREADABLE})
ALARMING = UNMONITORED | {DaemonState.SILENT}


def _none_known() -> None:
    """Return None, as for a ledger that can't be read."""


class Sentinel:
    """Monitors the daemon of one data folder. `gateway` cannot create orders."""

    def __init__(
        self,
        *,
        gateway: CancelGateway,
        folder: Path,
        monitor: HeartbeatMonitor,
        metrics: SentinelMetrics,
        now_ns: Callable[[], int],
        known_orders: Callable[[], KnownOrders | None] = _none_known,
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        """`known_orders` returns the daemon's orders from its ledger; None if it can't be read."""
        self._gateway = gateway
        self._folder = folder
        self._monitor = monitor
        self._metrics = metrics
        self._now_ns = now_ns
        self._monotonic_s = monotonic_s
        self._latch = Latch(folder)
        self._audit = VenueAudit(gateway=gateway, monotonic_s=monotonic_s)
        self._known_orders = known_orders
        self._alarm = asyncio.Event()
        self._state_changed = asyncio.Event()  # check the venue at once
        # reason and label of a kill that is not on disk yet
        self._unlatched: tuple[str, str] | None = None
        self._unfit: MarketUnfit | None = None
        self._connects = 0  # attempts to connect to the venue
        self._connect_pauses, self._next_connect_s = start_pauses(), -inf
        self._has_known_orders = False  # the ledger has, or had, orders in this market
        self._breach = ""  # holdings beyond the limit, not handled yet
        self._last_pass_s = monotonic_s()
        self._last_heartbeat_s = -HEARTBEAT_S
        self._seq = 0
        self._run = f"{os.getpid()}-{now_ns()}"
        last = read_heartbeat(folder / SENTINEL_HEARTBEAT, SentinelHeartbeat)
        # The label of the daemon's last heartbeat before the silence that a kill was latched for.
        self._handled = last.handled if last is not None else ""

    async def run(self) -> None:
        """Monitor until cancelled. Raises MarketUnfit if the market can't be traded."""
        try:
            async with asyncio.TaskGroup() as tasks:
                spawn(tasks, "heartbeat", self._monitor_heartbeat())
                spawn(tasks, "intervention", self._intervene_when_needed())
                spawn(tasks, "venue", self._audit_venue())
                spawn(tasks, "ledger", self._read_known_orders())
        except* Finished:
            pass
        if self._unfit is not None:
            raise self._unfit

    def is_alive(self) -> bool:
        """Whether the loop runs and the venue replies, so that orders could be cancelled."""
        is_running = self._monotonic_s() - self._last_pass_s < ALIVE_S
        return is_running and self._audit.reply_age_s() < VENUE_S_MAX

    async def _monitor_heartbeat(self) -> None:
        while True:
            before = self._monitor.state
            path = self._folder / HEARTBEAT
            is_there = path.exists()  # before reading: the file may appear in between
            state = self._monitor.update(read_heartbeat(path, DaemonHeartbeat), is_there=is_there)
            self._last_pass_s = self._monotonic_s()
            self._metrics.set_daemon_state(state, self._monitor.silence_s)
            if state is not before:
                say = log.error if state in ALARMING else log.info
                say(
                    "daemon_state",
                    was=before,
                    now=state,
                    silence_s=round(self._monitor.silence_s, 2),
                )
                self._state_changed.set()
            if state is DaemonState.SILENT and before is not DaemonState.SILENT:
                self._alarm.set()
            self._write_heartbeat()
            await asyncio.sleep(POLL_S)

    def _write_heartbeat(self) -> None:
        """Write our heartbeat, unless we could not cancel or can't read the daemon's.

        Without it the daemon pauses.
        """
        if self._monotonic_s() - self._last_heartbeat_s < HEARTBEAT_S or not self.is_alive():
            return
        if self._monitor.state in UNMONITORED:
            return
        self._last_heartbeat_s = self._monotonic_s()
        self._seq += 1
        heartbeat = SentinelHeartbeat(
            run=self._run,
            seq=self._seq,
            ts_ns=self._now_ns(),
            pid=os.getpid(),
            handled=self._handled,
        )
        self._put(heartbeat)

    def _put(self, heartbeat: SentinelHeartbeat) -> None:
        try:
            write_heartbeat(self._folder / SENTINEL_HEARTBEAT, heartbeat)
        except OSError as error:
            log.error("sentinel_heartbeat_not_written", error=str(error))

    async def _intervene_when_needed(self) -> None:
        while True:
            await _wait(self._alarm, RECHECK_S)
            self._alarm.clear()
            if self._unlatched is not None:
                await self._latch_it(*self._unlatched)
            if self._breach:
                text, self._breach = self._breach, ""
                await self._intervene(f"the venue reports {text}", is_latching=True)
            if self._monitor.state is DaemonState.SILENT:
                await self._intervene_on_silence()

    async def _intervene_on_silence(self) -> None:
        """Cancel, and latch once per silence; a silent start is latched only if it left orders."""
        heartbeat = self._monitor.heartbeat
        is_starting = heartbeat is not None and heartbeat.status is RunStatus.STARTING
        label = heartbeat.label if heartbeat is not None else ""
        text = f"no heartbeat for {self._monitor.silence_s:.1f} s"
        await self._intervene(
            text, is_latching=not is_starting and label != self._handled, label=label
        )

    async def _intervene(self, text: str, *, is_latching: bool, label: str = "") -> None:
        """Cancel and latch concurrently: neither may wait for the other."""
        if is_latching:
            log.critical("sentinel_kill", reason=text)
            self._metrics.count_kill()
        async with asyncio.TaskGroup() as both:
            cancelling = both.create_task(self._cancel_all())
            if is_latching:
                both.create_task(self._latch_it(text, label))
        if cancelling.result() and not is_latching and label != self._handled:
            log.critical("sentinel_kill", reason=text)
            self._metrics.count_kill()
            await self._latch_it(text, label)

    async def _latch_it(self, text: str, label: str) -> None:
        """Latch the kill switch for this daemon and the next; an earlier kill is kept."""
        self._metrics.set_latch(is_written=False)
        try:
            if not self._latch.is_set():
                now_ns = self._now_ns()
                await asyncio.to_thread(self._latch.write, Cause.SENTINEL_KILL, text, now_ns)
        except OSError as error:
            self._unlatched = text, label
            log.critical("latch_not_written", error=str(error))
        else:
            self._unlatched = None
            self._metrics.set_latch(is_written=True)
            self._handled = label or self._handled

    async def _cancel_all(self) -> int:
        """Cancel every own order until the venue lists none; return how many it listed first.

        Gives up after the retries; the next check continues.
        """
        found: int | None = None
        for pause_s in (*RETRIES_S, 0.0):
            try:
                async with asyncio.timeout(TRY_S_MAX):
                    listed = await self._gateway.count_own_open()
                    found = listed if found is None else found
                    self._audit.record_reply(listed)
                    left = await self._gateway.cancel_all()  # also what no list shows
            except (VenueError, TimeoutError) as error:
                text = str(error) or f"the venue did not answer within {TRY_S_MAX:g} s"
                log.error("sentinel_cancel_failed", error=text)
            else:
                self._metrics.count_cancelled(listed, left)
                if listed:
                    log.warning("sentinel_cancelled_orders", found=listed, left=left)
                if not left:
                    break
            await asyncio.sleep(pause_s)
        return found or 0

    async def _read_known_orders(self) -> None:
        """Read our orders from the ledger, in a thread: no cancel waits for its disk."""
        while True:
            orders = await asyncio.to_thread(self._known_orders)
            if orders is not None:  # else the orders that were read before stay known
                self._gateway.adopt_orders(orders)
                self._has_known_orders = self._has_known_orders or orders != NO_KNOWN_ORDERS
            await asyncio.sleep(LEDGER_S)

    async def _audit_venue(self) -> None:
        """Check the venue every few seconds, and at once when the daemon's state changes."""
        is_connected = False
        while True:
            self._state_changed.clear()
            is_connected = is_connected or await self._connect()
            state = self._monitor.state
            if self._must_be_flat(state):
                await self._cancel_all()
            elif state is not DaemonState.SILENT:
                heartbeat = self._monitor.heartbeat if state is DaemonState.ALIVE else None
                if await self._audit.check(heartbeat.holdings if heartbeat is not None else None):
                    self._breach = self._audit.breach
                    self._alarm.set()
            self._metrics.set_check_age(self._audit.reply_age_s())
            pause_s = self._audit.pause_s
            if not is_connected:
                pause_s = min(pause_s, max(0.0, self._next_connect_s - self._monotonic_s()))
            await _wait(self._state_changed, pause_s)

    def _must_be_flat(self, state: DaemonState) -> bool:
        """Whether the daemon's state allows no own order at the venue."""
        if state is DaemonState.STARTING:
            return True
        is_latched = self._latch.is_set() or self._unlatched is not None
        is_killed = state is DaemonState.KILLED or (state is DaemonState.ALIVE and is_latched)
        return self._audit.must_be_flat(is_killed=is_killed)

    async def _connect(self) -> bool:
        """Check market, clock and key, and return whether that worked; False if it is not due.

        An intervention does not wait for it. A market that can't be traded ends the sentinel.
        """
        if self._monotonic_s() < self._next_connect_s:
            return False
        self._connects += 1
        try:
            await self._gateway.connect()
        except VenueError as error:
            if isinstance(error, MarketUnfit) and self._is_final(error):
                self._unfit = error
                raise Finished from None
            pause_s = next(self._connect_pauses)
            self._next_connect_s = self._monotonic_s() + pause_s
            log.error("venue_not_connected", error=str(error), next_try_s=pause_s)
            return False
        log.info("venue_connected")
        return True

    def _is_final(self, error: MarketUnfit) -> bool:
        """Whether another try is useless.

        A missing market is final only after START_TRIES tries, and only if no daemon has traded
        there: the venue's list of markets may be incomplete.
        """
        if not isinstance(error, MarketUnlisted):
            return True
        heartbeat = self._monitor.heartbeat
        has_run = heartbeat is not None and heartbeat.status is RunStatus.RUNNING
        return self._connects >= START_TRIES and not (has_run or self._has_known_orders)


async def _wait(event: asyncio.Event, seconds: float) -> None:
    """Wait until the event is set, for at most `seconds`."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
