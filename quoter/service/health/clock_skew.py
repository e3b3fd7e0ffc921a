"""Measure the venue's clock against the wall clock every 30 s; signed requests depend on it.

A round uses its sample with the shortest round trip, which is the most precise.
"""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from quoter.domain.units import NS_PER_S
from quoter.venues.clock import ClockSample, VenueClock

log = structlog.get_logger()

ROUND_S = 30.0
ROUND_BAD_S = 5.0  # between rounds while there is a problem
SAMPLES_MAX = 8  # per round
SAMPLE_S = 0.2  # between samples
GOOD_NS = 50_000_000  # a sample this precise needs no second one
WARN_NS = 500_000_000
OFFSET_NS_MAX = 1_000_000_000
UNCERTAINTY_NS_MAX = 500_000_000
GOOD_ROUNDS = 3  # in a row, until the problem is cleared


class ClockSkewMonitor:
    """Measures the venue's clock in rounds, and reports a difference that is too large.

    `sample` queries the venue once. `wall_offset_ns` returns the wall clock minus the process's
    clock.
    """

    def __init__(
        self,
        *,
        sample: Callable[[], Awaitable[ClockSample | None]],
        clock: VenueClock,
        wall_offset_ns: Callable[[], int],
        report: Callable[[str], None],
        show: Callable[[float, float], None],
    ) -> None:
        """`report` gets the problem, or an empty text; `show` gets offset and uncertainty, s."""
        self._sample, self._clock, self._wall_offset_ns = sample, clock, wall_offset_ns
        self._report, self._show = report, show
        self._good = GOOD_ROUNDS
        self._is_warned = False

    async def run(self) -> None:
        """Measure until cancelled; a venue that does not reply is detected elsewhere."""
        while True:
            best = await self._round()
            if best is not None:
                self.judge(best)
            await asyncio.sleep(ROUND_S if self._good >= GOOD_ROUNDS else ROUND_BAD_S)

    async def _round(self) -> ClockSample | None:
        best: ClockSample | None = None
        for number in range(SAMPLES_MAX):
            if number:
                await asyncio.sleep(SAMPLE_S)
            sample = await self._sample()
            if sample is None:
                break
            if best is None or sample.round_trip_ns < best.round_trip_ns:
                best = sample
            if best.uncertainty_ns <= GOOD_NS:
                break
        return best

    def judge(self, best: ClockSample) -> None:
        """Store the estimate, and report a problem that makes signed requests unsafe."""
        self._clock.latest = best
        offset_ns = best.offset_ns - self._wall_offset_ns()  # requests carry the wall clock
        self._show(offset_ns / NS_PER_S, best.uncertainty_ns / NS_PER_S)
        text = ""
        if not abs(offset_ns) <= OFFSET_NS_MAX:
            text = f"the venue's clock differs from ours by {offset_ns / NS_PER_S:+.2f} s"
        elif not best.uncertainty_ns <= UNCERTAINTY_NS_MAX:
            text = f"the venue's clock is only known to ±{best.uncertainty_ns / NS_PER_S:.2f} s"
        self._good = 0 if text else min(GOOD_ROUNDS, self._good + 1)
        if text or self._good == GOOD_ROUNDS:
            self._report(text)
        is_far = not abs(offset_ns) <= WARN_NS
        if is_far and not self._is_warned:
            log.warning(
                "clock_offset_large",
                offset_s=offset_ns / NS_PER_S,
                uncertainty_s=best.uncertainty_ns / NS_PER_S,
            )
        self._is_warned = is_far
