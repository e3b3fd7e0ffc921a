"""Frames after a long silence are a stall, reported once."""

from quoter.domain.units import NS_PER_MS
from quoter.venues.streams.stall_detector import StallDetector


class Socket:
    """Frames on a simulated clock, and the stalls that were reported."""

    def __init__(self) -> None:
        self.now_ns = 10_000 * NS_PER_MS
        self.stalls: list[str] = []
        self.detector = StallDetector(
            now_ns=lambda: self.now_ns, stall_s=2.0, on_stall=self.stalls.append
        )

    def frame(self, after_ms: int) -> None:
        self.now_ns += after_ms * NS_PER_MS
        self.detector()


def test_frame_after_a_long_silence_is_a_stall() -> None:
    socket = Socket()
    socket.frame(after_ms=2_000)
    assert socket.stalls == []
    socket.frame(after_ms=2_001)
    assert socket.stalls == ["nothing was read for 2.0 s"]
    socket.frame(after_ms=1)
    assert len(socket.stalls) == 1


def test_stall_is_reported_once_by_the_first_check() -> None:
    socket = Socket()
    assert not socket.detector.check_stall()
    socket.now_ns += 30_000 * NS_PER_MS
    assert socket.detector.check_stall()
    assert not socket.detector.check_stall()
    assert socket.stalls == ["nothing was read for 30.0 s"]
