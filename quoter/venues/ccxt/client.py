"""Construction of ccxt clients with our guards, one environment and no unsafe default."""

import logging
from dataclasses import replace
from typing import cast
from urllib.parse import urlsplit

import ccxt.pro
from ccxt.base import errors

from quoter.domain.errors import VenueError, VenueUnfit
from quoter.domain.units import NS_PER_S
from quoter.venues.ccxt.books.kraken_checksum import KrakenBookChecksum
from quoter.venues.ccxt.books.sequence import SequencedBook
from quoter.venues.ccxt.dead_man import switch_range
from quoter.venues.ccxt.guarded_exchange import GuardedExchange
from quoter.venues.ccxt.kraken_executions import KrakenExecutions
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
from quoter.venues.egress.request_slots import RequestSlots
from quoter.venues.json_values import as_map
from quoter.venues.profiles import VenueSystem, profile_of, sandbox_urls

# Largest number of rows between two reads; each read empties the cache. With ccxt's default of 1000
# a burst would lose fills silently.
CACHE_MAX = 10_000
REQUESTS_PER_S_DEFAULT = 10.0
ALLOWED_WHILE_PAUSED = frozenset({Purpose.CANCEL, Purpose.DEAD_MAN})  # only a ban stops these
# Mixins that correct ccxt's class of a venue.
MIXINS: dict[str, tuple[type, ...]] = {"kraken": (KrakenBookChecksum, KrakenExecutions)}
# ccxt's proxy settings (a proxy may repeat requests); each exists in snake case as well.
PROXIES = ("proxyUrl", "httpProxy", "httpsProxy", "socksProxy", "aiohttp_proxy")


def guarded_class(exchange: str) -> type[GuardedExchange]:
    """Return ccxt's class of that id with our guards added. Raises VenueUnfit for an unknown id."""
    if exchange not in ccxt.pro.exchanges:
        raise VenueUnfit(f"ccxt.pro has no exchange {exchange!r}")
    base = getattr(ccxt.pro, exchange)
    mixins, sequence = MIXINS.get(exchange, ()), profile_of(exchange).book
    if sequence is not None:
        mixins = (*mixins, SequencedBook)
    bases, members = (GuardedExchange, *mixins, base), {"book_sequence": sequence}
    return cast("type[GuardedExchange]", type(f"Guarded_{exchange}", bases, members))


def make_client(
    config: VenueConfig, now_ns: NowNs, block_reason: BlockReason = never_blocked
) -> GuardedExchange:
    """Return a ccxt.pro client for `config` with a closed gate.

    `block_reason` is called for every create: see `EgressGate`. Raises VenueUnfit for an unknown
    exchange or environment, VenueError for ccxt options that are not safe (`check_defaults`).
    """
    profile = profile_of(config.exchange)
    if config.environment == "sandbox" and profile.family != "binance":
        raise VenueUnfit(
            f"the sandbox has Binance's protocol, not that of {config.exchange}: set "
            f"QUOTER_EXCHANGE=binance"
        )
    client = guarded_class(config.exchange)(_options(config))  # type: ignore[call-arg]
    system = _select_environment(client, config)
    client.has["fetchCurrencies"] = False  # `load_markets` would ask private endpoints for coins
    client.now_ns = now_ns
    client.post_reads = profile.post_reads
    client.slots = RequestSlots() if profile.has_nonces else None
    client.limiter = limiter = RateLimiter(
        requests_per_s=1000 / client.rateLimit if client.rateLimit > 0 else REQUESTS_PER_S_DEFAULT,
        limits=profile.limits if config.api_key else None,  # public requests are limited by address
    )
    if (switch := switch_range(config.exchange)) is not None:
        client.dead_man_path = switch.path
    client.gate = (EgressGate if config.places_orders else SealedGate)(
        hosts=system.hosts,
        headers=system.headers,
        age_ns_max=int(config.create_age_s_max * NS_PER_S),
        now_ns=now_ns,
        needs_tls=config.environment != "sandbox",
        pause_reason=lambda purpose: limiter.pause_reason(
            now_ns(), is_cancel=purpose in ALLOWED_WHILE_PAUSED
        ),
        block_reason=block_reason,
    )
    exact = client.exceptions.get("exact")
    by_market = as_map(client.exceptions.get("spot")).get("exact")
    if isinstance(exact, dict) and isinstance(by_market, dict):
        exact.update(by_market)  # ccxt uses the spot table only for URLs that it recognises
    if isinstance(exact, dict):
        exact.update({text: getattr(errors, name) for text, name in profile.errors.items()})
    logging.getLogger("ccxt").setLevel(logging.INFO)  # its DEBUG lines carry the API key
    check_defaults(client)
    return client


