"""The daemon's sign of status for the sentinel, written only after a look at ourselves.

The event loop writes it: a loop that hangs is silent by construction.
"""

import asyncio
import os
from pathlib import Path

import structlog

from quoter.domain.trading import TradingState
from quoter.engine.engine import Engine
from quoter.service.clock import Clock
from quoter.service.external_stops.heartbeat_files import (
    HEARTBEAT,
    DaemonHeartbeat,
    Holdings,
    InstanceIdentity,
    RunStatus,
    put,
)

log = structlog.get_logger()

HEARTBEAT_S = 0.2
# The engine hears a tick every 0.1 s, queued behind all that it must hear before: if its time is
# older than this, it does not turn, or its inbox is not drained.
TICK_AGE_NS_MAX = 1_000_000_000


class HeartbeatWriter:
    """Writes the beats of one run. A disk that refuses them makes us silent, which is the truth."""

    def __init__(self, *, folder: Path, run: str, identity: InstanceIdentity, clock: Clock) -> None:
        self._path = folder / HEARTBEAT
        self._run = run
        self._identity = identity
        self._clock = clock
        self._seq = 0
        self._is_over = False
        self._is_told = False

    async def while_starting(self) -> None:
        """Beat until cancelled: a start may take long, and its gate is shut."""
        while True:
            self._write(RunStatus.STARTING, "", None)
            await asyncio.sleep(HEARTBEAT_S)

    def is_well(self, engine: Engine) -> bool:
        """Has the engine turned lately, up to what was told it lately?"""
        return self._clock.now_ns() - engine.ts_ns <= TICK_AGE_NS_MAX

    def beat(self, engine: Engine, status: RunStatus = RunStatus.RUNNING) -> None:
        """Say that we are alive, or that we ended well: that is the last word."""
        if self._is_over:
            return
        self._is_over = status is RunStatus.STOPPED
        holdings = Holdings(
            inventory=engine.inventory.net,
            target=engine.config.target,
            limit=engine.config.limits.inventory_max,
            asset=engine.config.instrument.base,
        )
        self._write(status, engine.causes.state.name, holdings)

    def _write(self, status: RunStatus, state: str, holdings: Holdings | None) -> None:
        self._seq += 1
        beat = DaemonHeartbeat(
            run=self._run,
            seq=self._seq,
            ts_ns=self._clock.now_ns(),
            pid=os.getpid(),
            status=status,
            state=state or TradingState.PAUSED.name,
            identity=self._identity,
            holdings=holdings,
        )
        try:
            put(self._path, beat)
        except OSError as error:
            if not self._is_told:
                log.error("heartbeat_not_written", error=str(error))
            self._is_told = True
        else:
            self._is_told = False
