"""The daemon's side of the external stops: the sentinel and the venue's dead man's switch.

They cancel our orders when this process can't.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from quoter.domain.trading import TradingState
from quoter.engine.engine import Engine
from quoter.service.external_stops.dead_man import DeadManRefresher
from quoter.service.external_stops.heartbeat import HEARTBEAT_S, HeartbeatWriter
from quoter.service.external_stops.heartbeat_files import RunStatus
from quoter.service.external_stops.sentinel_monitor import SentinelMonitor
from quoter.telemetry.safety_gauges import SafetyGauges
from quoter.venues.ports import Emit
from quoter.venues.supervised_tasks import spawn


@dataclass(frozen=True, slots=True, kw_only=True)
class ExternalStops:
    """The external stops of a run; each is None if not used, all are in a dry run."""

    heartbeat: HeartbeatWriter | None = None
    dead_man: DeadManRefresher | None = None
    sentinel: SentinelMonitor | None = None

    def connect_gauges(self, gauges: SafetyGauges) -> None:
        """Show in the metrics which stops are active; a run without orders shows nothing."""
        if self.heartbeat is not None:
            sentinel, dead_man = self.sentinel, self.dead_man
            gauges.follow_external_stops(
                {
                    "sentinel": lambda: sentinel is not None and sentinel.is_running,
                    "dead_man": lambda: dead_man is not None and not dead_man.block_reason(),
                }
            )
        if self.dead_man is not None:
            gauges.follow_dead_man(self.dead_man.timeout_s, self.dead_man.age_s)

    def begin(self, engine: Engine, post: Emit) -> None:
        """Write the first heartbeat, and raise a cause for each stop that is missing."""
        if self.dead_man is not None:
            self.dead_man.begin(post)
        if self.sentinel is not None:
            self.sentinel.begin(post)
        if self.heartbeat is not None:
            self.heartbeat.write(engine)

    def spawn(
        self,
        tasks: asyncio.TaskGroup,
        engine: Engine,
        *,
        state: Callable[[], TradingState],
        before_each: Callable[[], None],
    ) -> None:
        """Start the tasks of dead man's switch and heartbeat.

        `state` returns the trading state for a heartbeat. `before_each` is called before each
        heartbeat.
        """
        if self.dead_man is not None:
            spawn(tasks, "dead_man", self.dead_man.run())
        if self.heartbeat is not None:
            writing = self._write_heartbeats(self.heartbeat, engine, state, before_each)
            spawn(tasks, "heartbeat", writing)

    async def _write_heartbeats(
        self,
        heartbeat: HeartbeatWriter,
        engine: Engine,
        state: Callable[[], TradingState],
        before_each: Callable[[], None],
    ) -> None:
        while True:
            before_each()
            if self.sentinel is not None:
                self.sentinel.check()
            if heartbeat.is_healthy(engine):
                heartbeat.write(engine, state=state())
            await asyncio.sleep(HEARTBEAT_S)

    async def end(self, engine: Engine) -> None:
        """Disarm the switch and write the last heartbeat; call when no own order is left."""
        if self.dead_man is not None:
            await self.dead_man.disarm()
        if self.heartbeat is not None:
            self.heartbeat.write(engine, RunStatus.STOPPED)


NO_EXTERNAL_STOPS = ExternalStops()