def make_second_client(
    client: GuardedExchange, config: VenueConfig, now_ns: NowNs
) -> GuardedExchange:
    """Return another client of the same account for one websocket; its gate stays closed."""
    second = make_client(config, now_ns)
    second.set_markets_from_exchange(client)
    second.limiter, second.slots = client.limiter, client.slots
    return second


def check_defaults(client: GuardedExchange) -> None:
    """Raise VenueError if ccxt could send a request twice, queue it, or log keys."""
    retries = sorted(_retries(client.options))
    proxies = [name for name in PROXIES for of in _spellings(name) if getattr(client, of, None)]
    if any(retries) or proxies or client.enableRateLimit or client.verbose:
        raise VenueError(
            f"unsafe ccxt options: maxRetriesOnFailure {retries}, proxies {proxies}, "
            f"enableRateLimit {client.enableRateLimit}, verbose {client.verbose}"
        )


def check_sends_once(client: GuardedExchange) -> None:
    """Raise VenueError unless one call is at most one request with the present options (OL-03)."""
    check_defaults(client)
    client.open()
    check_session(client.session)


def _retries(options: object) -> list[int]:
    """Return every `maxRetriesOnFailure`, whichever method it is set for."""
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
        "enableRateLimit": False,  # its queue would send requests that were abandoned
        "verbose": False,
        "timeout": int(config.call_s_max * 1000),
        "newUpdates": True,
        "timeout_on_exit": 0,  # needed only by older versions of aiohttp
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
            "warnOnFetchOpenOrdersWithoutSymbol": False,  # the start asks once (`shared_coins`)
            "recvWindow": config.call_window_ms,
            **profile_of(config.exchange).options,
            "tradesLimit": CACHE_MAX,
            "ordersLimit": CACHE_MAX,
            "ws": {"compress": 0, "options": {"compress": 0}},
        },
    }


def _select_environment(client: GuardedExchange, config: VenueConfig) -> VenueSystem:
    """Point the client at its environment; return the hosts and headers of its requests.

    Raises VenueUnfit if the venue has no such environment.
    """
    profile = profile_of(config.exchange)
    if config.environment == "sandbox":
        client.urls["test"] = sandbox_urls(config)
        client.set_sandbox_mode(True)
        return VenueSystem(hosts=frozenset({urlsplit(config.sandbox_url).netloc}))
    if config.environment == "production":
        hosts = config.hosts or profile.hosts or _hosts(client.urls.get("api"), client)
        return VenueSystem(hosts=hosts)
    system = profile.systems.get(config.environment)
    if system is None:
        known = ", ".join(sorted(profile.systems)) or "none"
        why = f"; {profile.no_test_system}" if profile.no_test_system else ""
        raise VenueUnfit(
            f"quoter knows no {config.environment} of {config.exchange} (known: {known}){why}: "
            "set QUOTER_ENVIRONMENT, or QUOTER_PAPER_MARKET on paper, to another system"
        )
    getattr(client, system.switch)(True)
    client.urls["api"] = {**as_map(client.urls.get("api")), **system.urls}
    return replace(system, hosts=config.hosts or system.hosts)


def _hosts(urls: object, client: GuardedExchange) -> frozenset[str]:
    """Return every host in ccxt's nested table of URLs."""
    if isinstance(urls, str):
        filled = urls.replace("{hostname}", str(getattr(client, "hostname", "")))
        return frozenset({urlsplit(filled).hostname or ""}) - {""}
    return frozenset[str]().union(*(_hosts(value, client) for value in as_map(urls).values()))
