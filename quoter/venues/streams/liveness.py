"""Liveness reports of a socket, limited to two a second.

A frame that arrives after a long silence is no proof of liveness: the socket may have buffered it
while this process, or the network, did not run.
"""

from collections.abc import Callable

from quoter.domain.events import FeedAlive
from quoter.domain.market import Stream
from quoter.domain.units import NS_PER_S
from quoter.venues.config import NowNs
from quoter.venues.ports import Emit

EMIT_INTERVAL_NS = 500_000_000  # well below the shortest silence that counts as stale


class LivenessReporter:
    """Call it for every frame; it emits FeedAlive at most twice a second.

    After a silence longer than `stall_s` it calls `on_stall` instead, before the frame is handled.
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

    def check_stall(self) -> bool:
        """Report a stall that was not reported yet; return whether there was one.

        Call it before data that was read from the socket is used.
        """
        now_ns = self._now_ns()
        silent_ns = now_ns - self._frame_ns
        if silent_ns <= self._stall_ns:
            return False
        self._frame_ns = now_ns
        self._on_stall(f"nothing was read for {silent_ns / NS_PER_S:.1f} s")
        return True

    def __call__(self) -> None:
        if self.check_stall():
            return
        now_ns = self._frame_ns = self._now_ns()
        if now_ns - self._last_ns >= EMIT_INTERVAL_NS:
            self._last_ns = now_ns
            self._emit(FeedAlive(ts_ns=now_ns, stream=self._stream))
