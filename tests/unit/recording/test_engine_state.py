"""A fresh engine that takes over a state goes on as the one that it is of."""

import msgspec
import pytest

from quoter.domain.events import Event
from quoter.domain.market import Level
from quoter.engine.engine import Engine
from quoter.recording.engine_state import UnreadableState, dump, load
from tests.unit.engine.cases import CONFIG
from tests.unit.replay.recorded import quoting_events
from tests.unit.report.cases import trading_events


@pytest.mark.parametrize("events", [quoting_events(), trading_events()], ids=["moves", "fills"])
@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9])
def test_both_engines_decide_the_same_from_any_moment_on(events: list[Event], share: float) -> None:
    first, second = Engine(CONFIG), Engine(CONFIG)
    middle = int(share * len(events))
    for event in events[:middle]:
        first.handle(event)
    load(second, dump(first))
    assert dump(second) == dump(first)
    commands = 0
    for event in events[middle:]:
        step = first.handle(event)
        assert second.handle(event) == step
        commands += len(step.commands)
    assert commands > 0
    assert dump(second) == dump(first)


def test_the_engine_that_was_written_is_not_changed_by_the_other() -> None:
    events = trading_events()
    first, second = Engine(CONFIG), Engine(CONFIG)
    for event in events[:100]:
        first.handle(event)
    state = dump(first)
    load(second, state)
    for event in events[100:]:
        second.handle(event)
    assert dump(first) == state
    assert dump(second) != state


def test_equal_sets_are_written_equally_whatever_their_order() -> None:
    one, other = {0, 8}, {8, 0}  # both fall into one slot of the table
    assert list(one) != list(other)
    states = []
    for numbers in (one, other):
        engine = Engine(CONFIG)
        engine.counts["x"] = numbers  # type: ignore[assignment]
        states.append(dump(engine))
    assert states[0] == states[1]


def test_a_named_tuple_in_two_places_is_one_object_again() -> None:
    """Placing compares quotes by identity: another object would be taken for a new quote."""
    first, second = Engine(CONFIG), Engine(CONFIG)
    level = Level(1.0, 2.0)
    first.counts["x"] = first.counts["y"] = level  # type: ignore[assignment]
    load(second, dump(first))
    assert repr(second.counts["x"]) == repr(level)
    assert second.counts["x"] is second.counts["y"]


def test_a_value_without_a_form_is_named() -> None:
    engine = Engine(CONFIG)
    engine.counts["x"] = object()  # type: ignore[assignment]
    with pytest.raises(TypeError, match=r"builtins\.object is no part of an engine's state"):
        dump(engine)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (("seq", "sequence"), "Engine has other attributes"),
        (("quoter.engine.engine:Engine", "quoter.engine.engine:Motor"), "Motor"),
        (("quoter.engine.engine:Engine", "subprocess:Popen"), "subprocess:Popen is unknown"),
        (("connection", "conn"), "conn is missing or unknown"),
    ],
)
def test_a_state_of_other_code_is_refused_with_the_reason(
    change: tuple[str, str], reason: str
) -> None:
    def changed(value: object) -> object:
        if isinstance(value, list):
            return [changed(item) for item in value]
        return change[1] if value == change[0] else value

    state = msgspec.Raw(
        msgspec.msgpack.encode(changed(msgspec.msgpack.decode(dump(Engine(CONFIG)))))
    )
    with pytest.raises(UnreadableState, match=f"{reason}.*use the version that recorded it"):
        load(Engine(CONFIG), state)
