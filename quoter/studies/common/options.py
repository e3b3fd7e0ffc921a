"""What a user may choose, and what every study is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from quoter.sim.messages import MarketSpec
from quoter.studies.common.batches import Batch, Sample
from quoter.studies.common.report import Report


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """`paths` None: as many as the study's acceptance wants, or as `is_quick` makes do with."""

    paths: int | None = None
    is_quick: bool = False
    markets: tuple[MarketSpec, ...] = ()  # symbols for the study of gamma

    def paths_or(self, usual: int, quick: int) -> int:
        """The number of paths to run."""
        return self.paths or (quick if self.is_quick else usual)


class Study(Protocol):
    """A module of this package: what to simulate, and what to make of it."""

    def batches(self, options: Options, /) -> Sequence[Batch]:
        """All Monte Carlo work; exact figures are computed in `report`."""

    def report(self, options: Options, samples: Mapping[str, Sample], /) -> Report:
        """Put the figures together; `samples` by name of batch."""
