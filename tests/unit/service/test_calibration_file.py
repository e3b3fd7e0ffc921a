"""What a run learned is there for the next one; a file that is no good is as none, and told."""

import asyncio
import json
import os
import threading
from pathlib import Path

import pytest
import structlog
from structlog.testing import capture_logs
from structlog.typing import EventDict

from quoter.domain.market import Calibrated
from quoter.service import calibration_file as module
from quoter.service.calibration_file import (
    AGE_S_MAX,
    BYTES_MAX,
    NAME,
    SIGMA_AGE_S_MAX,
    CalibrationFile,
    Kept,
    Scale,
)

NOW_NS = 1_795_000_000 * 10**9
LEARNED = Calibrated(ts_ns=NOW_NS, sigma=6.5, kappa=0.25, intensity=1.75)
SCALE = Scale(tick=0.01, fair=60_000.0, cost=60.0)
FIGURES = Kept(6.5, 0.25, 1.75)
NOTHING = Kept()


@pytest.fixture(autouse=True)
def _plain_logs() -> None:
    structlog.reset_defaults()


def file_of(
    folder: Path, *, symbol: str = "BTC/USDT", exchange: str = "binance"
) -> CalibrationFile:
    return CalibrationFile(folder, environment="sandbox", exchange=exchange, symbol=symbol)


def told(folder: Path, now_ns: int = NOW_NS, scale: Scale = SCALE) -> tuple[Kept, list[EventDict]]:
    """What is read, and the warnings with it."""
    with capture_logs() as lines:
        kept = file_of(folder).read(now_ns, scale)
    return kept, [dict(line) for line in lines if line["log_level"] == "warning"]


def spoilt(folder: Path, **changes: object) -> None:
    """A whole file with some of its fields changed."""
    file_of(folder).write(LEARNED)
    path = folder / NAME
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_before_the_first_run_there_is_nothing_and_nothing_to_say(tmp_path: Path) -> None:
    assert told(tmp_path) == (NOTHING, [])
    assert told(tmp_path / "no such folder") == (NOTHING, [])


def test_what_was_learned_is_there_for_the_next_run_to_the_digit(tmp_path: Path) -> None:
    third = LEARNED._replace(sigma=20 / 3)
    file_of(tmp_path).write(third)
    assert told(tmp_path) == (Kept(20 / 3, 0.25, 1.75), [])
    assert (tmp_path / NAME).stat().st_size < BYTES_MAX
    assert [path.name for path in tmp_path.iterdir()] == [NAME]


@pytest.mark.parametrize(
    ("age_s", "kept", "warnings"),
    [
        (SIGMA_AGE_S_MAX, FIGURES, 0),
        (SIGMA_AGE_S_MAX + 1, FIGURES._replace(sigma=None), 0),
        (AGE_S_MAX, FIGURES._replace(sigma=None), 0),
        (AGE_S_MAX + 1, NOTHING, 1),
        (-1e-6, NOTHING, 1),
    ],
)
def test_figures_age_sigma_first(tmp_path: Path, age_s: float, kept: Kept, warnings: int) -> None:
    """Volatility is of the hour, takers are of the day, and nothing comes from the future."""
    file_of(tmp_path).write(LEARNED)
    found, lines = told(tmp_path, NOW_NS + round(age_s * 1e9))
    assert (found, len(lines)) == (kept, warnings)


@pytest.mark.parametrize(
    "content",
    [
        b"", b"{", b"[]", b"null", b"7", b'"x"', b"{}", b"\x00\x01", b"\xff\xfe", b"[" * BYTES_MAX,
        b'{"version": 1}', b'{"version": 1, "more": ' + b"[" * BYTES_MAX, b" " * 2 * BYTES_MAX,
    ],
)  # fmt: skip
def test_a_file_that_can_not_be_read_is_none_and_told_once(tmp_path: Path, content: bytes) -> None:
    (tmp_path / NAME).write_bytes(content)
    kept, (line,) = told(tmp_path)
    assert kept == NOTHING
    assert line["event"] == "calibration_ignored"
    assert line["reason"]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"version": 0}, "version 0"),
        ({"version": 2, "sigma": ["another", "shape"]}, "version 2"),
        ({"version": "1"}, "version"),
        ({"environment": "production"}, "another market: production binance BTC/USDT"),
        ({"exchange": "kraken"}, "another market"),
        ({"symbol": "ETH/USDT"}, "another market"),
        ({"sigma": 0.0}, "sigma is 0.0"),
        ({"sigma": -1.0}, "sigma is -1.0"),
        ({"kappa": float("nan")}, "malformed"),
        ({"kappa": float("inf")}, "malformed"),
        ({"kappa": None}, "kappa"),
        ({"kappa": 2001.0}, "kappa is 2001.0"),
        ({"kappa": 1e-5}, "kappa is 1e-05"),
        ({"kappa": 12.0}, "cost is 60.0"),
        ({"sigma": 60_000.0}, "sigma is 60000.0"),
        ({"intensity": 0}, "intensity is 0.0"),
        ({"intensity": "4"}, "intensity"),
        ({"intensity": True}, "intensity"),
        ({"ts_ns": "now"}, "ts_ns"),
        ({"ts_ns": 10**400}, "future"),
        ({"ts_ns": -(10**400)}, "h old"),
        ({"ts_ns": NOW_NS + 60 * 10**9}, "future, by 60 s"),
        ({"ts_ns": 0}, "h old"),
    ],
)
def test_a_file_that_is_not_ours_or_makes_no_sense_is_ignored_with_its_reason(
    tmp_path: Path, changes: dict[str, object], reason: str
) -> None:
    spoilt(tmp_path, **changes)
    kept, (line,) = told(tmp_path)
    assert kept == NOTHING
    assert reason in str(line["reason"])


