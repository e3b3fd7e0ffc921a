"""Venue faults during the simulated crash: silence, late answers, rejected cancels, 503, 429."""

from collections.abc import Callable, Sequence
from random import Random
from typing import TypedDict, Unpack

from quoter.backtest.schedule import Schedule
from quoter.backtest.seam import Channel, Latency, Seam
from quoter.backtest.simulated_gateway import SimulatedGateway
from quoter.domain.commands import CancelOrder, Command, PlaceOrder
from quoter.domain.events import CancelReject, Event, OrderReject, OrderUnknown, RateLimited
from quoter.domain.reasons import CancelRejectReason, RejectReason
from quoter.domain.units import NS_PER_MS, NS_PER_S
from quoter.sim.exchange import Exchange

SILENCES, SILENCE_S = 3, (2.0, 10.0)  # of the market stream, in the cascade
CASCADE_S, VACUUM_ENDS_S = (30.0, 120.0), 180.0
ANSWERS_LATER = 20  # times as late as usual, from the onset to the end of the vacuum
CANCELS_REFUSED, CREATES_LOST, CREATES_LIMITED = 0.3, 0.05, 0.05
LIMITED_NS = 1 * NS_PER_S


class ActiveFaults:
    """The faults of one seed by time; the same for every maker."""

    def __init__(self, seed: int, start_ns: int, onset_s: float) -> None:
        draw = Random(f"{seed}:crash")
        self.random = Random(f"{seed}:faults")
        self._onset_ns = start_ns + round(onset_s * NS_PER_S)
        self._silences = []
        for _ in range(SILENCES):
            begin_s, length_s = draw.uniform(*CASCADE_S), draw.uniform(*SILENCE_S)
            self._silences.append((begin_s, begin_s + length_s))

    def is_silent(self, now_ns: int) -> bool:
        now_s = (now_ns - self._onset_ns) / NS_PER_S
        return any(begin_s <= now_s < end_s for begin_s, end_s in self._silences)

    def is_on(self, now_ns: int) -> bool:
        return 0 <= now_ns - self._onset_ns < VACUUM_ENDS_S * NS_PER_S


class Parts(TypedDict):
    """Arguments of a simulated gateway."""

    exchange: Exchange
    symbol: str
    account: str
    schedule: Schedule
    latency: Latency
    seam: Seam
    post: Callable[[Event], None]


class CrashSeam:
    """A market stream with silences, and late answers."""

    def __init__(self, faults: ActiveFaults) -> None:
        self._faults = faults

    def times(self, channel: Channel, message: Event | Command, due_ns: int) -> Sequence[int]:
        if channel is Channel.MARKET and self._faults.is_silent(due_ns):
            return ()
        if channel is Channel.ANSWER and self._faults.is_on(due_ns):
            return (due_ns + (ANSWERS_LATER - 1) * 10 * NS_PER_MS,)
        return (due_ns,)


class CrashGateway(SimulatedGateway):
    """Rejects a share of the requests while the faults are on."""

    def __init__(self, *, faults: ActiveFaults, **gateway: Unpack[Parts]) -> None:
        super().__init__(**gateway)
        self._faults = faults

    def _fires(self, share: float) -> bool:
        faults = self._faults
        return faults.is_on(self._schedule.now_ns) and faults.random.random() < share

    def _place(self, command: PlaceOrder) -> Event:
        due_ns, name = self._due_ns(Channel.ANSWER), command.client_id
        if self._fires(CREATES_LOST):
            return OrderUnknown(ts_ns=due_ns, client_id=name, text="503")
        if self._fires(CREATES_LIMITED):
            until_ns = due_ns + LIMITED_NS
            self._schedule_receipt(RateLimited(ts_ns=due_ns, until_ns=until_ns, text="429"), due_ns)
            reason = RejectReason.RATE_LIMIT
            return OrderReject(ts_ns=due_ns, client_id=name, reason=reason, text="429")
        return super()._place(command)

    def _cancel(self, command: CancelOrder) -> Event:
        if self._fires(CANCELS_REFUSED):
            due_ns, reason = self._due_ns(Channel.ANSWER), CancelRejectReason.OTHER
            name = command.client_id
            return CancelReject(ts_ns=due_ns, client_id=name, reason=reason, text="refused")
        return super()._cancel(command)
