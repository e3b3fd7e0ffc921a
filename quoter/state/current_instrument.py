"""The instrument in force: the only object that changes with the venue's rules and fees."""

from quoter.domain.instrument import Instrument


class CurrentInstrument:
    """Holds the instrument for all parts of the engine that price, size or value with it."""

    __slots__ = ("now",)

    def __init__(self, now: Instrument) -> None:
        self.now = now
