"""Pass the engine's steps to log, metrics, `/state` and heartbeat.

A kill is passed on only after its latch is on the disk. If it were shown before, a crash could lose
it and the next start would trade.
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

    Steps are held for at most HOLD_NS_MAX, however long the disk takes. Cancels never wait.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        is_unwritten: Callable[[], bool],
        observers: tuple[Observer, ...],
    ) -> None:
        """`is_unwritten`: whether a kill is in force whose latch is not on the disk."""
        self._engine, self._is_unwritten, self.observers = engine, is_unwritten, observers
        self._held: deque[Step] = deque()
        self._shown = engine.causes.state, self._causes()
        self._latest = self._shown

    def add(self, step: Step) -> None:
        """Pass a step to the observers, or hold it back."""
        self._held.append(step)
        if step.state is not None:
            self._latest = step.state.after, self._causes()
        held_ns = step.event.ts_ns - self._held[0].event.ts_ns
        is_full = len(self._held) >= HELD_MAX
        if not self._is_unwritten() or held_ns > HOLD_NS_MAX or is_full:
            self.release()

    def release(self) -> None:
        """Pass on the steps that were held back."""
        self._shown = self._latest
        while self._held:
            step = self._held.popleft()
            for observe in self.observers:
                observe(step)

    @property
    def state(self) -> TradingState:
        """The trading state to show; while a kill is held back, the state before it."""
        return self._shown[0] if self._held else self._engine.causes.state

    def snapshot(self) -> Snapshot:
        """Return the engine's snapshot.

        While a kill is held back, it has the trading state and the causes from before the kill.
        """
        now = self._engine.snapshot()
        if not self._held:
            return now
        state, causes = self._shown
        return replace(now, trading_state=state, causes=causes)

    def _causes(self) -> Mapping[Cause, str]:
        return dict(self._engine.causes.switch.causes)
