"""The instrument as it is now: the one place that changes with the venue's rules and fees."""

from quoter.domain.instrument import Instrument


class CurrentInstrument:
    """Holds the instrument for every part of the engine that prices, sizes or values by it."""

    __slots__ = ("now",)

    def __init__(self, now: Instrument) -> None:
        self.now = now
