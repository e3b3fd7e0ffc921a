"""The order state table, row by row: what is not written here is refused."""

from itertools import product

import pytest

from quoter.domain.errors import IllegalTransition
from quoter.domain.orders import OrderState
from quoter.state.order_table import News, next_state

# Columns: the state before. "." is no row; "=" stays; otherwise the first letters of the state.
ROWS = """
            R    PN   O    P    PC   U    CU
sent        PN   .    =    =    =    .    =
ack         O    O    =    =    =    O    =
reject      REJ  REJ  .    .    REJ  REJ  .
no_answer   U    U    =    =    U    =    =
lives       O    O    =    =    =    O    =
part_fill   P    P    P    =    =    P    =
last_fill   F    F    F    F    F    F    F
cancel_sent =    PC   PC   PC   =    =    =
ended       C    C    C    C    C    C    C
ended_unsettled CU CU CU  CU   CU   CU   =
fenced      .    C    C    C    C    C    .
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


def documented() -> dict[tuple[OrderState, News], OrderState]:
    header, *rows = (line.split() for line in ROWS.strip().splitlines())
    table = {}
    for news, *cells in rows:
        for name, cell in zip(header, cells, strict=True):
            if cell != ".":
                table[NAMES[name], News(news)] = NAMES[name if cell == "=" else cell]
    return table


DOCUMENTED = documented()


@pytest.mark.parametrize(("state", "news"), list(product(OrderState, News)))
def test_every_pair_of_state_and_news_does_what_the_table_says(
    state: OrderState, news: News
) -> None:
    wanted = DOCUMENTED.get((state, news))
    if wanted is not None:
        assert next_state(state, news, client_id="q1") is wanted
        return
    with pytest.raises(IllegalTransition) as caught:
        next_state(state, news, client_id="q1")
    assert (caught.value.client_id, caught.value.state, caught.value.event) == ("q1", state, news)


def test_every_news_has_a_row_and_no_terminal_state_has_one() -> None:
    assert {news for _, news in DOCUMENTED} == set(News)
    assert not any(state.is_terminal for state, _ in DOCUMENTED)


def test_only_a_refusal_an_end_a_last_fill_or_the_fence_close_an_order() -> None:
    closing = {news for (_, news), after in DOCUMENTED.items() if after.is_terminal}
    assert closing == {News.REJECT, News.ENDED, News.LAST_FILL, News.FENCED}


def test_silence_and_a_sent_cancel_never_close_an_order() -> None:
    for state, news in product(OrderState, (News.NO_ANSWER, News.CANCEL_SENT)):
        after = DOCUMENTED.get((state, news))
        assert after is None or not after.is_terminal
