"""The ledger file is the same however often and in whatever order trades are reported."""

import asyncio
import tempfile
from dataclasses import replace
from pathlib import Path
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from quoter.domain.events import Fill
from quoter.domain.instrument import Instrument
from quoter.domain.market import Side
from quoter.ledger.reader import Reader
from quoter.ledger.rows import FillKind, KnownFill
from quoter.state.inventory import Inventory
from tests.unit.ledger.cases import MARKET, OPENING, fill, opened
from tests.unit.state.cases import ABC

INSTRUMENT: Instrument = replace(ABC, base="BTC", quote="USDT")
TRADES = st.lists(
    st.builds(
        lambda number, side, price, size, fee: fill(
            number, side=side, price=price, size=size, fee=fee
        ),
        st.integers(1, 10**12),
        st.sampled_from(Side),
        st.decimals("0.01", "1e6", places=2),
        st.decimals("0.00001", "1e3", places=5),
        st.decimals("-1", "1", places=8),
    ),
    min_size=1,
    max_size=12,
    unique_by=lambda each: each.trade_id,
)


def books(fills: list[Fill]) -> Inventory:
    inventory = Inventory(INSTRUMENT, OPENING)
    for each in fills:
        inventory.book(each)
    return inventory


async def write_and_read(folder: Path, batches: list[list[Fill]]) -> list[Fill]:
    async with opened(folder) as ledger:
        for batch in batches:
            await ledger.record_fills([KnownFill(each, FillKind.BOOKED) for each in batch])
    with Reader(folder) as reader:
        epoch = reader.epoch(MARKET)
        assert epoch is not None
        return [known.fill for known in reader.fills(epoch.number)]


@settings(max_examples=25, deadline=None)
@given(TRADES, st.randoms(use_true_random=False), st.integers(1, 5))
def test_any_order_and_repetition_gives_one_ledger(
    fills: list[Fill], random: Random, size: int
) -> None:
    again = fills + random.choices(fills, k=len(fills))
    random.shuffle(again)
    batches = [again[at : at + size] for at in range(0, len(again), size)]
    with tempfile.TemporaryDirectory() as folder:
        kept = asyncio.run(write_and_read(Path(folder), batches))
    assert sorted(kept, key=lambda each: each.trade_id) == sorted(
        fills, key=lambda each: each.trade_id
    )
    assert books(kept).balances == books(fills).balances
