"""The sign of the skew from outside: the effect of a burst on the prices that we send."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import partial
from pathlib import Path

from quoter.domain.market import Side
from quoter.sim.model_markets import BITCOIN
from tests.integration.daemon_harness import (
    DaemonHarness,
    market,
    quiet_logs,
    running_daemon,
    settings,
)
from tests.integration.sandbox_client import eventually, running

LOT = Decimal("0.005")
# The mid does not move and trades are rare: quotes move only because of the inventory.
STILL = replace(BITCOIN, sigma=0.0, intensity=1.2)
MID = Decimal(60_000)


@dataclass(frozen=True, slots=True)
class Sent:
    """The newest prices in the wire log, and the last sequence number."""

    seq: int
    bid: Decimal
    ask: Decimal


async def newest(harness: DaemonHarness, since: int = 0) -> Sent | None:
    """Return the last accepted bid and ask after `since`, None if one is missing."""
    rows = [
        row
        for row in await harness.wire("order.place")
        if row["outcome"] == "accepted" and int(str(row["seq"])) > since
    ]
    prices = {Side(str(row["side"])): Decimal(str(row["price"])) for row in rows}
    if len(prices) < 2:
        return None
    return Sent(int(str(rows[-1]["seq"])), prices[Side.BUY], prices[Side.SELL])


def inventory(harness: DaemonHarness) -> Decimal:
    """Return our long (+) or short (-) position since the start, by the sandbox's ledger."""
    return harness.watch.inventory


async def test_burst_moves_both_quotes_and_the_adding_side_more(
    tmp_path: Path,
) -> None:
    """A buy burst makes us short: bid and ask rise, the ask most; then the inventory reverts."""
    with quiet_logs(tmp_path / "log"):
        async with asyncio.TaskGroup() as both:
            for side in Side:
                both.create_task(burst_and_return(side, tmp_path / side))


async def burst_and_return(side: Side, folder: Path) -> None:
    """Run one burst in one market; a sell burst is the mirror image of a buy burst."""
    up = side.sign
    async with running(market(STILL, seed=5)) as sandbox:
        chosen = settings(
            sandbox,
            folder,
            inventory_max=Decimal("0.03"),
            intensity=1.2,
            loss_max=Decimal(5_000),
        )
        async with running_daemon(sandbox, chosen) as harness:
            await harness.until(harness.is_two_sided, "two-sided")
            before = await newest(harness)
            held = inventory(harness)
            assert before is not None
            burst = {"side": side, "notional": "20000", "slices": 4, "every_s": 0.5}
            await sandbox.admin("POST", "script", {"symbol": "BTCUSDT", "kind": "burst"} | burst)
            await harness.until(hit(harness, held, side), "the burst reached us")
            after = await eventually(partial(newest, harness, before.seq))
            assert after is not None
            exposed, reducing = gaps(after, side)
            short = -up * inventory(harness)
            assert up * (after.bid - before.bid) > 0, (before, after)
            assert up * (after.ask - before.ask) > 0, (before, after)
            assert exposed > reducing, (before, after)
            assert short > 0
            await harness.until(lambda: -up * inventory(harness) <= short / 2, "it reverts")


def hit(harness: DaemonHarness, held: Decimal, side: Side) -> Callable[[], bool]:
    """Whether the burst has filled two lots of ours."""
    return lambda: side.sign * (held - inventory(harness)) >= 2 * LOT


def gaps(sent: Sent, side: Side) -> tuple[Decimal, Decimal]:
    """Return the distances from the mid of the filled side and of the other side."""
    ask, bid = sent.ask - MID, MID - sent.bid
    return (ask, bid) if side is Side.BUY else (bid, ask)
