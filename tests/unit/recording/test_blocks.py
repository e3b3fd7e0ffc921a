"""A changed bit is found and named; what a crash leaves is read."""

from pathlib import Path
from struct import pack
from zlib import compress, crc32

import pytest

from quoter.recording.blocks import (
    HEAD,
    HEAD_BYTES,
    Block,
    DamagedRecording,
    RecordingError,
    blocks,
    packed,
)
from quoter.recording.codec import FORMAT
from tests.unit.recording.cases import three_blocks

CONTENTS = (b"one", b"two " * 9, b"three")


def write(tmp_path: Path) -> tuple[Path, list[int]]:
    """Return a file of three blocks, and the offsets of the blocks and of the end."""
    path, offsets = tmp_path / "file", [0]
    content = b""
    for number, data in enumerate(CONTENTS, start=1):
        content += packed(number, data)
        offsets.append(len(content))
    path.write_bytes(content)
    return path, offsets


def test_blocks_are_read_back_with_numbers_and_offsets(tmp_path: Path) -> None:
    path, offsets = write(tmp_path)
    wanted = [Block(n, offsets[n - 1], data) for n, data in enumerate(CONTENTS, start=1)]
    assert list(blocks(path, 1, may_be_cut=False)) == wanted


def test_a_changed_bit_in_any_byte_is_found_in_its_block(tmp_path: Path) -> None:
    path, offsets = write(tmp_path)
    content = path.read_bytes()
    for position in range(len(content)):
        number = sum(offset <= position for offset in offsets)
        changed = bytearray(content)
        changed[position] ^= 1 << position % 8
        path.write_bytes(changed)
        with pytest.raises(DamagedRecording) as caught:
            list(blocks(path, 1, may_be_cut=True))
        assert f"block {number} at byte {offsets[number - 1]}:" in str(caught.value)


def test_a_cut_file_gives_its_whole_blocks(tmp_path: Path) -> None:
    path, offsets = write(tmp_path)
    content = path.read_bytes()
    for length in range(len(content)):
        path.write_bytes(content[:length])
        whole = sum(0 < offset <= length for offset in offsets)
        assert len(list(blocks(path, 1, may_be_cut=True))) == whole
        if length not in offsets:
            with pytest.raises(DamagedRecording, match="the file ends within the block"):
                list(blocks(path, 1, may_be_cut=False))


def test_a_missing_block_is_found(tmp_path: Path) -> None:
    path, offsets = write(tmp_path)
    content = path.read_bytes()
    path.write_bytes(content[: offsets[1]] + content[offsets[2] :])
    with pytest.raises(DamagedRecording, match=r"block 2 at byte .*: it has the number 3"):
        list(blocks(path, 1, may_be_cut=True))


def written(tmp_path: Path, body: bytes, form: int = FORMAT) -> Path:
    """Return a file with one block whose checksums are right."""
    head = HEAD.pack(b"QREC", form, 1, len(body), crc32(body))
    path = tmp_path / "file"
    path.write_bytes(head + pack(">I", crc32(head)) + body)
    return path


def test_contents_above_the_limit_are_refused_before_they_take_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("quoter.recording.blocks.DATA_BYTES_MAX", 1_000)
    path = written(tmp_path, compress(bytes(1_000)))
    assert [len(block.data) for block in blocks(path, 1, may_be_cut=False)] == [1_000]
    path = written(tmp_path, compress(bytes(50_000)))
    with pytest.raises(DamagedRecording, match="block 1 at byte 0: its contents are larger"):
        list(blocks(path, 1, may_be_cut=False))


@pytest.mark.parametrize(
    ("body", "error"),
    [(b"plain text", "is not compressed"), (compress(b"x" * 99)[:-6], "ends too early")],
)
def test_a_body_that_zlib_does_not_accept_is_damage(
    tmp_path: Path, body: bytes, error: str
) -> None:
    with pytest.raises(DamagedRecording, match=error):
        list(blocks(written(tmp_path, body), 1, may_be_cut=True))


def test_another_format_is_refused_by_its_number(tmp_path: Path) -> None:
    path = written(tmp_path, b"from the future", form=9)
    with pytest.raises(RecordingError, match="format 9; this version of quoter reads 3") as caught:
        list(blocks(path, 1, may_be_cut=True))
    assert not isinstance(caught.value, DamagedRecording)


def test_a_file_of_something_else_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x" * 2 * HEAD_BYTES)
    with pytest.raises(DamagedRecording, match="does not begin like a recording"):
        list(blocks(path, 1, may_be_cut=True))


def test_a_block_of_records_takes_less_than_the_records(tmp_path: Path) -> None:
    path = three_blocks(tmp_path)
    sizes = [len(block.data) for block in blocks(path, 1, may_be_cut=False)]
    assert sizes[0] > path.stat().st_size  # the header alone is longer than the whole file
