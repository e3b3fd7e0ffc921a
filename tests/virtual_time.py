"""An event loop whose time goes on only when nothing is left to do: waiting costs no time."""

import asyncio
from selectors import SelectorKey, SelectSelector

from quoter.domain.units import NS_PER_S, S_PER_NS


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """A loop that advances its own clock by each wait; use it with `asyncio.Runner`."""

    def __init__(self) -> None:
        super().__init__(_NoWait(self))
        self.now_ns = 0

    def time(self) -> float:
        """Return the virtual time, seconds since the loop was made."""
        return self.now_ns / NS_PER_S


class _NoWait(SelectSelector):
    """Looks at the sockets at once, and moves the clock of the loop instead of waiting."""

    def __init__(self, loop: VirtualTimeLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[SelectorKey, int]]:
        ready = super().select(0.0)
        if not ready and timeout:
            self._loop.now_ns += max(1, round(timeout / S_PER_NS))
        return ready
