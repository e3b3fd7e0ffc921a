"""Random latency of every message, so that a result does not depend on one constant."""

from collections.abc import Sequence
from math import exp, log
from random import Random

from quoter.backtest.seam import Channel, Latency
from quoter.domain.commands import Command
from quoter.domain.events import Event

Z_99 = 2.326347874040841  # 99 % quantile of the standard normal distribution


class RandomLatency:
    """A seam that multiplies the delay of each message by a log-normal factor with median 1.

    spread: 99 % quantile of the factor, at least 1 (1: constant). Messages of one channel keep
    their order, as on one connection.
    """

    def __init__(self, latency: Latency, *, spread: float, seed: int) -> None:
        """Use a generator with this seed. Raises ValueError if `spread` is below 1."""
        if not spread >= 1.0:
            raise ValueError(
                f"spread, the 99 % quantile in medians, must be at least 1, not {spread}"
            )
        self._median_ns = {channel: latency.of(channel) for channel in Channel}
        self._deviation = log(spread) / Z_99
        self._random = Random(f"{seed}:latency")
        self._latest_ns = dict.fromkeys(Channel, 0)

    def times(
        self,
        channel: Channel,
        message: Event | Command,  # noqa: ARG002 - a parameter of the protocol
        due_ns: int,
    ) -> Sequence[int]:
        """Return the arrival time of a message that is due at `due_ns`, as the only item."""
        median_ns = self._median_ns[channel]
        factor = exp(self._random.gauss(0.0, self._deviation))
        arrival_ns = due_ns - median_ns + round(median_ns * factor)
        self._latest_ns[channel] = max(self._latest_ns[channel], arrival_ns)
        return (self._latest_ns[channel],)
