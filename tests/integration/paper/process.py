"""The daemon as a process at a paper venue."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from decimal import Decimal
from pathlib import Path

from quoter.domain.market import Side
from quoter.venues.config import Environment
from tests.integration.daemon_process import Started, python, until
from tests.integration.paper.exchange import Order
from tests.integration.paper.forms import KEY, PASSWORD, SECRET, Op
from tests.integration.paper.server import PaperVenue

MOVE = Decimal(20)  # enough for new quotes, not as far as an order
MOVE_REFRESHES, MOVES_MAX = 10, 200  # a busy machine needs many: its daemon pauses at times
MOVES_UP = 10  # then as many down
SECRETS = {"quoter_api_key": KEY, "quoter_api_secret": SECRET, "quoter_api_password": PASSWORD}


@asynccontextmanager
async def quoter_at(
    venue: PaperVenue,
    folder: Path,
    *arguments: str,
    environment: Environment = "production",
    **more: str,
) -> AsyncIterator[Started]:
    """Run `quoter …` with the venue's real name and a key, as in this environment."""
    for name, secret in SECRETS.items():
        if not (folder / name).exists():
            (folder / name).write_text(secret)
            (folder / name).chmod(0o400)
    module = ("-m", "tests.integration.paper.command")
    command = (*module, venue.exchange, environment, venue.url, *arguments)
    settings = {
        "QUOTER_ENVIRONMENT": environment,
        "QUOTER_EXCHANGE": venue.exchange,
        "QUOTER_I_ACCEPT_PRODUCTION": venue.exchange,
        # Kraken's budget is one request a second, after a burst of 60
        "QUOTER_REQUOTE_TOLERANCE": "0.5",
        "QUOTER_REQUOTE_HOLD_S": "1",
    }
    async with python(venue, folder, command, settings | more) as started:
        yield started


def daemon_at(venue: PaperVenue, folder: Path) -> AbstractAsyncContextManager[Started]:
    """Run `quoter run` as in production, without a trial order."""
    return quoter_at(venue, folder, "run")


def is_two_sided(venue: PaperVenue) -> bool:
    """Whether we have open orders on both sides."""
    return {order.side for order in venue.market.open_orders()} == set(Side)


async def quotes(venue: PaperVenue, daemon: Started) -> None:
    """Wait until orders are open on both sides."""

    def is_quoting() -> bool:
        assert daemon.process.returncode is None, [*daemon.text, daemon.lines[-5:]]
        return is_two_sided(venue)

    await until(is_quoting, "two-sided", daemon)


async def quotes_anew(venue: PaperVenue, daemon: Started) -> None:
    """Move the market until further orders have arrived, and orders are open on both sides."""
    creates = venue.market.creates
    await moved_until(venue, lambda: venue.market.creates > creates)
    await quotes(venue, daemon)


async def moved_until(venue: PaperVenue, condition: Callable[[], bool]) -> None:
    """Move the market up and down by MOVE every MOVE_REFRESHES until the condition holds."""
    for number in range(MOVES_MAX * MOVE_REFRESHES):
        if condition():
            return
        moves, is_between = divmod(number, MOVE_REFRESHES)
        if not is_between:
            step = -MOVE if moves // MOVES_UP % 2 else MOVE
            venue.market.move(venue.market.mid + step)
        await venue.refreshed()
    raise AssertionError(f"not within {MOVES_MAX} moves of the market")


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
    venue.market.fill(await best(venue, daemon, side))
    await agrees(venue, daemon)


async def lose_answer(venue: PaperVenue, daemon: Started, op: Op) -> None:
    """Lose the answer of the next create or cancel; the market moves until there is one."""
    await quotes(venue, daemon)
    venue.faults.lost_answers[op] = 1
    await moved_until(venue, lambda: not venue.faults.lost_answers[op])


async def best(venue: PaperVenue, daemon: Started, side: Side) -> Order:
    """Wait until both sides are quoted; return our open order with the best price of a side."""
    await quotes(venue, daemon)
    own = [order for order in venue.market.open_orders() if order.side is side]
    return max(own, key=lambda order: side.sign * order.price)


def left_after_kill(daemon: Started) -> list[object]:
    """Return the numbers of own orders that were left after each round of cancels."""
    return [line["own_orders_left"] for line in daemon.lines if line.get("event") == "cancel_all"]
