"""How does each venue differ from ccxt's unified form? The differences as data, one file per venue.

May import `config`, `json_values` and the domain; all of `venues` except `streams` imports it. Read
first: `profile.py` (the types), `bybit.py` (a complete row). A venue without a row is not quoted. A
venue whose row names a refusal is quoted only in its `trial_environments`.
"""

from dataclasses import replace
from urllib.parse import urlsplit

from quoter.domain.errors import VenueError
from quoter.venues.config import VenueConfig
from quoter.venues.json_values import Json, as_map
from quoter.venues.profiles.binance import BINANCE, BINANCE_US
from quoter.venues.profiles.bitget import BITGET
from quoter.venues.profiles.bybit import BYBIT
from quoter.venues.profiles.forms import AnswerForm, BalanceForm, BookSequence, FeeForm
from quoter.venues.profiles.gate import GATE
from quoter.venues.profiles.kraken import KRAKEN
from quoter.venues.profiles.okx import MY_OKX, OKX, OKX_US
from quoter.venues.profiles.profile import (
    UNIFIED,
    ById,
    ClientIds,
    FeedUrls,
    PageBy,
    Paging,
    RequiredHeader,
    VenueProfile,
    VenueSystem,
)
from quoter.venues.profiles.refused import NO_IDS, REFUSED

__all__ = [
    "BINANCE",
    "BINANCE_US",
    "BITGET",
    "BYBIT",
    "GATE",
    "GENERIC",
    "KRAKEN",
    "OKX",
    "PROVEN",
    "QUOTED",
    "UNIFIED",
    "AnswerForm",
    "BalanceForm",
    "BookSequence",
    "ById",
    "ClientIds",
    "FeeForm",
    "FeedUrls",
    "PageBy",
    "Paging",
    "RequiredHeader",
    "VenueProfile",
    "VenueSystem",
    "feed_urls",
    "profile_of",
    "sandbox_urls",
    "with_self_trade",
]

GENERIC = VenueProfile(name="generic", family="generic")
_ROWS = (BINANCE, BINANCE_US, BYBIT, OKX, MY_OKX, OKX_US, GATE, KRAKEN, BITGET, *REFUSED)
_PROFILES = {profile.name: profile for profile in _ROWS} | {
    name: replace(GENERIC, name=name, refusal=why) for name, why in NO_IDS.items()
}
PROVEN = frozenset(name for name, profile in _PROFILES.items() if not profile.refusal)
TRIED = {
    name: ", ".join(sorted(profile.trial_environments))
    for name, profile in sorted(_PROFILES.items())
    if profile.trial_environments
}
QUOTED = (  # in texts of refusals
    f"proven: {', '.join(sorted(PROVEN))}; after a trial order at each start: "
    f"{', '.join(f'{name} ({where})' for name, where in TRIED.items())}"
)

SELF_TRADE_MODES = ("EXPIRE_MAKER", "EXPIRE_BOTH")  # ccxt's names, in order of preference


def with_self_trade(profile: VenueProfile, features: Json) -> VenueProfile:
    """Return the profile; if it has no self-trade prevention mode, with one from ccxt's features.

    A mode that ccxt's table names can be requested. If the table has a plain True instead, none
    can.
    """
    create = as_map(as_map(as_map(features).get("spot")).get("createOrder"))
    modes = as_map(create.get("selfTradePrevention"))
    mode = next((mode for mode in SELF_TRADE_MODES if modes.get(mode) is True), "")
    return profile if profile.self_trade or not mode else replace(profile, self_trade=mode)


def profile_of(exchange: str) -> VenueProfile:
    """Return the profile of a ccxt exchange id; GENERIC for an id without a profile."""
    return _PROFILES.get(exchange, GENERIC)


def feed_urls(config: VenueConfig) -> FeedUrls:
    """Return the native feed's URLs for `config`. Raises VenueError if there are none."""
    if config.environment == "sandbox":
        host = urlsplit(config.sandbox_url).netloc
        return FeedUrls(rest=f"{_web(config)}://{host}/api/v3", stream=f"{_socket(config)}/stream")
    try:
        return profile_of(config.exchange).feed_urls[config.environment]
    except KeyError as error:
        raise VenueError(f"no native feed for {config.exchange}") from error


def sandbox_urls(config: VenueConfig) -> dict[str, object]:
    """Return the replacement of ccxt's `urls['test']`: Binance's protocol at the sandbox's host.

    The stream path contains "/stream" because ccxt recognises spot streams by it.
    """
    host = urlsplit(config.sandbox_url).netloc
    rest = f"{_web(config)}://{host}/api/v3"
    stream = f"{_socket(config)}/stream/ws"
    return {
        "public": rest,
        "private": rest,
        "v1": rest.replace("/v3", "/v1"),
        "sapi": f"{_web(config)}://{host}/sapi/v1",
        "ws": {
            "spot": stream,
            "margin": stream,
            "ws-api": {"spot": f"{_socket(config)}/ws-api/v3"},
        },
    }


def _web(config: VenueConfig) -> str:
    return urlsplit(config.sandbox_url).scheme or "http"


def _socket(config: VenueConfig) -> str:
    host = urlsplit(config.sandbox_url).netloc
    return f"{'wss' if _web(config) == 'https' else 'ws'}://{host}"
