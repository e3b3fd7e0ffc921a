"""The same trades give the same books in any order, repetition and with any fees."""

from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from quoter.domain.events import Fill
from quoter.domain.market import Side
from quoter.state.attribution import Attribution
from quoter.state.current_instrument import CurrentInstrument
from quoter.state.inventory import Inventory
from tests.unit.state.cases import ABC, START_NS

OPENING = {"ABC": Decimal(10), "USD": Decimal(1000), "BNB": Decimal(1)}


def scaled(low: int, high: int, digits: int) -> st.SearchStrategy[Decimal]:
    return st.integers(low, high).map(lambda number: Decimal(number).scaleb(-digits))


fills = st.builds(
    Fill,
    ts_ns=st.just(START_NS),
    trade_id=st.integers(1, 50).map(str),
    client_id=st.just("q1"),
    venue_id=st.just(""),
    side=st.sampled_from(Side),
    price=scaled(1, 10**12, 8),
    size=scaled(1, 10**12, 8),
    fee=scaled(-(10**10), 10**10, 12),
    fee_asset=st.sampled_from(["ABC", "USD", "BNB"]),
    is_maker=st.just(True),
)
unique = st.lists(fills, max_size=12, unique_by=lambda reported: reported.trade_id)
mids = st.none() | scaled(1, 10**12, 8)


@settings(max_examples=80, deadline=None, derandomize=True)
@given(data=st.data(), reported=unique)
def test_any_order_and_any_repetition_gives_the_same_ledger(
    data: st.DataObject, reported: list[Fill]
) -> None:
    straight, shuffled = Inventory(ABC, OPENING), Inventory(ABC, OPENING)
    for each in reported:
        assert straight.book(each)
    again = data.draw(st.lists(st.sampled_from(reported), max_size=5)) if reported else []
    for each in data.draw(st.permutations([*reported, *again])):
        shuffled.book(each)
    assert shuffled.balances == straight.balances
    assert shuffled.fees_paid == straight.fees_paid
    assert shuffled.newest_trade_id == straight.newest_trade_id
    assert (shuffled.fills_buy, shuffled.fills_sell) == (straight.fills_buy, straight.fills_sell)


@settings(max_examples=80, deadline=None, derandomize=True)
@given(
    script=st.lists(st.tuples(st.none() | fills, mids), max_size=20),
    position=scaled(-(10**10), 10**10, 8),
)
def test_profit_is_exactly_the_sum_of_its_parts_at_every_instant(
    script: list[tuple[Fill | None, Decimal | None]], position: Decimal
) -> None:
    book = Attribution(CurrentInstrument(ABC), position=position, cash=Decimal(1000))
    for reported, mid in script:
        if reported is not None:
            book.fill(reported, mid, START_NS)
        elif mid is not None:
            book.mark(mid, START_NS)
        pnl = book.pnl(None)
        assert pnl.total == pnl.spread + pnl.inventory - pnl.fees
