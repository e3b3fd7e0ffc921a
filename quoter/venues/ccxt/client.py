"""Building the one ccxt object of a door: guarded, redirected, with every dangerous default off."""

import logging
from typing import cast
from urllib.parse import urlsplit

import ccxt.pro

from quoter.domain.errors import VenueError
from quoter.venues.ccxt.dead_man import switch_of
from quoter.venues.ccxt.guarded_exchange import GuardedExchange
from quoter.venues.ccxt.kraken_checksum import KrakenBooks
from quoter.venues.config import NowNs, VenueConfig
from quoter.venues.egress.gate import (
    BlockReason,
    EgressGate,
    Purpose,
    SealedGate,
    check_session,
    never_blocked,
)
from quoter.venues.egress.rate_limiter import RateLimiter
from quoter.venues.json_values import as_map
from quoter.venues.profiles import profile_of, sandbox_urls

CACHE_MAX = 10_000  # rows; a burst beyond ccxt's default of 1000 would lose fills without a word
REQUESTS_PER_S_DEFAULT = 10.0
STOPPING = frozenset({Purpose.CANCEL, Purpose.DEAD_MAN})  # only a ban silences these
# ccxt's names for a proxy, which may repeat what it is given; each also in snake case
MENDED: dict[str, tuple[type, ...]] = {"kraken": (KrakenBooks,)}
PROXIES = ("proxyUrl", "httpProxy", "httpsProxy", "socksProxy", "aiohttp_proxy")


def guarded_class(exchange: str) -> type[GuardedExchange]:
    """Ccxt's class of that id with the guards in front. Raises VenueError for an unknown id."""
    if exchange not in ccxt.pro.exchanges:
        raise VenueError(f"ccxt.pro knows no exchange {exchange!r}")
    base = getattr(ccxt.pro, exchange)
    bases = (GuardedExchange, *MENDED.get(exchange, ()), base)
    return cast("type[GuardedExchange]", type(f"Guarded_{exchange}", bases, {}))


def make_client(
    config: VenueConfig, now_ns: NowNs, block_reason: BlockReason = never_blocked
) -> GuardedExchange:
    """A ccxt.pro client for `config`, its gate shut. Raises VenueError if it can't be safe.

    `block_reason` is asked at every create: see `LastInch`.
    """
    dialect = profile_of(config.exchange)
    if config.environment == "sandbox" and dialect.family != "binance":
        raise VenueError(f"the sandbox speaks Binance's protocol, not that of {config.exchange}")
    client = guarded_class(config.exchange)(_options(config))  # type: ignore[call-arg]
    hosts = _direct(client, config)
    client.now_ns = now_ns
    client.only_creates_post = dialect.only_creates_post
    client.limiter = limiter = RateLimiter(
        requests_per_s=1000 / client.rateLimit if client.rateLimit > 0 else REQUESTS_PER_S_DEFAULT
    )
    if (switch := switch_of(config.exchange)) is not None:
        client.dead_man_path = switch.path
    client.gate = (SealedGate if config.is_cancel_only else EgressGate)(
        hosts=hosts,
        age_ns_max=int(config.create_age_s_max * 1e9),
        now_ns=now_ns,
        needs_tls=config.environment != "sandbox",
        hushed=lambda purpose: limiter.hushed(now_ns(), is_cancel=purpose in STOPPING),
        block_reason=block_reason,
    )
    exact = client.exceptions.get("exact")
    by_market = as_map(client.exceptions.get("spot")).get("exact")
    if isinstance(exact, dict) and isinstance(by_market, dict):
        exact.update(by_market)  # ccxt applies the spot table by literal URL only, never here
    logging.getLogger("ccxt").setLevel(logging.INFO)  # its DEBUG lines carry the API key
    check_defaults(client)
    return client


def make_twin(client: GuardedExchange, config: VenueConfig, now_ns: NowNs) -> GuardedExchange:
    """Another client of the same account for one websocket; its gate stays shut."""
    twin = make_client(config, now_ns)
    twin.set_markets_from_exchange(client)
    twin.limiter = client.limiter
    return twin


def check_defaults(client: GuardedExchange) -> None:
    """Raise VenueError if ccxt would send anything twice, queue it, or print keys."""
    retries = sorted(_retries(client.options))
    proxies = [name for name in PROXIES for of in _spellings(name) if getattr(client, of, None)]
    if any(retries) or proxies or client.enableRateLimit or client.verbose:
        raise VenueError(
            f"unsafe ccxt options: {retries=} {proxies=}"
            f" {client.enableRateLimit=} {client.verbose=}"
        )


def check_sends_once(client: GuardedExchange) -> None:
    """Raise VenueError unless one call is at most one request, as things stand now (OL-03)."""
    check_defaults(client)
    client.open()
    check_session(client.session)


def _retries(options: object) -> list[int]:
    """Every `maxRetriesOnFailure`, whichever method it is set for."""
    found = []
    for name, value in as_map(options).items():
        found += [int(str(value))] if name == "maxRetriesOnFailure" else _retries(value)
    return found


def _spellings(name: str) -> tuple[str, str]:
    return name, "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)


def _options(config: VenueConfig) -> dict[str, object]:
    return {
        "apiKey": config.api_key,
        "secret": config.secret,
        "password": config.password,
        "enableRateLimit": False,  # its queue sends what we decided not to send any more
        "verbose": False,
        "timeout": int(config.call_s_max * 1000),
        "newUpdates": True,
        "timeout_on_exit": 0,  # was needed by an aiohttp older than ours
        "streaming": {
            "keepAlive": config.keep_alive_ms,
            "maxPingPongMisses": config.pongs_missed_max,
        },
        "options": {
            "defaultType": "spot",
            "fetchMarkets": {"types": ["spot"]},
            "fetchMargins": False,
            "fetchCurrencies": False,
            "adjustForTimeDifference": False,  # our clock is checked, not corrected
            "maxRetriesOnFailure": 0,
            "recvWindow": config.call_window_ms,
            "tradesLimit": CACHE_MAX,
            "ordersLimit": CACHE_MAX,
            "ws": {"compress": 0, "options": {"compress": 0}},
        },
    }


def _direct(client: GuardedExchange, config: VenueConfig) -> frozenset[str]:
    """Point the client at its environment; the hosts that it may speak to."""
    if config.environment == "sandbox":
        client.urls["test"] = sandbox_urls(config)
        client.set_sandbox_mode(True)
        return frozenset({urlsplit(config.sandbox_url).netloc})
    known = profile_of(config.exchange).hosts.get(config.environment, frozenset())
    production = _hosts(client.urls.get("api"), client)
    if config.environment == "production":
        return config.hosts or known or production
    if not client.urls.get("test"):
        raise VenueError(f"ccxt knows no testnet of {config.exchange}")
    allowed = config.hosts or known or _hosts(client.urls["test"], client) - production
    if not allowed:
        raise VenueError(
            f"the testnet of {config.exchange} shares its hosts with production:"
            " name the allowed hosts explicitly"
        )
    client.set_sandbox_mode(True)
    return allowed


def _hosts(urls: object, client: GuardedExchange) -> frozenset[str]:
    """Every host in ccxt's nested table of URLs."""
    if isinstance(urls, str):
        filled = urls.replace("{hostname}", str(getattr(client, "hostname", "")))
        return frozenset({urlsplit(filled).hostname or ""}) - {""}
    return frozenset[str]().union(*(_hosts(value, client) for value in as_map(urls).values()))
