"""The files of one run's recording.

Blocks are appended; the oldest files of all runs are removed.
"""

import os
import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from quoter.domain.secret_spellings import secret_spellings
from quoter.recording.blocks import packed
from quoter.recording.codec import Checkpoint, Header, Record, encode, with_texts
from quoter.recording.files import file_name, remove_oldest

# records in one block; encoding them holds the interpreter's lock for about 1 ms
BLOCK_RECORDS_MAX: Final = 256
FILE_BYTES_MAX: Final = 16 << 20
CHECKPOINT_SHARE: Final = 0.75  # of a file's size; above it, a checkpoint begins the next file
FREE_BYTES_MIN: Final = 256 << 20  # free space that stays for the ledger
REDACTED: Final = "[redacted]"


class _Secrets:
    """Redacts the secrets of this process in encoded records: a venue's error may repeat one."""

    def __init__(self, secrets: tuple[str, ...]) -> None:
        forms = {form for secret in secrets for form in secret_spellings(secret)}
        longest_first = "|".join(map(re.escape, sorted(forms, key=len, reverse=True)))
        self._text = re.compile(longest_first) if forms else None
        self._bytes = re.compile(longest_first.encode())

    def removed(self, data: bytes) -> bytes:
        if (known := self._text) is None or self._bytes.search(data) is None:
            return data
        return with_texts(data, lambda text: known.sub(REDACTED, text))


class RunFiles:
    """Writes the files of a run; the first is created with the first block."""

    def __init__(
        self,
        folder: Path,
        header: Header,
        *,
        bytes_max: int | None,
        secrets: tuple[str, ...] = (),
    ) -> None:
        """Write into `folder`.

        bytes_max: limit of all recordings in the folder together; None: no limit.
        """
        self._folder, self._header, self._bytes_max = folder, header, bytes_max
        self._file_bytes_max = min(FILE_BYTES_MAX, bytes_max // 4) if bytes_max else FILE_BYTES_MAX
        self._secrets = _Secrets(secrets)
        # file and block numbers; bytes in the present file
        self._file = self._blocks = self._bytes = 0
        self._fd = -1

    def close(self) -> None:
        """Close the present file."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    @property
    def file_to_end(self) -> int:
        """Number of the newest file that a checkpoint should end.

        It is the present file if that is nearly full, else the one before it.
        """
        is_full = self._bytes >= CHECKPOINT_SHARE * self._file_bytes_max
        return self._file if is_full else self._file - 1

    def write(self, records: Sequence[Record]) -> None:
        """Append at most BLOCK_RECORDS_MAX records as one block. Raises OSError.

        If the first record is a checkpoint, a new file begins with it.
        """
        is_new = isinstance(records[0], Checkpoint)
        if self._fd < 0 or is_new or self._bytes >= self._file_bytes_max:
            self._open_next()
        self._append(records)

    def _append(self, records: Sequence[Record]) -> None:
        if shutil.disk_usage(self._folder).free < FREE_BYTES_MIN:
            raise OSError(0, f"less than {FREE_BYTES_MIN >> 20} MiB are free on the disk")
        self._blocks += 1
        block = packed(self._blocks, self._secrets.removed(encode(records)))
        written = 0
        while written < len(block):
            written += os.write(self._fd, block[written:])
        self._bytes += len(block)

    def _open_next(self) -> None:
        self.close()
        self._folder.mkdir(exist_ok=True)
        if self._bytes_max is not None:
            remove_oldest(self._folder, self._bytes_max - self._file_bytes_max)
        self._file += 1
        path = self._folder / file_name(self._header.run, self._file)
        self._fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        self._bytes = 0
        self._append([self._header])
