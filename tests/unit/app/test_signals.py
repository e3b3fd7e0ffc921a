"""Signals that arrive during the start. They are sent to this process."""

import asyncio
import os
import shutil
import signal
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import pytest

from quoter.app.live_control import LiveControl
from quoter.app.signals import Signals
from quoter.app.startup import StartFailed, latched
from quoter.domain.events import Kill
from quoter.service.clock import Clock
from quoter.service.data_folder import KILL_REQUEST, DataFolder
from quoter.service.exit_codes import ExitCode
from quoter.service.killswitch.controller import KillSwitchController
from quoter.service.operator_commands.file_commands import FileCommands
from quoter.service.runner import Runner
from tests.unit.service.stops_rig import StopsRig

ROUNDS = 20  # of the event loop, until a signal is certainly handled


@dataclass
class Run:
    """The parts of runner and live control that signals use."""

    rig: StopsRig
    can_reload: bool = False

    def stop(self) -> None:
        raise AssertionError("must not be called")

    @property
    def kills(self) -> int:
        return sum(isinstance(event, Kill) for event in self.rig.queue)

    @property
    def kill_switch(self) -> KillSwitchController:
        return self.rig.controller

    @property
    def file_commands(self) -> FileCommands:
        return self.rig.files


def started_run(folder: DataFolder) -> Run:
    return Run(StopsRig(gateway=None, folder=folder, latched=None, clock=Clock()))


def listen(signals: Signals, run: Run) -> None:
    signals.listen(cast(Runner, run), cast(LiveControl, run))


async def send_signal(number: signal.Signals) -> None:
    os.kill(os.getpid(), number)
    for _ in range(ROUNDS):
        await asyncio.sleep(0.001)


@pytest.fixture
async def signals(tmp_path: Path) -> AsyncIterator[Signals]:
    it = Signals(can_reload=True)
    it.folder = DataFolder(tmp_path)
    yield it
    for number in (signal.SIGUSR1, signal.SIGHUP, signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().remove_signal_handler(number)


async def test_a_kill_during_the_start_is_the_first_command(
    signals: Signals, tmp_path: Path
) -> None:
    await send_signal(signal.SIGUSR1)
    await send_signal(signal.SIGUSR1)  # a second signal is part of the same kill
    run = started_run(DataFolder(tmp_path))
    listen(signals, run)
    assert run.kills == 1
    assert run.kill_switch.latched is not None
    run.file_commands.check()
    assert run.kills == 1, "its file is the same kill"


async def test_a_kill_during_a_failed_start_kills_the_next_start(
    signals: Signals, tmp_path: Path
) -> None:
    await send_signal(signal.SIGUSR1)
    record = latched(DataFolder(tmp_path), Clock())
    assert record is not None
    assert "SIGUSR1" in record.text


async def test_a_kill_by_signal_keeps_the_reason_in_the_kill_file(
    signals: Signals, tmp_path: Path
) -> None:
    (tmp_path / KILL_REQUEST).write_text("too hot")
    await send_signal(signal.SIGUSR1)
    run = started_run(DataFolder(tmp_path))
    listen(signals, run)
    assert run.kill_switch.latched is not None
    assert "too hot" in run.kill_switch.latched.text


async def test_a_kill_during_the_start_works_without_a_writable_disk(
    signals: Signals, tmp_path: Path
) -> None:
    shutil.rmtree(tmp_path)
    await send_signal(signal.SIGUSR1)
    run = started_run(DataFolder(tmp_path))
    listen(signals, run)
    assert run.kills == 1


async def test_a_later_signal_kills_at_once(signals: Signals, tmp_path: Path) -> None:
    run = started_run(DataFolder(tmp_path))
    listen(signals, run)
    assert run.kills == 0
    await send_signal(signal.SIGUSR1)
    assert run.kills == 1


async def test_a_stop_ends_the_start_and_a_reload_does_not(signals: Signals) -> None:
    async def start() -> None:
        await send_signal(signal.SIGHUP)
        await send_signal(signal.SIGTERM)
        await asyncio.Event().wait()

    with pytest.raises(StartFailed) as failed:
        await signals.stoppable(start())
    assert failed.value.code is ExitCode.START_FAILED
