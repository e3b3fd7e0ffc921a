"""Who stops us when we can't: our side of the sentinel, and of the venue's dead man's switch."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

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
    """The watched side of a run; without any of them (dry run, demo of a part) all is a no-op."""

    heartbeat: HeartbeatWriter | None = None
    dead_man: DeadManRefresher | None = None
    sentinel: SentinelMonitor | None = None

    def connect_gauges(self, gauges: SafetyGauges) -> None:
        """Who of them watches us, for the metrics; nothing of a run that sends no orders."""
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
        """Before the gate opens: the heartbeat says so, and what is not yet armed pauses us."""
        if self.dead_man is not None:
            self.dead_man.begin(post)
        if self.sentinel is not None:
            self.sentinel.begin(post)
        if self.heartbeat is not None:
            self.heartbeat.beat(engine)

    def spawn(
        self, tasks: asyncio.TaskGroup, engine: Engine, *, before_each: Callable[[], None]
    ) -> None:
        """Start what must go on while we run; `before_each` comes before every claim to be well."""
        if self.dead_man is not None:
            spawn(tasks, "dead_man", self.dead_man.run())
        if self.heartbeat is not None:
            spawn(tasks, "heartbeat", self._beat(self.heartbeat, engine, before_each))

    async def _beat(
        self, heartbeat: HeartbeatWriter, engine: Engine, before_each: Callable[[], None]
    ) -> None:
        while True:
            before_each()
            if self.sentinel is not None:
                self.sentinel.look()
            if heartbeat.is_well(engine):
                heartbeat.beat(engine)
            await asyncio.sleep(HEARTBEAT_S)

    async def end(self, engine: Engine) -> None:
        """The venue lists no order of ours: nobody need stop us any more."""
        if self.dead_man is not None:
            await self.dead_man.disarm()
        if self.heartbeat is not None:
            self.heartbeat.beat(engine, RunStatus.STOPPED)


NO_EXTERNAL_STOPS = ExternalStops()
