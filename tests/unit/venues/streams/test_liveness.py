"""Liveness is reported twice a second, and not for frames after a long silence."""

from quoter.domain.events import Event, FeedAlive
from quoter.domain.market import Stream
from quoter.domain.units import NS_PER_MS
from quoter.venues.streams.liveness import LivenessReporter


class Socket:
    """Reporter with a manual clock and its recorded events."""

    def __init__(self) -> None:
        self.now_ns = 10_000 * NS_PER_MS
        self.told: list[str] = []
        self.liveness = LivenessReporter(
            emit=self._alive,
            stream=Stream.MARKET,
            now_ns=lambda: self.now_ns,
            stall_s=2.0,
            on_stall=self.told.append,
        )

    def _alive(self, event: Event) -> None:
        assert isinstance(event, FeedAlive)
        self.told.append("alive")

    def frame(self, after_ms: int) -> None:
        self.now_ns += after_ms * NS_PER_MS
        self.liveness()


def test_liveness_is_emitted_at_most_twice_a_second() -> None:
    socket = Socket()
    for _ in range(21):
        socket.frame(after_ms=100)
    assert socket.told == ["alive"] * 5


def test_frame_after_a_long_silence_is_a_stall() -> None:
    socket = Socket()
    socket.frame(after_ms=2_000)
    socket.frame(after_ms=2_001)
    assert socket.told == ["alive", "nothing was read for 2.0 s"]
    socket.frame(after_ms=1)
    assert socket.told[-1] == "alive"


def test_stall_is_reported_once_by_the_first_check() -> None:
    socket = Socket()
    assert not socket.liveness.check_stall()
    socket.now_ns += 30_000 * NS_PER_MS
    assert socket.liveness.check_stall()
    assert not socket.liveness.check_stall()
    assert socket.told == ["nothing was read for 30.0 s"]
