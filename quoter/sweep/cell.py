"""One cell of a sweep, its identity and its result."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from pathlib import Path
from typing import Final

import msgspec

from quoter.backtest.baselines import Strategy
from quoter.backtest.fill_terms import DelayOptions
from quoter.sim.fill_models import FillModel
from quoter.sim.messages import MarketSpec

SAMPLE_S: Final = 30  # time between two samples of a cell; the errors are computed from samples
RESULT_FORMAT: Final = 1  # format of a cell's file; increased if its fields or their meaning change

type Changes = tuple[tuple[str, str], ...]  # (name, value) of settings, as on the command line


@dataclass(frozen=True, slots=True, kw_only=True)
class Tape:
    """The files of one recorded market, in order.

    symbol: as the files name it. digest: hash of the contents of all files of the tape. sizes:
    bytes of each of `files`.
    """

    files: tuple[Path, ...]
    sizes: tuple[int, ...]
    symbol: str
    market: MarketSpec
    digest: str

    @property
    def name(self) -> str:
        return self.files[0].name


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One backtest of the grid.

    changes: the settings that the sweep varies. settings: all settings of the backtest, as text by
    field. seconds: played part of the tape, 0 for all of it. code: hash of the code that must run
    the cell. memory_max: limit of a worker, bytes.
    """

    tape: Tape
    changes: Changes
    settings: dict[str, str]
    strategy: Strategy
    model: FillModel
    delay: DelayOptions
    seconds: float
    code: str
    memory_max: int

    @property
    def variant(self) -> str:
        """Name that distinguishes the cell from others with the same tape, fill model and seed."""
        changed = " ".join(
            f"{name.removeprefix('QUOTER_')}={value}" for name, value in self.changes
        )
        if self.strategy is not Strategy.QUOTER:
            return " ".join(filter(None, (self.strategy.value, changed)))
        return changed or self.strategy.value

    @property
    def identity(self) -> str:
        """Hash of everything that the result depends on."""
        parts = {
            "format": RESULT_FORMAT,
            "sample_s": SAMPLE_S,
            "tape": self.tape.digest,
            "symbol": self.tape.symbol,
            "market": str(self.tape.market),
            "settings": self.settings,
            "strategy": self.strategy,
            "model": self.model,
            "delay": asdict(self.delay),
            "seconds": self.seconds,
            "code": self.code,
        }
        text = json.dumps(parts, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:32]


class Sample(msgspec.Struct, frozen=True, array_like=True):
    """Sums since the start of a run, in quote currency, every SAMPLE_S seconds.

    earned: spread plus markout after EDGE_S minus fees. profit: with the inventory valued at the
    mid.
    """

    profit: float
    earned: float
    notional: float


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """Figures of a finished cell; money in quote currency, sizes in base.

    markout_bps: by horizon in seconds, per traded notional; None before the first fill. edge_bps:
    spread plus markout after EDGE_S minus fees, per traded notional. inventory_sd: in order sizes.
    two_sided: share of the time with orders on both sides. causes_s: seconds with each halt cause.
    notes: about the tape.
    """

    seconds: float
    orders: int
    fills: int
    filled_base: Decimal
    notional: Decimal
    profit: Decimal
    spread: Decimal
    inventory: Decimal
    fees: Decimal
    edge_bps: float | None
    markout_bps: dict[int, float | None]
    drawdown: Decimal
    inventory_sd: float
    two_sided: float
    state: str
    causes_s: dict[str, float]
    books_equal: bool
    notes: tuple[str, ...]

    @property
    def orders_per_fill(self) -> float | None:
        return self.orders / self.fills if self.fills else None


class CellResult(msgspec.Struct, frozen=True, kw_only=True):
    """Result of one cell: figures and samples, or the reason for its failure."""

    identity: str
    failure: str = ""
    figures: Figures | None = None
    samples: tuple[Sample, ...] = ()
    cpu_s: float = 0.0
    memory_mb: float = 0.0  # resident memory of the process at the end of the cell


def failed(cell: Cell, reason: str) -> CellResult:
    """Return the result of a failed cell, with the first line of the reason."""
    return CellResult(identity=cell.identity, failure=(reason.splitlines() or ["?"])[0])


def file_digest(files: Sequence[Path]) -> str:
    """Return the hash of the contents of the files, in order. Raises OSError."""
    total = hashlib.sha256()
    for path in files:
        with path.open("rb") as file:
            total.update(hashlib.file_digest(file, "sha256").digest())
    return total.hexdigest()
