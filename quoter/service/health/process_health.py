"""Health of the process: event loop, clocks, memory; and the reply of /healthz."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from quoter.service.clock import STUCK_S, Clock, LoopProbe
from quoter.service.health.clock_skew import ClockSkewMonitor
from quoter.service.health.hang_detector import HangDetector
from quoter.service.health.loop_monitor import LoopMonitor
from quoter.service.health.resources import MIB, ResourceMonitor
from quoter.service.http.cause_details import CauseTimes
from quoter.telemetry.latency import Latency
from quoter.telemetry.metrics import Metrics
from quoter.venues.clock import VenueClock
from quoter.venues.ports import Emit, OrderGateway
from quoter.venues.supervised_tasks import spawn

TICK_AGE_NS_MAX = 5_000_000_000  # the engine may wait for the disk, but not this long


class ProcessHealth:
    """Checks of the event loop, the clocks and the memory, and whether the process is healthy."""

    def __init__(
        self,
        *,
        clock: Clock,
        metrics: Metrics,
        gateway: OrderGateway | None,
        folder: Path | None,
        venue_clock: VenueClock,
        rss_max_mb: int,
        post: Emit,
        restart: Callable[[], None],
    ) -> None:
        """Prepare the checks, and keep `venue_clock` up to date while they run.

        `gateway` and `folder` are None in a dry run. `rss_max_mb` is in MiB; 0: memory has no
        limit. `restart` requests the clean end and a restart.
        """
        self._clock, self._metrics, self._gateway = clock, metrics, gateway
        self._loop_monitor = LoopMonitor(clock=clock, post=post)
        self._probe = LoopProbe(self._on_lag)
        self.hang_detector = HangDetector(silence_s=self._probe.silence_s, folder=folder)
        self.resources = ResourceMonitor(
            rss_max_mb=rss_max_mb,
            clock=clock,
            pause=self._loop_monitor.set_memory_problem,
            restart=restart,
        )
        metrics.process.set_memory_limit(rss_max_mb * MIB)
        self.cause_times = CauseTimes(clock.now_ns())
        self._venue_clock = venue_clock
        self._is_running = False
        self._last_tick_ns = 0  # the last tick that the engine handled

    def begin(self) -> None:
        """Start the checks; call right before the tasks start."""
        self._probe.mark()
        self._is_running = True
        self.tick_handled(self._clock.now_ns())

    def end(self) -> None:
        """End the checks; call when the tasks have ended."""
        self._is_running = False

    def spawn(self, tasks: asyncio.TaskGroup) -> None:
        """Start the tasks of all checks."""
        spawn(tasks, "probe", self._probe.run())
        spawn(tasks, "hang_watch", self.hang_detector.supervise())
        spawn(tasks, "resources", self.resources.run())
        if self._gateway is not None:
            clock_skew = ClockSkewMonitor(
                sample=self._gateway.clock_sample,
                clock=self._venue_clock,
                wall_offset_ns=self._clock.offset_ns,
                report=self._loop_monitor.set_venue_clock_problem,
                show=self._metrics.process.set_clock_offset,
            )
            spawn(tasks, "clock", clock_skew.run())

    def tick_handled(self, ts_ns: int) -> None:
        """Record that the engine has handled the tick of `ts_ns`."""
        self._last_tick_ns = ts_ns
        if self._gateway is not None:
            self._gateway.engine_heartbeat(ts_ns)

    def is_alive(self) -> bool:
        """Whether the tasks run, the loop is not stuck, and the engine handled a recent tick."""
        tick_age_ns = self._clock.now_ns() - self._last_tick_ns
        return self._is_running and self._probe.is_alive() and tick_age_ns < TICK_AGE_NS_MAX

    def _on_lag(self, seconds: float) -> None:
        self._metrics.observe_latency(Latency.LOOP_LAG, seconds)
        if seconds >= STUCK_S:
            self._metrics.process.count_loop_hang()
        self._loop_monitor.record_lag(seconds)
