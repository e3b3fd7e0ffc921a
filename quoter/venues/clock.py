"""The offset between the venue's clock and ours: one estimate that all users share."""

from dataclasses import dataclass

from quoter.domain.units import NS_PER_MS


@dataclass(frozen=True, slots=True)
class ClockSample:
    """One request for the venue's time.

    The venue read it at some moment between request and answer.
    """

    offset_ns: int  # venue minus ours
    round_trip_ns: int

    @property
    def uncertainty_ns(self) -> int:
        """Maximum error of the offset, in either direction, caused by the round trip."""
        return self.round_trip_ns // 2


def clock_sample_of(
    *, venue_ms: int, asked_ns: int, answered_ns: int, step_ms: int = 0
) -> ClockSample:
    """Return the sample of a venue time, requested and answered at these local times.

    `step_ms`: step to which the venue rounds its time down; the middle of the step is used.
    """
    venue_ns = venue_ms * NS_PER_MS + step_ms * NS_PER_MS // 2
    return ClockSample(venue_ns - (asked_ns + answered_ns) // 2, answered_ns - asked_ns)


class VenueClock:
    """Holder of the newest sample; None before the first."""

    def __init__(self) -> None:
        self.latest: ClockSample | None = None
