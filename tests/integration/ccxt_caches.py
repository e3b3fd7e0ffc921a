"""The caches that ccxt's websocket clients fill, found by their type."""

import gc

from ccxt.async_support.base.ws.cache import BaseCache


def row_caches() -> list[BaseCache]:
    """Return every cache of rows that is in use."""
    gc.collect()  # those of earlier clients
    return [found for found in gc.get_objects() if isinstance(found, BaseCache)]
