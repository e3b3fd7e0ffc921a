"""A file counts as there unless it provably is not, whatever else is wrong with the process."""

from pathlib import Path

from quoter.service.data_folder import may_exist
from tests.unit.service.full_table import full_table


def test_existence_is_known_without_a_free_file_descriptor(tmp_path: Path) -> None:
    (tmp_path / "there").touch()
    with full_table():
        found = may_exist(tmp_path / "there"), may_exist(tmp_path / "missing")
    assert found == (True, False)


def test_a_path_that_can_not_be_checked_counts_as_present(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert may_exist(tmp_path / "file" / "below")
