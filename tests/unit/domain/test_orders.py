"""The order states that count as exposure."""

import pytest

from quoter.domain.orders import OrderState


@pytest.mark.parametrize("state", list(OrderState))
def test_only_three_states_are_final(state: OrderState) -> None:
    ends = {OrderState.FILLED, OrderState.CANCELED, OrderState.REJECTED}
    assert state.is_terminal == (state in ends)
