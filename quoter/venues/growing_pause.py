"""A pause that doubles each time it is needed again, for a venue's firewall that blocks us."""

PAUSE_S_FIRST = 5.0
PAUSE_S_MAX = 300.0
CALM_S = 60.0  # seconds without a refusal after which the next pause is PAUSE_S_FIRST again


class GrowingPause:
    """The pause in force, and its length. Times are seconds of any monotonic clock."""

    def __init__(self) -> None:
        self._pause_s = 0.0
        self._until_s = 0.0

    def extend(self, now_s: float) -> float:
        """Begin a pause unless one is in force; return the seconds that are left of it.

        A pause that begins within CALM_S of the end of the last one is twice as long. During a
        pause further refusals change nothing: their requests were already under way.
        """
        if now_s >= self._until_s:
            is_again = now_s < self._until_s + CALM_S
            longer_s = min(PAUSE_S_MAX, 2 * self._pause_s)
            self._pause_s = longer_s if is_again and self._pause_s else PAUSE_S_FIRST
            self._until_s = now_s + self._pause_s
        return self._until_s - now_s
