"""One process per folder, and requests that need no network."""

import os
from pathlib import Path

import pytest

from quoter.service.data_folder import KILL_REQUEST, PID, DataFolder, LockHeld
from tests.unit.service.full_table import full_table


def test_a_folder_that_is_not_there_is_made(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path / "a" / "b")
    folder.take()
    assert (tmp_path / "a" / "b" / PID).read_text() == str(os.getpid())
    folder.release()
    assert not (tmp_path / "a" / "b" / PID).exists()


def test_a_second_quoter_is_kept_out_until_the_first_lets_go(tmp_path: Path) -> None:
    first, second = DataFolder(tmp_path), DataFolder(tmp_path)
    first.take()
    with pytest.raises(LockHeld, match="another quoter"):
        second.take()
    first.release()
    second.take()
    second.release()


def test_a_second_quoter_that_was_kept_out_changes_nothing(tmp_path: Path) -> None:
    first, second = DataFolder(tmp_path), DataFolder(tmp_path)
    first.take()
    with pytest.raises(LockHeld):
        second.take()
    second.release()
    assert (tmp_path / PID).exists()
    first.release()


def test_letting_go_twice_or_of_nothing_is_harmless(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    folder.release()
    folder.take()
    folder.release()
    folder.release()


def test_a_sudden_death_shows_to_the_next_owner(tmp_path: Path) -> None:
    first = DataFolder(tmp_path)
    first.take()
    assert not first.is_after_crash
    first.release()
    (tmp_path / PID).write_text("4242")  # what a killed process leaves
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


def test_an_empty_request_is_one(tmp_path: Path) -> None:
    """`touch KILL` must do."""
    (tmp_path / KILL_REQUEST).touch()
    assert DataFolder(tmp_path).take_request(KILL_REQUEST) == ""


def test_a_request_is_cut_to_what_fits_a_log_line(tmp_path: Path) -> None:
    (tmp_path / KILL_REQUEST).write_text("x" * 10_000)
    assert DataFolder(tmp_path).take_request(KILL_REQUEST) == "x" * 1_024


def test_a_request_that_is_no_text_is_still_a_request(tmp_path: Path) -> None:
    """That the file is there is enough to kill."""
    (tmp_path / KILL_REQUEST).write_bytes(b"\xff\xfe now")
    text = DataFolder(tmp_path).take_request(KILL_REQUEST)
    assert text is not None
    assert "now" in text
    assert not (tmp_path / KILL_REQUEST).exists()


def test_a_request_that_can_not_be_read_is_still_a_request(tmp_path: Path) -> None:
    (tmp_path / KILL_REQUEST).mkdir()
    assert DataFolder(tmp_path).take_request(KILL_REQUEST)


def test_a_full_table_of_descriptors_is_no_request(tmp_path: Path) -> None:
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
