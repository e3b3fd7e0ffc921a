"""Cost of the recorder: what it takes from the engine's thread, for each recorded message."""

from dataclasses import dataclass
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
    """Ratio of a recorded to an unrecorded message, and microseconds per message.

    `encode` runs in the recorder's thread, but holds the interpreter's lock; `compress` does not.
    """

    ratio: float
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
        ratio=median(1 + (one.append + one.encode) / one.decide for one in taken),
        append=median(one.append for one in taken),
        encode=median(one.encode for one in taken),
        compress=median(one.compress for one in taken),
        bytes_per_message=taken[0].size,
    )


def _round(workload: Workload) -> _Round:
    """Count the thread's processor time: a batch takes long enough for that clock."""
    core, steps, clock = Core(workload), list[Step](), thread_time_ns
    decide = 0
    for ts_ns, frame in workload.frames:
        before_ns = clock()
        step = core.decide(frame, ts_ns)
        decide += clock() - before_ns
        if step is not None:
            steps.append(step)
        core.answer(step)
        core.tick(ts_ns)
    before_ns, records = clock(), list[Record]()
    for step in steps:  # as the runner does
        records.append(step.event)
        if step.commands or step.state is not None:
            records.append(Decision.of(step))
    appended_ns = clock()
    coded = [encode(records[i : i + BATCH]) for i in range(0, len(records), BATCH)]
    encoded_ns = clock()
    size = sum(len(packed(number, data)) for number, data in enumerate(coded))
    per_message = 1e-3 / len(workload.frames)
    return _Round(
        decide * per_message,
        (appended_ns - before_ns) * per_message,
        (encoded_ns - appended_ns) * per_message,
        (clock() - encoded_ns) * per_message,
        size / len(workload.frames),
    )
