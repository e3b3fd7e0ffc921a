"""Cancel our orders at the venue from a process that is no daemon (`quoter kill`)."""

import asyncio
from contextlib import suppress
from pathlib import Path

from quoter.app.sentinel import cancel_gateway
from quoter.app.settings_to_config import market_of
from quoter.domain.errors import VenueError
from quoter.domain.orders import NO_KNOWN_ORDERS
from quoter.ledger.reader import known_orders
from quoter.settings import Settings

CANCEL_S_MAX = 20.0


def cancel_at_venue(settings: Settings, folder: Path) -> int:
    """Cancel every own order, also those that only the ledger in `folder` knows.

    Returns how many are left. Raises VenueError if the venue does not list the open orders, or if
    all this takes longer than CANCEL_S_MAX.
    """
    return asyncio.run(_cancel(settings, folder))


async def _cancel(settings: Settings, folder: Path) -> int:
    gateway = cancel_gateway(settings, folder)
    try:
        async with asyncio.timeout(CANCEL_S_MAX):
            with suppress(VenueError):  # a wrong clock, or a key with too many rights, can cancel
                await gateway.connect()
            gateway.adopt_orders(known_orders(folder, market_of(settings)) or NO_KNOWN_ORDERS)
            return await gateway.cancel_all()
    except TimeoutError:
        raise VenueError(f"the venue did not answer within {CANCEL_S_MAX:g} s") from None
    finally:
        await gateway.close()
