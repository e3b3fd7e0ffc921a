"""What a run learned of its market, kept in the data folder for the first quote of the next one.

Nothing here may stop a start or a trade: what can't be read is as if it was not there, and what
can't be written is told once.
"""

import asyncio
import os
import threading
from collections.abc import Callable
from math import inf
from pathlib import Path
from typing import NamedTuple

import msgspec
import structlog

from quoter.domain.errors import InvalidInput
from quoter.domain.market import Calibrated
from quoter.pricing.costs import effective_intensity
from quoter.pricing.intensity import KAPPA_D0_MAX

log = structlog.get_logger()

NAME = "calibration.json"
VERSION = 1  # of the file's shape; a file of another version is not read
WRITE_S = 60.0  # a process that is killed loses at most this much of what it learned
BYTES_MAX = 4096
NS = 1_000_000_000
AGE_S_MAX = 24 * 3600  # an older kappa and intensity are of another market
SIGMA_AGE_S_MAX = 3600  # volatility moves faster: the venue's own bars know better after that


class Kept(NamedTuple):
    """What the next start may use, None for what is too old; units as Calibrated's."""

    sigma: float | None = None
    kappa: float | None = None
    intensity: float | None = None


class Scale(NamedTuple):
    """What figures are held against; all price: the grid, one unit (inf: not known), a side's cost.

    Figures that the market can't have, or that gamma can't be solved for, are no start.
    """

    tick: float
    fair: float = inf
    cost: float = 0.0


class _Version(msgspec.Struct):
    version: int


class _Content(msgspec.Struct, frozen=True):
    version: int
    environment: str
    exchange: str
    symbol: str
    ts_ns: int
    sigma: float
    kappa: float
    intensity: float


class CalibrationFile:
    """One small file of one market; `folder` must exist before the first write."""

    def __init__(self, folder: Path, *, environment: str, exchange: str, symbol: str) -> None:
        self._path = folder / NAME
        self._market = (environment, exchange, symbol)
        self._written: Calibrated | None = None
        self._is_failing = False
        self._writing = threading.Lock()  # the last write may come while one is under way

    def read(self, now_ns: int, scale: Scale) -> Kept:
        """What an earlier run left that is still good; what is not is told once, and left out."""
        try:
            with self._path.open("rb") as file:
                raw = file.read(BYTES_MAX)
            found = self._checked(raw, now_ns, scale)
        except FileNotFoundError:
            return Kept()
        except (
            OSError,
            ValueError,
            RecursionError,
            InvalidInput,
        ) as error:  # msgspec's errors are ValueErrors
            log.warning("calibration_ignored", file=str(self._path), reason=str(error))
            return Kept()
        age_s = (now_ns - found.ts_ns) // NS
        sigma = found.sigma if age_s <= SIGMA_AGE_S_MAX else None
        log.info(
            "calibration_kept",
            age_s=age_s,
            sigma=sigma,
            kappa=found.kappa,
            intensity=found.intensity,
        )
        return Kept(sigma, found.kappa, found.intensity)

    async def keep(self, learned: Callable[[], Calibrated | None]) -> None:
        """Write every minute, until cancelled; the disk is waited for beside the event loop."""
        while True:
            await asyncio.sleep(WRITE_S)
            await asyncio.to_thread(self.write, learned())

    def write(self, learned: Calibrated | None) -> None:
        """Replace the file by what is new and makes sense; the old one stays otherwise."""
        with self._writing:
            if learned is None or learned == self._written or _nonsense(learned) is not None:
                return
            try:
                self._replace(learned)
            except OSError as error:
                if not self._is_failing:
                    log.warning("calibration_not_written", file=str(self._path), reason=str(error))
                self._is_failing = True
                return
            if self._is_failing:
                log.warning("calibration_written_again", file=str(self._path))
            self._is_failing = False
            self._written = learned

    def _checked(self, raw: bytes, now_ns: int, scale: Scale) -> _Content:
        """The content. Raises ValueError or InvalidInput that says what is wrong with it."""
        version = msgspec.json.decode(raw, type=_Version).version
        if version != VERSION:
            raise ValueError(f"it is of version {version}, not {VERSION}")
        found = msgspec.json.decode(raw, type=_Content)
        market = (found.environment, found.exchange, found.symbol)
        if market != self._market:
            raise ValueError(f"it is of another market: {' '.join(market)}")
        learned = Calibrated(found.ts_ns, found.sigma, found.kappa, found.intensity)
        if (nonsense := _nonsense(learned)) is not None:
            raise ValueError(nonsense)
        _check_scale(learned, scale)
        age_s = (now_ns - found.ts_ns) // NS  # whole numbers: a file may hold any
        if found.ts_ns > now_ns:
            raise ValueError(f"it is from the future, by {-age_s} s")
        if age_s > AGE_S_MAX:
            raise ValueError(f"it is {age_s // 3600} h old; the most is {AGE_S_MAX // 3600}")
        return found

    def _replace(self, learned: Calibrated) -> None:
        """Whole or not at all, also if the power goes. Raises OSError."""
        environment, exchange, symbol = self._market
        content = _Content(VERSION, environment, exchange, symbol, *learned)
        part = self._path.with_suffix(".part")
        with part.open("wb") as file:
            file.write(msgspec.json.format(msgspec.json.encode(content)))
            file.flush()
            os.fsync(file.fileno())
        part.replace(self._path)


def _nonsense(learned: Calibrated) -> str | None:
    """Which figure can't be one, None if all can."""
    for name in ("sigma", "kappa", "intensity"):
        value = getattr(learned, name)
        if not (0.0 < value < inf):
            return f"{name} is {value}"
    return None


def _check_scale(learned: Calibrated, scale: Scale) -> None:
    """Raise InvalidInput for what no run can have learned on this market."""
    kappa = learned.kappa
    if not (kappa * scale.fair >= 1.0 and kappa * scale.tick <= KAPPA_D0_MAX):
        raise InvalidInput("kappa", kappa)
    if not (learned.sigma < scale.fair):
        raise InvalidInput("sigma", learned.sigma)
    effective_intensity(intensity=learned.intensity, kappa=kappa, cost=scale.cost)
