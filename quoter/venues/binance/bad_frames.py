"""Count unreadable frames of a stream, and detect too many in a time window. Pure."""

from collections import deque

BAD_FRAMES_MAX = 5  # per BAD_FRAMES_WINDOW_S; more prove that the stream is wrong
BAD_FRAMES_WINDOW_S = 60.0


class BadFrames:
    """Unreadable frames of one feed."""

    def __init__(self) -> None:
        self.count = 0
        self._newest_s: deque[float] = deque(maxlen=BAD_FRAMES_MAX + 1)

    def add(self, now_s: float) -> str:
        """Count a frame. Return a text if there were too many within the window, else "".

        After a text the count within the window starts at zero.
        """
        self.count += 1
        newest_s = self._newest_s
        newest_s.append(now_s)
        if len(newest_s) <= BAD_FRAMES_MAX or now_s - newest_s[0] > BAD_FRAMES_WINDOW_S:
            return ""
        newest_s.clear()
        return f"{BAD_FRAMES_MAX + 1} unreadable frames within {BAD_FRAMES_WINDOW_S:g} s"
