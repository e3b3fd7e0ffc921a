"""Crash scenario: a crash of every simulated symbol, with exchange faults during it."""

import asyncio
from collections.abc import Awaitable, Callable

from quoter.domain.units import NS_PER_S
from quoter.sandbox.config import CrashScenario
from quoter.sandbox.exchange.faults import Armed, Endpoint, Fault, FaultKind, SocketKind
from quoter.sandbox.exchange.venue import Venue
from quoter.sim.scripts import Crash

ONSET_S, CASCADE_S, SILENCE_S, VACUUM_ENDS_S = 0.0, 30.0, 60.0, 180.0  # after the onset, at speed 1
SILENT_FOR_S = 5.0  # not scaled: readers need a fixed time to detect a silent socket

type Arm = Callable[[Fault], Awaitable[Armed]]


def scheduled_faults(time_scale: float) -> tuple[tuple[float, Fault], ...]:
    """Return each fault with its delay after the onset, in real seconds."""
    until_s = (VACUUM_ENDS_S - CASCADE_S) / time_scale
    refused = Fault(
        kind=FaultKind.ERROR_BEFORE,
        endpoint=Endpoint.CANCEL,
        probability=0.3,
        duration_s=until_s,
        status=400,
        code=-2010,
        text="not now",
    )
    overloaded = Fault(
        kind=FaultKind.ERROR_BEFORE,
        endpoint=Endpoint.CREATE,
        probability=0.05,
        duration_s=until_s,
    )
    limited = Fault(
        kind=FaultKind.RATE_LIMIT_429,
        endpoint=Endpoint.CREATE,
        probability=0.05,
        duration_s=until_s,
    )
    delayed = Fault(
        kind=FaultKind.DELAY,
        endpoint=Endpoint.CREATE,
        delay_after_s=0.2,
        duration_s=VACUUM_ENDS_S / time_scale,
    )
    silence = Fault(
        kind=FaultKind.SILENT_SOCKET,
        socket=SocketKind.MARKET,
        count=1,
        duration_s=SILENT_FOR_S,
    )
    return (
        (ONSET_S / time_scale, delayed),
        (CASCADE_S / time_scale, refused),
        (CASCADE_S / time_scale, overloaded),
        (CASCADE_S / time_scale, limited),
        (SILENCE_S / time_scale, silence),
    )


async def play(scenario: CrashScenario, venue: Venue, arm: Arm) -> None:
    """Run the scenario once; return when the last fault is armed."""
    onset_ns = venue.now_ns() + round(scenario.in_s * NS_PER_S)
    for symbol in venue.simulated:
        venue.exchange.script(symbol, Crash(time_scale=scenario.time_scale), onset_ns)
    for after_s, fault in scheduled_faults(scenario.time_scale):
        due_ns = onset_ns + round(after_s * NS_PER_S)
        await asyncio.sleep(max(0.0, (due_ns - venue.now_ns()) / NS_PER_S))
        await arm(fault)
