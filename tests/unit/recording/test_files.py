"""The files of a run are found in order, and the oldest go first."""

from pathlib import Path

import pytest

from quoter.recording.blocks import RecordingError
from quoter.recording.files import FOLDER, file_name, files_of, recording_files, remove_oldest


def make(folder: Path, *names: str, size: int = 10) -> None:
    folder.mkdir(exist_ok=True)
    for name in names:
        (folder / name).write_bytes(b"x" * size)


def test_files_are_ordered_by_run_and_number(tmp_path: Path) -> None:
    runs = ["0aaa-10000.rec", "0aaa-0002.rec", "0aab-0001.rec", "0aaa-0001.rec"]
    make(tmp_path, *runs, "notes.txt", "0aaa.rec")
    names = [path.name for path in recording_files(tmp_path)]
    assert names == ["0aaa-0001.rec", "0aaa-0002.rec", "0aaa-10000.rec", "0aab-0001.rec"]


@pytest.mark.parametrize("by_path", [False, True])
def test_a_run_is_given_by_its_id_or_by_one_of_its_files(tmp_path: Path, by_path: bool) -> None:
    folder = tmp_path / FOLDER
    make(folder, file_name("0aaa", 1), file_name("0aaa", 2), file_name("0aab", 1))
    place = str(folder / file_name("0aaa", 2)) if by_path else "0aaa"
    assert [path.name for path in files_of(place, tmp_path)] == ["0aaa-0001.rec", "0aaa-0002.rec"]


def test_first_files_may_be_missing_but_none_between(tmp_path: Path) -> None:
    make(tmp_path / FOLDER, file_name("0aaa", 3), file_name("0aaa", 4))
    assert [path.name for path in files_of("0aaa", tmp_path)] == ["0aaa-0003.rec", "0aaa-0004.rec"]
    make(tmp_path / FOLDER, file_name("0aaa", 1))
    with pytest.raises(RecordingError, match=r"0aaa-0002.rec is missing: to use the later files"):
        files_of("0aaa", tmp_path)
    with pytest.raises(RecordingError, match="0aab: no recording of this run"):
        files_of("0aab", tmp_path)
    with pytest.raises(RecordingError, match="can't be read"):
        files_of("0aaa", tmp_path / "elsewhere")


def test_a_data_folder_stands_for_its_newest_run(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="can't be read"):
        files_of(str(tmp_path), tmp_path)
    make(tmp_path / FOLDER)
    with pytest.raises(RecordingError, match="no recording in it"):
        files_of(str(tmp_path), tmp_path)
    names = [file_name("0aaa", 1), file_name("0aab", 1), file_name("0aab", 2)]
    make(tmp_path / FOLDER, *names)
    found = files_of(str(tmp_path), tmp_path / "elsewhere")
    assert [path.name for path in found] == names[1:]


def test_without_a_run_the_newest_of_the_data_folder_is_meant(tmp_path: Path) -> None:
    make(tmp_path / FOLDER, file_name("0aaa", 1), file_name("0aab", 1))
    assert [path.name for path in files_of(None, tmp_path)] == ["0aab-0001.rec"]
    with pytest.raises(RecordingError, match=r"elsewhere.recordings: can't be read: No such file"):
        files_of(None, tmp_path / "elsewhere")


def test_the_oldest_files_are_removed_until_the_rest_fits(tmp_path: Path) -> None:
    make(tmp_path, *(file_name("0aaa", number) for number in range(1, 5)))
    make(tmp_path, "notes.txt", size=1_000)
    assert remove_oldest(tmp_path, 40) == 0
    assert remove_oldest(tmp_path, 39) == 1
    assert remove_oldest(tmp_path, 10) == 2
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == [file_name("0aaa", 4), "notes.txt"]
