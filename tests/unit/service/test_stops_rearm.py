"""A re-arm by file: with the id in force, until the books are clean, never past another kill."""

from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path

import pytest

from quoter.domain.events import Operator
from quoter.domain.reasons import OperatorAction
from quoter.domain.trading import Cause, TradingState
from quoter.service.data_folder import KILL_REQUEST, REARM_REQUEST
from quoter.service.latch import Latch
from quoter.service.rearm_files import RearmAnswer
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
    look(rig)


def look(rig: Rig) -> None:
    rig.stops.look()
    rig.drain()


def rearms(rig: Rig) -> list[Operator]:
    events = (step.event for step in rig.desk.steps)
    return [
        event
        for event in events
        if isinstance(event, Operator) and event.action is OperatorAction.REARM
    ]


async def test_it_is_asked_again_until_the_books_are_clean(rig: Rig) -> None:
    ask(rig, str(rig.stops.kill_id()))
    assert rig.state is TradingState.KILLED
    look(rig)
    assert len(rearms(rig)) == 1  # once a second
    rig.settle()
    rig.later(1)
    look(rig)
    assert rig.state < TradingState.KILLED
    await rig.until_disk()
    assert Latch(rig.folder).read() is None
    await rig.until(lambda: rig.gate.is_open)


async def test_it_does_not_lie_in_wait_for_ever(rig: Rig) -> None:
    ask(rig, str(rig.stops.kill_id()))
    rig.later(31)
    look(rig)
    rig.settle()
    rig.later(1)
    look(rig)
    assert rig.state is TradingState.KILLED
    answer = RearmAnswer.read(rig.folder)
    assert answer is not None
    assert answer.is_final
    assert answer.text.startswith("not within 30 s: ")
    assert "orders may be alive" in answer.text


async def test_what_speaks_against_it_is_left_for_who_asked(rig: Rig) -> None:
    kill_id = str(rig.stops.kill_id())
    ask(rig, kill_id)
    assert RearmAnswer.read(rig.folder) == RearmAnswer(kill_id, "2 orders may be alive", False)
    RearmAnswer.forget(rig.folder)
    rig.settle()
    rig.later(1)
    look(rig)
    assert RearmAnswer.read(rig.folder) is None  # the latch that is gone says it


async def test_the_reason_is_in_the_record(rig: Rig) -> None:
    ask(rig, f"{rig.stops.kill_id()}\nthe venue\x1b is back")
    assert [event.text.partition(": ")[2] for event in rearms(rig)] == ["the venue? is back"]


@pytest.mark.parametrize("by", ["operator", "file", "ourselves"])
async def test_another_kill_ends_it(rig: Rig, by: str) -> None:
    ask(rig, str(rig.stops.kill_id()))
    if by == "operator":
        rig.stops.kill("test", "again")
        rig.drain()
    elif by == "file":
        (rig.folder / KILL_REQUEST).write_text("again")
        look(rig)
    else:
        rig.own_kill(Cause.LEDGER_FAILED)
    rig.settle()
    rig.later(1)
    look(rig)
    assert rig.state is TradingState.KILLED


async def test_a_wrong_id_or_amount_asks_nothing(rig: Rig) -> None:
    kill_id = rig.stops.kill_id()
    for text in ("wrong", "", f"{kill_id} many", f"{kill_id} NaN", f"{kill_id} sNaN"):
        ask(rig, text)
    assert rearms(rig) == []
    ask(rig, "wrong")
    answer = RearmAnswer.read(rig.folder)
    assert answer is not None
    assert (answer.kill_id, answer.is_final) == ("wrong", True)


async def test_the_accepted_inventory_stands_behind_the_id(rig: Rig) -> None:
    ask(rig, f"{rig.stops.kill_id()} -0.50")
    assert [event.accept_inventory for event in rearms(rig)] == [Decimal("-0.5")]


async def test_a_signal_beside_its_file_is_the_same_kill(rig: Rig) -> None:
    """`quoter kill` leaves a file and sends a signal: the id that it shows must stay good."""
    kill_id = rig.stops.kill_id()
    rig.stops.kill_by_signal()
    rig.drain()
    assert rig.stops.kill_id() == kill_id
