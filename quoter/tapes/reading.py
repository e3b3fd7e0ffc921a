"""Reading of a tape whatever its format, with progress, and with a count of its rows."""

import gzip
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import msgspec

from quoter.tapes.messages import Depth, Line, Print, Snapshot

FIRST_BAD_MAX = 5  # rows that can't be read and are named
REAL_PRINTS = {None, "MARKET"}  # others, such as INSURANCE_FUND, are no trades in the book


@dataclass(slots=True)
class RowAccount:
    """What was found in a tape: rows by kind, and rows that were left out by reason.

    first_bad: the first rows that can't be read, in words. is_futures: whether the market is one of
    futures. has_snapshot: whether the tape has a snapshot of the depth.
    """

    rows: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)
    first_bad: list[str] = field(default_factory=list)
    is_futures: bool = False
    has_snapshot: bool = False

    def add_bad(self, text: str) -> None:
        """Count a row that can't be read."""
        self.left_out["unreadable"] += 1
        if len(self.first_bad) < FIRST_BAD_MAX:
            self.first_bad.append(text)

    def notes(self, *, gaps: int) -> Iterator[str]:
        """Yield what a reader of results must know of the tape; `gaps`: of its depth stream."""
        if self.is_futures:
            yield "a futures market traded as spot: funding and margin are not simulated"
        if not self.has_snapshot:
            yield "the tape has no snapshot: its book grows from nothing, and is thin at first"
        if gaps:
            yield f"the depth of the tape has {gaps} gaps"
        for reason, count in self.left_out.items():
            yield f"{count} rows left out ({reason})"
        yield from self.first_bad


class ReadProgress:
    """How much of the files has been read, in bytes on disk (of a .gz file: compressed)."""

    def __init__(self, files: Sequence[Path]) -> None:
        self.total = sum(path.stat().st_size for path in files)
        self._before = 0
        self._open: set[IO[bytes]] = set()

    @property
    def done(self) -> int:
        return self._before + sum(raw.tell() for raw in self._open)

    def read_to(self, done: int, total: int) -> None:
        """Set the bytes read and in total, for a format that reads its files by itself."""
        self._before, self.total = done, total

    @contextmanager
    def opened(self, path: Path) -> Iterator[Iterable[bytes]]:
        """Open a file, unpacked if its name ends in .gz."""
        with path.open("rb") as raw:
            self._open.add(raw)
            try:
                if path.suffix == ".gz":
                    with gzip.GzipFile(fileobj=raw) as unpacked:
                        yield unpacked
                else:
                    yield raw
            finally:
                self._before += raw.tell()
                self._open.discard(raw)


def prepared(lines: Iterable[Line], account: RowAccount) -> Iterator[Line]:
    """Yield the rows that a backtest can use, and count all.

    Changes of futures markets get ids without holes: each begins after the one before it. Prints
    that are no trades in the book (price zero, insurance fund, auto-deleveraging) are left out.
    """
    for ts_ns, row in lines:
        account.rows[type(row).__name__.lower()] += 1
        if isinstance(row, Print):
            if row.kind is not None:
                account.is_futures = True
            if row.kind not in REAL_PRINTS or not row.price > 0:
                account.left_out[f"print: {row.kind or 'price zero'}"] += 1
                continue
        elif isinstance(row, Depth) and row.prev is not None:
            account.is_futures = True
            yield ts_ns, msgspec.structs.replace(row, first=row.prev + 1)
            continue
        elif isinstance(row, Snapshot):
            account.has_snapshot = True
        yield ts_ns, row
