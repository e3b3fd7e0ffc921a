"""Saving estimates for the next run; invalid or old figures are ignored with a warning."""

import asyncio

import pytest
import structlog
from structlog.testing import capture_logs
from structlog.typing import EventDict

from quoter.domain.market import Evidence, SavedCalibration
from quoter.ledger.writer import LedgerFailed
from quoter.service import saved_calibration as module
from quoter.service.saved_calibration import (
    AGE_S_MAX,
    SIGMA_AGE_S_MAX,
    CalibrationBounds,
    CalibrationSaver,
    UsableCalibration,
    usable_calibration,
)

NOW_NS = 1_795_000_000 * 10**9
LEARNED = SavedCalibration(
    ts_ns=NOW_NS, sigma=6.5, kappa=0.25, intensity=1.75, seconds=900.0, reaches=70
)
SCALE = CalibrationBounds(tick=0.01, fair=60_000.0, cost=60.0)
FIGURES = UsableCalibration(6.5, 0.25, 1.75, Evidence(900.0, 70))
NOTHING = UsableCalibration()
NAN = float("nan")


@pytest.fixture(autouse=True)
def _plain_logs() -> None:
    structlog.reset_defaults()


def usable_and_warnings(
    found: SavedCalibration | None, now_ns: int = NOW_NS, scale: CalibrationBounds = SCALE
) -> tuple[UsableCalibration, list[EventDict]]:
    """Return the usable figures and the warnings."""
    with capture_logs() as lines:
        kept = usable_calibration(found, now_ns, scale)
    return kept, [dict(line) for line in lines if line["log_level"] == "warning"]


class Disk:
    """Records the written figures, or fails when it is full."""

    def __init__(self) -> None:
        self.written: list[SavedCalibration] = []
        self.is_full = False

    async def write(self, learned: SavedCalibration) -> None:
        if self.is_full:
            raise LedgerFailed("no space left")
        self.written.append(learned)


def test_without_a_saved_calibration_nothing_is_used_or_logged() -> None:
    assert usable_and_warnings(None) == (NOTHING, [])


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
def test_sigma_expires_before_the_other_figures(
    age_s: float, kept: UsableCalibration, warnings: int
) -> None:
    """Sigma is valid for an hour, the other figures for a day; a time in the future is invalid."""
    found, lines = usable_and_warnings(LEARNED, NOW_NS + round(age_s * 1e9))
    if kept is not NOTHING:
        kept = kept._replace(evidence=Evidence(LEARNED.seconds, LEARNED.reaches, age_s))
    assert (found, len(lines)) == (kept, warnings)


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        (LEARNED._replace(sigma=0.0), "sigma is 0, outside its range"),
        (LEARNED._replace(reaches=-1), "reaches is -1, outside its range"),
        (LEARNED._replace(seconds=NAN), "seconds is nan, outside its range"),
        (LEARNED._replace(sigma=-1.0), "sigma is -1, outside its range"),
        (LEARNED._replace(kappa=NAN), "kappa is nan, outside its range"),
        (LEARNED._replace(kappa=float("inf")), "kappa is inf, outside its range"),
        (LEARNED._replace(kappa=2001.0), "kappa is 2001, outside its range"),
        (LEARNED._replace(kappa=1e-5), "kappa is 0.00001, outside its range"),
        (LEARNED._replace(kappa=12.0), "cost is 60, outside its range"),
        (LEARNED._replace(sigma=60_000.0), "sigma is 60000, outside its range"),
        (LEARNED._replace(intensity=0.0), "intensity is 0, outside its range"),
        (LEARNED._replace(ts_ns=NOW_NS + 60 * 10**9), "saved 60 s in the future"),
        (LEARNED._replace(ts_ns=0), "h old"),
    ],
)
def test_invalid_figures_are_ignored_with_the_reason(found: SavedCalibration, reason: str) -> None:
    kept, (line,) = usable_and_warnings(found)
    assert (kept, line["event"]) == (NOTHING, "calibration_ignored")
    assert reason in str(line["reason"])


def test_bounds_that_are_not_known_are_not_checked() -> None:
    odd = LEARNED._replace(kappa=1e-5, sigma=1e6)
    assert usable_and_warnings(odd, scale=CalibrationBounds(tick=0.01)) == (
        FIGURES._replace(sigma=1e6, kappa=1e-5),
        [],
    )


async def test_only_new_valid_figures_are_written() -> None:
    disk, later = Disk(), LEARNED._replace(ts_ns=NOW_NS + 1)
    estimates = iter(
        [None, LEARNED, LEARNED, later._replace(kappa=float("inf")), later._replace(sigma=NAN)]
    )
    saver = CalibrationSaver(learned=lambda: next(estimates), write=disk.write)
    for _ in range(5):
        await saver.save()
    assert disk.written == [LEARNED]


async def test_a_failed_write_is_logged_and_retried() -> None:
    disk = Disk()
    saver = CalibrationSaver(learned=lambda: LEARNED, write=disk.write)
    disk.is_full = True
    with capture_logs() as lines:
        await saver.save()
    assert [line["event"] for line in lines] == ["calibration_not_written"]
    disk.is_full = False
    await saver.save()
    assert disk.written == [LEARNED]


async def test_new_figures_are_written_repeatedly(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "WRITE_S", 0.001)
    disk, last = Disk(), LEARNED._replace(ts_ns=NOW_NS + 1, sigma=9.0)
    estimates = iter([None, LEARNED, last])
    is_over = asyncio.Event()

    def learned() -> SavedCalibration | None:
        try:
            return next(estimates)
        except StopIteration:
            is_over.set()
            return None

    saving = asyncio.create_task(CalibrationSaver(learned=learned, write=disk.write).run())
    async with asyncio.timeout(5.0):
        await is_over.wait()
    saving.cancel()
    await asyncio.wait({saving})
    assert disk.written == [LEARNED, last]
