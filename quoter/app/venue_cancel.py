"""Cancel our orders at the venue without a daemon (`quoter kill`)."""

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
    """Cancel all own orders; return how many are left.

    Orders that only the ledger in `folder` lists are included. Raises VenueError if the venue does
    not list its open orders, or after CANCEL_S_MAX seconds.
    """
    return asyncio.run(_cancel(settings, folder))


async def _cancel(settings: Settings, folder: Path) -> int:
    gateway = cancel_gateway(settings, folder)
    try:
        async with asyncio.timeout(CANCEL_S_MAX):
            # a wrong clock or excess rights of the key do not prevent a cancel
            with suppress(VenueError):
                await gateway.connect()
            gateway.adopt_orders(known_orders(folder, market_of(settings)) or NO_KNOWN_ORDERS)
            return await gateway.cancel_all()
    except TimeoutError:
        raise VenueError(f"the venue did not answer within {CANCEL_S_MAX:g} s") from None
    finally:
        await gateway.close()
