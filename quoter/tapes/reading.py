"""Reading of a tape whatever its format, with progress, and with a count of its rows."""

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

LINE_MAX = 16 * 2**20  # bytes of a line; a snapshot of 5,000 levels a side has 0.4 MB
UNREADABLE = (OSError, EOFError, zlib.error, zipfile.BadZipFile, RuntimeError)  # of a file
FIRST_BAD_MAX = 5  # rows that can't be read and are named
NS_PER_HOUR = 3_600 * NS_PER_S
SILENCE_NAMED_NS = NS_PER_HOUR  # a longer time without a row is named

type ByteFile = IO[bytes] | BufferedIOBase


@dataclass(slots=True)
class RowAccount:
    """Rows found in a tape, by kind, and rows that were left out, by reason.

    first_bad: the first rows that were left out as unreadable or wrong, in words. is_futures:
    whether the market is one of futures. has_snapshot: whether the tape has a snapshot of the
    depth. late, late_ns: number of rows that are earlier than one before them, and the longest such
    time. silence_ns: the longest time without a row.
    """

    rows: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)
    first_bad: list[str] = field(default_factory=list)
    is_futures: bool = False
    has_snapshot: bool = False
    of_format: tuple[str, ...] = ()  # what a reader must know of the format
    late: int = 0
    late_ns: int = 0
    silence_ns: int = 0

    def add_bad(self, text: str) -> None:
        """Count a row that can't be read."""
        self.leave_out("unreadable", text)

    def leave_out(self, reason: str, text: str) -> None:
        """Count a row that is left out for a reason; keep the text of the first ones."""
        self.left_out[reason] += 1
        if len(self.first_bad) < FIRST_BAD_MAX:
            self.first_bad.append(text)

    def add_late(self, late_ns: int) -> None:
        """Count a row that is earlier than one before it by so many ns."""
        self.late += 1
        self.late_ns = max(self.late_ns, late_ns)

    def notes(self, *, gaps: int) -> Iterator[str]:
        """Yield warnings on the tape for a reader of results; `gaps`: number of depth gaps."""
        yield from self.of_format
        if self.is_futures:
            yield "a futures market traded as spot: funding and margin are not simulated"
        if not self.has_snapshot:
            yield "the tape has no snapshot: its book grows from nothing, and is thin at first"
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
    """Progress of reading files, in bytes on disk (of a .gz file: compressed bytes)."""

    def __init__(self, files: Sequence[Path]) -> None:
        self.total = sum(path.stat().st_size for path in files)
        self._before = 0
        self._open: set[ByteFile] = set()

    @property
    def done(self) -> int:
        return self._before + sum(raw.tell() for raw in self._open)

    def read_to(self, done: int, total: int) -> None:
        """Set the bytes read and in total, for a format that reads its files by itself."""
        self._before, self.total = done, total

    @contextmanager
    def unpacked(self, path: Path) -> Iterator[ByteFile]:
        """Open a file; for .gz, .zip and .npz the bytes inside, which are never all in memory.

        Raises an error of UNREADABLE, and TapeError for an archive that does not hold exactly one
        file.
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
                if not raw.closed:  # as the collector of unused objects may have done before
                    self._before += raw.tell()
                self._open.discard(raw)

    @contextmanager
    def opened(self, path: Path) -> Iterator[Iterable[bytes]]:
        """Open the lines of a file, as `unpacked` does; a line above LINE_MAX is a TapeError."""
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
    """Return the first line of a file, empty if it has none. Raises TapeError."""
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
    """Yield the results of `parse` for each line but None; skip `headers` lines of each file.

    A line for which `parse` raises ValueError is passed to `on_bad` in words; without it, it raises
    TapeError, as a file does that ends early or can't be opened.
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
                    except ValueError as error:  # of msgspec too
                        if on_bad is None:
                            raise
                        on_bad(f"{path.name}: line {number} can't be read: {error}")
                        continue
                    if row is not None:
                        yield row
        except (ValueError, *UNREADABLE) as error:
            raise TapeError(f"{path}: line {max(1, number)} can't be read: {error}") from None
