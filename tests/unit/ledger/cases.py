"""A ledger in a folder, with an open epoch and a run, and fills to put into it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path

from quoter.domain.commands import PlaceOrder
from quoter.domain.events import Fill
from quoter.domain.market import Side
from quoter.ledger.ledger import Ledger
from quoter.ledger.rows import FillKind, KnownFill, Manifest, Market
from quoter.ledger.schema import connect, prepare
from quoter.ledger.writer import Connect

NOW_NS = 1_795_000_000 * 10**9
MARKET = Market("sandbox", "binance", "BTC/USDT")
OPENING = {"BTC": Decimal("1.00000001"), "USDT": Decimal("60000.10")}


def manifest(run: str = "one", market: Market = MARKET, started_ns: int = NOW_NS) -> Manifest:
    return Manifest(
        run=run,
        version="0.1.0",
        code_hash="c0de",
        lock_hash="10c4",
        config_hash="c0f1",
        market=market,
        limits={"inventory_max": "0.05"},
        key_hash="4e1",
        started_ns=started_ns,
    )


def fill(number: int = 1, **changes: object) -> Fill:
    """Return a maker buy of 0.001 at 60000.01 with trade id `number`."""
    values: dict[str, object] = {
        "ts_ns": NOW_NS + number,
        "trade_id": str(number),
        "client_id": f"q00run{number}",
        "venue_id": f"v{number}",
        "side": Side.BUY,
        "price": Decimal("60000.01"),
        "size": Decimal("0.00100"),
        "fee": Decimal("0.000001"),
        "fee_asset": "BNB",
        "is_maker": True,
    }
    return Fill(**(values | changes))  # type: ignore[arg-type]  # by name, checked by the tests


def booked(number: int = 1, **changes: object) -> KnownFill:
    return KnownFill(fill(number, **changes), FillKind.BOOKED)


def order(number: int = 1) -> PlaceOrder:
    return PlaceOrder(
        client_id=f"q00run{number}",
        side=Side.SELL,
        price=Decimal("60001.10"),
        size=Decimal("0.00500"),
        decided_ns=NOW_NS + number,
    )


@asynccontextmanager
async def opened(
    folder: Path,
    *,
    market: Market = MARKET,
    run: str = "one",
    days: int = 0,
    connect: Connect = connect,
) -> AsyncIterator[Ledger]:
    """Open a checked ledger with a run and an epoch, and close it at the end."""
    prepare(folder)
    ledger = Ledger(folder, market, days=days, connect=connect)
    try:
        await ledger.begin_run(manifest(run, market))
        if ledger.epoch is None:
            await ledger.open_epoch(
                opening=OPENING, target=Decimal(1), before=[], now_ns=NOW_NS, reason=""
            )
        yield ledger
    finally:
        await ledger.close()
