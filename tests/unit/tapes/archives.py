"""Tape files for tests, in the documented form of each archive."""

import gzip
import zipfile
from pathlib import Path

from quoter.tapes.formats import read_tape
from quoter.tapes.messages import Line
from quoter.tapes.reading import ReadProgress


def zipped(path: Path, text: str, *, names: tuple[str, ...] = ("only",)) -> Path:
    """Write a zip with the text under each of the names; return its path."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.writestr(name, text)
    return path


def gzipped(path: Path, text: str) -> Path:
    path.write_bytes(gzip.compress(text.encode()))
    return path


def rows(paths: tuple[Path, ...], symbol: str, bad: list[str]) -> list[Line]:
    """Return all rows; what can't be read is added to `bad`."""
    progress = ReadProgress(paths)
    lines = list(read_tape(paths, symbol, on_bad=bad.append, progress=progress))
    assert progress.done <= progress.total
    return lines
