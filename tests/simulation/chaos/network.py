"""Faults of single messages of the private stream."""

from collections.abc import Sequence

from quoter.backtest.seam import Channel
from quoter.domain.commands import Command
from quoter.domain.events import Event, Fill
from tests.simulation.chaos.active_faults import ActiveFaults
from tests.simulation.chaos.plan import Fault


class Network:
    """Loses, repeats and delays messages; faults of requests are in `FaultyGateway`."""

    def __init__(self, faults: ActiveFaults) -> None:
        self._faults = faults

    def times(self, channel: Channel, message: Event | Command, due_ns: int) -> Sequence[int]:
        faults = self._faults
        if channel is not Channel.PRIVATE:
            return (due_ns,)
        if faults.is_on(Fault.PRIVATE_SILENT):
            faults.fired[Fault.PRIVATE_SILENT] += 1
            return ()
        if faults.is_on(Fault.CANCEL_RACE) and isinstance(message, Fill):
            return (due_ns + faults.between_ns(0.0, 3.0),)  # the fill comes after the cancel's ack
        if not faults.fires(Fault.PRIVATE_NOISE):
            return (due_ns,)
        match faults.random.randrange(3):
            case 0:
                return ()
            case 1:
                return (due_ns, due_ns + faults.between_ns(0.0, 1.0))
            case _:
                return (due_ns + faults.between_ns(0.05, 3.0),)
