"""The daemon as a process at a paper venue."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path

from quoter.domain.market import Side
from tests.integration.daemon_process import Started, python, until
from tests.integration.paper.exchange import Order
from tests.integration.paper.forms import KEY, PASSWORD, SECRET, Op
from tests.integration.paper.server import PaperVenue

ROOT = Path(__file__).parents[3]
SECRETS = {"quoter_api_key": KEY, "quoter_api_secret": SECRET, "quoter_api_password": PASSWORD}


@asynccontextmanager
async def daemon_at(venue: PaperVenue, folder: Path) -> AsyncIterator[Started]:
    """Run `quoter run` with the venue's real name and a key, in production's environment."""
    for name, secret in SECRETS.items():
        if not (folder / name).exists():
            (folder / name).write_text(secret)
            (folder / name).chmod(0o400)
    command = ("-m", "tests.integration.paper.command", venue.exchange, venue.url, "run")
    more = {
        "PYTHONPATH": str(ROOT),
        "QUOTER_ENVIRONMENT": "production",
        "QUOTER_EXCHANGE": venue.exchange,
        "QUOTER_I_ACCEPT_PRODUCTION": venue.exchange,
    }
    async with python(venue, folder, command, more) as started:
        yield started


def is_two_sided(venue: PaperVenue) -> bool:
    """Whether we have open orders on both sides."""
    return {order.side for order in venue.market.open_orders()} == set(Side)


async def quotes(venue: PaperVenue, daemon: Started, *, after: int = 0) -> None:
    """Wait until orders are open on both sides, and more than `after` creates have arrived."""

    def is_quoting() -> bool:
        assert daemon.process.returncode is None, [*daemon.text, daemon.lines[-5:]]
        return is_two_sided(venue) and venue.market.creates > after

    await until(is_quoting, "two-sided", daemon)


async def balances_of(daemon: Started) -> dict[str, Decimal]:
    """Return the balances that /state shows."""
    shown = json.loads((await daemon.get("/state"))[1])
    return {coin: Decimal(amount) for coin, amount in shown["balances"].items()}


async def agrees(venue: PaperVenue, daemon: Started) -> None:
    """Wait until the daemon's balances equal the account's."""
    found: dict[str, Decimal] = {}

    async def is_equal() -> bool:
        nonlocal found
        found = await balances_of(daemon)
        return found == venue.market.totals()

    for _ in range(200):
        if await is_equal():
            return
        await venue.refreshed()
    assert found == venue.market.totals(), daemon.lines[-10:]


async def fill_best(venue: PaperVenue, daemon: Started, side: Side) -> None:
    """Fill our best order of a side, and wait until the daemon has booked it."""
    await quotes(venue, daemon)
    venue.market.fill(best(venue, side))
    await agrees(venue, daemon)


async def lose_answer(venue: PaperVenue, daemon: Started, op: Op) -> None:
    """Lose the answer of the next create or cancel; the market moves until there is one."""
    await quotes(venue, daemon)
    venue.faults.lost_answers[op] = 1
    while venue.faults.lost_answers[op]:
        venue.market.move(venue.market.mid + 5)
        await venue.refreshed()


def best(venue: PaperVenue, side: Side) -> Order:
    """Return our open order with the best price of a side."""
    own = [order for order in venue.market.open_orders() if order.side is side]
    return max(own, key=lambda order: side.sign * order.price)
