"""A schedule in real time."""

import asyncio
from collections.abc import Callable

from quoter.backtest.schedule import Act, Schedule
from quoter.domain.units import NEVER_NS, S_PER_NS
from quoter.venues.config import NowNs


class RealTimeSchedule(Schedule):
    """Runs each callback at its time; to be used inside a running event loop."""

    def __init__(self, now_ns: NowNs, on_failure: Callable[[Exception], None]) -> None:
        """Follow the clock `now_ns`.

        on_failure: called with the error of a callback; after it no callback runs.
        """
        super().__init__(now_ns())
        self._clock_ns, self._on_failure = now_ns, on_failure
        self._timer: asyncio.TimerHandle | None = None
        self._timer_ns = NEVER_NS
        self._failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def at(self, at_ns: int, act: Act) -> None:
        """Run `act` at `at_ns`, or as soon as possible if that time is past."""
        super().at(at_ns, act)
        self._set_timer()

    def advance(self) -> None:
        """Run everything that is due."""
        self.run_until(self._clock_ns())

    async def watch(self) -> None:
        """Wait until cancelled. Raises the error of a failed callback."""
        await asyncio.shield(self._failed)

    def close(self) -> None:
        """Stop running callbacks."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer, self._timer_ns = None, -1  # no time is earlier, so no timer is set again

    def _set_timer(self) -> None:
        if self.next_ns >= self._timer_ns:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer_ns = self.next_ns
        wait_s = max(0.0, (self._timer_ns - self._clock_ns()) * S_PER_NS)
        self._timer = asyncio.get_running_loop().call_later(wait_s, self._fire)

    def _fire(self) -> None:
        self._timer, self._timer_ns = None, NEVER_NS
        try:
            self.advance()
        except Exception as error:  # noqa: BLE001 - raised again by the task that watches
            self._on_failure(error)
            if not self._failed.done():
                self._failed.set_exception(error)
            return
        self._set_timer()
