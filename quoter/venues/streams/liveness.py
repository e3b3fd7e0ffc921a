"""Signs of life without news, thinned out: a busy socket is alive a thousand times a second.

A frame that comes after a long silence is no sign of life: it may have waited in the socket while
we, or the network, stood still.
"""

from collections.abc import Callable

from quoter.domain.events import FeedAlive
from quoter.domain.market import Stream
from quoter.domain.units import NS_PER_S
from quoter.venues.config import NowNs
from quoter.venues.ports import Emit

EVERY_NS = 500_000_000  # well below the shortest silence that anybody minds


class LivenessReporter:
    """Call it for every frame; it emits a FeedAlive at most twice a second.

    `on_stall` hears of a silence longer than `stall_s` instead, before the frame is handled.
    """

    def __init__(
        self,
        *,
        emit: Emit,
        stream: Stream,
        now_ns: NowNs,
        stall_s: float,
        on_stall: Callable[[str], None],
    ) -> None:
        self._emit, self._stream, self._now_ns = emit, stream, now_ns
        self._stall_ns, self._on_stall = int(stall_s * 1e9), on_stall
        self._last_ns = 0
        self._frame_ns = now_ns()

    def look(self) -> bool:
        """Is there a stall that nobody was told of yet? Ask before news that was read counts."""
        now_ns = self._now_ns()
        silent_ns = now_ns - self._frame_ns
        if silent_ns <= self._stall_ns:
            return False
        self._frame_ns = now_ns
        self._on_stall(f"nothing was read for {silent_ns / NS_PER_S:.1f} s")
        return True

    def __call__(self) -> None:
        if self.look():
            return
        now_ns = self._frame_ns = self._now_ns()
        if now_ns - self._last_ns >= EVERY_NS:
            self._last_ns = now_ns
            self._emit(FeedAlive(ts_ns=now_ns, stream=self._stream))
