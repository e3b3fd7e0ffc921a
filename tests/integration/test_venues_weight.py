"""One budget of request weight for the market feed and the gateway; cancels keep their part."""

from random import Random

import aiohttp
import pytest

from quoter.domain.errors import VenueRateLimited
from quoter.domain.units import NS_PER_S
from quoter.venues.binance.rest import BinanceRest, depth_weight
from quoter.venues.ccxt.gateway import CcxtGateway
from quoter.venues.config import VenueConfig
from quoter.venues.egress.rate_limiter import CANCELS_SHARE, RateLimiter
from quoter.venues.factory import make_feed
from tests.instruments import BTC_USDT
from tests.integration.sandbox_client import RunningSandbox
from tests.integration.test_daemon_dialects import stub
from tests.integration.test_venues_feed import config, running
from tests.integration.test_venues_gateway import gateway
from tests.integration.test_venues_ws import until

__all__ = ["gateway"]  # a fixture

ONE_SIDED = {"lastUpdateId": 7, "bids": [["60000.00", "1"]], "asks": []}
WEIGHT_PER_MINUTE = 6000
MINUTES = 4
STEP_NS = NS_PER_S // 10
CANCELS_PER_STEP = 2


async def test_a_one_sided_book_for_minutes_leaves_what_cancels_need() -> None:
    """As often as possible a snapshot of weight 50 is requested, in virtual time."""
    now_ns = 1_700_000_000 * NS_PER_S
    limiter = RateLimiter(requests_per_s=WEIGHT_PER_MINUTE / 60)
    sent = refused = 0
    async with stub({"/api/v3/depth": ONE_SIDED}) as venue, aiohttp.ClientSession() as session:
        chosen = VenueConfig(
            exchange="binance",
            symbol="BTC/USDT",
            environment="sandbox",
            sandbox_url=venue.url,
            order_prefix="q00",
        )
        rest = BinanceRest(
            session, chosen, venue_symbol="BTCUSDT", now_ns=lambda: now_ns, limiter=limiter
        )
        for _ in range(MINUTES * 60 * NS_PER_S // STEP_NS):
            now_ns += STEP_NS
            try:
                await rest.depth()
            except VenueRateLimited:
                refused += 1
            else:
                sent += 1
            for _ in range(CANCELS_PER_STEP):
                assert limiter.admit(now_ns, weight=1.0, is_cancel=True) == 0.0
        assert len(venue.seen) == sent
    assert refused
    cancels = MINUTES * 60 * NS_PER_S // STEP_NS * CANCELS_PER_STEP
    budget = WEIGHT_PER_MINUTE * (1 - CANCELS_SHARE + MINUTES)
    assert sent * depth_weight(chosen.depth_levels) + cancels <= budget


@pytest.mark.parametrize(
    ("levels", "weight"), [(5, 5), (100, 5), (101, 25), (500, 25), (1000, 50), (5000, 250)]
)
def test_weight_of_a_depth_snapshot_is_the_documented_one(levels: int, weight: int) -> None:
    assert depth_weight(levels) == weight


@pytest.mark.parametrize("native", [True, False])
async def test_a_ban_that_the_feed_meets_stops_the_gateway_too(
    still_sandbox: RunningSandbox, gateway: CcxtGateway, *, native: bool
) -> None:
    endpoint = "depth" if native else "market"
    await still_sandbox.arm("ban_418", endpoint=endpoint, count=1, retry_after_s=60)
    chosen = config(still_sandbox, native=native)
    feed = make_feed(chosen, BTC_USDT, random=Random(1), limiter=gateway.limiter)
    async with running(feed):
        await until(lambda: gateway.rate_limit_pause() is not None)
        pause = gateway.rate_limit_pause()
        assert pause is not None
        assert "418" in pause.text


async def test_snapshots_of_the_feed_are_charged_to_the_gateways_budget(
    still_sandbox: RunningSandbox, gateway: CcxtGateway
) -> None:
    spent: list[float] = []
    take = gateway.limiter.read_wait_s

    def recorded(now_ns: int, weight: float) -> float:
        spent.append(weight)
        return take(now_ns, weight)

    gateway.limiter.read_wait_s = recorded  # type: ignore[method-assign]
    feed = make_feed(config(still_sandbox), BTC_USDT, random=Random(1), limiter=gateway.limiter)
    async with running(feed):
        await until(lambda: depth_weight(1000) in spent)
