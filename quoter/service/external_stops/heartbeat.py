"""Write the daemon's heartbeat for the sentinel, while the engine handles its events in time.

A task of the event loop writes it, so no heartbeat is written while the loop hangs.
"""

import asyncio
import os
from pathlib import Path

import structlog

from quoter.domain.orders import OrderState
from quoter.domain.trading import TradingState
from quoter.engine.engine import Engine
from quoter.service.clock import Clock
from quoter.service.external_stops.heartbeat_files import (
    HEARTBEAT,
    DaemonHeartbeat,
    Holdings,
    InstanceIdentity,
    RunStatus,
    write_heartbeat,
)

log = structlog.get_logger()

HEARTBEAT_S = 0.2
# The engine gets a tick every 0.1 s. If the engine's time is older than this, it is stuck or its
# inbox is not drained.
TICK_AGE_NS_MAX = 1_000_000_000


class HeartbeatWriter:
    """Writes the heartbeats of one run.

    A failed write is logged; the sentinel sees no heartbeat then.
    """

    def __init__(self, *, folder: Path, run: str, identity: InstanceIdentity, clock: Clock) -> None:
        self._path = folder / HEARTBEAT
        self._run = run
        self._identity = identity
        self._clock = clock
        self._seq = 0
        self._is_over = False
        self._is_failure_logged = False

    async def while_starting(self) -> None:
        """Write heartbeats during the start, while the gate is closed, until cancelled."""
        while True:
            self._write(RunStatus.STARTING, "")
            await asyncio.sleep(HEARTBEAT_S)

    def is_healthy(self, engine: Engine) -> bool:
        """Whether the engine's time is at most TICK_AGE_NS_MAX old."""
        return self._clock.now_ns() - engine.ts_ns <= TICK_AGE_NS_MAX

    def write(
        self,
        engine: Engine,
        status: RunStatus = RunStatus.RUNNING,
        *,
        state: TradingState | None = None,
    ) -> None:
        """Write one heartbeat; after `RunStatus.STOPPED` no other is written.

        `state`: the trading state to write; None: the engine's.
        """
        if self._is_over:
            return
        self._is_over = status is RunStatus.STOPPED
        holdings = Holdings(
            inventory=engine.inventory.net,
            target=engine.config.target,
            limit=engine.config.limits.inventory_max,
            asset=engine.config.instrument.base,
        )
        shown = engine.causes.state if state is None else state
        orders = sum(order.state is not OrderState.CLOSED_UNSETTLED for order in engine.orders)
        self._write(status, shown.name, holdings, orders)

    def _write(
        self,
        status: RunStatus,
        state: str,
        holdings: Holdings | None = None,
        orders: int | None = None,
    ) -> None:
        self._seq += 1
        heartbeat = DaemonHeartbeat(
            run=self._run,
            seq=self._seq,
            ts_ns=self._clock.now_ns(),
            pid=os.getpid(),
            status=status,
            state=state or TradingState.PAUSED.name,
            identity=self._identity,
            holdings=holdings,
            orders=orders,
        )
        try:
            write_heartbeat(self._path, heartbeat)
        except OSError as error:
            if not self._is_failure_logged:
                log.error("heartbeat_not_written", error=str(error))
            self._is_failure_logged = True
        else:
            self._is_failure_logged = False
