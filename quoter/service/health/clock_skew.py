"""The venue's clock against ours, every half a minute: signed requests and fences rest on it.

The best of a few questions counts: the one with the shortest way there and back says most.
"""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from quoter.domain.units import NS_PER_S
from quoter.venues.clock import ClockSample, VenueClock

log = structlog.get_logger()

ROUND_S = 30.0
ROUND_BAD_S = 5.0  # between rounds while something is wrong
SAMPLES_MAX = 8  # of a round
SAMPLE_S = 0.2  # between them
GOOD_NS = 50_000_000  # a sample as sure as this needs no other beside it
WARN_NS = 500_000_000
OFFSET_NS_MAX = 1_000_000_000
UNCERTAINTY_NS_MAX = 500_000_000
GOOD_ROUNDS = 3  # in a row, and the doubt is over


class ClockSkewMonitor:
    """`sample` asks the venue once; `wall_ns` is how far the wall clock is from ours."""

    def __init__(
        self,
        *,
        sample: Callable[[], Awaitable[ClockSample | None]],
        clock: VenueClock,
        wall_ns: Callable[[], int],
        tell: Callable[[str], None],
        show: Callable[[float, float], None],
    ) -> None:
        """`tell` hears what is wrong, empty: nothing; `show` offset and uncertainty, seconds."""
        self._sample, self._clock, self._wall_ns = sample, clock, wall_ns
        self._tell, self._show = tell, show
        self._good = GOOD_ROUNDS
        self._is_warned = False

    async def run(self) -> None:
        """Measure for ever; a venue that does not answer is left to whoever notices that."""
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
        """Keep the estimate, and say whether requests may still be signed."""
        self._clock.latest = best
        offset_ns = best.offset_ns - self._wall_ns()  # requests carry the wall clock
        self._show(offset_ns / NS_PER_S, best.uncertainty_ns / NS_PER_S)
        text = ""
        if not abs(offset_ns) <= OFFSET_NS_MAX:
            text = f"the venue's clock is {offset_ns / NS_PER_S:+.2f} s from ours"
        elif not best.uncertainty_ns <= UNCERTAINTY_NS_MAX:
            text = (
                f"the venue's clock is not known better than {best.uncertainty_ns / NS_PER_S:.2f} s"
            )
        self._good = 0 if text else min(GOOD_ROUNDS, self._good + 1)
        if text or self._good == GOOD_ROUNDS:
            self._tell(text)
        is_far = not abs(offset_ns) <= WARN_NS
        if is_far and not self._is_warned:
            log.warning(
                "clock_off",
                offset_s=offset_ns / NS_PER_S,
                uncertainty_s=best.uncertainty_ns / NS_PER_S,
            )
        self._is_warned = is_far
