"""Signs of life without news, thinned out: a busy socket is alive a thousand times a second."""

from quoter.domain.events import FeedAlive
from quoter.domain.market import Stream
from quoter.venues.config import NowNs
from quoter.venues.ports import Emit

EVERY_NS = 500_000_000  # well below the shortest silence that anybody minds


class SignsOfLife:
    """Call it for every frame; it emits a FeedAlive at most twice a second."""

    def __init__(self, *, emit: Emit, stream: Stream, now_ns: NowNs) -> None:
        self._emit, self._stream, self._now_ns = emit, stream, now_ns
        self._last_ns = 0

    def __call__(self) -> None:
        now_ns = self._now_ns()
        if now_ns - self._last_ns >= EVERY_NS:
            self._last_ns = now_ns
            self._emit(FeedAlive(ts_ns=now_ns, stream=self._stream))
