"""A kill that another process latched is ours as soon as we look."""

from pathlib import Path

from quoter.domain.events import Alarm, Event
from quoter.domain.step import StateChange
from quoter.domain.trading import Cause, TradingState
from quoter.service.clock import Clock
from quoter.service.data_folder import DataFolder
from quoter.service.killswitch.controller import KillSwitchController
from quoter.service.killswitch.latch import Latch


def stops(folder: Path, heard: list[Event]) -> KillSwitchController:
    return KillSwitchController(
        gateway=None, folder=DataFolder(folder), latched=None, post=heard.append, clock=Clock()
    )


def test_a_latch_of_the_sentinel_is_told_once_and_keeps_its_id(tmp_path: Path) -> None:
    heard: list[Event] = []
    ours = stops(tmp_path, heard)
    ours.look()
    assert heard == []
    record = Latch(tmp_path).write(Cause.SENTINEL_KILL, "silent", 0)
    ours.look()
    ours.look()
    (alarm,) = heard
    assert isinstance(alarm, Alarm)
    assert (alarm.cause, alarm.active) == (Cause.SENTINEL_KILL, True)
    assert "silent" in alarm.text
    assert ours.latched == record
    assert ours.rearming(record.kill_id, "test", "why") is None  # the engine has not heard yet
    assert ours.refusal(alarm) == ""
    assert ours.rearming(record.kill_id, "test", "why") is not None


def test_an_unreadable_latch_kills_too(tmp_path: Path) -> None:
    heard: list[Event] = []
    (tmp_path / "latch.json").write_text("{")
    stops(tmp_path, heard).look()
    (alarm,) = heard
    assert isinstance(alarm, Alarm)
    assert alarm.cause is Cause.SENTINEL_KILL


def test_a_kill_that_follows_it_does_not_latch_again(tmp_path: Path) -> None:
    heard: list[Event] = []
    ours = stops(tmp_path, heard)
    record = Latch(tmp_path).write(Cause.SENTINEL_KILL, "silent", 0)
    ours.look()
    ours.changed(
        StateChange(
            before=TradingState.RUNNING,
            after=TradingState.KILLED,
            raised=((Cause.SENTINEL_KILL, ""),),
            cleared=(),
        )
    )
    assert Latch(tmp_path).read() == record
