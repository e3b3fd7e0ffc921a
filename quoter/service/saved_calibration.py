"""What a run learned of its market, kept in the ledger for the first quote of the next one.

Nothing here may stop a start or a trade: what makes no sense is as if it was not there.
"""

import asyncio
from collections.abc import Awaitable, Callable
from math import inf
from typing import NamedTuple

import structlog

from quoter.domain.errors import InvalidInput
from quoter.domain.market import SavedCalibration
from quoter.domain.units import NS_PER_S
from quoter.ledger.writer import LedgerFailed
from quoter.pricing.costs import effective_intensity
from quoter.pricing.estimators.intensity import KAPPA_D0_MAX

log = structlog.get_logger()

WRITE_S = 60.0  # a process that is killed loses at most this much of what it learned
AGE_S_MAX = 24 * 3600  # an older kappa and intensity are of another market
SIGMA_AGE_S_MAX = 3600  # volatility moves faster: the venue's own bars know better after that


class UsableCalibration(NamedTuple):
    """What the next start may use, None for what is too old; units as Calibrated's."""

    sigma: float | None = None
    kappa: float | None = None
    intensity: float | None = None


class CalibrationBounds(NamedTuple):
    """What figures are held against; all price: the grid, one unit (inf: not known), a side's cost.

    Figures that the market can't have, or that gamma can't be solved for, are no start.
    """

    tick: float
    fair: float = inf
    cost: float = 0.0


def usable_calibration(
    found: SavedCalibration | None, now_ns: int, scale: CalibrationBounds
) -> UsableCalibration:
    """What an earlier run left that is still good; what is not is told once, and left out."""
    if found is None:
        return UsableCalibration()
    try:
        age_s = _checked_age_s(found, now_ns, scale)
    except (ValueError, InvalidInput) as error:
        log.warning("calibration_ignored", reason=str(error))
        return UsableCalibration()
    sigma = found.sigma if age_s <= SIGMA_AGE_S_MAX else None
    log.info(
        "calibration_kept",
        age_s=age_s,
        sigma=sigma,
        kappa=found.kappa,
        intensity=found.intensity,
    )
    return UsableCalibration(sigma, found.kappa, found.intensity)


class CalibrationSaver:
    """Hands what is learned to `write`, which is the ledger's."""

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
        """Keep every minute, until cancelled."""
        while True:
            await asyncio.sleep(WRITE_S)
            await self.save()

    async def save(self) -> None:
        """Replace what is kept by what is new and makes sense; the old stays otherwise."""
        learned = self._learned()
        if learned is None or learned == self._written or _invalid_figure(learned) is not None:
            return
        try:
            await self._write(learned)
        except LedgerFailed as error:  # a ledger that fails stops the trading by itself
            log.warning("calibration_not_written", reason=str(error))
            return
        self._written = learned


def _checked_age_s(found: SavedCalibration, now_ns: int, scale: CalibrationBounds) -> int:
    """How old it is. Raises ValueError or InvalidInput that says what is wrong with it."""
    if (nonsense := _invalid_figure(found)) is not None:
        raise ValueError(nonsense)
    _check_bounds(found, scale)
    age_s = (now_ns - found.ts_ns) // NS_PER_S
    if found.ts_ns > now_ns:
        raise ValueError(f"it is from the future, by {-age_s} s")
    if age_s > AGE_S_MAX:
        raise ValueError(f"it is {age_s // 3600} h old; the most is {AGE_S_MAX // 3600}")
    return age_s


def _invalid_figure(learned: SavedCalibration) -> str | None:
    """Which figure can't be one, None if all can."""
    for name in ("sigma", "kappa", "intensity"):
        value = getattr(learned, name)
        if not (0.0 < value < inf):
            return f"{name} is {value}"
    return None


def _check_bounds(learned: SavedCalibration, scale: CalibrationBounds) -> None:
    """Raise InvalidInput for what no run can have learned on this market."""
    kappa = learned.kappa
    if not (kappa * scale.fair >= 1.0 and kappa * scale.tick <= KAPPA_D0_MAX):
        raise InvalidInput("kappa", kappa)
    if not (learned.sigma < scale.fair):
        raise InvalidInput("sigma", learned.sigma)
    effective_intensity(intensity=learned.intensity, kappa=kappa, cost=scale.cost)
