"""The recording of a daemon that ran in a test, replayed."""

from pathlib import Path

from quoter.domain.units import NS_PER_S
from quoter.recording.files import FOLDER, files_of, recording_files
from quoter.recording.reader import Recording
from quoter.replay.replay import Replayed, replay

LOST_NS_MAX = 5 * NS_PER_S  # half a second, and what a busy machine adds


def recorded_files(data_dir: Path) -> int:
    """Number of files of recordings in a data folder; a run has none in its first half second."""
    folder = data_dir / FOLDER
    return len(recording_files(folder)) if folder.is_dir() else 0


def is_recorded(data_dir: Path, files_before: int) -> bool:
    """Whether a run that began when there were `files_before` files has one."""
    return recorded_files(data_dir) > files_before


def replayed(data_dir: Path) -> Replayed:
    """Replay the newest recording of a data folder."""
    newest = recording_files(data_dir / FOLDER)[-1]
    return replay(Recording(files_of(str(newest), data_dir)))


def crash_problems(data_dir: Path, killed_ns: int) -> list[str]:
    """Return what is wrong with the newest recording of a run that got SIGKILL at `killed_ns`."""
    result = replayed(data_dir)
    problems = []
    if result.difference is not None or result.failure is not None or result.is_complete:
        problems.append(f"the replay differs, or has an end: {result}")
    if not (result.commands and result.last_ns >= killed_ns - LOST_NS_MAX):
        problems.append(f"the last {(killed_ns - result.last_ns) / NS_PER_S:.1f} s are missing")
    return problems


def replay_problems(data_dir: Path) -> list[str]:
    """Return what is wrong with the newest recording of a run that ended cleanly."""
    result = replayed(data_dir)
    problems = []
    if result.difference is not None or result.failure is not None:
        problems.append(f"the replay differs: {result.difference or result.failure}")
    if not result.is_complete:
        problems.append("the recording has no end")
    if not result.commands:
        problems.append(f"the recording has no commands: {result}")
    return problems
