"""Does the private stream say nothing of what the venue has answered elsewhere?"""


class SilentStreamDetector:
    """A socket that lives and says nothing of what the venue has answered elsewhere (FD-11).

    Only counts once the venue has shown that it tells of orders: some may not.
    """

    def __init__(self, seconds_max: float) -> None:
        self._seconds_max = seconds_max
        self._heard_s: float | None = None
        self._expected_s: float | None = None  # since when something is due

    def restart(self) -> None:
        """A new connection owes nothing of what an older one was asked."""
        self._expected_s = None

    def heard(self, now_s: float) -> None:
        self._heard_s, self._expected_s = now_s, None

    def expect(self, asked_s: float) -> None:
        """The venue was asked at `asked_s` and has answered; news may have come before that."""
        is_told = self._heard_s is not None and self._heard_s >= asked_s
        if self._expected_s is None and not is_told:
            self._expected_s = asked_s

    def is_mute(self, now_s: float) -> bool:
        expected_s = self._expected_s
        late = expected_s is not None and now_s - expected_s > self._seconds_max
        return late and self._heard_s is not None
