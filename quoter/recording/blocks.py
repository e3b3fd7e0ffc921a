"""Blocks of a recording's file: compressed, numbered, each with checksums.

A file is a sequence of blocks. A block has a head of HEAD_BYTES bytes and a body compressed with
zlib. The head has a mark, the format, the block's number within the run, the length and the CRC-32
of the body, and the CRC-32 of these fields. A block is written in one call, so that a crash leaves
whole blocks and at most one incomplete block at the end.
"""

import zlib
from collections.abc import Iterator
from pathlib import Path
from struct import Struct
from typing import Final, NamedTuple

from quoter.domain.errors import QuoterError
from quoter.recording.codec import FORMAT

MARK: Final = b"QREC"
LEVEL: Final = 1  # compression level; level 3 takes twice the time for 3 % less space
BODY_BYTES_MAX: Final = 64 << 20
# Of the contents: 1 MiB for each record of a full block, far more than the largest book takes. Zlib
# can expand a body of BODY_BYTES_MAX to 64 GiB.
DATA_BYTES_MAX: Final = 256 << 20
HEAD: Final = Struct(">4sHIII")  # mark, format, number, length, checksum of the body
CHECKSUM: Final = Struct(">I")
HEAD_BYTES: Final = HEAD.size + CHECKSUM.size


class RecordingError(QuoterError):
    """A recording that can't be used; the text has one line."""


class DamagedRecording(RecordingError):
    """A block that differs from what was written; the text names file, block and offset."""

    def __init__(self, path: Path, number: int, offset: int, what: str) -> None:
        super().__init__(f"{path}: block {number} at byte {offset}: {what}")


class Block(NamedTuple):
    """A block that passed its checks; `offset` is the position of its first byte in the file."""

    number: int
    offset: int
    data: bytes


def packed(number: int, data: bytes) -> bytes:
    """Return the bytes of block `number`: its head and the compressed `data`."""
    body = zlib.compress(data, LEVEL)
    head = HEAD.pack(MARK, FORMAT, number, len(body), zlib.crc32(body))
    return head + CHECKSUM.pack(zlib.crc32(head)) + body


def blocks(path: Path, first: int | None, *, may_be_cut: bool) -> Iterator[Block]:
    """Yield the blocks of a file, numbered from `first`; None: from any number.

    may_be_cut: whether an incomplete last block, which a crash leaves, is ignored. Raises
    DamagedRecording, RecordingError for another format, or OSError.
    """
    with path.open("rb") as file:
        number, offset = first, 0
        while head := file.read(HEAD_BYTES):
            number, length, checksum = _check_head(path, number, offset, head)
            body = file.read(length)
            if len(head) < HEAD_BYTES or len(body) < length:
                if may_be_cut:
                    return
                raise DamagedRecording(path, number, offset, "the file ends within the block")
            if zlib.crc32(body) != checksum:
                raise DamagedRecording(path, number, offset, "its checksum does not match")
            yield Block(number, offset, _unpacked(path, number, offset, body))
            number, offset = number + 1, offset + HEAD_BYTES + len(body)


def _unpacked(path: Path, number: int, offset: int, body: bytes) -> bytes:
    """Return the contents of a body. Raises DamagedRecording."""
    unpack = zlib.decompressobj()
    try:
        data = unpack.decompress(body, DATA_BYTES_MAX)
    except zlib.error:
        raise DamagedRecording(path, number, offset, "its body is not compressed") from None
    if unpack.unconsumed_tail:
        text = f"its contents are larger than the limit of {DATA_BYTES_MAX} bytes"
        raise DamagedRecording(path, number, offset, text)
    if not unpack.eof:
        raise DamagedRecording(path, number, offset, "its body ends too early")
    return data


def _check_head(path: Path, expected: int | None, offset: int, head: bytes) -> tuple[int, int, int]:
    """Return the block's number, and length and checksum of its body.

    For an incomplete head, length and checksum are 0. Raises RecordingError.
    """
    number = expected or 1
    if len(head) < HEAD_BYTES:
        return number, 0, 0
    mark, form, found, length, checksum = HEAD.unpack_from(head)
    if mark != MARK and offset == 0:
        raise DamagedRecording(path, number, offset, "the file does not begin like a recording")
    if CHECKSUM.unpack_from(head, HEAD.size)[0] != zlib.crc32(head[: HEAD.size]):
        raise DamagedRecording(path, number, offset, "the checksum of its head does not match")
    if form != FORMAT:
        raise RecordingError(
            f"{path}: is a recording of format {form}; this version of quoter reads {FORMAT}: "
            "replay it with the version that recorded it"
        )
    if expected is None:
        number = found
    if found != number:
        raise DamagedRecording(path, number, offset, f"it has the number {found}")
    if length > BODY_BYTES_MAX:
        text = f"its body has {length} bytes, more than the limit of {BODY_BYTES_MAX}"
        raise DamagedRecording(path, number, offset, text)
    return number, length, checksum
