"""`quoter rearm` by file: whoever types the id is told what became of it."""

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from quoter import cli
from quoter.domain.errors import BadSetting
from quoter.domain.events import Operator
from quoter.domain.reasons import OperatorAction
from quoter.domain.trading import Cause, TradingState
from quoter.service.data_folder import REARM_REQUEST, DataFolder
from quoter.service.latch import Latch
from quoter.service.operator_requests import Rearmed, await_rearm
from quoter.service.operator_requests import rearm as request
from tests.unit.service.control_rig import Rig, rigged

PATIENCE_S = "60"  # on a busy machine


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.upper().startswith("QUOTER_"):
            monkeypatch.delenv(name)


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    """A daemon that is killed, owns its folder and looks for requests in it."""
    async with rigged(tmp_path) as it:
        folder = DataFolder(tmp_path)
        folder.take()
        it.stops.kill("test", "why")
        it.drain()
        await it.until_disk()
        looking = asyncio.create_task(look(it))
        yield it
        looking.cancel()
        folder.release()


async def look(rig: Rig) -> None:
    while True:
        rig.stops.look()
        await asyncio.sleep(0.01)


def rearm(folder: Path, kill_id: str, *words: str) -> Result:
    options = ["--kill-id", kill_id, "--data-dir", str(folder), *words]
    return CliRunner().invoke(cli.app, ["rearm", *options])


async def test_it_waits_until_the_kill_is_lifted(rig: Rig) -> None:
    rig.settle()
    kill_id = str(rig.stops.kill_id())
    words = ("--wait", PATIENCE_S, "--reason", "understood")
    result = await asyncio.to_thread(rearm, rig.folder, kill_id, *words)
    assert result.exit_code == 0, result.output
    assert Latch(rig.folder).read() is None
    assert rig.state < TradingState.KILLED
    assert [event.text for event in rearms(rig)] == [f"{kill_id}: understood"]


def rearms(rig: Rig) -> list[Operator]:
    """What the engine heard of it."""
    events = (step.event for step in rig.desk.steps)
    return [it for it in events if isinstance(it, Operator) and it.action is OperatorAction.REARM]


async def test_what_speaks_against_it_is_told_while_the_daemon_is_patient(rig: Rig) -> None:
    kill_id, told = str(rig.stops.kill_id()), list[str]()
    assert request(rig.folder, kill_id) is Rearmed.REQUESTED
    waiting = asyncio.to_thread(await_rearm, rig.folder, kill_id, float(PATIENCE_S), told.append)
    task = asyncio.create_task(waiting)
    await rig.until(lambda: bool(told))
    rig.settle()
    rig.later(1)
    assert await task == ""
    assert told == ["2 orders may be alive"]


async def test_it_hands_on_the_refusal(rig: Rig) -> None:
    """The daemon is patient; this clock is not."""
    kill_id = str(rig.stops.kill_id())
    asking = asyncio.to_thread(rearm, rig.folder, kill_id, "--wait", PATIENCE_S)
    task = asyncio.create_task(asking)
    await rig.until(lambda: bool(rearms(rig)))
    rig.later(31)
    result = await task
    assert result.exit_code == 1
    assert "not within 30 s: 2 orders may be alive; still KILLED" in result.output


async def test_another_kill_meanwhile_is_told(rig: Rig) -> None:
    kill_id = str(rig.stops.kill_id())
    task = asyncio.create_task(asyncio.to_thread(rearm, rig.folder, kill_id, "--wait", PATIENCE_S))
    await rig.until(lambda: bool(rearms(rig)))
    rig.stops.kill("test", "again")
    result = await task
    assert result.exit_code == 1
    assert "still KILLED" in result.output
    assert Latch(rig.folder).read() is not None


class TestWithoutAnAnswer:
    """A daemon that owns the folder and does not look, because it hangs."""

    @pytest.fixture
    def kill_id(self, tmp_path: Path) -> str:
        return Latch(tmp_path).write(Cause.LOSS_LIMIT, "lost", 1).kill_id

    def test_the_request_is_withdrawn(self, tmp_path: Path, kill_id: str) -> None:
        """Nobody would be there to see it obeyed."""
        folder = DataFolder(tmp_path)
        folder.take()
        result = rearm(tmp_path, kill_id, "--wait", "1")
        folder.release()
        assert result.exit_code == 1
        assert "not within 1 s: the daemon did not take the request up" in result.output
        assert not (tmp_path / REARM_REQUEST).exists()
        assert Latch(tmp_path).read() is not None

    def test_no_daemon_at_all_means_the_next_start(self, tmp_path: Path, kill_id: str) -> None:
        result = rearm(tmp_path, kill_id)
        assert result.exit_code == 0
        assert "no daemon runs" in result.output
        assert Latch(tmp_path).read() is None

    @pytest.mark.parametrize(
        ("option", "value", "text"),
        [
            ("--accept-inventory", "abc", "must be a number of base units (got abc)"),
            ("--accept-inventory", "sNaN", "must be a number of base units (got sNaN)"),
            ("--accept-inventory", "1" * 100, "must be a number of base units"),
            ("--reason", "a\x1b[2Jb", "must be 1 to 200 printable characters (got a?[2Jb)"),
            ("--reason", "x" * 201, "must be 1 to 200 printable characters"),
            ("--reason", " ", "must be 1 to 200 printable characters"),
        ],
    )
    def test_words_that_do_not_fit_change_nothing(
        self, tmp_path: Path, kill_id: str, option: str, value: str, text: str
    ) -> None:
        result = rearm(tmp_path, kill_id, option, value)
        assert isinstance(result.exception, BadSetting)
        assert f"{option}: {text}" in str(result.exception)
        assert Latch(tmp_path).read() is not None
