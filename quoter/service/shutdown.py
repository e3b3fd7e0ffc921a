"""The end of a run: cancel own orders until the venue lists none."""

import asyncio

import structlog

from quoter.domain.errors import VenueError
from quoter.domain.trading import Phase
from quoter.engine.engine import Engine
from quoter.venues.ports import OrderGateway

log = structlog.get_logger()

DRAIN_S_MAX = 20.0  # below the container's grace period
DRAIN_POLL_S = 0.1
VERIFY_PAUSE_S_MAX = 1.0  # between queries of a venue that still lists orders or fails
EMERGENCY_S_MAX = 20.0
# A create that was sent may still appear at the venue for so long: receive window 2 s, the venue's
# time-out 10 s, margin 1 s. The fence (`ReconcilePolicy.fence_ns`) waits 2 s longer.
LATE_CREATE_S = 13.0


class StopRequest:
    """Whether the run must end, and whether the process must be restarted afterwards."""

    def __init__(self) -> None:
        self._is_requested = asyncio.Event()
        self.is_restart_wanted = False
        self.trial_failure = ""  # why the trial order failed, if that ends the run

    def stop(self) -> None:
        """Request the clean end."""
        self._is_requested.set()

    def restart(self) -> None:
        """Request the clean end, with an exit code that asks for a restart."""
        self.is_restart_wanted = True
        self.stop()

    def trial_failed(self, text: str) -> None:
        """Request the clean end, because the venue did not show or end the trial order."""
        self.trial_failure = text
        self.stop()

    async def wait(self) -> None:
        """Return once the end is requested."""
        await self._is_requested.wait()


class Shutdown:
    """Cancels own orders at the end of a run, and verifies that none is left."""

    def __init__(self, engine: Engine, gateway: OrderGateway) -> None:
        self._engine = engine
        self._gateway = gateway
        self.is_verified = False  # the venue's last reply listed no own order

    async def drain(self) -> None:
        """Wait until engine and venue have no own order left, for at most DRAIN_S_MAX."""
        self._gateway.close_gate()
        try:
            async with asyncio.timeout(DRAIN_S_MAX):
                await self._drained()
        except TimeoutError:
            log.error("drain_timed_out", own_orders_left=len(self._engine.orders))

    async def _drained(self) -> None:
        """Return once the engine is quiet, and the venue listed no own order after that."""
        loop = asyncio.get_running_loop()
        was_quiet, due_s, pause_s = False, 0.0, DRAIN_POLL_S
        while not (was_quiet and self.is_verified):
            await asyncio.sleep(DRAIN_POLL_S)
            if self._engine.phase is not Phase.DRAINING:
                continue
            if self._engine.has_no_orders is not was_quiet:
                was_quiet, due_s, pause_s = self._engine.has_no_orders, 0.0, DRAIN_POLL_S
                self.is_verified = False
            if loop.time() >= due_s:
                await self._verify()
                due_s, pause_s = loop.time() + pause_s, min(2 * pause_s, VERIFY_PAUSE_S_MAX)

    async def _verify(self) -> None:
        """Cancel every own order at the venue, and set `is_verified` if it then lists none."""
        self.is_verified = False
        try:
            self.is_verified = await self._gateway.cancel_all() == 0
        except VenueError as error:
            log.warning("verify_failed", error=str(error))

    async def emergency(self) -> None:
        """Close the gate after an unexpected error, and cancel own orders until none is listed.

        Goes on for at least LATE_CREATE_S: a create in flight may reach the venue late.
        """
        self._gateway.close_gate()
        loop = asyncio.get_running_loop()
        last_create_s = loop.time() + LATE_CREATE_S
        try:
            async with asyncio.timeout(EMERGENCY_S_MAX):
                while not self.is_verified or loop.time() < last_create_s:
                    await self._verify()
                    await asyncio.sleep(DRAIN_POLL_S)
        except TimeoutError:
            log.critical("emergency_cancel_failed", seconds=EMERGENCY_S_MAX)
