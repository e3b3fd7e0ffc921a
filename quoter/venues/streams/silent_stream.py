"""Detection of a private stream that is connected but delivers no events (FD-11)."""


class SilentStreamDetector:
    """Detects that no private event follows an order that the venue has answered by REST.

    It becomes active with the first event received: some venues may not push order events.
    """

    def __init__(self, seconds_max: float) -> None:
        self._seconds_max = seconds_max
        self._received_s: float | None = None
        self._expected_s: float | None = None  # since when an event is due

    def restart(self) -> None:
        """Forget the expected event: a new connection does not deliver earlier events."""
        self._expected_s = None

    def received(self, now_s: float) -> None:
        """Record an event."""
        self._received_s, self._expected_s = now_s, None

    def expect(self, asked_s: float) -> None:
        """Expect an event for a request sent at `asked_s`, unless one has come since."""
        is_reported = self._received_s is not None and self._received_s >= asked_s
        if self._expected_s is None and not is_reported:
            self._expected_s = asked_s

    def is_silent(self, now_s: float) -> bool:
        """Whether an event has been due for longer than the limit."""
        expected_s = self._expected_s
        late = expected_s is not None and now_s - expected_s > self._seconds_max
        return late and self._received_s is not None
