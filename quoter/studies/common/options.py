"""Options of a run, and the protocol of a study."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from quoter.sim.messages import MarketSpec
from quoter.studies.common.batches import Batch, Sample
from quoter.studies.common.report import Report


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The user's options. `paths` None: the study's own number, smaller if `is_quick`."""

    paths: int | None = None
    is_quick: bool = False
    markets: tuple[MarketSpec, ...] = ()  # symbols for the study of gamma

    def paths_or(self, usual: int, quick: int) -> int:
        """Return the number of paths to run: the user's, else `quick` or `usual`."""
        return self.paths or (quick if self.is_quick else usual)


class Study(Protocol):
    """A study module: its batches of simulations, and the report on them."""

    def batches(self, options: Options, /) -> Sequence[Batch]:
        """Return all Monte Carlo work; exact figures are computed in `report`."""

    def report(self, options: Options, samples: Mapping[str, Sample], /) -> Report:
        """Return the report on `samples` (batch name to sample)."""
