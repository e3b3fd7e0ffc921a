"""Any task of a daemon that ends or raises stops the run: no order stays, its name is logged."""

import asyncio
import json
from collections.abc import Coroutine
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from quoter.service import shutdown
from quoter.service.exit_codes import ExitCode
from quoter.venues import supervised_tasks as module
from quoter.venues.supervised_tasks import forever
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

# Every task of the runner, one of its workers each, and one of the feed's own.
NAMES = (
    "feed", "engine", "tick", "probe", "hang_watch", "requests", "resources", "end",
    "calibration", "clock", "private", "outbox-creates-0", "outbox-cancels-0", "outbox-kills-0",
    "outbox-all-0",
    "outbox-queries-0", "book checks",
)  # fmt: skip
BATCH = 8  # daemons at once


@dataclass(slots=True)
class Target:
    """The task that ends in one daemon, and when."""

    name: str
    is_silent: bool  # it returns; otherwise it raises
    now: asyncio.Event = field(default_factory=asyncio.Event)

    async def spoil(self, work: Coroutine[None, None, None]) -> None:
        """Run the task until it must end."""
        doing, waiting = asyncio.create_task(work), asyncio.create_task(self.now.wait())
        both: set[asyncio.Task[None] | asyncio.Task[bool]] = {doing, waiting}
        try:
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
            if doing.done():
                doing.result()
        finally:
            for task in both:
                task.cancel()
            await asyncio.wait(both)
        if not self.is_silent:
            raise ZeroDivisionError("a defect of ours")


target = ContextVar[Target | None]("target", default=None)


async def spoilt(name: str, work: Coroutine[None, None, None]) -> None:
    """Replacement for `forever`."""
    aim = target.get()
    is_it = aim is not None and aim.name == name
    await forever(name, aim.spoil(work) if is_it and aim is not None else work)


async def strike(aim: Target, folder: Path, seed: int) -> None:
    """Trade, end the task, and check what is left."""
    target.set(aim)
    async with running(market(LIVELY, seed)) as sandbox:
        await place_foreign(sandbox)
        async with running_daemon(sandbox, settings(sandbox, folder)) as harness:
            await harness.until(harness.is_two_sided, f"{aim.name}: quoting")
            aim.now.set()
            assert await harness.ended() is ExitCode.CRASHED, aim.name
            assert not harness.running.runner.process_health.is_alive()
        assert open_ids(sandbox) == {FOREIGN_ID}, aim.name


@pytest.mark.parametrize("is_silent", [False, True], ids=["raises", "returns"])
@pytest.mark.parametrize("first", range(0, len(NAMES), BATCH))
async def test_ended_task_ends_the_run_without_open_orders(
    first: int, is_silent: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "forever", spoilt)
    monkeypatch.setattr(shutdown, "LATE_CREATE_S", 0.5)
    names = NAMES[first : first + BATCH]
    with quiet_logs(tmp_path / "log"):
        async with asyncio.TaskGroup() as strikes:
            for seed, name in enumerate(names):
                aim = Target(name, is_silent)
                strikes.create_task(strike(aim, tmp_path / name, seed))
    lines = map(json.loads, (tmp_path / "log").read_text().splitlines())
    reported = [line["tasks"] for line in lines if line["event"] == "crashed"]
    wanted = [["feed.book checks" if name == "book checks" else name] for name in names]
    assert sorted(reported) == sorted(wanted)
