"""A kill cancels also while the venue's list of markets can't be read, and never creates."""

import pytest

from quoter.domain.errors import MarketsUnread, VenueError
from quoter.venues.ccxt.connect.assumed_market import SAME_EVERYWHERE, assume_market
from quoter.venues.profiles import PROVEN, profile_of
from tests.unit.venues.paper_account import PaperAccount, gateway_of

CANCELLABLE = ("bitget", "bybit", "gate", "okx")


@pytest.mark.parametrize("exchange", CANCELLABLE)
async def test_own_orders_are_found_and_cancelled_without_the_list_of_markets(
    exchange: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = PaperAccount(exchange)
    account.own(3)
    async with gateway_of(account, monkeypatch, is_kill=True) as gateway:
        with pytest.raises(VenueError):
            await gateway.connect()
        assert await gateway.count_own_open() == 3
        assert await gateway.cancel_all() == 0
    assert not account.orders


async def test_markets_that_are_read_later_replace_the_assumed_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with gateway_of(PaperAccount("okx"), monkeypatch, is_kill=True) as gateway:
        await gateway.count_own_open()
        with pytest.raises(MarketsUnread):
            await gateway.connect()  # requests the list, not satisfied with the assumed market


async def test_market_is_not_assumed_where_its_name_is_not_known(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Kraken's names follow no form: a list filtered by a wrong one is empty."""
    account = PaperAccount("kraken")
    account.own(1)
    async with gateway_of(account, monkeypatch, is_kill=True) as gateway:
        with pytest.raises(VenueError):
            await gateway.count_own_open()


async def test_market_of_a_coin_that_ccxt_renames_is_not_assumed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with gateway_of(PaperAccount("gate"), monkeypatch, is_kill=True) as gateway:
        client = gateway._client
        renamed = next(iter({*client.commonCurrencies.values()} - SAME_EVERYWHERE))
        assume_market(client, f"{renamed}/USDT", profile_of("gate"))
        assert not client.markets
        assume_market(client, "BTC/USDT", profile_of("gate"))
        assert client.market("BTC/USDT")["id"] == "BTC_USDT"


def test_every_venue_that_may_be_quoted_can_be_cancelled_at_without_markets() -> None:
    assert all(profile_of(name).market_id for name in (*PROVEN, *CANCELLABLE))
