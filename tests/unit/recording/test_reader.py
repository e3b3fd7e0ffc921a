"""Records come back in order, each with its block; damage is named with the block."""

from pathlib import Path

import msgspec
import pytest

from quoter.recording.blocks import DamagedRecording, RecordingError
from quoter.recording.codec import Checkpoint, Decision, End
from quoter.recording.reader import Place, Recording
from tests.unit.recording.cases import delta, header, three_blocks, tick, write


def test_records_of_several_files_come_in_order_with_their_places(tmp_path: Path) -> None:
    first, second = write(
        tmp_path, [[header()], [delta(1), Decision(1, ())]], [[header()], [tick(2), End(5, 2)]]
    )
    recording = Recording([first, second])
    assert recording.header == header()
    found = list(recording.records())
    assert [record for _, record in found] == [delta(1), Decision(1, ()), tick(2)]
    offset = found[0][0].offset
    assert found[0][0] == Place(first, 2, offset)
    assert str(found[0][0]) == f"{first.name}: block 2 at byte {offset}"
    assert found[2][0].block == 4
    assert recording.end == End(5, 2)


def test_a_recording_that_a_crash_cut_has_no_end(tmp_path: Path) -> None:
    path = three_blocks(tmp_path)
    path.write_bytes(path.read_bytes()[:-1])
    recording = Recording([path])
    assert [record for _, record in recording.records()] == [delta(1), tick(2)]
    assert recording.end is None


def test_only_the_last_file_may_be_cut(tmp_path: Path) -> None:
    first, second = write(tmp_path, [[header()], [tick(1)]], [[header()], [tick(2)]])
    first.write_bytes(first.read_bytes()[:-1])
    with pytest.raises(DamagedRecording, match=r"block 2 .*the file ends within the block"):
        list(Recording([first, second]).records())


def test_a_file_without_a_header_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DamagedRecording, match="there is no header"):
        Recording(write(tmp_path, [[tick(1)]]))


@pytest.mark.parametrize("content", [b"", b"QREC\0"])
def test_a_file_without_a_whole_block_is_refused(tmp_path: Path, content: bytes) -> None:
    """As one that was cut, or one of a run that has only just begun."""
    (path,) = write(tmp_path, [])
    path.write_bytes(content)
    with pytest.raises(RecordingError, match=r"0mz0k3x1-0001\.rec: holds no whole block"):
        Recording([path])


def test_without_its_first_files_a_run_begins_with_a_checkpoint(tmp_path: Path) -> None:
    state = Checkpoint(7, msgspec.Raw(msgspec.msgpack.encode(["a"])))
    files = write(
        tmp_path, [[header()], [tick(1)]], [[header()], [state, tick(2)]], [[header()], [tick(3)]]
    )
    whole = Recording(files)
    assert [record for _, record in whole.records()] == [tick(1), tick(2), tick(3)]
    assert (whole.files_removed, whole.checkpoint) == (0, None)
    rest = Recording(files[1:])
    assert [(place.block, record) for place, record in rest.records()] == [
        (4, tick(2)),
        (6, tick(3)),
    ]
    assert (rest.files_removed, rest.header, rest.checkpoint) == (1, header(), state)
    with pytest.raises(RecordingError, match=r"0003.rec: begins within the run without a check"):
        Recording(files[2:])
