"""A crash while creates are in flight: orders that still arrive are cancelled."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from quoter.domain.commands import PlaceOrder
from quoter.domain.step import Step
from quoter.service.exit_codes import ExitCode
from tests.integration.daemon_harness import (
    FOREIGN_ID,
    LIVELY,
    market,
    open_ids,
    place_foreign,
    quiet_logs,
    running_daemon,
    settings,
)
from tests.integration.sandbox_client import running

LATE_S = 1.0
STILL = replace(LIVELY, intensity=0.0)  # no fills of orders that should have been cancelled


@pytest.mark.slow
async def test_create_in_flight_at_a_crash_is_cancelled_when_it_arrives(
    tmp_path: Path,
) -> None:
    """The venue executes it long after the list of open orders was requested."""
    with quiet_logs(tmp_path / "log"):
        async with running(market(STILL, seed=3)) as sandbox:
            await place_foreign(sandbox)
            await sandbox.arm("delay", endpoint="create", delay_s=LATE_S)
            async with running_daemon(sandbox, settings(sandbox, tmp_path)) as harness:
                loop = asyncio.get_running_loop()
                armed = loop.create_future()

                def break_down(step: Step) -> None:
                    if armed.done():
                        raise ZeroDivisionError("a defect of ours")
                    if any(isinstance(command, PlaceOrder) for command in step.commands):
                        loop.call_later(LATE_S / 4, armed.set_result, None)

                harness.watchers.append(break_down)
                assert await harness.ended() is ExitCode.CRASHED
                await asyncio.sleep(2 * LATE_S)  # everything in flight has arrived by now
            assert open_ids(sandbox) == {FOREIGN_ID}
