"""The simulation itself: one seed is one run, and the seam really loses, repeats and delays."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from random import Random

import pytest

from quoter.domain.commands import Command, PlaceOrder
from quoter.domain.events import BookDelta, Drain, Event, Fill, OrderAck, OrderUnknown
from quoter.domain.step import Step
from quoter.domain.trading import Phase, TradingState
from quoter.sandbox.config import BITCOIN
from tests.simulation.harness import Setup, Simulation
from tests.simulation.makers import maker
from tests.simulation.seam import Channel, Faithful, Seam

SECONDS = 20.0
LATE_NS = 400_000_000

type Strikes = Callable[[Channel, Event | Command], bool]


class Faulty:
    """A tenth of the messages that `strikes` names get other times than theirs."""

    def __init__(self, strikes: Strikes, times: Callable[[int], Sequence[int]]) -> None:
        self._strikes, self._times, self._random = strikes, times, Random(5)
        self.struck = 0

    def times(self, channel: Channel, message: Event | Command, due_ns: int) -> Sequence[int]:
        if not self._strikes(channel, message) or self._random.random() > 0.1:
            return (due_ns,)
        self.struck += 1
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
    return Simulation(Setup(market=BITCOIN, engine=config, seed=seed, seam=seam or Faithful()))


def trace(seed: int) -> str:
    run = simulation(seed)
    run.run_until(SECONDS)
    assert run.engine.inventory.fills_buy > 0 < run.engine.inventory.fills_sell
    return run.trace


def test_the_same_seed_is_the_same_run_and_another_is_another() -> None:
    assert trace(1) == trace(1)
    assert trace(1) != trace(2)


def test_how_a_run_is_cut_into_pieces_changes_nothing() -> None:
    run = simulation(1)
    for second in range(1, round(SECONDS) + 1):
        run.run_until(float(second))
    assert run.trace == trace(1)


def test_time_never_runs_back() -> None:
    run, times = simulation(), list[int]()

    def look(step: Step) -> None:
        times.append(step.event.ts_ns)

    run.observers.append(look)
    run.run_until(5.0)
    assert len(times) > 100
    assert times == sorted(times)


@pytest.mark.parametrize(
    ("strikes", "times"),
    [(is_fill, lost), (is_fill, twice), (is_fill, late), (is_delta, lost), (is_delta, late)],
)
def test_the_ledger_is_the_truth_again_after_faulty_news(
    strikes: Strikes, times: Callable[[int], Sequence[int]]
) -> None:
    seam = Faulty(strikes, times)
    run = simulation(seam=seam)
    run.run_until(60.0)
    run.operate(Drain)
    run.run_until(100.0)
    assert seam.struck > 0
    assert run.engine.phase is Phase.DRAINING
    assert run.engine.causes.state < TradingState.KILLED
    assert run.engine.inventory.balances == run.truth()
    assert run.open_orders() == 0
    assert run.engine.has_no_orders
    assert run.inventory.lots_max <= run.engine.config.lots_max


@pytest.mark.parametrize("strikes", [is_answer_to_create, is_create])
def test_a_create_without_an_answer_stays_counted_until_its_fate_is_known(
    strikes: Strikes,
) -> None:
    seam, unknown = Faulty(strikes, lost), list[str]()
    run = simulation(seam=seam)

    def look(step: Step) -> None:
        if isinstance(step.event, OrderUnknown):
            unknown.append(step.event.client_id)

    run.observers.append(look)
    run.run_until(30.0)
    run.operate(Drain)
    run.run_until(80.0)
    assert unknown
    assert run.engine.inventory.balances == run.truth()
    assert run.open_orders() == 0
    assert run.engine.has_no_orders
    assert run.inventory.lots_max <= run.engine.config.lots_max
