"""A re-arm by file: retried until its conditions hold, ended by any newer kill."""

from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path

import pytest

from quoter.domain.events import Alarm, Rearm
from quoter.domain.trading import Cause, TradingState
from quoter.service.data_folder import KILL_REQUEST, REARM_REQUEST
from quoter.service.killswitch.file_requests import RearmAnswer
from quoter.service.killswitch.latch import Latch
from tests.unit.service.control_rig import Rig, rigged


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    async with rigged(tmp_path) as it:
        it.stops.kill("test", "why")
        it.drain()
        await it.until_disk()
        yield it


def ask(rig: Rig, text: str) -> None:
    (rig.folder / REARM_REQUEST).write_text(text)
    check(rig)


def check(rig: Rig) -> None:
    rig.stops.files.check()
    rig.drain()


def rearms(rig: Rig) -> list[Rearm]:
    return [step.event for step in rig.harness.steps if isinstance(step.event, Rearm)]


async def test_a_rearm_is_retried_until_reconciliation_is_clean(rig: Rig) -> None:
    ask(rig, str(rig.stops.kill_id()))
    assert rig.state is TradingState.KILLED
    check(rig)
    assert len(rearms(rig)) == 1  # at most once a second
    rig.settle()
    rig.later(1)
    check(rig)
    assert rig.state < TradingState.KILLED
    await rig.until_disk()
    assert Latch(rig.folder).read() is None
    await rig.until(lambda: rig.gate.is_open)


async def test_a_rearm_is_given_up_after_30_seconds(rig: Rig) -> None:
    ask(rig, str(rig.stops.kill_id()))
    rig.later(31)
    check(rig)
    rig.settle()
    rig.later(1)
    check(rig)
    assert rig.state is TradingState.KILLED
    answer = RearmAnswer.read(rig.folder)
    assert answer is not None
    assert answer.is_final
    assert answer.text.startswith("not done within 30 s: ")
    assert "orders may be live" in answer.text


async def test_each_refusal_is_written_to_the_answer_file(rig: Rig) -> None:
    kill_id = str(rig.stops.kill_id())
    ask(rig, kill_id)
    assert RearmAnswer.read(rig.folder) == RearmAnswer(kill_id, "2 orders may be live", False)
    RearmAnswer.forget(rig.folder)
    rig.settle()
    rig.later(1)
    check(rig)
    assert RearmAnswer.read(rig.folder) is None  # the removed latch is the answer


async def test_the_reason_is_part_of_the_command(rig: Rig) -> None:
    ask(rig, f"{rig.stops.kill_id()}\nthe venue\x1b is back")
    assert [event.reason for event in rearms(rig)] == ["the venue? is back"]


@pytest.mark.parametrize("by", ["operator", "file", "engine"])
async def test_another_kill_ends_a_waiting_rearm(rig: Rig, by: str) -> None:
    ask(rig, str(rig.stops.kill_id()))
    if by == "operator":
        rig.stops.kill("test", "again")
        rig.drain()
    elif by == "file":
        (rig.folder / KILL_REQUEST).write_text("again")
        check(rig)
    else:
        rig.own_kill(Cause.LEDGER_FAILED)
    rig.settle()
    rig.later(1)
    check(rig)
    assert rig.state is TradingState.KILLED


async def test_a_wrong_kill_id_or_amount_is_not_given_to_the_engine(rig: Rig) -> None:
    kill_id = rig.stops.kill_id()
    for text in ("wrong", "", f"{kill_id} many", f"{kill_id} NaN", f"{kill_id} sNaN"):
        ask(rig, text)
    assert rearms(rig) == []
    ask(rig, "wrong")
    answer = RearmAnswer.read(rig.folder)
    assert answer is not None
    assert (answer.kill_id, answer.is_final) == ("wrong", True)


async def test_the_accepted_inventory_follows_the_kill_id(rig: Rig) -> None:
    ask(rig, f"{rig.stops.kill_id()} -0.50")
    assert [event.accept_inventory for event in rearms(rig)] == [Decimal("-0.5")]


@pytest.mark.parametrize("is_file_first", [True, False])
async def test_a_signal_and_its_kill_file_are_one_kill(rig: Rig, is_file_first: bool) -> None:
    """`quoter kill` writes a file and sends a signal: the kill id that it shows must stay valid."""
    seen = rig.stops.kill_id()
    (rig.folder / KILL_REQUEST).write_text("again")
    if is_file_first:
        check(rig)
    rig.stops.files.kill_by_signal()
    kill_id = rig.stops.kill_id()
    check(rig)
    assert seen != kill_id == rig.stops.kill_id()
    await rig.until_disk()
    rig.settle()
    ask(rig, str(kill_id))
    assert rig.state < TradingState.KILLED


@pytest.mark.parametrize("by", ["its signal", "an earlier alarm"])
async def test_a_kill_without_a_new_kill_id_ends_a_waiting_rearm_too(rig: Rig, by: str) -> None:
    if by == "its signal":
        (rig.folder / KILL_REQUEST).write_text("again")
        check(rig)
        ask(rig, str(rig.stops.kill_id()))
        rig.stops.files.kill_by_signal()
    else:
        rig.own_kill(Cause.LEDGER_FAILED)
        ask(rig, str(rig.stops.kill_id()))
        now_ns = rig.harness.now_ns
        rig.stops.post(Alarm(ts_ns=now_ns, cause=Cause.LEDGER_FAILED, active=True, text="still"))
    rig.drain()
    rig.settle()
    rig.later(1)
    check(rig)
    assert rig.state is TradingState.KILLED


@pytest.mark.parametrize("by", ["signal", "api"])
async def test_a_bare_signal_makes_the_kill_id_invalid(rig: Rig, by: str) -> None:
    """A sender of the earlier kill id has not seen this kill."""
    seen = str(rig.stops.kill_id())
    ask(rig, seen)  # too early: the books are not clean
    if by == "signal":
        rig.stops.files.kill_by_signal()
    else:
        assert (await rig.post_command("kill", reason="SIGUSR1")).status == 200
    rig.drain()
    rig.settle()
    rig.later(1)
    check(rig)
    assert rig.state is TradingState.KILLED
    assert (await rig.post_command("rearm", kill_id=seen)).status == 409
    assert (await rig.post_command("rearm", kill_id=rig.stops.kill_id())).status == 200


@pytest.mark.parametrize("later_s", [0.0, 2.0])
async def test_a_kill_file_accounts_for_one_signal_within_a_second(
    rig: Rig, later_s: float
) -> None:
    (rig.folder / KILL_REQUEST).write_text("again")
    check(rig)
    if not later_s:
        rig.stops.files.kill_by_signal()  # the signal of that file
    kill_id = rig.stops.kill_id()
    rig.later(later_s)
    rig.stops.files.kill_by_signal()
    assert rig.stops.kill_id() != kill_id


async def test_a_signal_after_the_kill_of_its_file_was_cleared_kills(rig: Rig) -> None:
    """It may come from another sender."""
    (rig.folder / KILL_REQUEST).write_text("again")
    check(rig)
    rig.settle()
    ask(rig, str(rig.stops.kill_id()))
    assert rig.state < TradingState.KILLED
    rig.stops.files.kill_by_signal()
    rig.drain()
    assert rig.state is TradingState.KILLED
    assert rig.stops.kill_id() is not None
