"""The second process: it cancels when the daemon can't, and latches it so that it stays stopped.

Three loops. One watches the heartbeat and waits for nobody; one strikes; one looks at the venue now
and then, for orders of a daemon that should have none and for holdings beyond its limit.
"""

import asyncio
import os
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import structlog

from quoter.domain.errors import MarketUnfit, VenueError
from quoter.domain.trading import Cause
from quoter.service.external_stops.heartbeat_files import (
    HEARTBEAT,
    SENTINEL_HEARTBEAT,
    DaemonHeartbeat,
    RunStatus,
    SentinelHeartbeat,
    get,
    put,
)
from quoter.service.killswitch.latch import Latch
from quoter.service.sentinel.heartbeat_monitor import DaemonState, HeartbeatMonitor
from quoter.service.sentinel.venue_audit import VenueAudit
from quoter.telemetry.sentinel_metrics import SentinelMetrics
from quoter.venues.ports import CancelGateway
from quoter.venues.supervised_tasks import Finished, spawn

log = structlog.get_logger()

POLL_S = 0.1
HEARTBEAT_S = 0.5
RECHECK_S = 5.0  # a create that was under way may arrive late
RETRIES_S = (0.25, 0.5, 1.0, 2.0)  # then the last one again and again
TRY_S_MAX = 5.0
ALIVE_S = 2.0  # our own loop: silent for longer is not alive
VENUE_S_MAX = 30.0  # without an answer of the venue for so long we protect nobody
UNSEEN = frozenset(
    {DaemonState.OTHER_MARKET, DaemonState.UNREADABLE}
)  # whoever it is, we don't watch it
ALARMING = UNSEEN | {DaemonState.SILENT}


