"""Headers, events and files of recordings for tests."""

from collections.abc import Sequence
from pathlib import Path

from quoter.domain.events import BookDelta, Event, Tick
from quoter.engine.config import EngineConfig
from quoter.recording.blocks import packed
from quoter.recording.codec import Header, Record, encode
from quoter.recording.files import file_name
from tests.unit.engine.cases import CONFIG

RUN = "0mz0k3x1"


def header(config: EngineConfig | None = CONFIG) -> Header:
    return Header(
        run=RUN,
        started_ns=1,
        version="0.1.0",
        code_hash="c0de",
        config_hash="c0f1",
        exchange="binance",
        symbol="ABC/USD",
        settings={"gamma": "1"},
        config=config,
    )


def tick(number: int) -> Tick:
    return Tick(ts_ns=number)


def delta(number: int) -> BookDelta:
    return BookDelta(number, number - 1, number, ((100.0, 1.5),), ((100.5, 0.0), (101.0, 2.0)))


def write(folder: Path, *files: Sequence[Sequence[Record]]) -> list[Path]:
    """Write files of one run; each is a sequence of blocks."""
    paths, number = [], 0
    for index, blocks in enumerate(files, start=1):
        paths.append(folder / file_name(RUN, index))
        content = b""
        for records in blocks:
            number += 1
            content += packed(number, encode(records))
        paths[-1].write_bytes(content)
    return paths


def three_blocks(folder: Path) -> Path:
    """Write one file of a header and two blocks of events."""
    events: list[Event] = [delta(1), tick(2)]
    return write(folder, [[header()], events, [tick(3)]])[0]
