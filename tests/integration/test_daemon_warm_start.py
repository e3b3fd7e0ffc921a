"""The calibration of one run is used for the first quote of the next."""

import json
import time
from pathlib import Path

import pytest

from quoter.domain.market import SavedCalibration
from quoter.domain.quotes import QuoteTerms
from quoter.engine.quoting import calibration
from quoter.ledger.ledger import Ledger
from quoter.ledger.reader import Reader
from quoter.ledger.rows import Market
from quoter.ledger.schema import prepare
from quoter.pricing.quote.normalisation import gamma_lot
from quoter.service import saved_calibration as module
from quoter.service.exit_codes import ExitCode
from tests.integration.daemon_harness import (
    LIVELY,
    DaemonHarness,
    market,
    quiet_logs,
    running_daemon,
    settings,
)
from tests.integration.sandbox_client import running

UNSET = {"sigma": None, "kappa": None, "intensity": None}
MARKET = Market("sandbox", "binance", "BTC/USDT")
SHORT_HALF_LIFE = {"intensity_half_life_s": 30}


def terms(harness: DaemonHarness) -> QuoteTerms | None:
    quote = harness.running.engine.quoting.latest
    return quote.terms if quote is not None else None


def kept(folder: Path) -> SavedCalibration | None:
    """Return the saved calibration of the only market."""
    with Reader(folder) as reader:
        return reader.saved_calibration(MARKET)


async def keep(folder: Path, learned: SavedCalibration) -> None:
    """Save a calibration as a run does."""
    prepare(folder)
    ledger = Ledger(folder, MARKET)
    await ledger.save_calibration(learned)
    await ledger.close()


async def test_second_start_quotes_at_once_with_the_saved_calibration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "WRITE_S", 0.05)
    # little is enough here, so that the references of the second start are fixed at once
    monkeypatch.setattr(calibration, "PROVISIONAL_S", 0.0)
    monkeypatch.setattr(calibration, "PROVISIONAL_REACHES", 1)
    busy = market(LIVELY, seed=6)
    with quiet_logs(tmp_path / "log"):
        async with running(busy) as sandbox:
            async with running_daemon(
                sandbox, settings(sandbox, tmp_path, **SHORT_HALF_LIFE)
            ) as harness:
                estimators = harness.running.engine.calibration
                await harness.until(lambda: estimators.learned is not None, "learn")
                await harness.until(lambda: kept(tmp_path) is not None, "written while it trades")
                assert await harness.stop() is ExitCode.CLEAN
            learned = kept(tmp_path)
            assert learned is not None
            assert learned.sigma != 2.0
            assert learned.kappa != 1 / 6
            async with running_daemon(sandbox, settings(sandbox, tmp_path, **UNSET)) as harness:
                await harness.until(lambda: terms(harness) is not None, "quote")
                engine = harness.running.engine
                references = engine.calibration.references
                assert references is not None
                assert references.sigma == learned.sigma
                assert references.kappa == learned.kappa
                assert references.intensity == pytest.approx(learned.intensity, rel=1e-12)
                assert engine.calibration.gamma_lot == gamma_lot(
                    ghat=1.0, lots_max=engine.config.lots_max, references=references
                )


async def test_invalid_saved_calibration_is_reported_and_ignored(
    tmp_path: Path,
) -> None:
    """The operator's priors have precedence over saved ones."""
    log = tmp_path / "log"
    with quiet_logs(log):
        async with running(market(LIVELY, seed=7)) as sandbox:
            await keep(tmp_path, SavedCalibration(time.time_ns(), 3.0, 1e9, 1.0))
            async with running_daemon(sandbox, settings(sandbox, tmp_path)) as harness:
                await harness.until(lambda: terms(harness) is not None, "quote")
                assert await harness.stop() is ExitCode.CLEAN
            await keep(tmp_path, SavedCalibration(time.time_ns(), 3.0, 0.5, 1.0))
            async with running_daemon(sandbox, settings(sandbox, tmp_path, kappa=None)) as harness:
                await harness.until(lambda: terms(harness) is not None, "quote")
                references = harness.running.engine.calibration.references
    assert references is not None
    assert (references.sigma, references.kappa) == (2.0, 0.5)
    assert references.intensity == pytest.approx(4.0)
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    (warning,) = (line for line in lines if line["event"] == "calibration_ignored")
    assert warning["level"] == "warning"