class Sentinel:
    """Watches one data folder. `door` has no way to create an order."""

    def __init__(
        self,
        *,
        door: CancelGateway,
        folder: Path,
        monitor: HeartbeatMonitor,
        metrics: SentinelMetrics,
        now_ns: Callable[[], int],
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._door = door
        self._folder = folder
        self._monitor = monitor
        self._metrics = metrics
        self._now_ns = now_ns
        self._monotonic_s = monotonic_s
        self._latch = Latch(folder)
        self._audit = VenueAudit(door=door, monotonic_s=monotonic_s)
        self._alarm = asyncio.Event()
        self._fresh = asyncio.Event()  # the daemon is not as it was: look at the venue at once
        self._unlatched: tuple[str, str] | None = None  # a kill that the disk did not take yet
        self._unfit: MarketUnfit | None = None
        self._breach = ""  # holdings beyond the limit, not yet acted on
        self._turned_s = monotonic_s()
        self._beat_s = -HEARTBEAT_S
        self._seq = 0
        self._run = f"{os.getpid()}-{now_ns()}"
        last = get(folder / SENTINEL_HEARTBEAT, SentinelHeartbeat)
        self._handled = last.handled if last is not None else ""  # silences that were latched

    async def run(self) -> None:
        """Watch until cancelled. Raises MarketUnfit where there is nothing to watch."""
        try:
            async with asyncio.TaskGroup() as tasks:
                spawn(tasks, "watch", self._watch())
                spawn(tasks, "strike", self._strike_when_needed())
                spawn(tasks, "venue", self._look_at_the_venue())
        except* Finished:
            pass
        if self._unfit is not None:
            raise self._unfit

    def is_alive(self) -> bool:
        """Do we watch, and could we cancel?"""
        is_turning = self._monotonic_s() - self._turned_s < ALIVE_S
        return is_turning and self._audit.answered_ago_s() < VENUE_S_MAX

    async def _watch(self) -> None:
        while True:
            before = self._monitor.core
            path = self._folder / HEARTBEAT
            is_there = path.exists()  # asked first: it may come in between
            core = self._monitor.look(get(path, DaemonHeartbeat), is_there=is_there)
            self._turned_s = self._monotonic_s()
            self._metrics.set_daemon_state(core, self._monitor.silence_s)
            if core is not before:
                say = log.error if core in ALARMING else log.info
                say(
                    "daemon_state",
                    was=before,
                    now=core,
                    silence_s=round(self._monitor.silence_s, 2),
                )
                self._fresh.set()
            if core is DaemonState.SILENT and before is not DaemonState.SILENT:
                self._alarm.set()
            self._show_life()
            await asyncio.sleep(POLL_S)

    def _show_life(self) -> None:
        """The daemon pauses without it: so never while we could not cancel, or not see it."""
        if self._monotonic_s() - self._beat_s < HEARTBEAT_S or not self.is_alive():
            return
        if self._monitor.core in UNSEEN:
            return
        self._beat_s = self._monotonic_s()
        self._seq += 1
        beat = SentinelHeartbeat(
            run=self._run,
            seq=self._seq,
            ts_ns=self._now_ns(),
            pid=os.getpid(),
            handled=self._handled,
        )
        self._put(beat)

    def _put(self, beat: SentinelHeartbeat) -> None:
        try:
            put(self._folder / SENTINEL_HEARTBEAT, beat)
        except OSError as error:
            log.error("sentinel_heartbeat_not_written", error=str(error))

    async def _strike_when_needed(self) -> None:
        while True:
            await _wait(self._alarm, RECHECK_S)
            self._alarm.clear()
            if self._unlatched is not None:
                await self._latch_it(*self._unlatched)
            if self._breach:
                text, self._breach = self._breach, ""
                await self._strike(f"the venue says {text}", is_latching=True)
            if self._monitor.core is DaemonState.SILENT:
                await self._strike_the_silent()

    async def _strike_the_silent(self) -> None:
        """A start that went silent has nothing at the venue: latched only if it has."""
        beat = self._monitor.beat
        is_starting = beat is not None and beat.status is RunStatus.STARTING
        mark = beat.mark if beat is not None else ""
        text = f"no sign of life for {self._monitor.silence_s:.1f} s"
        await self._strike(text, is_latching=not is_starting and mark != self._handled, mark=mark)

    async def _strike(self, text: str, *, is_latching: bool, mark: str = "") -> None:
        """Cancel and latch at the same time: neither may wait for the other."""
        if is_latching:
            log.critical("sentinel_kill", reason=text)
            self._metrics.count_kill()
        async with asyncio.TaskGroup() as both:
            sweeping = both.create_task(self._sweep())
            if is_latching:
                both.create_task(self._latch_it(text, mark))
        if sweeping.result() and not is_latching and mark != self._handled:
            log.critical("sentinel_kill", reason=text)
            self._metrics.count_kill()
            await self._latch_it(text, mark)

    async def _latch_it(self, text: str, mark: str) -> None:
        """The daemon that wakes finds itself killed; so does the next. An earlier kill stays."""
        self._metrics.set_latch(is_written=False)
        try:
            if not self._latch.is_set():
                now_ns = self._now_ns()
                await asyncio.to_thread(self._latch.write, Cause.SENTINEL_KILL, text, now_ns)
        except OSError as error:
            self._unlatched = text, mark
            log.critical("latch_not_written", error=str(error))
        else:
            self._unlatched = None
            self._metrics.set_latch(is_written=True)
            self._handled = mark or self._handled

    async def _sweep(self) -> int:
        """Cancel every own order until the venue lists none; how many it listed at first.

        Gives up where the next look takes over.
        """
        found: int | None = None
        for pause_s in (*RETRIES_S, 0.0):
            try:
                async with asyncio.timeout(TRY_S_MAX):
                    listed = await self._door.count_own_open()
                    found = listed if found is None else found
                    self._audit.answered(listed)
                    left = await self._door.cancel_all() if listed else 0
            except (VenueError, TimeoutError) as error:
                log.error("sentinel_cancel_failed", error=repr(error))
            else:
                self._metrics.count_cancelled(listed, left)
                if listed:
                    log.warning("sentinel_cancelled_orders", found=listed, left=left)
                if not left:
                    break
            await asyncio.sleep(pause_s)
        return found or 0

    async def _look_at_the_venue(self) -> None:
        """Every few seconds, and at once when the daemon is not as it was."""
        is_connected = False
        while True:
            self._fresh.clear()
            is_connected = is_connected or await self._connect()
            core = self._monitor.core
            if self._must_be_flat(core):
                await self._sweep()
            elif core is not DaemonState.SILENT:
                beat = self._monitor.beat if core is DaemonState.ALIVE else None
                if await self._audit.look(beat.holdings if beat is not None else None):
                    self._breach = self._audit.breach
                    self._alarm.set()
            self._metrics.set_check_age(self._audit.answered_ago_s())
            await _wait(self._fresh, self._audit.pause_s)

    def _must_be_flat(self, core: DaemonState) -> bool:
        """Is there no reason for an order of ours to be at the venue, by what the daemon says?"""
        if core is DaemonState.STARTING:
            return True
        is_latched = self._latch.is_set() or self._unlatched is not None
        is_killed = core is DaemonState.KILLED or (core is DaemonState.ALIVE and is_latched)
        return self._audit.must_be_flat(is_killed=is_killed)

    async def _connect(self) -> bool:
        """Check market, clock and key; a strike does not wait for it."""
        try:
            await self._door.connect()
        except MarketUnfit as error:
            self._unfit = error
            raise Finished from None
        except VenueError as error:
            log.error("not_connected", error=str(error))
            return False
        log.info("connected")
        return True


async def _wait(event: asyncio.Event, seconds: float) -> None:
    """Until it is set, no longer than so many seconds."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
