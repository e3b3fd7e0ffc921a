"""Reading of a recording: its header, then its records in order with their positions."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from quoter.domain.events import Event
from quoter.recording.blocks import Block, DamagedRecording, RecordingError, blocks
from quoter.recording.codec import (
    Checkpoint,
    Decision,
    End,
    Header,
    Record,
    UnreadableRecord,
    decode,
)
from quoter.recording.files import file_number


class Place(NamedTuple):
    """Position of a record, for error messages: its file, and number and offset of its block."""

    path: Path
    block: int
    offset: int

    def __str__(self) -> str:
        return f"{self.path.name}: block {self.block} at byte {self.offset}"


class Recording:
    """The recording of one run, read once from its beginning to its end.

    If its first files were removed, it begins with the checkpoint of the first file that is left.
    """

    def __init__(self, files: Sequence[Path]) -> None:
        """Read the header of `files`, the files of one run in order.

        All methods raise RecordingError and OSError.
        """
        self._files = tuple(files)
        self.files_removed = file_number(files[0]) - 1 if files else 0
        self.checkpoint: Checkpoint | None = None  # its beginning if first files were removed
        self.header = self._first_header()
        if self.files_removed:
            self.checkpoint = self._first_checkpoint()
        self.end: End | None = None  # known after `records`; still None if the recording broke off
        self.bytes_total = sum(path.stat().st_size for path in files)
        self.bytes_read = 0

    def records(self) -> Iterator[tuple[Place, Event | Decision]]:
        """Yield every event and decision."""
        for path, block in self._blocks():
            place = Place(path, block.number, block.offset)
            for record in _decoded(path, block):
                if isinstance(record, End):
                    self.end = record
                elif not isinstance(record, Header | Checkpoint):
                    yield place, record

    def _first_header(self) -> Header:
        for path, block in self._blocks():
            for record in _decoded(path, block):
                if isinstance(record, Header):
                    return record
            raise DamagedRecording(path, block.number, block.offset, "there is no header")
        raise RecordingError(
            f"{self._files[0]}: holds no whole block: the run has only just begun, or ended before "
            "its first one was written"
        )

    def _first_checkpoint(self) -> Checkpoint:
        first = self._files[0]
        found = (record for path, block in self._blocks() for record in _decoded(path, block))
        record = next((record for record in found if not isinstance(record, Header)), None)
        if isinstance(record, Checkpoint):
            return record
        raise RecordingError(
            f"{first}: begins within the run without a checkpoint of the engine, and "
            f"{self.files_removed} files before it are missing"
        )

    def _blocks(self) -> Iterator[tuple[Path, Block]]:
        number: int | None = None if self.files_removed else 1
        before = 0
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
