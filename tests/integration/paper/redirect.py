"""Point ccxt's class of a venue at the paper venue; ccxt's code and quoter's gate stay in use."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from quoter.venues import profiles
from quoter.venues.ccxt import client
from quoter.venues.ccxt.types import JsonDict

if TYPE_CHECKING:

    class Exchange:
        """ccxt's class of any venue, of which only this is used here."""

        def describe(self) -> dict[str, JsonDict]: ...
else:
    Exchange = object

SOCKET_SCHEMES = ("ws", "wss")


def at_paper(urls: object, root: str) -> object:
    """Return ccxt's nested table of URLs below `root`: root/host/path, so that hosts differ."""
    if isinstance(urls, dict):
        return {name: at_paper(each, root) for name, each in urls.items()}
    if not isinstance(urls, str):
        return urls
    parts = urlsplit(urls)
    base = root.replace("http", "ws", 1) if parts.scheme in SOCKET_SCHEMES else root
    return f"{base}/{parts.netloc}{parts.path}"


@contextmanager
def redirected(exchange: str, root: str) -> Iterator[None]:
    """Let every client of this exchange made inside the block talk to `root`.

    ccxt's own classes stay as they are, so that the check of its code passes. A refusal of the
    profile is lifted for the length of the block: the tests here are what decides about it.
    """

    class AtPaper(Exchange):
        """ccxt's description with other URLs."""

        def describe(self) -> dict[str, JsonDict]:
            described = super().describe()
            urls = described["urls"]
            return described | {"urls": urls | {"api": at_paper(urls["api"], root)}}

    mixins, held = client.MIXINS.get(exchange, ()), profiles.profile_of(exchange)
    client.MIXINS[exchange] = (*mixins, AtPaper)
    profiles._PROFILES[exchange] = replace(held, refusal="", hosts=frozenset())
    try:
        yield
    finally:
        client.MIXINS[exchange] = mixins
        profiles._PROFILES[exchange] = held
