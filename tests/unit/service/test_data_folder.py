"""The lock of the data folder, requests by file, and whether a path exists."""

import os
from pathlib import Path

import pytest

from quoter.service.data_folder import KILL_REQUEST, PID, DataFolder, LockHeld, may_exist
from tests.unit.service.full_table import full_table


def test_a_missing_folder_is_created(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path / "a" / "b")
    folder.take()
    assert (tmp_path / "a" / "b" / PID).read_text() == str(os.getpid())
    folder.release()
    assert not (tmp_path / "a" / "b" / PID).exists()


def test_the_lock_keeps_a_second_process_out_until_it_is_released(tmp_path: Path) -> None:
    first, second = DataFolder(tmp_path), DataFolder(tmp_path)
    first.take()
    with pytest.raises(LockHeld, match="another quoter"):
        second.take()
    first.release()
    second.take()
    second.release()


def test_a_process_without_the_lock_does_not_remove_the_pid_file(tmp_path: Path) -> None:
    first, second = DataFolder(tmp_path), DataFolder(tmp_path)
    first.take()
    with pytest.raises(LockHeld):
        second.take()
    second.release()
    assert (tmp_path / PID).exists()
    first.release()


def test_releasing_twice_or_without_the_lock_does_nothing(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    folder.release()
    folder.take()
    folder.release()
    folder.release()


def test_a_left_pid_file_marks_the_next_start_as_after_a_crash(tmp_path: Path) -> None:
    first = DataFolder(tmp_path)
    first.take()
    assert not first.is_after_crash
    first.release()
    (tmp_path / PID).write_text("4242")  # as a killed process leaves it
    second = DataFolder(tmp_path)
    second.take()
    assert second.is_after_crash
    second.release()


def test_a_request_is_taken_once(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    assert folder.take_request(KILL_REQUEST) is None
    (tmp_path / KILL_REQUEST).write_text("  too hot \n")
    assert folder.take_request(KILL_REQUEST) == "too hot"
    assert folder.take_request(KILL_REQUEST) is None


def test_an_empty_request_file_is_a_request(tmp_path: Path) -> None:
    """`touch KILL` is enough."""
    (tmp_path / KILL_REQUEST).touch()
    assert DataFolder(tmp_path).take_request(KILL_REQUEST) == ""


def test_the_text_of_a_request_is_cut_to_1024_characters(tmp_path: Path) -> None:
    (tmp_path / KILL_REQUEST).write_text("x" * 10_000)
    assert DataFolder(tmp_path).take_request(KILL_REQUEST) == "x" * 1_024


def test_a_request_with_invalid_bytes_is_a_request(tmp_path: Path) -> None:
    """The existence of the file is enough to kill."""
    (tmp_path / KILL_REQUEST).write_bytes(b"\xff\xfe now")
    text = DataFolder(tmp_path).take_request(KILL_REQUEST)
    assert text is not None
    assert "now" in text
    assert not (tmp_path / KILL_REQUEST).exists()


def test_an_unreadable_request_is_a_request(tmp_path: Path) -> None:
    (tmp_path / KILL_REQUEST).mkdir()
    assert DataFolder(tmp_path).take_request(KILL_REQUEST)


def test_without_free_descriptors_only_an_existing_request_counts(tmp_path: Path) -> None:
    """Foreign connections can fill the table; that alone must not kill."""
    folder = DataFolder(tmp_path)
    with full_table():
        none = folder.take_request(KILL_REQUEST)
        (tmp_path / "elsewhere").mkdir()
        (tmp_path / "elsewhere").rename(tmp_path / KILL_REQUEST)
        one = folder.take_request(KILL_REQUEST)
    assert none is None
    assert one is not None
    assert "Too many open files" in one


def test_existence_is_known_without_a_free_file_descriptor(tmp_path: Path) -> None:
    (tmp_path / "there").touch()
    with full_table():
        found = may_exist(tmp_path / "there"), may_exist(tmp_path / "missing")
    assert found == (True, False)


def test_a_path_that_can_not_be_checked_counts_as_present(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert may_exist(tmp_path / "file" / "below")
