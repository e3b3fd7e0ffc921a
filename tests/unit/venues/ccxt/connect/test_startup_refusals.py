"""A venue whose orders are not proven to be found again is refused by name, before any request."""

import ccxt.pro
import pytest

from quoter.domain.errors import VenueError, VenueUnfit
from quoter.venues.config import VenueConfig
from quoter.venues.factory import make_cancel_gateway, make_gateway
from quoter.venues.profiles import PROVEN, profile_of


def config(exchange: str) -> VenueConfig:
    return VenueConfig(
        exchange=exchange, symbol="BTC/USDT", environment="production", order_prefix="q00"
    )


@pytest.mark.parametrize("exchange", sorted(set(ccxt.pro.exchanges) - PROVEN))
async def test_unproven_venue_is_refused_by_name_with_the_reason(exchange: str) -> None:
    """V10: it was found out by a kill at the first order."""
    try:
        gateway = make_gateway(config(exchange))
    except VenueError:
        return  # ccxt's class itself is refused
    try:
        with pytest.raises(VenueUnfit, match=f"^{exchange} can't be quoted: ") as refused:
            await gateway.connect()
    finally:
        await gateway.close()
    assert profile_of(exchange).refusal in str(refused.value)
    assert "proven: binance, binanceus" in str(refused.value)


@pytest.mark.parametrize(
    ("exchange", "is_refused"),
    [
        ("binance", False),
        ("gate", False),
        ("deribit", False),
        ("coinbase", True),
        ("mudrex", True),
    ],
)
async def test_process_that_only_cancels_needs_to_recognise_own_orders(
    exchange: str, is_refused: bool
) -> None:
    """Without that it would say that no order of ours is left."""
    gateway = make_cancel_gateway(config(exchange))
    try:
        if is_refused:
            with pytest.raises(VenueUnfit):
                await gateway.connect()
        else:
            gateway._startup._check_proven()  # type: ignore[attr-defined]
    finally:
        await gateway.close()
