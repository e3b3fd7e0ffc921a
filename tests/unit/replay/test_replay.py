"""A replay finds no difference in a run of this code, and the first one in any other."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from quoter.domain.commands import PlaceOrder
from quoter.domain.events import Tick
from quoter.domain.step import Step
from quoter.domain.trading import TradingState
from quoter.engine.engine import Engine
from quoter.recording.blocks import RecordingError
from quoter.recording.codec import Decision, Record
from quoter.replay.replay import replay
from tests.unit.engine.cases import CONFIG
from tests.unit.recording.cases import tick
from tests.unit.replay.recorded import quoting_events, recording, records_of

EVENTS = quoting_events()
RECORDS = records_of(EVENTS)


def decisions(records: list[Record]) -> list[int]:
    """Return the positions of the decisions whose last command places an order."""
    return [
        index
        for index, record in enumerate(records)
        if isinstance(record, Decision)
        and record.commands
        and isinstance(record.commands[-1], PlaceOrder)
    ]


def test_the_run_of_this_code_has_no_difference(tmp_path: Path) -> None:
    steps = list[Step]()
    result = replay(recording(tmp_path, RECORDS), follower=lambda _: steps.append)
    assert result.difference is None
    assert result.failure is None
    assert result.is_complete
    assert result.events == len(EVENTS) == len(steps)
    assert result.commands > 20
    assert (result.first_ns, result.last_ns) == (EVENTS[0].ts_ns, EVENTS[-1].ts_ns)


def test_a_changed_command_is_the_first_difference(tmp_path: Path) -> None:
    records = list(RECORDS)
    position = decisions(records)[1]
    decision = records[position]
    assert isinstance(decision, Decision)
    command = decision.commands[-1]
    assert isinstance(command, PlaceOrder)
    other = replace(command, size=command.size + Decimal("0.1"))
    records[position] = decision._replace(commands=(*decision.commands[:-1], other))
    result = replay(recording(tmp_path, records))
    assert result.difference is not None
    assert result.difference.event == records[position - 1]
    assert (result.difference.recorded, result.difference.replayed) == (records[position], decision)
    assert result.events < len(EVENTS)


def test_a_command_that_the_run_did_not_send_is_a_difference(tmp_path: Path) -> None:
    records = list(RECORDS)
    position = decisions(records)[1]
    lost = records.pop(position)
    difference = replay(recording(tmp_path, records)).difference
    assert difference is not None
    assert (difference.recorded, difference.replayed) == (None, lost)
    assert difference.event == records[position - 1]


def test_a_command_that_only_the_run_sent_is_a_difference(tmp_path: Path) -> None:
    first = RECORDS.index(EVENTS[2])
    extra = Decision(3, (), TradingState.KILLED)
    records = [*RECORDS[: first + 1], extra, *RECORDS[first + 1 :]]
    difference = replay(recording(tmp_path, records)).difference
    assert difference is not None
    assert (difference.seq, difference.recorded) == (3, extra)


@pytest.mark.parametrize("has_end", [True, False])
def test_a_crash_may_lose_the_last_decision_only(tmp_path: Path, has_end: bool) -> None:
    cut = RECORDS[: decisions(RECORDS)[-1]]
    result = replay(recording(tmp_path, cut, has_end=has_end))
    assert result.is_complete is has_end
    assert (result.difference is not None) is has_end


def test_other_settings_of_the_run_are_part_of_the_recording(tmp_path: Path) -> None:
    other = replace(CONFIG, pricing=replace(CONFIG.pricing, gamma=50.0))
    result = replay(recording(tmp_path, records_of(EVENTS, other), other))
    assert result.difference is None
    assert replay(recording(tmp_path, RECORDS, other)).difference is not None


def test_an_event_that_the_engine_fails_on_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    handle = Engine.handle

    def fails(engine: Engine, event: Tick) -> Step:
        if engine.seq == 20:
            raise ZeroDivisionError("a defect")
        return handle(engine, event)

    source = recording(tmp_path, RECORDS)
    monkeypatch.setattr(Engine, "handle", fails)
    result = replay(source)
    assert result.failure is not None
    assert result.failure.event == EVENTS[20]
    assert "a defect" in str(result.failure.error)
    assert result.events == 20


def test_progress_is_reported_in_bytes(tmp_path: Path) -> None:
    read = list[int]()
    ticks = [tick(number) for number in range(1, 2_500)]
    source = recording(tmp_path, records_of([*EVENTS, *ticks]))
    replay(source, progress=read.append)
    assert len(read) == 2
    assert 0 < read[0] <= read[1] <= source.bytes_total


def test_a_recorded_market_has_nothing_to_compare(tmp_path: Path) -> None:
    source = recording(tmp_path, [tick(1)], None)
    with pytest.raises(RecordingError, match="a market but no decisions"):
        replay(source)
