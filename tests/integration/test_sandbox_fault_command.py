"""`quoter sandbox fault` arms, lists and clears faults of a running sandbox."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

import pytest

from tests.integration.sandbox_client import RunningSandbox
from tests.unit.cli.in_process import run_main

type Command = Callable[..., Awaitable[tuple[int, str, str]]]


@pytest.fixture
def fault(
    still_sandbox: RunningSandbox,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Command:
    """The command as a shell runs it, while the sandbox answers in this process."""
    monkeypatch.setenv("QUOTER_SANDBOX_URL", still_sandbox.url)
    return partial(asyncio.to_thread, run_main, monkeypatch, capsys, "sandbox", "fault")


async def test_a_fault_is_armed_fires_is_listed_and_is_cleared(
    still_sandbox: RunningSandbox, fault: Command
) -> None:
    words = ("error_before", "endpoint=market", "status=500", "count=1", "text=away")
    code, out, _ = await fault("arm", *words)
    armed = "1: error_before count=1 endpoint=market status=500 text=away"
    assert (code, out) == (0, f"armed {armed}\n")
    assert (await still_sandbox.get("time")).status == 500
    assert (await still_sandbox.get("time")).status == 200
    assert (await fault("list"))[1] == f"{armed}  matched 1, fired 1, over\n"
    assert (await fault("arm", "depth_gap"))[1] == "armed 2: depth_gap\n"
    assert (await fault("clear", "2"))[1] == "cleared 1\n"
    code, _, err = await fault("clear", "2")
    assert code == 1
    assert err.endswith("no armed fault has the id 2: see `quoter sandbox fault list`\n")
    assert (await fault("clear"))[1] == "cleared 1\n"
    assert (await fault("list"))[1] == "no fault is armed\n"


async def test_a_field_may_be_any_json(still_sandbox: RunningSandbox, fault: Command) -> None:
    await fault("arm", "field_value", "endpoint=market", "text=serverTime", "value=[1]")
    assert (await still_sandbox.get("time")).row == {"serverTime": [1]}


async def test_what_the_sandbox_refuses_is_exit_1(
    still_sandbox: RunningSandbox, fault: Command
) -> None:
    for _ in range(256):
        await still_sandbox.arm("depth_gap")
    code, _, err = await fault("arm", "depth_gap")
    assert code == 1
    assert err.endswith("the sandbox refused: more than 256 faults: clear some first\n")
