"""Reading of a recording: its header, then its records in order, each with its position."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from quoter.domain.events import Event
from quoter.recording.blocks import Block, DamagedRecording, blocks
from quoter.recording.codec import Decision, End, Header, Record, UnreadableRecord, decode


class Place(NamedTuple):
    """Position of a record: its file, and number and offset of its block, as errors name them."""

    path: Path
    block: int
    offset: int

    def __str__(self) -> str:
        return f"{self.path.name}: block {self.block} at byte {self.offset}"


class Recording:
    """The recording of one run, read once from its beginning to its end."""

    def __init__(self, files: Sequence[Path]) -> None:
        """Read the header of `files`, which are those of one run in order.

        Raises RecordingError and OSError, as do all methods.
        """
        self._files = tuple(files)
        self.header = self._first_header()
        self.end: End | None = None  # known after `records`; None then: it broke off
        self.bytes_total = sum(path.stat().st_size for path in files)
        self.bytes_read = 0

    def records(self) -> Iterator[tuple[Place, Event | Decision]]:
        """Yield every event and decision."""
        for path, block in self._blocks():
            place = Place(path, block.number, block.offset)
            for record in _decoded(path, block):
                if isinstance(record, End):
                    self.end = record
                elif not isinstance(record, Header):
                    yield place, record

    def _first_header(self) -> Header:
        for path, block in self._blocks():
            for record in _decoded(path, block):
                if isinstance(record, Header):
                    return record
            break
        raise DamagedRecording(self._files[0], 1, 0, "there is no header")

    def _blocks(self) -> Iterator[tuple[Path, Block]]:
        number, before = 1, 0
        for path in self._files:
            may_be_cut = path is self._files[-1]
            for block in blocks(path, number, may_be_cut=may_be_cut):
                self.bytes_read = before + block.offset
                number = block.number + 1
                yield path, block
            before += path.stat().st_size


def _decoded(path: Path, block: Block) -> Iterator[Record]:
    try:
        yield from decode(block.data)
    except UnreadableRecord as error:
        raise DamagedRecording(path, block.number, block.offset, str(error)) from None