def test_what_the_venue_does_not_tell_is_not_held_against_the_figures(tmp_path: Path) -> None:
    spoilt(tmp_path, kappa=1e-5, sigma=1e6)
    assert told(tmp_path, scale=Scale(tick=0.01)) == (Kept(1e6, 1e-5, 1.75), [])


def test_a_folder_in_its_place_stops_neither_reading_nor_writing(tmp_path: Path) -> None:
    (tmp_path / NAME).mkdir()
    kept, (line,) = told(tmp_path)
    assert (kept, line["event"]) == (NOTHING, "calibration_ignored")
    with capture_logs() as lines:
        file_of(tmp_path).write(LEARNED)
    assert [line["event"] for line in lines] == ["calibration_not_written"]


def test_what_is_not_learned_or_is_none_never_replaces_what_was(tmp_path: Path) -> None:
    file = file_of(tmp_path)
    file.write(LEARNED)
    file.write(None)
    file.write(LEARNED._replace(ts_ns=NOW_NS + 1, kappa=float("inf")))
    file.write(LEARNED._replace(ts_ns=NOW_NS + 1, sigma=float("nan")))
    assert told(tmp_path) == (FIGURES, [])


def test_a_full_disk_is_told_when_it_begins_and_when_it_is_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = file_of(tmp_path)
    file.write(LEARNED)

    def full_disk(_: int) -> None:
        raise OSError("no space left")

    with capture_logs() as lines:
        with monkeypatch.context() as broken:
            broken.setattr(os, "fsync", full_disk)
            for later in range(1, 4):
                file.write(LEARNED._replace(ts_ns=NOW_NS + later, sigma=7.0))
        assert told(tmp_path)[0] == FIGURES
        for later in range(4, 6):
            file.write(LEARNED._replace(ts_ns=NOW_NS + later, sigma=8.0))
    assert [line["event"] for line in lines] == [
        "calibration_not_written",
        "calibration_written_again",
    ]
    assert told(tmp_path, NOW_NS + 5)[0] == FIGURES._replace(sigma=8.0)


def test_the_last_write_waits_for_one_that_is_under_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both have the same half-written file: the older one must not come out on top."""
    file, slow, sync = file_of(tmp_path), threading.Event(), os.fsync
    begun = threading.Event()

    def slow_disk(number: int) -> None:
        begun.set()
        slow.wait(5.0)
        sync(number)

    monkeypatch.setattr(os, "fsync", slow_disk)
    first = threading.Thread(target=file.write, args=(LEARNED,))
    first.start()
    assert begun.wait(5.0)
    last = LEARNED._replace(ts_ns=NOW_NS + 1, sigma=9.0)
    second = threading.Thread(target=file.write, args=(last,))
    second.start()
    slow.set()
    first.join(5.0)
    second.join(5.0)
    assert told(tmp_path, NOW_NS + 1)[0] == FIGURES._replace(sigma=9.0)


async def test_it_is_written_again_and_again_while_we_trade(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "WRITE_S", 0.001)
    news = iter([None, LEARNED, LEARNED._replace(ts_ns=NOW_NS + 1, sigma=9.0)])
    is_over = asyncio.Event()

    def learned() -> Calibrated | None:
        try:
            return next(news)
        except StopIteration:
            is_over.set()
            return None

    keeping = asyncio.create_task(file_of(tmp_path).keep(learned))
    async with asyncio.timeout(5.0):
        await is_over.wait()
    keeping.cancel()
    await asyncio.wait({keeping})
    assert told(tmp_path, NOW_NS + 1)[0] == FIGURES._replace(sigma=9.0)
