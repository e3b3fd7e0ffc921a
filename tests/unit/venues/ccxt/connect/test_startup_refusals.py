"""A venue whose orders are not proven to be found again is refused by name, before any request."""

import ccxt.pro
import pytest

from quoter.domain.errors import VenueError, VenueUnfit
from quoter.venues.config import Environment, VenueConfig
from quoter.venues.factory import make_cancel_gateway, make_gateway
from quoter.venues.profiles import PROVEN, profile_of

TEST_SYSTEMS = [
    (name, environment)
    for name in sorted(ccxt.pro.exchanges)
    for environment in sorted(profile_of(name).systems)
    if profile_of(name).refusal
]


def config(
    exchange: str, environment: Environment = "production", *, is_trial_first: bool = False
) -> VenueConfig:
    return VenueConfig(
        exchange=exchange,
        symbol="BTC/USDT",
        environment=environment,
        order_prefix="q00",
        is_trial_first=is_trial_first,
    )


async def refusal_of(config: VenueConfig) -> str:
    """Return why a start is refused before its first request; empty if it is not."""
    gateway = make_gateway(config)
    try:
        gateway._startup._check_proven()
    except VenueUnfit as error:
        return str(error)
    finally:
        await gateway.close()
    return ""


@pytest.mark.parametrize("exchange", sorted(set(ccxt.pro.exchanges) - PROVEN))
async def test_unproven_venue_is_refused_by_name_with_the_reason(exchange: str) -> None:
    """V10: such a venue used to be noticed by a kill at the first order."""
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
    assert "proven: binance, binanceus; after a trial order at each start: " in str(refused.value)


@pytest.mark.parametrize(
    ("exchange", "environments"),
    [
        ("bybit", {"testnet", "demo"}),
        ("okx", {"demo"}),
        ("bitget", {"demo"}),
        ("gate", {"testnet"}),
        ("kraken", set()),
        ("myokx", set()),
        ("okxus", set()),
        ("deribit", set()),
        ("mudrex", set()),
    ],
)
def test_trial_environments(exchange: str, environments: set[str]) -> None:
    """Production is never one of them: no venue is tried with real money."""
    assert profile_of(exchange).trial_environments == environments


def test_no_venue_is_tried_with_real_money() -> None:
    assert all(
        profile_of(name).trial_environments <= profile_of(name).systems.keys()
        and "production" not in profile_of(name).systems
        for name in ccxt.pro.exchanges
    )


@pytest.mark.parametrize(("exchange", "environment"), TEST_SYSTEMS)
async def test_venue_is_quoted_on_play_money_only_after_a_trial_order(
    exchange: str, environment: Environment
) -> None:
    is_tried = environment in profile_of(exchange).trial_environments
    trial_first = await refusal_of(config(exchange, environment, is_trial_first=True))
    assert (trial_first == "") is is_tried
    for refused in (
        await refusal_of(config(exchange, environment)),
        await refusal_of(config(exchange, "production", is_trial_first=True)),
    ):
        assert refused.startswith(f"{exchange} can't be quoted: ")
        assert profile_of(exchange).refusal in refused
    without = await refusal_of(config(exchange, environment))
    assert (f"on its {environment} it needs QUOTER_TRIAL_ORDER=auto" in without) is is_tried


@pytest.mark.parametrize("exchange", ["myokx", "okxus"])
async def test_regional_sites_of_okx_have_their_own_reason(exchange: str) -> None:
    refused = await refusal_of(config(exchange, "demo", is_trial_first=True))
    assert "of OKX's site for" in refused


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
