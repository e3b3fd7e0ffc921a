"""Cost of the recorder: what it takes from the engine's thread, for each recorded message.

Deciding and recording alternate, a batch of messages each, so that both see the same machine: with
one after the other, a neighbour that came or went between them moved the ratio past its budget.
"""

from dataclasses import dataclass
from itertools import batched
from statistics import median
from time import thread_time_ns
from typing import NamedTuple

from quoter.domain.step import Step
from quoter.recording.blocks import packed
from quoter.recording.codec import Decision, Record, encode
from tests.bench.decide import Core
from tests.bench.workload import Workload

BATCH = 128  # about what a busy market sends between two flushes


@dataclass(frozen=True, slots=True, kw_only=True)
class RecorderCost:
    """Ratios of a recorded to an unrecorded message, and microseconds per message.

    `encode` runs in the recorder's thread, but holds the interpreter's lock; `compress` does not.
    ratio: without both; ratio_with_encoding: without compression.
    """

    ratio: float
    ratio_with_encoding: float
    append: float
    encode: float
    compress: float
    bytes_per_message: float

    @property
    def microseconds(self) -> dict[str, float]:
        """The parts, by name."""
        return {
            "recorder: append": self.append,
            "recorder: encode, in its thread": self.encode,
            "recorder: compress, beside the engine": self.compress,
        }


class _Round(NamedTuple):
    """Means of one round, microseconds, and bytes on disk per message."""

    decide: float
    append: float
    encode: float
    compress: float
    size: float


def measure(workload: Workload, *, rounds: int) -> RecorderCost:
    """Return the median of the rounds."""
    taken = [_round(workload) for _ in range(rounds)]
    return RecorderCost(
        ratio=median(1 + one.append / one.decide for one in taken),
        ratio_with_encoding=median(1 + (one.append + one.encode) / one.decide for one in taken),
        append=median(one.append for one in taken),
        encode=median(one.encode for one in taken),
        compress=median(one.compress for one in taken),
        bytes_per_message=taken[0].size,
    )


def _round(workload: Workload) -> _Round:
    """Count the thread's processor time: a batch takes long enough for that clock."""
    core, clock = Core(workload), thread_time_ns
    decide = append = encoding = compress = size = 0
    for number, frames in enumerate(batched(workload.frames, BATCH, strict=False)):
        steps = list[Step]()
        for ts_ns, frame in frames:
            before_ns = clock()
            step = core.decide(frame, ts_ns)
            decide += clock() - before_ns
            if step is not None:
                steps.append(step)
            core.answer(step)
            core.tick(ts_ns)
        before_ns = clock()
        records = _records(steps)
        appended_ns = clock()
        coded = encode(records)
        encoded_ns = clock()
        size += len(packed(number, coded))
        append += appended_ns - before_ns
        encoding += encoded_ns - appended_ns
        compress += clock() - encoded_ns
        del records  # freed here: without a recorder the messages would be freed too
    per_message = 1e-3 / len(workload.frames)
    return _Round(
        decide * per_message,
        append * per_message,
        encoding * per_message,
        compress * per_message,
        size / len(workload.frames),
    )


def _records(steps: list[Step]) -> list[Record]:
    """Return what is recorded of the steps, as the runner does it."""
    records = list[Record]()
    for step in steps:
        records.append(step.event)
        if step.commands or step.state is not None:
            records.append(Decision.of(step))
    return records
