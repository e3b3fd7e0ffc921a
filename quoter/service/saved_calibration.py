"""Save the calibration of a run in the ledger, for the first quotes of the next run.

An implausible calibration is ignored; no error here stops a start or a run.
"""

import asyncio
from collections.abc import Awaitable, Callable
from math import inf
from typing import NamedTuple

import structlog

from quoter.domain.errors import InvalidInput
from quoter.domain.market import Evidence, SavedCalibration
from quoter.domain.number_text import plain
from quoter.domain.units import NS_PER_S
from quoter.ledger.writer import LedgerFailed
from quoter.pricing.costs import effective_intensity
from quoter.pricing.estimators.intensity import KAPPA_D0_MAX

log = structlog.get_logger()

WRITE_S = 60.0  # a killed process loses at most this much of its calibration
AGE_S_MAX = 24 * 3600  # of kappa and intensity
SIGMA_AGE_S_MAX = 3600  # volatility changes faster; after that the venue's bars are better


class UsableCalibration(NamedTuple):
    """Figures that the next start may use. Units as in `SavedCalibration`.

    All are None if none was saved, or if the saved ones are too old or implausible; sigma alone is
    None if it is older than SIGMA_AGE_S_MAX.
    """

    sigma: float | None = None
    kappa: float | None = None
    intensity: float | None = None
    evidence: Evidence = Evidence()


class CalibrationBounds(NamedTuple):
    """Bounds of a plausible calibration, in units of price (quote per base).

    `fair`: fair value, inf if unknown. `cost`: per side. A value outside the bounds is rejected:
    the market can't have it, or gamma can't be solved for it.
    """

    tick: float
    fair: float = inf
    cost: float = 0.0


def usable_calibration(
    found: SavedCalibration | None, now_ns: int, bounds: CalibrationBounds
) -> UsableCalibration:
    """Return the usable figures of a saved calibration, or none; log why it is ignored.

    `found`: None if none was saved. `now_ns`: UTC.
    """
    if found is None:
        return UsableCalibration()
    try:
        age_s = _checked_age_s(found, now_ns, bounds)
    except (ValueError, InvalidInput) as error:
        log.warning("calibration_ignored", reason=str(error))
        return UsableCalibration()
    sigma = found.sigma if age_s <= SIGMA_AGE_S_MAX else None
    log.info(
        "calibration_loaded",
        age_s=age_s,
        sigma=sigma,
        kappa=found.kappa,
        intensity=found.intensity,
        reaches=found.reaches,
    )
    evidence = Evidence(found.seconds, found.reaches, age_s)
    return UsableCalibration(sigma, found.kappa, found.intensity, evidence)


class CalibrationSaver:
    """Writes the calibration to the ledger every minute and at the end of the run."""

    def __init__(
        self,
        *,
        learned: Callable[[], SavedCalibration | None],
        write: Callable[[SavedCalibration], Awaitable[None]],
    ) -> None:
        self._learned = learned
        self._write = write
        self._written: SavedCalibration | None = None

    async def run(self) -> None:
        """Save every minute, until cancelled."""
        while True:
            await asyncio.sleep(WRITE_S)
            await self.save()

    async def save(self) -> None:
        """Save the calibration if it is new and plausible."""
        learned = self._learned()
        if learned is None or learned == self._written or _invalid_figure(learned) is not None:
            return
        try:
            await self._write(learned)
        except LedgerFailed as error:  # `ledger_failed` stops the trading
            log.warning("calibration_not_written", reason=str(error))
            return
        self._written = learned


def _checked_age_s(found: SavedCalibration, now_ns: int, bounds: CalibrationBounds) -> int:
    """Return the age, seconds. Raises ValueError or InvalidInput for an unusable calibration."""
    if (text := _invalid_figure(found)) is not None:
        raise ValueError(text)
    _check_bounds(found, bounds)
    age_s = (now_ns - found.ts_ns) // NS_PER_S
    if found.ts_ns > now_ns:
        raise ValueError(f"it was saved {-age_s} s in the future: the clock was set back")
    if age_s > AGE_S_MAX:
        raise ValueError(f"it is {age_s // 3600} h old; the maximum is {AGE_S_MAX // 3600} h")
    return age_s


def _invalid_figure(learned: SavedCalibration) -> str | None:
    """Describe the first value that is not positive and finite; None if all are."""
    for name in ("sigma", "kappa", "intensity"):
        value = getattr(learned, name)
        if not (0.0 < value < inf):
            return f"{name} is {plain(value)}, outside its range"
    for name in ("seconds", "reaches"):
        value = getattr(learned, name)
        if not (0.0 <= value < inf):
            return f"{name} is {plain(value)}, outside its range"
    return None


def _check_bounds(learned: SavedCalibration, bounds: CalibrationBounds) -> None:
    """Raise InvalidInput for a value that is impossible on this market."""
    kappa = learned.kappa
    if not (kappa * bounds.fair >= 1.0 and kappa * bounds.tick <= KAPPA_D0_MAX):
        raise InvalidInput("kappa", kappa)
    if not (learned.sigma < bounds.fair):
        raise InvalidInput("sigma", learned.sigma)
    effective_intensity(intensity=learned.intensity, kappa=kappa, cost=bounds.cost)
