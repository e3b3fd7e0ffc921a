"""Place in the queue: what a recorded trade and a recorded size tell about it."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quoter.sim.fill_models import FillModel, QueuePosition

QUEUED = [FillModel.PROBABLE, FillModel.PESSIMISTIC]


@pytest.mark.parametrize("model", QUEUED)
def test_trades_reach_the_order_after_the_size_ahead(model: FillModel) -> None:
    place = QueuePosition.at_the_end(model, 10.0)
    assert [place.on_trade(lots) for lots in (4.0, 4.0, 4.0, 3.0)] == [0.0, 0.0, 2.0, 3.0]


@pytest.mark.parametrize("model", QUEUED)
def test_a_size_that_only_trades_reduced_changes_no_place(model: FillModel) -> None:
    place = QueuePosition.at_the_end(model, 10.0)
    place.on_trade(4.0)
    place.on_shown(6.0)
    assert place.ahead == 6.0


@pytest.mark.parametrize("model", QUEUED)
def test_later_orders_stand_behind(model: FillModel) -> None:
    place = QueuePosition.at_the_end(model, 10.0)
    place.on_shown(50.0)
    assert place.ahead == 10.0


def test_cancellations_are_divided_in_proportion_or_taken_from_behind() -> None:
    ahead = {}
    for model in QUEUED:
        place = QueuePosition.at_the_end(model, 10.0)
        place.on_shown(40.0)  # 30 arrived behind
        place.on_shown(20.0)  # 20 of 40 were cancelled
        ahead[model] = place.ahead
    assert ahead == {FillModel.PROBABLE: 5.0, FillModel.PESSIMISTIC: 10.0}


@pytest.mark.parametrize("model", QUEUED)
def test_no_more_is_ahead_than_the_level_shows(model: FillModel) -> None:
    place = QueuePosition.at_the_end(model, 10.0)
    place.on_shown(3.0)
    assert place.ahead == 3.0
    place.on_shown(0.0)
    assert place.on_trade(2.0) == 2.0


def test_front_is_filled_at_once_and_certain_never_at_its_own_price() -> None:
    assert QueuePosition.at_the_end(FillModel.FRONT, 10.0).on_trade(2.0) == 2.0
    assert QueuePosition.at_the_end(FillModel.CERTAIN, 0.0).on_trade(2.0) == 0.0


@dataclass(frozen=True)
class Traded:
    lots: float


@dataclass(frozen=True)
class Shown:
    lots: float


SIZES = st.integers(0, 50).map(float)
HISTORIES = st.lists(st.builds(Traded, SIZES) | st.builds(Shown, SIZES), max_size=30)


@given(start=SIZES, history=HISTORIES)
def test_the_models_bound_each_other(start: float, history: list[Traded | Shown]) -> None:
    """After any history of a level, what reaches an order is ordered from front to certain."""
    reached = dict.fromkeys(FillModel, 0.0)
    for model in FillModel:
        place = QueuePosition.at_the_end(model, start)
        for event in history:
            if isinstance(event, Traded):
                reached[model] += place.on_trade(event.lots)
            else:
                place.on_shown(event.lots)
            assert place.ahead >= 0.0
    slack = 1e-9
    assert reached[FillModel.CERTAIN] == 0.0
    assert reached[FillModel.PESSIMISTIC] <= reached[FillModel.PROBABLE] + slack
    assert reached[FillModel.PROBABLE] <= reached[FillModel.FRONT] + slack
