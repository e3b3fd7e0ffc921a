"""Passes the engine's steps to log, metrics, `/state` and heartbeat; a kill only once latched.

A crash after a kill was shown, but before it was latched, would let the next start trade.
"""

from collections import deque
from collections.abc import Callable, Mapping
from copy import replace

from quoter.domain.step import Snapshot, Step
from quoter.domain.trading import Cause, TradingState
from quoter.domain.units import NS_PER_S
from quoter.engine.engine import Engine

HOLD_NS_MAX = NS_PER_S  # longest time that steps wait for the latch of a kill
HELD_MAX = 10_000

type Observer = Callable[[Step], None]


class Announcements:
    """Passes steps on in order, and holds them back while a kill is not on the disk.

    A disk that stays silent holds nothing back for longer than HOLD_NS_MAX; cancels never wait.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        is_unwritten: Callable[[], bool],
        observers: tuple[Observer, ...],
    ) -> None:
        """Hold steps back while `is_unwritten()`: a kill is in force that is not on the disk."""
        self._engine, self._is_unwritten, self.observers = engine, is_unwritten, observers
        self._held: deque[Step] = deque()
        self._shown = engine.causes.state, self._causes()
        self._latest = self._shown

    def add(self, step: Step) -> None:
        """Show a step now, or hold it back."""
        self._held.append(step)
        if step.state is not None:
            self._latest = step.state.after, self._causes()
        held_ns = step.event.ts_ns - self._held[0].event.ts_ns
        is_full = len(self._held) >= HELD_MAX
        if not self._is_unwritten() or held_ns > HOLD_NS_MAX or is_full:
            self.release()

    def release(self) -> None:
        """Show the steps that were held back."""
        self._shown = self._latest
        while self._held:
            step = self._held.popleft()
            for observe in self.observers:
                observe(step)

    @property
    def state(self) -> TradingState:
        """The trading state as shown; while a kill's latch is being written, the one before it."""
        return self._shown[0] if self._held else self._engine.causes.state

    def snapshot(self) -> Snapshot:
        """Return the engine's snapshot, with trading state and causes as shown."""
        now = self._engine.snapshot()
        if not self._held:
            return now
        state, causes = self._shown
        return replace(now, trading_state=state, causes=causes)

    def _causes(self) -> Mapping[Cause, str]:
        return dict(self._engine.causes.switch.causes)
