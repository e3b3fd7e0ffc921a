"""Reading of tapes in any format, with progress and with counts of rows."""

import gzip
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BufferedIOBase
from pathlib import Path
from typing import IO

from quoter.domain.units import NS_PER_S
from quoter.tapes.messages import TapeError

LINE_MAX = 16 * 2**20  # bytes of a line; a snapshot with 5,000 levels per side has 0.4 MB
# errors of a file that can't be read
UNREADABLE = (OSError, EOFError, zlib.error, zipfile.BadZipFile, RuntimeError)
FIRST_BAD_MAX = 5  # maximum number of unreadable rows that are described
NS_PER_HOUR = 3_600 * NS_PER_S
SILENCE_NAMED_NS = NS_PER_HOUR  # a longer time without a row is named

type ByteFile = IO[bytes] | BufferedIOBase


@dataclass(slots=True)
class RowAccount:
    """Counts of a tape's rows by kind, and of rows left out by reason.

    first_bad: descriptions of the first rows left out as unreadable or wrong. is_futures: whether
    it is a futures market. has_snapshot: whether the tape has a snapshot of the depth. late: number
    of rows that are earlier than a row before them; late_ns: the largest such difference.
    silence_ns: the longest time without a row.
    """

    rows: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)
    first_bad: list[str] = field(default_factory=list)
    is_futures: bool = False
    has_snapshot: bool = False
    of_format: tuple[str, ...] = ()  # notes about the format for readers of results
    late: int = 0
    late_ns: int = 0
    silence_ns: int = 0

    def add_bad(self, text: str) -> None:
        """Count a row that can't be read."""
        self.leave_out("unreadable", text)

    def leave_out(self, reason: str, text: str) -> None:
        """Count a row left out for this reason; keep the text for the first ones."""
        self.left_out[reason] += 1
        if len(self.first_bad) < FIRST_BAD_MAX:
            self.first_bad.append(text)

    def add_late(self, late_ns: int) -> None:
        """Count a row that is earlier than one before it by so many ns."""
        self.late += 1
        self.late_ns = max(self.late_ns, late_ns)

    def notes(self, *, gaps: int) -> Iterator[str]:
        """Yield warnings about the tape for readers of results; `gaps`: number of depth gaps."""
        yield from self.of_format
        if self.is_futures:
            yield "a futures market traded as spot: funding and margin are not simulated"
        if not self.has_snapshot:
            yield "the tape has no snapshot: its book starts empty, and is thin at first"
        if gaps:
            yield f"the depth of the tape has {gaps} {'gap' if gaps == 1 else 'gaps'}"
        if self.silence_ns > SILENCE_NAMED_NS:
            yield f"the longest time without a row is {self.silence_ns / NS_PER_HOUR:.1f} h"
        if self.late:
            yield (
                f"{_rows(self.late)} up to {self.late_ns / NS_PER_S:.3f} s earlier than one before "
                "them, and played at the time of that one"
            )
        for reason, count in self.left_out.items():
            yield f"{_rows(count)} left out ({reason})"
        yield from self.first_bad


def _rows(count: int) -> str:
    return "1 row is" if count == 1 else f"{count} rows are"


class ReadProgress:
    """Progress of reading files, in bytes on disk (compressed bytes of a .gz file)."""

    def __init__(self, files: Sequence[Path]) -> None:
        self.total = sum(path.stat().st_size for path in files)
        self._before = 0
        self._open: set[ByteFile] = set()

    @property
    def done(self) -> int:
        return self._before + sum(raw.tell() for raw in self._open)

    def read_to(self, done: int, total: int) -> None:
        """Set bytes read and total bytes, for a format with its own way of reading files."""
        self._before, self.total = done, total

    @contextmanager
    def unpacked(self, path: Path) -> Iterator[ByteFile]:
        """Open a file for reading; for .gz, .zip and .npz, the uncompressed content.

        The content is never in memory as a whole. Raises the errors in UNREADABLE, and TapeError
        for an archive without exactly one file.
        """
        with path.open("rb") as raw:
            self._open.add(raw)
            try:
                if path.suffix == ".gz":
                    with gzip.GzipFile(fileobj=raw) as file:
                        yield file
                elif path.suffix in {".zip", ".npz"}:
                    with zipfile.ZipFile(raw) as archive, archive.open(_only(archive)) as file:
                        yield file
                else:
                    yield raw
            finally:
                if not raw.closed:  # the garbage collector may already have closed it
                    self._before += raw.tell()
                self._open.discard(raw)

    @contextmanager
    def opened(self, path: Path) -> Iterator[Iterable[bytes]]:
        """Open the lines of a file, as `unpacked`; a line longer than LINE_MAX raises TapeError."""
        with self.unpacked(path) as file:
            yield _lines(file)


def _only(archive: zipfile.ZipFile) -> zipfile.ZipInfo:
    found = [each for each in archive.infolist() if not each.is_dir()]
    if len(found) != 1:
        raise TapeError(f"the archive has {len(found)} files instead of one")
    return found[0]


def _lines(file: ByteFile) -> Iterator[bytes]:
    while line := file.readline(LINE_MAX + 1):
        if len(line) > LINE_MAX:
            raise TapeError(f"a line is longer than {LINE_MAX} bytes")
        yield line


def first_line(path: Path) -> bytes:
    """Return the first line of a file; empty if it has none. Raises TapeError."""
    try:
        with ReadProgress(()).opened(path) as lines:
            return next(iter(lines), b"")
    except (TapeError, *UNREADABLE) as error:
        raise TapeError(f"{path} can't be read: {error}") from None


def parsed[T](
    files: Sequence[Path],
    parse: Callable[[bytes], T | None],
    *,
    on_bad: Callable[[str], None] | None,
    progress: ReadProgress,
    headers: int = 0,
) -> Iterator[T]:
    """Yield the results of `parse` for all lines, except None; skip `headers` lines of each file.

    A line for which `parse` raises ValueError is passed to `on_bad` as text; without `on_bad` it
    raises TapeError. A file that ends early or can't be opened raises TapeError.
    """
    for path in files:
        number = 0
        try:
            with progress.opened(path) as lines:
                for number, line in enumerate(lines, start=1):
                    if number <= headers:
                        continue
                    try:
                        row = parse(line)
                    except ValueError as error:  # errors of msgspec are ValueErrors too
                        if on_bad is None:
                            raise
                        on_bad(f"{path.name}: line {number} can't be read: {error}")
                        continue
                    if row is not None:
                        yield row
        except (ValueError, *UNREADABLE) as error:
            raise TapeError(f"{path}: line {max(1, number)} can't be read: {error}") from None
