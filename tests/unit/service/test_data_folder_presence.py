"""A file counts as there unless it provably is not, whatever else is wrong with the process."""

from pathlib import Path

from quoter.service.data_folder import is_there
from tests.unit.service.full_table import full_table


def test_without_a_descriptor_it_is_still_known_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "there").touch()
    with full_table():
        found = is_there(tmp_path / "there"), is_there(tmp_path / "missing")
    assert found == (True, False)


def test_what_can_not_be_told_counts_as_there(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert is_there(tmp_path / "file" / "below")
