"""The latch outlives the process; an unreadable latch counts as a kill."""

import json
import os
import stat
from pathlib import Path

import pytest

from quoter.domain.trading import Cause
from quoter.service.killswitch.latch import NAME, Latch
from tests.unit.service.full_table import full_table


def test_without_a_file_there_is_no_kill(tmp_path: Path) -> None:
    assert Latch(tmp_path).read() is None


def test_the_next_process_reads_the_kill(tmp_path: Path) -> None:
    record = Latch(tmp_path).write(Cause.LOSS_LIMIT, "lost too much", 5)
    assert Latch(tmp_path).read() == record
    assert (record.cause, record.text, record.ts_ns) == (Cause.LOSS_LIMIT, "lost too much", 5)


def test_the_stored_text_is_printable_and_holds_no_signature(tmp_path: Path) -> None:
    """`quoter kill` and `quoter rearm` print it on a terminal."""
    Latch(tmp_path).write(Cause.KEY_REFUSED, "\x1b[2J\nsignature=abcdef\ud800" + "x" * 9_999, 5)
    record = Latch(tmp_path).read()
    assert record is not None
    assert record.text.isprintable()
    assert "abcdef" not in (tmp_path / NAME).read_text()
    assert len(record.text) < 1_000


def test_file_and_folder_are_synced_in_this_order_before_a_kill_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A rename that is not synced is lost in a power cut, and so would be the kill."""
    calls: list[str] = []
    fsync, rename = os.fsync, Path.replace

    def synced(number: int) -> None:
        calls.append("folder" if stat.S_ISDIR(os.fstat(number).st_mode) else "file")
        fsync(number)

    def renamed(path: Path, target: Path) -> Path:
        calls.append("rename")
        return rename(path, target)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(Path, "replace", renamed)
    latch = Latch(tmp_path)
    latch.write(Cause.OPERATOR_KILL, "", 0)
    assert calls == ["file", "rename", "folder"]
    latch.clear()
    assert calls[3:] == ["folder"]


def test_every_kill_has_an_id_of_its_own(tmp_path: Path) -> None:
    latch = Latch(tmp_path)
    ids = {latch.write(Cause.OPERATOR_KILL, "", 0).kill_id for _ in range(20)}
    assert len(ids) == 20


def test_a_cleared_latch_is_gone_and_may_be_cleared_again(tmp_path: Path) -> None:
    latch = Latch(tmp_path)
    latch.write(Cause.OPERATOR_KILL, "", 0)
    latch.clear()
    latch.clear()
    assert latch.read() is None


@pytest.mark.parametrize(
    "content",
    [
        "", "{", "[]", "null", "7", '"x"', "{}",
        json.dumps({"kill_id": "a", "cause": "no such cause", "text": "", "ts_ns": 0}),
        json.dumps({"kill_id": "a", "cause": "loss_limit", "text": "", "ts_ns": "soon"}),
        json.dumps({"kill_id": "a", "cause": "loss_limit", "text": ""}),
        "\x00\x01",
    ],
)  # fmt: skip
def test_a_latch_that_can_not_be_read_is_a_kill(tmp_path: Path, content: str) -> None:
    (tmp_path / NAME).write_text(content)
    record = Latch(tmp_path).read()
    assert record is not None
    assert record.cause is Cause.INVARIANT_BROKEN
    assert "unreadable" in record.text


def test_bytes_that_are_not_text_count_as_a_kill(tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(b"\xff\xfe\xff")
    assert Latch(tmp_path).read() is not None


def test_a_folder_in_place_of_the_latch_counts_as_a_kill(tmp_path: Path) -> None:
    (tmp_path / NAME).mkdir()
    assert Latch(tmp_path).read() is not None


def test_a_half_written_latch_never_replaces_a_whole_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    latch = Latch(tmp_path)
    first = latch.write(Cause.LOSS_LIMIT, "first", 1)

    def full_disk(_: int) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(os, "fsync", full_disk)
    with pytest.raises(OSError, match="no space"):
        latch.write(Cause.OPERATOR_KILL, "second", 2)
    assert latch.read() == first


@pytest.mark.parametrize("broken", [{"ts_ns": float("inf")}, {"cause": "operator_pause"}])
def test_a_latch_with_unknown_content_counts_as_a_kill(
    tmp_path: Path, broken: dict[str, object]
) -> None:
    latch = Latch(tmp_path)
    latch.write(Cause.LOSS_LIMIT, "lost too much", 5)
    record = json.loads((tmp_path / NAME).read_text())
    (tmp_path / NAME).write_text(json.dumps(record | broken))
    found = latch.read()
    assert found is not None
    assert found.cause is Cause.INVARIANT_BROKEN


def test_is_set_is_true_for_any_existing_latch(tmp_path: Path) -> None:
    latch = Latch(tmp_path)
    assert not latch.is_set()
    (tmp_path / NAME).write_text("{")
    assert latch.is_set()
    latch.clear()
    assert not latch.is_set()


def test_a_latch_that_can_not_be_checked_counts_as_set(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert Latch(tmp_path / "file").is_set()  # not a folder, so it can not be checked


def test_without_free_descriptors_an_existing_latch_counts_and_a_missing_one_does_not(
    tmp_path: Path,
) -> None:
    """It is read five times a second: too many connections must not kill."""
    latch = Latch(tmp_path)
    with full_table():
        none = latch.read()
    latch.write(Cause.LOSS_LIMIT, "lost too much", 5)
    with full_table():
        one = latch.read()
    assert none is None
    assert one is not None
    assert "unreadable" in one.text
