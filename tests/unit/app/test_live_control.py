"""A SIGHUP reloads the settings; invalid settings change nothing."""

import asyncio
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import cast

import pytest
from structlog.testing import capture_logs

from quoter.app.live_control import LiveControl, Load
from quoter.service.runner import Runner
from quoter.settings import Settings
from tests.unit.service.control_rig import SETTINGS, Rig, rigged

WAIT_S_MAX = 20.0
OLD = "risk-0123456789abcdefghijklmnopqrstuv"
NEW = "risk-9876543210abcdefghijklmnopqrstuv"


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    async with rigged(tmp_path) as it:
        yield it


def live_control(rig: Rig, load: Load, settings: Settings = SETTINGS) -> LiveControl:
    return LiveControl(
        settings,
        runner=cast(Runner, rig),
        engine=rig.harness.engine,
        clock=rig.clock,
        ledger=None,
        count_response=lambda _: None,
        load=load,
    )


async def test_a_sighup_during_a_reload_causes_another_reload(rig: Rig) -> None:
    """The file may have changed after it was read; a third SIGHUP adds nothing."""
    may_go_on, loads = threading.Event(), list[int]()

    def load() -> Settings:
        loads.append(1)
        assert may_go_on.wait(WAIT_S_MAX)
        return SETTINGS

    it = live_control(rig, load)
    it.request_reload()
    await rig.until(lambda: len(loads) == 1)
    it.request_reload()
    it.request_reload()
    may_go_on.set()
    with capture_logs() as lines:
        await rig.until(lambda: len([x for x in lines if x["event"] == "reload"]) == 2)
    await asyncio.sleep(0.05)
    assert len(loads) == 2
    it.request_reload()
    await rig.until(lambda: len(loads) == 3)


async def test_an_unexpected_error_is_a_failed_reload_without_its_text(rig: Rig) -> None:
    """The text of an unexpected error may contain the new content of a secret file."""

    def load() -> Settings:
        raise RuntimeError(NEW)

    with capture_logs() as lines:
        live_control(rig, load).request_reload()
        await rig.until(lambda: bool(lines))
    assert lines == [{"event": "reload_failed", "log_level": "error", "mistakes": ["RuntimeError"]}]


async def test_a_changed_secret_is_named_but_not_shown(rig: Rig) -> None:
    running = SETTINGS.model_validate(dict(SETTINGS) | {"risk_token": OLD})
    found = SETTINGS.model_validate(dict(SETTINGS) | {"risk_token": NEW})
    with capture_logs() as lines:
        await live_control(rig, lambda: running, running).reload()
        assert not [line for line in lines if line.get("reason") == "needs a restart"]
        await live_control(rig, lambda: found, running).reload()
    reported = [line["setting"] for line in lines if line.get("reason") == "needs a restart"]
    assert reported == ["risk_token"]
    assert OLD not in str(lines)
    assert NEW not in str(lines)
