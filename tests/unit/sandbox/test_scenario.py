"""The crash scenario: its faults, and its options on the command line."""

import asyncio

from quoter.cli.sandbox import with_crash
from quoter.sandbox.config import CrashScenario, default_config
from quoter.sandbox.exchange.faults import Armed, Endpoint, Fault, FaultKind
from quoter.sandbox.exchange.venue import Venue
from quoter.sandbox.scenario import play, scheduled_faults
from quoter.sim.flow import Flow


def test_faults_are_scaled_with_the_speed_of_the_crash() -> None:
    """Except the silent socket: readers need a fixed time to detect it."""
    pairs = zip(scheduled_faults(1.0), scheduled_faults(4.0), strict=True)
    for (slow_s, slow), (fast_s, fast) in pairs:
        assert fast_s == slow_s / 4
        assert slow.duration_s is not None
        is_silence = slow.kind is FaultKind.SILENT_SOCKET
        assert fast.duration_s == (slow.duration_s if is_silence else slow.duration_s / 4)
    refused = [fault for _, fault in scheduled_faults(1.0) if fault.endpoint is Endpoint.CANCEL]
    assert [fault.probability for fault in refused] == [0.3]


async def test_play_starts_a_crash_on_every_market_and_arms_all_faults() -> None:
    venue = Venue(default_config(1))
    armed: list[Fault] = []

    async def arm(fault: Fault) -> Armed:
        armed.append(fault)
        return venue.faults.arm(fault)

    async with asyncio.timeout(10):
        await play(CrashScenario(in_s=0.0, time_scale=1_000.0), venue, arm)
    assert armed == [fault for _, fault in scheduled_faults(1_000.0)]
    flows: dict[str, Flow] = venue.exchange._flows
    assert flows
    assert all(len(flow._runs) == 1 for flow in flows.values())


def test_command_line_options_set_onset_and_speed() -> None:
    config = with_crash(default_config(1), in_s=5.0, time_scale=2.0)
    assert config.crash == CrashScenario(in_s=5.0, time_scale=2.0)
    assert default_config(1).crash is None
