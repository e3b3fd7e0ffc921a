"""Construction of gateway and feed for a venue."""

import time
from dataclasses import replace
from random import Random

from quoter.domain.instrument import Instrument
from quoter.venues.binance.feed import BinanceFeed
from quoter.venues.ccxt.client import guarded_class
from quoter.venues.ccxt.feed import CcxtFeed
from quoter.venues.ccxt.gateway import CcxtGateway
from quoter.venues.clock import VenueClock
from quoter.venues.config import NowNs, VenueConfig
from quoter.venues.egress.code_integrity import check_code
from quoter.venues.egress.gate import BlockReason, never_blocked
from quoter.venues.egress.rate_limiter import RateLimiter
from quoter.venues.ports import CancelGateway, MarketFeed
from quoter.venues.profiles import profile_of


def check_signing_code(config: VenueConfig) -> None:
    """Raise CodeAltered unless ccxt's code, which will hold our key, is unchanged."""
    check_code(guarded_class(config.exchange))


def make_gateway(
    config: VenueConfig,
    *,
    now_ns: NowNs = time.time_ns,
    random: Random | None = None,
    block_reason: BlockReason = never_blocked,
) -> CcxtGateway:
    """Return the order gateway. Raises VenueError if the venue can't be used safely.

    `block_reason` is called for every create; a text blocks the create.
    """
    return CcxtGateway(config, now_ns, random or Random(), block_reason)


def make_cancel_gateway(config: VenueConfig, *, now_ns: NowNs = time.time_ns) -> CancelGateway:
    """Return a gateway that never creates orders. Raises VenueError like `make_gateway`."""
    return CcxtGateway(replace(config, is_cancel_only=True), now_ns, Random())


def make_feed(
    config: VenueConfig,
    instrument: Instrument,
    *,
    now_ns: NowNs = time.time_ns,
    random: Random | None = None,
    clock: VenueClock | None = None,
    limiter: RateLimiter | None = None,
) -> MarketFeed:
    """Return the native feed if there is one, else the feed through ccxt.pro. Raises VenueError.

    `clock`: the venue's clock, measured elsewhere; None: the feed measures it. `limiter`: the
    gateway's, because most venues count the requests of both together. The feed has its own limiter
    if none is given, or if the venue counts an account's requests separately.
    """
    if profile_of(config.exchange).limits is not None:
        # the gateway's limiter counts the account's requests, and public requests are not among
        # them
        limiter = None
    is_native = config.native_feed and profile_of(config.exchange).family == "binance"
    feed = BinanceFeed if is_native else CcxtFeed
    return feed(config, instrument, now_ns, random or Random(), clock, limiter)
