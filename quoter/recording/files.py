"""Names of the files of recordings, and their total size in a folder.

The files of a run are `RUN-0001.rec`, `RUN-0002.rec` and so on. Run ids are times, so the
alphabetical order of names is the order of time.
"""

import re
from pathlib import Path
from typing import Final

from quoter.recording.blocks import RecordingError

FOLDER: Final = "recordings"  # in the data folder
NAME: Final = re.compile(r"(?P<run>[0-9a-z]+)-(?P<number>[0-9]{4,6})\.rec")


def file_number(path: Path) -> int:
    """Return the number in a name that `file_name` made."""
    return int(path.stem.rpartition("-")[2])


def file_name(run: str, number: int) -> str:
    """Return the name of a run's file. Files are numbered from 1."""
    return f"{run}-{number:04}.rec"


def recording_files(folder: Path) -> list[Path]:
    """Return all files of recordings in a folder, oldest first. Raises OSError."""
    return sorted(
        (path for path in folder.iterdir() if NAME.fullmatch(path.name)),
        key=lambda path: (path.name.partition("-")[0], len(path.name), path.name),
    )


def files_of(place: str | None, data_dir: Path) -> list[Path]:
    """Return the files of a run in order; its first ones may have been removed.

    place: a run id, the path of one of its files, or a data folder (its newest run is used); None:
    `data_dir`. Raises RecordingError if there is none, or if a file between two others is missing.
    """
    path = data_dir if place is None else Path(place)
    if place is None or path.is_dir():
        path = _newest(path / FOLDER)
    found = NAME.fullmatch(path.name)
    folder, run = (path.parent, found["run"]) if found else (data_dir / FOLDER, str(path))
    try:
        files = [each for each in recording_files(folder) if each.name.startswith(f"{run}-")]
    except OSError as error:
        raise RecordingError(f"{folder}: can't be read: {error.strerror}") from None
    if not files:
        raise RecordingError(f"{place}: no recording of this run in {folder}")
    for number, file in enumerate(files, start=file_number(files[0])):
        if file.name != file_name(run, number):
            raise RecordingError(
                f"{folder / file_name(run, number)} is missing: to use the later files, remove the "
                "earlier ones"
            )
    return files


def _newest(folder: Path) -> Path:
    """Return the newest file of a folder. Raises RecordingError if there is none."""
    try:
        files = recording_files(folder)
    except OSError as error:
        raise RecordingError(f"{folder}: can't be read: {error.strerror}") from None
    if not files:
        raise RecordingError(f"{folder}: no recording in it")
    return files[-1]


def remove_oldest(folder: Path, bytes_max: int) -> int:
    """Remove the oldest files until the rest has at most `bytes_max`; return the number removed.

    Raises OSError.
    """
    files = [(path, path.stat().st_size) for path in recording_files(folder)]
    total, removed = sum(size for _, size in files), 0
    for path, size in files:
        if total <= bytes_max:
            break
        path.unlink()
        total, removed = total - size, removed + 1
    return removed
