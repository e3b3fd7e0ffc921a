"""A recorded run of an engine that quoted, for tests of the replay."""

from collections.abc import Sequence
from pathlib import Path

from quoter.domain.events import Event
from quoter.engine.config import EngineConfig
from quoter.engine.engine import Engine
from quoter.recording.codec import Checkpoint, Decision, End, Record
from quoter.recording.engine_state import dump
from quoter.recording.reader import Recording
from tests.unit.engine.cases import CONFIG, EngineHarness
from tests.unit.recording.cases import header, write


def quoting_events(config: EngineConfig = CONFIG) -> list[Event]:
    """Return the events of a short run: quotes, a fill, moves of the market."""
    harness = EngineHarness(config).start().rest()
    for number in range(30):
        harness.book(100.0 + 0.3 * (number % 7))
        harness.tick(0.5)
        harness.end()
        harness.rest()
        for order in list(harness.engine.orders)[: number % 3 == 2]:
            harness.fill(order)
    return [step.event for step in harness.steps]


def records_of(events: Sequence[Event], config: EngineConfig = CONFIG) -> list[Record]:
    """Return events and decisions as a run records them."""
    engine, records = Engine(config), list[Record]()
    for event in events:
        records.append(event)
        step = engine.handle(event)
        if step.commands or step.state is not None:
            records.append(Decision.of(step))
    return records


def checkpointed(events: Sequence[Event]) -> list[list[list[Record]]]:
    """Return the blocks of two files; the second begins with the state after half of the events."""
    middle = len(events) // 2
    engine, records = Engine(CONFIG), records_of(events)
    for event in events[:middle]:
        engine.handle(event)
    place = records.index(events[middle])
    state = Checkpoint(events[middle].ts_ns, dump(engine))
    ended = End(events[-1].ts_ns, len(events))
    return [[[header()], records[:place]], [[header()], [state, *records[place:], ended]]]


def recording(
    folder: Path,
    records: Sequence[Record],
    config: EngineConfig | None = CONFIG,
    *,
    has_end: bool = True,
) -> Recording:
    """Write a recording of two blocks and its end, and open it."""
    half = len(records) // 2
    blocks: list[Sequence[Record]] = [[header(config)], records[:half], records[half:]]
    if has_end:
        blocks.append([End(1, len(records))])
    return Recording(write(folder, blocks))
