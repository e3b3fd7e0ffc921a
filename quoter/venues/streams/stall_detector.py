"""Detection of stalls: long silences of a socket after which buffered frames may be old.

The socket may have buffered frames while this process, or the network, did not run. Such frames do
not show the present market.
"""

from collections.abc import Callable

from quoter.domain.units import NS_PER_S
from quoter.venues.config import NowNs


class StallDetector:
    """Calls `on_stall` at the first frame after a silence longer than `stall_s`.

    Call the detector for every frame.
    """

    def __init__(self, *, now_ns: NowNs, stall_s: float, on_stall: Callable[[str], None]) -> None:
        self._now_ns, self._on_stall = now_ns, on_stall
        self._stall_ns = int(stall_s * NS_PER_S)
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
        if not self.check_stall():
            self._frame_ns = self._now_ns()
