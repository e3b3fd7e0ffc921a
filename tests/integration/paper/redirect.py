"""Point ccxt's class of a venue at the paper venue; ccxt's code and quoter's gate stay in use."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from quoter.venues import profiles
from quoter.venues.ccxt import client
from quoter.venues.ccxt.types import JsonDict
from quoter.venues.config import Environment
from quoter.venues.profiles import VenueProfile, VenueSystem
from quoter.venues.profiles.kraken import LIMITS

if TYPE_CHECKING:

    class Exchange:
        """ccxt's class of any venue, of which only this is used here."""

        def describe(self) -> dict[str, JsonDict]: ...
else:
    Exchange = object

SOCKET_SCHEMES = ("ws", "wss")
# Two names of one address, as venues have two hosts: only requests by REST need a demo's header.
REST_HOST, SOCKET_HOST = "127.0.0.1", "localhost"
SYSTEMS = ("api", "test", "demotrading")  # tables of URLs in ccxt


def at_paper(urls: object, root: str) -> object:
    """Return ccxt's nested table of URLs below `root`: root/host/path, so that hosts differ."""
    if isinstance(urls, dict):
        return {name: at_paper(each, root) for name, each in urls.items()}
    if not isinstance(urls, str):
        return urls
    parts = urlsplit(urls)
    base = root
    if parts.scheme in SOCKET_SCHEMES:
        base = root.replace("http", "ws", 1).replace(REST_HOST, SOCKET_HOST, 1)
    return f"{base}/{parts.netloc}{parts.path}"


def system_at_paper(system: VenueSystem, root: str) -> VenueSystem:
    """Return a testnet or demo below `root`; the gate still requires its header."""
    headers = tuple(
        replace(
            header,
            host=REST_HOST,
            exempt=frozenset(f"/{header.host}{path}" for path in header.exempt),
        )
        for header in system.headers
    )
    urls = {name: str(at_paper(url, root)) for name, url in system.urls.items()}
    hosts = frozenset({REST_HOST, SOCKET_HOST})
    return replace(system, hosts=hosts, headers=headers, urls=urls)


def profile_at_paper(held: VenueProfile, environment: Environment, root: str) -> VenueProfile:
    """Return the profile with hosts on loopback.

    A refusal is lifted in production only: the tests here are what decides about it.
    """
    return replace(
        held,
        refusal="" if environment == "production" else held.refusal,
        hosts=frozenset(),
        limits=LIMITS["pro"] if held.limits else None,  # the widest: many requests in little time
        systems={name: system_at_paper(each, root) for name, each in held.systems.items()},
    )


@contextmanager
def redirected(exchange: str, root: str, environment: Environment = "production") -> Iterator[None]:
    """Let every client of this exchange made inside the block talk to `root`.

    ccxt's own classes stay as they are, so that the check of its code passes.
    """

    class AtPaper(Exchange):
        """ccxt's description with other URLs."""

        def describe(self) -> dict[str, JsonDict]:
            described = super().describe()
            urls = described["urls"]
            moved = {name: at_paper(urls[name], root) for name in SYSTEMS if name in urls}
            return described | {"urls": urls | moved}

    mixins, held = client.MIXINS.get(exchange, ()), profiles.profile_of(exchange)
    client.MIXINS[exchange] = (*mixins, AtPaper)
    profiles._PROFILES[exchange] = profile_at_paper(held, environment, root)
    try:
        yield
    finally:
        client.MIXINS[exchange] = mixins
        profiles._PROFILES[exchange] = held
