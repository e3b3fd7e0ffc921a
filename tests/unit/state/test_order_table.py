"""The order state table, row by row; every pair that is not listed is illegal."""

from itertools import product

import pytest

from quoter.domain.errors import IllegalTransition
from quoter.domain.orders import OrderState
from quoter.state.order_table import OrderUpdate, next_state

# Columns: the state before. "." is no row; "=" stays; otherwise the first letters of the state.
ROWS = """
            R    PN   O    P    PC   U    CU
sent        PN   .    =    =    =    .    =
ack         O    O    =    =    =    O    =
reject      REJ  REJ  .    .    REJ  REJ  .
no_answer   U    U    =    =    U    =    =
listed_open O    O    =    =    =    O    =
part_fill   P    P    P    =    =    P    =
last_fill   F    F    F    F    F    F    F
cancel_sent =    PC   PC   PC   =    =    =
ended       C    C    C    C    C    C    C
ended_unsettled CU CU CU  CU   CU   CU   =
proven_absent .    C    C    C    C    C    .
"""
NAMES = {
    "R": OrderState.RESERVED,
    "PN": OrderState.PENDING_NEW,
    "O": OrderState.OPEN,
    "P": OrderState.PARTIAL,
    "PC": OrderState.PENDING_CANCEL,
    "U": OrderState.UNKNOWN,
    "CU": OrderState.CLOSED_UNSETTLED,
    "F": OrderState.FILLED,
    "C": OrderState.CANCELED,
    "REJ": OrderState.REJECTED,
}


def documented() -> dict[tuple[OrderState, OrderUpdate], OrderState]:
    header, *rows = (line.split() for line in ROWS.strip().splitlines())
    table = {}
    for update, *cells in rows:
        for name, cell in zip(header, cells, strict=True):
            if cell != ".":
                table[NAMES[name], OrderUpdate(update)] = NAMES[name if cell == "=" else cell]
    return table


DOCUMENTED = documented()


@pytest.mark.parametrize(("state", "update"), list(product(OrderState, OrderUpdate)))
def test_every_pair_of_state_and_update_follows_the_table(
    state: OrderState, update: OrderUpdate
) -> None:
    wanted = DOCUMENTED.get((state, update))
    if wanted is not None:
        assert next_state(state, update, client_id="q1") is wanted
        return
    with pytest.raises(IllegalTransition) as caught:
        next_state(state, update, client_id="q1")
    assert (caught.value.client_id, caught.value.state, caught.value.event) == ("q1", state, update)


def test_every_update_has_a_row_and_no_final_state_has_one() -> None:
    assert {update for _, update in DOCUMENTED} == set(OrderUpdate)
    assert not any(state.is_terminal for state, _ in DOCUMENTED)


def test_only_a_reject_an_end_a_last_fill_or_the_fence_closes_an_order() -> None:
    closing = {update for (_, update), after in DOCUMENTED.items() if after.is_terminal}
    assert closing == {
        OrderUpdate.REJECT,
        OrderUpdate.ENDED,
        OrderUpdate.LAST_FILL,
        OrderUpdate.PROVEN_ABSENT,
    }


def test_silence_and_a_sent_cancel_never_close_an_order() -> None:
    for state, update in product(OrderState, (OrderUpdate.NO_ANSWER, OrderUpdate.CANCEL_SENT)):
        after = DOCUMENTED.get((state, update))
        assert after is None or not after.is_terminal
