"""How far the venue's clock is from ours: one estimate for everybody who needs it."""

from dataclasses import dataclass

from quoter.domain.units import NS_PER_MS


@dataclass(frozen=True, slots=True)
class ClockSample:
    """One question for the venue's time; it was taken somewhere between question and answer."""

    offset_ns: int  # venue minus ours
    round_trip_ns: int

    @property
    def uncertainty_ns(self) -> int:
        """The offset may be wrong by this much either way."""
        return self.round_trip_ns // 2


def sampled(*, venue_ms: int, asked_ns: int, answered_ns: int) -> ClockSample:
    """The venue said `venue_ms` to a question asked and answered at these times of ours."""
    middle_ns = (asked_ns + answered_ns) // 2
    return ClockSample(venue_ms * NS_PER_MS - middle_ns, answered_ns - asked_ns)


class VenueClock:
    """The newest estimate; None before the first."""

    def __init__(self) -> None:
        self.latest: ClockSample | None = None
