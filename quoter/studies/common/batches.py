"""Run many paths on several processes; results do not depend on the number of processes.

Every batch is cut into pieces of a fixed number of paths. The random numbers of a piece depend only
on the seed, the batch's name and the piece's index.
"""

import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Protocol
from zlib import crc32

import numpy as np

from quoter.studies.common.estimates import Numbers

type Sample = dict[str, Numbers]  # measure name to array with one row per path
type Advance = Callable[[float], None]  # called with the share of all work done since the last call

PIECES_MAX = 100_000


class Simulation(Protocol):
    """A model market with its makers; instances must be picklable."""

    def simulate(self, rng: np.random.Generator, paths: int) -> Sample:
        """Return the measures of `paths` independent paths; one row per path in each array."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """`paths` paths of one simulation, `piece` at a time; `weight`: relative work of a path."""

    name: str
    simulation: Simulation
    paths: int
    piece: int
    weight: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Piece:
    batch: str
    simulation: Simulation
    paths: int
    index: int
    seed: int
    weight: float

    def run(self) -> Sample:
        sequence = np.random.SeedSequence(
            self.seed, spawn_key=(crc32(self.batch.encode()), self.index)
        )
        return self.simulation.simulate(np.random.default_rng(sequence), self.paths)


def run_batches(
    batches: Sequence[Batch], *, seed: int, jobs: int, advance: Advance
) -> dict[str, Sample]:
    """Run all batches on `jobs` processes (1: in this process); return each batch's paths in order.

    `advance` is called with shares that add up to 1. Raises ValueError for two batches of the same
    name, or too many pieces. An exception of a simulation ends the run and is raised here.
    """
    pieces = [piece for batch in batches for piece in _cut(batch, seed)]
    if len({batch.name for batch in batches}) < len(batches):
        raise ValueError("two batches have the same name")
    if len(pieces) > PIECES_MAX:
        raise ValueError(f"{len(pieces)} pieces of work, more than {PIECES_MAX}")
    whole = sum(piece.weight for piece in pieces)
    done: dict[int, Sample] = {}
    for index, sample in _in_one(pieces) if jobs == 1 else _in_many(pieces, jobs):
        done[index] = sample
        advance(pieces[index].weight / whole)
    return {
        batch.name: _joined([done[i] for i, p in enumerate(pieces) if p.batch == batch.name])
        for batch in batches
    }


def _cut(batch: Batch, seed: int) -> Iterator[_Piece]:
    for index, first in enumerate(range(0, batch.paths, batch.piece)):
        paths = min(batch.piece, batch.paths - first)
        yield _Piece(
            batch=batch.name,
            simulation=batch.simulation,
            paths=paths,
            index=index,
            seed=seed,
            weight=batch.weight * paths,
        )


def _in_one(pieces: Sequence[_Piece]) -> Iterator[tuple[int, Sample]]:
    for index, piece in enumerate(pieces):
        yield index, piece.run()


def _in_many(pieces: Sequence[_Piece], jobs: int) -> Iterator[tuple[int, Sample]]:
    """Yield results of spawned processes. Forking is unsafe: the progress bar has a thread."""
    context = get_context("spawn")
    with ProcessPoolExecutor(jobs, mp_context=context, initializer=_ignore_ctrl_c) as pool:
        futures: dict[Future[Sample], int] = {
            pool.submit(piece.run): index for index, piece in enumerate(pieces)
        }
        try:
            for future in as_completed(futures):
                yield futures[future], future.result()
        except BaseException:  # also Ctrl-C: cancel the pieces that have not started
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _ignore_ctrl_c() -> None:
    """Ignore Ctrl-C in a worker: it reaches the whole process group, and the parent handles it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _joined(samples: Sequence[Sample]) -> Sample:
    return {name: np.concatenate([one[name] for one in samples]) for name in samples[0]}
