"""A process killed, frozen or with a silent stream under load keeps limits and exact balances."""

import asyncio
import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random

import pytest

from quoter.domain.units import NEVER_NS
from quoter.service.exit_codes import ExitCode
from quoter.sim.messages import ExecutionReport, News, ReportType
from quoter.sim.scripts import CALM, Conditions, Jump
from tests.integration.daemon_harness import FOREIGN_ID, market, open_ids, place_foreign
from tests.integration.daemon_process import Started, is_busy, own, quoter, until
from tests.integration.kills import (
    LIMIT,
    MANY,
    STORMY,
    Process,
    Venue,
    kill_repeatedly,
)
from tests.integration.ledger_truth import ledger_against_truth
from tests.integration.sandbox_client import RunningSandbox, eventually, running

KILLS = 2
FROZEN_S = 30.0
LEAP = 0.005  # 300 USD, farther than any of our orders
FAR = 150.0
MANY_QUOTES = 10

type Property = Callable[[str, object], None]  # of record_property


@pytest.mark.slow
async def test_process_killed_at_any_moment_restarts_with_exact_balances(
    tmp_path: Path, record_property: Property
) -> None:
    lives: list[Process] = []
    await kill_repeatedly(KILLS, 3, tmp_path, lives.append)
    assert [life.problems for life in lives] == [[]] * (KILLS + 1)
    assert lives[-1].quoting_s is not None
    record_property("from start to first quote, seconds", round(lives[-1].quoting_s, 2))


@dataclass(frozen=True, slots=True)
class Leap:
    """A price jump at one moment."""

    fraction: float

    def start(self, at_ns: int, rng: Random) -> "_LeapRun":
        return _LeapRun(self.fraction, at_ns)


class _LeapRun:
    def __init__(self, fraction: float, at_ns: int) -> None:
        self._fraction, self.next_ns = fraction, at_ns

    def act(self, rng: Random) -> Jump:
        self.next_ns = NEVER_NS
        return Jump(fraction=self._fraction)

    def conditions(self, now_ns: int) -> Conditions:
        return CALM

    def is_over(self, now_ns: int) -> bool:
        return self.next_ns == NEVER_NS


class Prices:
    """Records the distance of our new orders from the mid, quote per base."""

    def __init__(self, sandbox: RunningSandbox) -> None:
        self._exchange = sandbox.server.venue.exchange
        self.distances: list[float] = []
        sandbox.server.venue.listen(self._receive)

    def _receive(self, news: Sequence[News]) -> None:
        mid = self._exchange.mid(STORMY.symbol)
        for item in news:
            if not isinstance(item, ExecutionReport) or item.kind is not ReportType.NEW:
                continue
            if item.order.client_id != FOREIGN_ID:
                self.distances.append(abs(float(item.order.price) - mid))


async def books_are_true(venue: Venue, daemon: Started) -> bool:
    return not await venue.differences(daemon)


def is_two_sided(sandbox: RunningSandbox) -> bool:
    orders = sandbox.server.venue.exchange.open_orders(sandbox.one.api_key)
    return len({order.side for order in orders if order.client_id != FOREIGN_ID}) == 2


def has_paused(daemon: Started, count: int) -> bool:
    """Whether it has paused since its first `count` log lines."""
    news = daemon.lines[count:]
    return any(line.get("event") == "state" and line.get("after") == "PAUSED" for line in news)


async def ends_well(venue: Venue, daemon: Started) -> None:
    """Stop cleanly; check open orders, ledger and exposure."""
    daemon.process.terminate()
    assert await daemon.ended() == ExitCode.CLEAN, daemon.lines[-9:]
    assert open_ids(venue.sandbox) == {FOREIGN_ID}
    assert ledger_against_truth(venue.folder, venue.sandbox) == ""
    assert max(venue.watch.exposure_peak, venue.watch.inventory_peak) <= LIMIT


@pytest.mark.slow
async def test_frozen_process_does_not_price_from_its_old_book(tmp_path: Path) -> None:
    """Half a minute of frames waits for it when it wakes, and the price has jumped meanwhile."""
    async with running(market(STORMY, seed=6)) as sandbox:
        await place_foreign(sandbox)
        venue = Venue(sandbox, tmp_path)
        # Without market regimes: after such a jump they would rightly stop quoting for a while.
        async with quoter(sandbox, tmp_path, "run", **MANY, QUOTER_REGIME="off") as daemon:
            await is_busy(sandbox, daemon)
            daemon.process.send_signal(signal.SIGSTOP)
            lines, old = len(daemon.lines), own(sandbox)
            await asyncio.sleep(FROZEN_S / 2)
            exchange = sandbox.server.venue.exchange
            exchange.script(STORMY.symbol, Leap(LEAP), sandbox.server.venue.now_ns())
            await asyncio.sleep(FROZEN_S / 2)
            prices = Prices(sandbox)
            daemon.process.send_signal(signal.SIGCONT)
            await until(lambda: not old & own(sandbox), "old orders gone", daemon)
            await eventually(partial(books_are_true, venue, daemon))
            await until(lambda: has_paused(daemon, lines), "it noticed", daemon)
            await until(lambda: len(prices.distances) >= MANY_QUOTES, "many quotes", daemon)
            assert max(prices.distances) < FAR
            await ends_well(venue, daemon)


@pytest.mark.slow
async def test_silent_private_stream_is_detected_and_its_fills_are_booked(tmp_path: Path) -> None:
    async with running(market(STORMY, seed=7)) as sandbox:
        await place_foreign(sandbox)
        venue = Venue(sandbox, tmp_path)
        async with quoter(sandbox, tmp_path, "run", **MANY) as daemon:
            await is_busy(sandbox, daemon)
            opened = sandbox.server.venue.counts["user_sockets_opened"]
            await sandbox.arm("silent_socket", socket="user")
            for side in ("buy", "sell"):
                burst = {"kind": "burst", "side": side, "notional": "4000"}
                await sandbox.admin("POST", "script", {"symbol": STORMY.symbol} | burst)
            counts = sandbox.server.venue.counts
            await until(lambda: counts["user_sockets_opened"] > opened, "noticed", daemon)
            await sandbox.admin("DELETE", "faults")
            await eventually(partial(books_are_true, venue, daemon))
            await until(lambda: is_two_sided(sandbox), "two-sided", daemon)
            await ends_well(venue, daemon)
