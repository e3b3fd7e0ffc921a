"""Heartbeat files: writing, reading and the age since the last change."""

from decimal import Decimal
from pathlib import Path

import pytest

from quoter.service.external_stops.heartbeat_files import (
    BYTES_MAX,
    HEARTBEAT,
    DaemonHeartbeat,
    HeartbeatAge,
    Holdings,
    InstanceIdentity,
    RunStatus,
    SentinelHeartbeat,
    read_heartbeat,
    write_heartbeat,
)

US = InstanceIdentity(
    environment="sandbox", exchange="binance", symbol="BTC/USDT", order_prefix="q00"
)


def new_heartbeat(seq: int = 1, status: RunStatus = RunStatus.RUNNING) -> DaemonHeartbeat:
    held = Holdings(
        inventory=Decimal("-0.10"), target=Decimal(2), limit=Decimal("0.5"), asset="BTC"
    )
    return DaemonHeartbeat(
        run="r", seq=seq, ts_ns=5, pid=7, status=status, state="RUNNING", identity=US, holdings=held
    )


def test_a_heartbeat_is_read_as_it_was_written(tmp_path: Path) -> None:
    write_heartbeat(tmp_path / HEARTBEAT, new_heartbeat())
    assert read_heartbeat(tmp_path / HEARTBEAT, DaemonHeartbeat) == new_heartbeat()
    assert [path.name for path in tmp_path.iterdir()] == [HEARTBEAT]


def test_the_file_is_smaller_than_its_bound() -> None:
    assert len(repr(new_heartbeat(seq=10**12))) < BYTES_MAX


@pytest.mark.parametrize(
    "raw", [b"", b"{", b"[]", b'{"run": 1}', b"\xff", b"{}" + b" " * BYTES_MAX + b"x"]
)
def test_an_unreadable_heartbeat_is_none(tmp_path: Path, raw: bytes) -> None:
    (tmp_path / HEARTBEAT).write_bytes(raw)
    assert read_heartbeat(tmp_path / HEARTBEAT, DaemonHeartbeat) is None


def test_heartbeat_of_the_other_kind_is_not_read(tmp_path: Path) -> None:
    write_heartbeat(
        tmp_path / HEARTBEAT, SentinelHeartbeat(run="s", seq=1, ts_ns=0, pid=1, handled="")
    )
    assert read_heartbeat(tmp_path / HEARTBEAT, DaemonHeartbeat) is None
    assert read_heartbeat(tmp_path / "none", SentinelHeartbeat) is None


def test_labels_differ_by_number_and_status() -> None:
    labels = {
        new_heartbeat().label,
        new_heartbeat(seq=2).label,
        new_heartbeat(status=RunStatus.STOPPED).label,
    }
    assert len(labels) == 3


def test_the_age_counts_from_the_last_change_of_the_mark() -> None:
    now_s = [10.0]
    age = HeartbeatAge(lambda: now_s[0])
    assert age.update("a") == 0.0
    now_s[0] = 12.0
    assert age.update("a") == 2.0
    assert age.update("") == 2.0  # an unreadable file is no change
    assert age.update("b") == 0.0
