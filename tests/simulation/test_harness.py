"""The simulation itself: a seed determines the run, and the seam loses, repeats and delays."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from random import Random

import pytest

from quoter.backtest.seam import Channel, NoFaults, Seam
from quoter.domain.commands import Command, PlaceOrder
from quoter.domain.events import BookDelta, Drain, Event, Fill, OrderAck, OrderUnknown
from quoter.domain.step import Step
from quoter.domain.trading import Phase, TradingState
from quoter.sim.model_markets import BITCOIN
from tests.simulation.harness import Setup, Simulation
from tests.simulation.makers import maker

SECONDS = 20.0
LATE_NS = 400_000_000

type Strikes = Callable[[Channel, Event | Command], bool]


class Faulty:
    """Gives a tenth of the messages that `fires` selects other times."""

    def __init__(self, fires: Strikes, times: Callable[[int], Sequence[int]]) -> None:
        self._fires, self._times, self._random = fires, times, Random(5)
        self.count = 0

    def times(self, channel: Channel, message: Event | Command, due_ns: int) -> Sequence[int]:
        if not self._fires(channel, message) or self._random.random() > 0.1:
            return (due_ns,)
        self.count += 1
        return self._times(due_ns)


def is_fill(channel: Channel, message: Event | Command) -> bool:
    return channel is Channel.PRIVATE and isinstance(message, Fill)


def is_delta(_: Channel, message: Event | Command) -> bool:
    return isinstance(message, BookDelta)


def is_answer_to_create(_: Channel, message: Event | Command) -> bool:
    return isinstance(message, OrderAck)


def is_create(channel: Channel, message: Event | Command) -> bool:
    return channel is Channel.REQUEST and isinstance(message, PlaceOrder)


def lost(_: int) -> Sequence[int]:
    return ()


def twice(due_ns: int) -> Sequence[int]:
    return (due_ns, due_ns + LATE_NS)


def late(due_ns: int) -> Sequence[int]:
    return (due_ns + LATE_NS,)


def simulation(seed: int = 1, seam: Seam | None = None) -> Simulation:
    config = maker(BITCOIN, order_size=Decimal("0.001"))
    return Simulation(Setup(market=BITCOIN, engine=config, seed=seed, seam=seam or NoFaults()))


def trace(seed: int) -> str:
    run = simulation(seed)
    run.run_until(SECONDS)
    assert run.engine.inventory.fills_buy > 0 < run.engine.inventory.fills_sell
    return run.trace


def test_same_seed_gives_same_trace_and_another_seed_another() -> None:
    assert trace(1) == trace(1)
    assert trace(1) != trace(2)


def test_running_in_steps_gives_the_same_trace() -> None:
    run = simulation(1)
    for second in range(1, round(SECONDS) + 1):
        run.run_until(float(second))
    assert run.trace == trace(1)


def test_event_times_never_decrease() -> None:
    run, times = simulation(), list[int]()

    def observe(step: Step) -> None:
        times.append(step.event.ts_ns)

    run.observers.append(observe)
    run.run_until(5.0)
    assert len(times) > 100
    assert times == sorted(times)


@pytest.mark.parametrize(
    ("fires", "times"),
    [(is_fill, lost), (is_fill, twice), (is_fill, late), (is_delta, lost), (is_delta, late)],
)
def test_ledger_equals_the_exchange_after_faulty_messages(
    fires: Strikes, times: Callable[[int], Sequence[int]]
) -> None:
    seam = Faulty(fires, times)
    run = simulation(seam=seam)
    run.run_until(60.0)
    run.operate(Drain)
    run.run_until(100.0)
    assert seam.count > 0
    assert run.engine.phase is Phase.DRAINING
    assert run.engine.causes.state < TradingState.KILLED
    assert run.engine.inventory.balances == run.truth()
    assert run.open_orders() == 0
    assert run.engine.has_no_orders
    assert run.inventory.lots_max <= run.engine.config.lots_max


@pytest.mark.parametrize("fires", [is_answer_to_create, is_create])
def test_create_without_answer_counts_until_its_state_is_known(
    fires: Strikes,
) -> None:
    seam, unknown = Faulty(fires, lost), list[str]()
    run = simulation(seam=seam)

    def observe(step: Step) -> None:
        if isinstance(step.event, OrderUnknown):
            unknown.append(step.event.client_id)

    run.observers.append(observe)
    run.run_until(30.0)
    run.operate(Drain)
    run.run_until(80.0)
    assert unknown
    assert run.engine.inventory.balances == run.truth()
    assert run.open_orders() == 0
    assert run.engine.has_no_orders
    assert run.inventory.lots_max <= run.engine.config.lots_max
