"""A kill is announced when it is latched: a crash in between must not be forgotten by a restart."""

import asyncio
import threading
from contextlib import ExitStack
from pathlib import Path

import pytest

from quoter.domain.events import Kill
from quoter.domain.step import Step
from quoter.domain.trading import Cause, TradingState
from quoter.service import announcements as module
from quoter.service.exit_codes import ExitCode
from quoter.service.external_stops.heartbeat import HEARTBEAT_S
from quoter.service.external_stops.heartbeat_files import (
    HEARTBEAT,
    DaemonHeartbeat,
    read_heartbeat,
)
from quoter.service.killswitch.latch import Latch, LatchRecord
from tests.integration.daemon_harness import (
    LIVELY,
    DaemonHarness,
    market,
    sandbox_and_daemon,
)


async def shown(harness: DaemonHarness) -> list[str]:
    """Return the trading states, and the causes, that the heartbeat and `/state` show now."""
    await asyncio.sleep(2 * HEARTBEAT_S)
    heartbeat = read_heartbeat(harness.settings.data_dir / HEARTBEAT, DaemonHeartbeat)
    assert heartbeat is not None
    snapshot = harness.running.runner.announcements.snapshot()
    return [heartbeat.state, snapshot.trading_state.name, *snapshot.causes]


@pytest.mark.parametrize("is_lasting", [False, True])
async def test_kill_cancels_at_once_and_is_announced_with_its_latch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_lasting: bool
) -> None:
    """The disk is slow, or silent for longer than the announcement waits."""
    answers, save = threading.Event(), Latch.save
    announced: list[bool] = []  # whether the latch was on the disk then

    def slow(self: Latch, record: LatchRecord) -> None:
        answers.wait()
        save(self, record)

    def watch(step: Step) -> None:
        if step.state is not None and step.state.after is TradingState.KILLED:
            announced.append(Latch(tmp_path).is_set())

    monkeypatch.setattr(Latch, "save", slow)
    if not is_lasting:
        monkeypatch.setattr(module, "HOLD_NS_MAX", 10**15)
    async with sandbox_and_daemon(market(LIVELY, seed=4), tmp_path) as (_, harness):
        with ExitStack() as cleanup:
            cleanup.callback(answers.set)  # otherwise a failed test could never stop the daemon
            await harness.until(harness.is_two_sided, "quoting")
            harness.watchers.append(watch)
            runner = harness.running.runner
            runner.commands.send(
                Kill(ts_ns=harness.running.clock.now_ns(), actor="test", reason="now")
            )
            await harness.until(lambda: not harness.open_own(), "cancelled")
            if is_lasting:
                await harness.until(lambda: announced != [], "announced")
            else:
                assert announced == []
                assert await shown(harness) == ["RUNNING", "RUNNING"]
            answers.set()
            await harness.until(Latch(tmp_path).is_set, "latched")
            await harness.until(lambda: announced != [], "announced")
            assert announced[0] is not is_lasting
            assert await shown(harness) == ["KILLED", "KILLED", Cause.OPERATOR_KILL]
            assert await harness.stop() is ExitCode.KILLED
