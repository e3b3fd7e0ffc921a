"""The fate of single messages of the private stream: the seam of a run with faults."""

from collections.abc import Sequence

from quoter.domain.commands import Command
from quoter.domain.events import Event, Fill
from tests.simulation.chaos.plan import Fault
from tests.simulation.chaos.trouble import Trouble
from tests.simulation.seam import Channel


class Network:
    """Loses, repeats, delays; requests and answers have their faults in `ChaosDoors`."""

    def __init__(self, trouble: Trouble) -> None:
        self._trouble = trouble

    def times(self, channel: Channel, message: Event | Command, due_ns: int) -> Sequence[int]:
        trouble = self._trouble
        if channel is not Channel.PRIVATE:
            return (due_ns,)
        if trouble.is_on(Fault.PRIVATE_MUTE):
            trouble.fired[Fault.PRIVATE_MUTE] += 1
            return ()
        if trouble.is_on(Fault.CANCEL_RACE) and isinstance(message, Fill):
            return (due_ns + trouble.between_ns(0.0, 3.0),)  # the fill comes after the cancel's ack
        if not trouble.strikes(Fault.PRIVATE_NOISE):
            return (due_ns,)
        match trouble.random.randrange(3):
            case 0:
                return ()
            case 1:
                return (due_ns, due_ns + trouble.between_ns(0.0, 1.0))
            case _:
                return (due_ns + trouble.between_ns(0.05, 3.0),)
