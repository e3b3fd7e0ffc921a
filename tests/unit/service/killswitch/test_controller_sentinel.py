"""A latch that another process wrote kills the running daemon at the next check."""

from pathlib import Path

from quoter.domain.events import Alarm
from quoter.domain.step import StateChange
from quoter.domain.trading import Cause, TradingState
from quoter.service.clock import Clock
from quoter.service.data_folder import DataFolder
from quoter.service.killswitch.latch import Latch
from tests.unit.service.stops_rig import StopsRig


def started_rig(folder: Path) -> StopsRig:
    return StopsRig(gateway=None, folder=DataFolder(folder), latched=None, clock=Clock())


def test_a_latch_of_the_sentinel_raises_one_alarm_and_keeps_its_id(tmp_path: Path) -> None:
    stops = started_rig(tmp_path)
    stops.files.check()
    assert stops.queue == []
    record = Latch(tmp_path).write(Cause.SENTINEL_KILL, "silent", 0)
    stops.files.check()
    stops.files.check()
    (alarm,) = stops.queue
    assert isinstance(alarm, Alarm)
    assert (alarm.cause, alarm.active) == (Cause.SENTINEL_KILL, True)
    assert "silent" in alarm.text
    assert stops.latched == record
    rearm = stops.rearming(record.kill_id)
    assert stops.commands.refusal(rearm) is not None  # the engine has not handled the alarm yet
    assert stops.inbox.take() is alarm
    assert stops.controller.refusal(alarm) is None
    assert stops.commands.refusal(rearm) is None


def test_an_unreadable_latch_kills_too(tmp_path: Path) -> None:
    (tmp_path / "latch.json").write_text("{")
    stops = started_rig(tmp_path)
    stops.files.check()
    (alarm,) = stops.queue
    assert isinstance(alarm, Alarm)
    assert alarm.cause is Cause.SENTINEL_KILL


def test_the_kill_of_a_sentinels_latch_does_not_write_the_latch_again(tmp_path: Path) -> None:
    stops = started_rig(tmp_path)
    record = Latch(tmp_path).write(Cause.SENTINEL_KILL, "silent", 0)
    stops.files.check()
    stops.state_changed(
        StateChange(
            before=TradingState.RUNNING,
            after=TradingState.KILLED,
            raised=((Cause.SENTINEL_KILL, ""),),
            cleared=(),
        )
    )
    assert Latch(tmp_path).read() == record
